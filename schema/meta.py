"""The JSON Schema of schema.json itself, made from the structs of `schema/document.py`."""

from functools import cache
from typing import Any

import msgspec

from schema.document import Document
from schema.facts import resolve

Json = Any

FREE = ("comment", "description", "$schema")
"""Keys that are free in every object of the language, beside those that start with `x-`."""


@cache
def meta_schema() -> dict[str, Json]:
    """The JSON Schema (2020-12) of schema.json without its free keys; do not change it."""
    (root,), parts = msgspec.json.schema_components((Document,))
    named = parts["Entities"]["properties"]["named"]
    parts["Entities"] = {
        "type": "object",
        "properties": {"versioning": {"$ref": "#/$defs/Versioning"}},
        "additionalProperties": named["additionalProperties"],
        "propertyNames": named["propertyNames"],
    }
    plain = {name: _without_null(part) for name, part in parts.items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": plain}


def _without_null(part: Json) -> Json:
    """Null in place of an optional key is taken out by `strip`, so no choice is left to check."""
    if isinstance(part, list):
        return [_without_null(item) for item in part]
    if not isinstance(part, dict):
        return part
    options = [o for o in part.get("anyOf", ()) if o != {"type": "null"}]
    rest = {word: _without_null(item) for word, item in part.items() if word != "anyOf"}
    return rest | (_without_null(options[0]) if len(options) == 1 else {})


def at(path: list[str | int]) -> dict[str, Json]:
    """The part of the meta-schema that governs a place of schema.json; {} where all is free."""
    part = _open({"$ref": "#"} if not path else meta_schema())
    for step in path:
        part = _open(child(part, step))
    return part


def child(part: dict[str, Json], step: str | int) -> Json:
    """What governs a member or an item of a place that `part` governs."""
    if isinstance(step, int):
        return part.get("items", {})
    return part.get("properties", {}).get(step, part.get("additionalProperties", {}))


def strip(value: Json) -> Json:
    """The value without its free keys and the nulls that say what leaving the key out says.

    Free JSON (arguments, schemas, conditions) stays whole. The value is not changed: what has
    nothing to take out is shared.
    """
    return _strippers()(value)


class _Stripper:
    """Takes the free keys out of whatever one part of the meta-schema governs.

    `known` are the members that have a meaning, `rest` treats all others and `items` a list's
    items: None where the JSON is free. `nulls` are the members that may be left out as null.
    `governs` tells that an object may stand there, `closed` that it has no other members.
    """

    __slots__ = ("closed", "governs", "items", "known", "nulls", "rest")

    def __init__(self) -> None:
        self.known: dict[str, _Stripper | None] = {}
        self.nulls: frozenset[str] = frozenset()
        self.rest: _Stripper | None = None
        self.items: _Stripper | None = None
        self.governs = False
        self.closed = False

    def __call__(self, value: Json) -> Json:
        if isinstance(value, dict) and self.governs:
            return self.members(value)
        if isinstance(value, list) and self.items is not None:
            return [self.items(item) for item in value]
        return value

    def members(self, value: dict[str, Json]) -> dict[str, Json]:
        """Most objects lose nothing, so that a copy is made for the first change only."""
        changed: dict[str, Json] = {}
        freed: list[str] = []
        for name, item in value.items():
            below = self.known.get(name, self)
            if below is self:
                below = self.rest
                if self.free(name, item):
                    freed.append(name)
                    continue
            elif item is None and name in self.nulls:
                freed.append(name)
                continue
            if below is not None and isinstance(item, dict | list):
                after = below(item)
                if after is not item:
                    changed[name] = after
        if not freed and not changed:
            return value
        gone = frozenset(freed)
        return {n: changed.get(n, item) for n, item in value.items() if n not in gone}

    def free(self, name: str, item: Json) -> bool:
        """Whether a key without a meaning is a remark."""
        if self.closed or name.startswith("x-"):
            return name in FREE or name.startswith("x-")
        # Among names that the author chose, only a text is surely a remark.
        return name in FREE and isinstance(item, str)


@cache
def _strippers() -> _Stripper:
    """The stripper of the whole document, and in it those of its parts."""
    made: dict[int, _Stripper] = {}

    def of(part: Json) -> _Stripper | None:
        part = _open(part)
        if not ("properties" in part or "items" in part or part.get("additionalProperties")):
            return None
        return made.get(id(part)) or fill(_Stripper(), part)

    def fill(stripper: _Stripper, part: dict[str, Json]) -> _Stripper:
        made[id(part)] = stripper
        known = part.get("properties", {})
        assert "properties" not in part or known
        stripper.known = {name: of(inner) for name, inner in known.items()}
        stripper.nulls = frozenset(n for n, p in known.items() if p.get("default", 0) is None)
        stripper.rest = of(part.get("additionalProperties", {}))
        stripper.governs = bool(known or part.get("additionalProperties"))
        stripper.closed = part.get("additionalProperties") is False
        stripper.items = of(part["items"]) if "items" in part else None
        return stripper

    return fill(_Stripper(), _open(meta_schema()))


def _open(part: Json) -> dict[str, Json]:
    while isinstance(part, dict) and "$ref" in part:
        part = resolve(meta_schema(), part["$ref"])
    return part if isinstance(part, dict) else {}
