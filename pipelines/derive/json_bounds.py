"""How many bytes a value that fits a JSON Schema can have at most, as the stores write it."""

from collections.abc import Mapping
from typing import Any

from pipelines.derive.value_schemas import DIGEST
from pipelines.shapes import properties_of
from schema.facts import resolve

Json = Any

_CHARACTER = 6
"""Bytes of the widest character in a JSON text: `\\u001f`."""

_NUMBER = 4400
"""Digits that an integer may have at most, and some: `operations/json_text.py` refuses more."""

_DEPTH = 12
_BUDGET = 2000


def most_bytes(schema: Json) -> int | None:
    """The most bytes of compact JSON that the schema allows; None when it sets no bound."""
    return _Reader(schema).bytes(schema, 0)


class _Reader:
    def __init__(self, root: Json) -> None:
        self.root = root
        self.left = _BUDGET

    def bytes(self, schema: Json, depth: int) -> int | None:
        self.left -= 1
        if not isinstance(schema, dict) or depth > _DEPTH or self.left < 0:
            return None
        if "const" in schema or "enum" in schema:
            values = [schema["const"]] if "const" in schema else schema["enum"]
            return max((_CHARACTER * len(repr(value)) + 2 for value in values), default=0)
        if isinstance(schema.get("$ref"), str):
            return self.bytes(resolve(self.root, schema["$ref"]), depth + 1)
        declared = schema.get("type")
        kinds = [declared] if isinstance(declared, str) else declared
        if not isinstance(kinds, list) or not kinds:
            return None
        bounds = [self.of_type(kind, schema, depth) for kind in kinds]
        known = [bound for bound in bounds if bound is not None]
        return max(known) if len(known) == len(bounds) else None

    def of_type(self, kind: str, schema: Mapping[str, Json], depth: int) -> int | None:
        if kind == "string":
            longest = _longest(schema)
            return None if longest is None else _CHARACTER * longest + 2
        if kind == "object":
            return self.object(schema, depth)
        if kind == "array":
            if "prefixItems" in schema:
                return None
            most, inner = schema.get("maxItems"), self.bytes(schema.get("items"), depth + 1)
            return None if inner is None or not isinstance(most, int) else 2 + most * (inner + 1)
        return _NUMBER if kind in ("integer", "number") else len("false")

    def object(self, schema: Mapping[str, Json], depth: int) -> int | None:
        if schema.get("additionalProperties") is not False or "patternProperties" in schema:
            return None
        total = 2
        for name, inner in properties_of(schema).items():
            bound = self.bytes(inner, depth + 1)
            if bound is None:
                return None
            total += _CHARACTER * len(name) + 4 + bound
        return total


def _longest(schema: Mapping[str, Json]) -> int | None:
    """Characters that a string has at most; the pattern of a digest counts as a bound."""
    most = schema.get("maxLength")
    if isinstance(most, int):
        return most
    return len("sha256:") + 64 if schema.get("pattern") == DIGEST["pattern"] else None
