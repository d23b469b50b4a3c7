"""What a JSON Schema says for certain about one place in the values it accepts.

The answers are for the type checker: they hold of every valid value, and where the schema is too
involved to tell, they say less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schema.pointers import steps

Json = Any

ALL_TYPES = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))
"""JSON's types; `number` stands for numbers that are not integers."""

_BUDGET = 1000


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds of one place in every valid value.

    `types` are those it can have when it is there; `present` tells that it is always there;
    `choices` are its only possible values, when the schema lists them; `names` are the properties
    an object there is known to have; `closed` tells that it can have no others.
    """

    types: frozenset[str]
    present: bool
    choices: tuple[Json, ...] | None = None
    names: frozenset[str] = frozenset()
    closed: bool = False

    @property
    def nullable(self) -> bool:
        """Whether null may stand there."""
        return "null" in self.types


class Reader:
    """Reads facts from one schema. Local references only, as `schema.validators` guarantees."""

    def __init__(self, schema: Json) -> None:
        self._root = schema
        self._left = _BUDGET

    def facts(self, path: Sequence[str | int]) -> Facts | None:
        """The facts of a place; None when no valid value can hold anything there."""
        self._left = _BUDGET
        schemas, present = [self._root], True
        for step in path:
            flat = self._flatten(schemas)
            wanted = "object" if isinstance(step, str) else "array"
            sure = self._types(flat) == {wanted}
            schemas, required = self._children(flat, step)
            present = present and required and sure
            if any(schema is False for schema in schemas):
                return None
        flat = self._flatten(schemas)
        types = self._types(flat)
        if not types:
            return None
        names = [name for schema in flat for name in _object(schema, "properties")]
        closed = any(
            schema.get("additionalProperties") is False
            or schema.get("unevaluatedProperties") is False
            for schema in flat
        )
        return Facts(types, present, _choices(flat), frozenset(names), closed)

    def _flatten(self, schemas: Sequence[Json]) -> list[dict[str, Json]]:
        """All schemas that hold together, with references and `allOf` opened."""
        flat: list[dict[str, Json]] = []
        waiting, opened = list(schemas), set[str]()
        while waiting:
            schema = waiting.pop()
            if schema is False:
                flat.append({"enum": []})
            if not isinstance(schema, dict):
                continue
            flat.append(schema)
            waiting.extend(_array(schema, "allOf"))
            reference = schema.get("$ref")
            if isinstance(reference, str) and reference not in opened:
                opened.add(reference)
                waiting.append(resolve(self._root, reference))
        return flat

    def _types(self, flat: Sequence[dict[str, Json]]) -> frozenset[str]:
        types = ALL_TYPES
        for schema in flat:
            self._left -= 1
            if self._left < 0:
                return types
            types &= _declared_types(schema)
            for word in ("anyOf", "oneOf"):
                branches = _array(schema, word)
                if branches:
                    found = (self._types(self._flatten([branch])) for branch in branches)
                    types &= frozenset().union(*found)
        return types

    def _children(
        self, flat: Sequence[dict[str, Json]], step: str | int
    ) -> tuple[list[Json], bool]:
        """The schemas that hold of a child, and whether the child must be there."""
        children: list[Json] = []
        required = False
        for schema in flat:
            self._left -= 1
            children.append(_child(schema, step))
            required = required or _requires(schema, step)
            for word in ("anyOf", "oneOf"):
                branches = _array(schema, word)
                if branches and self._left > 0:
                    found = [self._children(self._flatten([b]), step) for b in branches]
                    children.append({"anyOf": [{"allOf": below} for below, _ in found]})
                    required = required or all(needed for _, needed in found)
        return children, required


def resolve(root: Json, reference: str) -> Json:
    """What a local reference (`#` or `#/…`) points to. Raises KeyError when that is nothing."""
    if reference == "#":
        return root
    if not reference.startswith("#/"):
        raise KeyError(reference)
    found = root
    for name in steps(reference[1:]):
        if isinstance(found, dict):
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit():
            if int(name) >= len(found):
                raise KeyError(reference)
            found = found[int(name)]
        else:
            raise KeyError(reference)
    return found


def type_of(value: Json) -> str:
    """The JSON type of a value, as JSON Schema counts: 1.0 is an integer."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {type(None): "null", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def _declared_types(schema: Mapping[str, Json]) -> frozenset[str]:
    types = ALL_TYPES
    declared = schema.get("type")
    if declared is not None:
        listed = [declared] if isinstance(declared, str) else declared
        types &= frozenset([*listed, *(("integer",) if "number" in listed else ())])
    if "const" in schema:
        types &= {type_of(schema["const"])}
    if "enum" in schema:
        types &= frozenset(map(type_of, schema["enum"]))
    return types


def _choices(flat: Sequence[Mapping[str, Json]]) -> tuple[Json, ...] | None:
    for schema in flat:
        if "const" in schema:
            return (schema["const"],)
    listed = [tuple(schema["enum"]) for schema in flat if "enum" in schema]
    return min(listed, key=len) if listed else None


def _child(schema: Mapping[str, Json], step: str | int) -> Json:
    if isinstance(step, int):
        fixed = _array(schema, "prefixItems")
        return fixed[step] if step < len(fixed) else schema.get("items", True)
    known = _object(schema, "properties")
    if step in known:
        return known[step]
    if "patternProperties" in schema:
        return True
    return schema.get("additionalProperties", True)


def _requires(schema: Mapping[str, Json], step: str | int) -> bool:
    if isinstance(step, int):
        least = schema.get("minItems", 0)
        return isinstance(least, int | float) and least > step
    return step in _array(schema, "required")


def _array(schema: Mapping[str, Json], word: str) -> list[Json]:
    found = schema.get(word)
    return found if isinstance(found, list) else []


def _object(schema: Mapping[str, Json], word: str) -> dict[str, Json]:
    found = schema.get(word)
    return found if isinstance(found, dict) else {}
