"""How large a value can certainly be that a JSON Schema allows: a bound that is really reached.

Only declared bounds count (`maxLength`, `maxItems`, literals): who declares none takes the limits
of the service for the bound. Where a schema is not plain enough to tell, it counts as little.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from operations.values import encode
from schema.facts import resolve
from schema.pointers import join

Json = Any

_DEPTH = 12
_BUDGET = 2000
_PLAIN = frozenset({
    "type", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
    "$comment", "$schema", "$id", "$defs", "definitions",
})  # fmt: skip
_LITERAL = _PLAIN | {"const", "enum"}
_STRING = _PLAIN | {"minLength", "maxLength"}
_ARRAY = _PLAIN | {"items", "minItems", "maxItems"}
_OBJECT = _PLAIN | {"properties", "required", "additionalProperties", "minProperties"}
_SMALLEST = {"null": 4, "boolean": 4, "integer": 1, "number": 1, "string": 2, "array": 2}


class Reach(NamedTuple):
    """The bytes of compact JSON that some allowed value has, and the part that has most of them.

    `part` is a JSON Pointer into the value, empty for the whole; `share` are that part's bytes.
    """

    bytes: int
    part: str = ""
    share: int = 0


def reach(schema: Json) -> Reach:
    """The largest value that the schema is sure to allow."""
    return _Reader(schema).of(schema, 0)


class _Reader:
    def __init__(self, root: Json) -> None:
        self._root = root
        self._left = _BUDGET

    def of(self, schema: Json, depth: int) -> Reach:
        self._left -= 1
        if not isinstance(schema, dict) or depth > _DEPTH or self._left < 0:
            return Reach(0)
        if isinstance(schema.get("$ref"), str) and set(schema) <= _PLAIN | {"$ref"}:
            return self._local(schema["$ref"], depth)
        if "const" in schema or "enum" in schema:
            return Reach(_literals(schema))
        declared = schema.get("type")
        kinds = [declared] if isinstance(declared, str) else declared
        if not isinstance(kinds, list):
            return Reach(0)
        each = [self._of_type(kind, schema, depth) for kind in kinds if isinstance(kind, str)]
        return max(each, default=Reach(0))

    def _local(self, reference: str, depth: int) -> Reach:
        try:
            return self.of(resolve(self._root, reference), depth + 1)
        except KeyError:
            return Reach(0)

    def _of_type(self, kind: str, schema: Mapping[str, Json], depth: int) -> Reach:
        if kind == "string":
            plain = set(schema) <= _STRING
            return Reach(2 + _count(schema, "maxLength" if plain else "minLength"))
        if kind == "array":
            return self._array(schema, depth)
        if kind == "object":
            return self._object(schema, depth)
        return Reach(_SMALLEST.get(kind, 0))

    def _array(self, schema: Mapping[str, Json], depth: int) -> Reach:
        if not set(schema) <= _ARRAY:
            return Reach(2)
        count = _count(schema, "maxItems") or _count(schema, "minItems")
        item = self.of(schema.get("items"), depth + 1) if count else Reach(0)
        return Reach(1 + max(1, count * (item.bytes + 1)), "/0", item.bytes)

    def _object(self, schema: Mapping[str, Json], depth: int) -> Reach:
        properties = schema.get("properties", {})
        if not set(schema) <= _OBJECT or not isinstance(properties, dict):
            return Reach(2)
        total, largest = 1, Reach(0)
        for name, inner in properties.items():
            if inner is False:
                continue
            found = self.of(inner, depth + 1)
            total += len(encode(name)) + 2 + found.bytes
            if found.bytes > largest.share:
                largest = Reach(0, join("", name), found.bytes)
        return Reach(max(2, total), largest.part, largest.share)


def _literals(schema: Mapping[str, Json]) -> int:
    values = [schema["const"]] if "const" in schema else schema["enum"]
    if not isinstance(values, list) or not values or not set(schema) <= _LITERAL:
        return 0
    return max(len(encode(value)) for value in values)


def _count(schema: Mapping[str, Json], keyword: str) -> int:
    value = schema.get(keyword)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
