"""JSON Schemas, compiled: Draft 2020-12, local references only, linear-time patterns, formats
asserted. What a validator says is the verdict at load and at run time alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import jsonschema_rs
import msgspec

from schema.facts import Facts, Reader, resolve
from schema.nearest import short
from schema.pointers import join

Json = Any

MAX_FAILURES = 50
"""Entries that `failures` gives at most."""

MAX_LISTED = 10_000
"""Nodes above which a value is only told its first failure, so that listing stays cheap."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MASK = "\0"
_ECHO = 80
_VALUES = ("const", "enum", "default", "examples")
_FOREIGN = ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "$id")


class SchemaFault(ValueError):
    """A JSON Schema cannot be used; `pointer` leads to the fault inside it."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class Validator:
    """One compiled JSON Schema. Immutable."""

    __slots__ = ("_compiled", "_facts", "schema", "valid")

    def __init__(self, schema: Json) -> None:
        """Compile a schema. Raises SchemaFault."""
        if not isinstance(schema, dict | bool):
            raise SchemaFault("a JSON Schema is an object, true or false")
        for pointer, message in reference_faults(schema):
            raise SchemaFault(message, pointer)
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(
                schema,
                registry=jsonschema_rs.Registry([]),
                offline=True,
                pattern_options=jsonschema_rs.RegexOptions(),
                validate_formats=True,
                ignore_unknown_formats=False,
                mask=_MASK,
            )
        except jsonschema_rs.ValidationError as fault:
            raise _fault(fault) from None
        except ValueError as fault:
            raise SchemaFault(short(str(fault), 200)) from None
        self.schema = schema
        self.valid = self._compiled.is_valid
        self._facts = Reader(schema)

    def failures(self, value: Json) -> list[dict[str, str]]:
        """What is wrong with a value, as `{"where": JSON Pointer, "message"}`, at most 50 entries.

        Of a very large value it names the first failure only.
        """
        if self.valid(value):
            return []
        if _is_larger(value, MAX_LISTED):
            try:
                self._compiled.validate(value)
            except jsonschema_rs.ValidationError as failure:
                return [_told(failure)]
        found = [_told(failure) for failure in self._compiled.iter_errors(value)]
        return found[:MAX_FAILURES]

    def facts(self, path: Sequence[str | int] = ()) -> Facts | None:
        """What holds of one place in every valid value; None when nothing can stand there."""
        return self._facts.facts(path)


def reference_faults(schema: Json) -> Iterator[tuple[str, str]]:
    """Each reference that leaves the schema or leads nowhere, as (JSON Pointer, message)."""
    waiting: list[tuple[str, Json]] = [("", schema)]
    while waiting:
        pointer, node = waiting.pop()
        if isinstance(node, list):
            waiting += [(f"{pointer}/{place}", item) for place, item in enumerate(node)]
        if not isinstance(node, dict):
            continue
        yield from _reference_faults_of(schema, pointer, node)
        for name, item in node.items():
            if name not in _VALUES:
                waiting.append((join(pointer, name), item))


def _reference_faults_of(
    root: Json, pointer: str, node: dict[str, Json]
) -> Iterator[tuple[str, str]]:
    for word in _FOREIGN:
        if isinstance(node.get(word), str):
            yield f"{pointer}/{word}", f"`{word}` is not used here: write `$ref` with `#/$defs/…`"
    if node.get("$schema", DIALECT) != DIALECT and isinstance(node["$schema"], str):
        yield f"{pointer}/$schema", "only JSON Schema 2020-12 is understood"
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return
    if reference != "#" and not reference.startswith("#/"):
        yield f"{pointer}/$ref", f"`{short(reference)}` leaves the schema; only `#/…` is followed"
        return
    try:
        resolve(root, reference)
    except KeyError:
        yield f"{pointer}/$ref", f"`{short(reference)}` leads to nothing"


def _fault(fault: jsonschema_rs.ValidationError) -> SchemaFault:
    path = fault.instance_path
    if path and path[-1] == "pattern" and fault.kind.name == "format":
        return SchemaFault("not a linear-time pattern (no lookaround)", join("", *path))
    return SchemaFault(short(fault.message.replace(_MASK, "the value"), 200), join("", *path))


def _told(failure: jsonschema_rs.ValidationError) -> dict[str, str]:
    where = join("", *failure.instance_path)
    unexpected = getattr(failure.kind, "unexpected", None)
    if unexpected:
        names = short(", ".join(map(str, unexpected)), _ECHO)
        return {"where": where, "message": f"unknown properties: {names}"}
    kind: Any = failure.kind
    if kind.name == "propertyNames":
        name = short(str(kind.error.instance), _ECHO)
        return {"where": where, "message": f"the property's name `{name}` is not allowed"}
    echo = short(msgspec.json.encode(failure.instance).decode(), _ECHO)
    return {"where": where, "message": short(failure.message.replace(_MASK, echo, 1), 400)}


def _is_larger(value: Json, limit: int) -> bool:
    """Whether a value has more than `limit` nodes."""
    waiting, count = [value], 0
    while waiting:
        node = waiting.pop()
        count += 1
        children = node.values() if isinstance(node, dict) else node
        if isinstance(node, dict | list):
            if count + len(waiting) + len(node) > limit:
                return True
            waiting.extend(children)
    return False
