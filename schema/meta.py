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


def strip(value: Json, part: Json = None) -> Json:
    """The value without its free keys and the nulls that say what leaving the key out says.

    Free JSON (arguments, schemas, conditions) stays whole.
    """
    part = _open(meta_schema() if part is None else part)
    if isinstance(value, list) and "items" in part:
        return [strip(item, part["items"]) for item in value]
    if not isinstance(value, dict) or not (
        "properties" in part or part.get("additionalProperties")
    ):
        return value
    return {
        name: strip(item, child(part, name))
        for name, item in value.items()
        if not _is_free(part, name, item)
    }


def _is_free(part: dict[str, Json], name: str, item: Json) -> bool:
    if name in part.get("properties", ()):
        return item is None and part["properties"][name].get("default", 0) is None
    if part.get("additionalProperties") is False or name.startswith("x-"):
        return name in FREE or name.startswith("x-")
    # Among names that the author chose, only a text is surely a remark.
    return name in FREE and isinstance(item, str)


def _open(part: Json) -> dict[str, Json]:
    while isinstance(part, dict) and "$ref" in part:
        part = resolve(meta_schema(), part["$ref"])
    return part if isinstance(part, dict) else {}
