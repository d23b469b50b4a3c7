"""What is wrong with a JSON Schema itself, all of it at once, with places.

The reference implementation reads schemas for their authors; documents are judged by the compiled
validators of `schema/validators.py`.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from schema.nearest import short
from schema.pointers import join
from schema.validators import SchemaFault, Validator

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
        yield join("", *error.absolute_path), error.message
