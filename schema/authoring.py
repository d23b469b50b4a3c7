"""What is wrong with a JSON Schema itself, all of it at once, with places.

The reference implementation reads schemas for their authors; documents are judged by the compiled
validators of `schema/validators.py`.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from schema.nearest import nearest, short
from schema.pointers import join
from schema.validators import SchemaFault, Validator

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
"""What `type` may say: JSON Schema Validation 2020-12, section 6.1.1."""

_MOST = 50


def schema_faults(schema: Any) -> Iterator[SchemaFault]:
    """Why a JSON Schema cannot be used: every place where it breaks draft 2020-12, at most 50, or
    else what keeps it from being compiled. Nothing for one that can be used.

    Nothing is fetched: the meta-schemas are part of the library.
    """
    try:
        Validator(schema)
    except SchemaFault as fault:
        places = list(islice(_broken(schema), _MOST)) if isinstance(schema, dict) else []
        if not places:
            yield fault
        for pointer, message in places:
            yield SchemaFault(short(message, 200), pointer)


def _broken(schema: Any) -> Iterator[tuple[str, str]]:
    # Imported here: it takes a third of a second, and only a schema with faults needs it.
    from jsonschema import Draft202012Validator
    from jsonschema_specifications import REGISTRY

    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA, registry=REGISTRY)
    for error in meta.iter_errors(schema):
        pointer = join("", *error.absolute_path)
        if pointer.endswith("/type") and isinstance(error.instance, str):
            yield pointer, _no_type(error.instance)
        else:
            yield pointer, error.message


def _no_type(name: str) -> str:
    close = nearest(name, TYPES)
    remedy = f"did you mean {close}?" if close else f"there are {', '.join(TYPES)}"
    return f"`{short(name)}` is no type: {remedy}"
