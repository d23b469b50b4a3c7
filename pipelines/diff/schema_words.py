"""JSON Schema's words as the comparison reads them: types, bounds, finite values, `allOf`."""

from typing import Any

Json = Any

ABOVE = {
    "minimum": ("minimum", "exclusiveMinimum"),
    "minLength": ("minLength", ""),
    "minItems": ("minItems", ""),
    "minProperties": ("minProperties", ""),
}
BELOW = {
    "maximum": ("maximum", "exclusiveMaximum"),
    "maxLength": ("maxLength", ""),
    "maxItems": ("maxItems", ""),
    "maxProperties": ("maxProperties", ""),
}
"""Each bound, with the word for the bound that is itself not taken."""

WHOLE = (
    "not", "if", "then", "else", "contains", "minContains", "maxContains", "propertyNames",
    "patternProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
    "unevaluatedItems",
)  # fmt: skip
"""Words that are compared as a whole."""

_TOGETHER = ("if", "then", "else", "contains", "minContains", "maxContains")
"""Words that mean something only beside the others of the same schema."""

_REMARKS = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
            "$comment", "$schema", "$defs", "definitions", "$id")  # fmt: skip
_KINDS = frozenset({"null", "true or false", "integer", "fraction", "text", "array", "object"})
_BY_TYPE = {
    "null": {"null"}, "boolean": {"true or false"}, "integer": {"integer"},
    "number": {"integer", "fraction"}, "string": {"text"}, "array": {"array"},
    "object": {"object"},
}  # fmt: skip
_LARGER = (*ABOVE, "exclusiveMinimum")
_SMALLER = (*BELOW, "exclusiveMaximum")


def flat(schema: Json) -> Json:
    """A schema without references, with its `allOf` drawn together where it can be.

    What cannot be drawn together is left out, so that the answer takes more than the schema.
    """
    if isinstance(schema, bool):
        return {} if schema else False
    made = {word: part for word, part in schema.items() if word not in ("allOf", *_REMARKS)}
    for part in schema.get("allOf", ()):
        inner = flat(part)
        if inner is False:
            return False
        made = _both(made, inner)
    return made


def _both(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    made = dict(one)
    for word, part in other.items():
        if word in _TOGETHER:
            continue
        if word not in made:
            made[word] = part
        elif word in _LARGER:
            made[word] = max(made[word], part)
        elif word in _SMALLER:
            made[word] = min(made[word], part)
        elif word == "required":
            made[word] = [*made[word], *(name for name in part if name not in made[word])]
        elif word == "properties":
            shared = {n: {"allOf": [made[word][n], p]} for n, p in part.items() if n in made[word]}
            made[word] = {**made[word], **part, **shared}
        elif word == "type":
            made[word] = [name for name in _types(made[word]) if name in _types(part)]
        elif word in ("enum", "anyOf", "oneOf"):
            made[word] = made[word] if len(made[word]) <= len(part) else part
    return made


def kinds_of(schema: dict[str, Json]) -> frozenset[str]:
    """The kinds of values that the schema takes by its `type`, or lists."""
    if "type" not in schema:
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        return _KINDS if values is None else frozenset(map(kind_of, values))
    return frozenset(kind for name in _types(schema["type"]) for kind in _BY_TYPE.get(name, ()))


def kind_of(value: Json) -> str:
    """The kind of a value."""
    named = {type(None): "null", bool: "true or false", str: "text", list: "array", dict: "object"}
    if type(value) in named:
        return named[type(value)]
    return "integer" if float(value).is_integer() else "fraction"


def finite(schema: dict[str, Json]) -> list[Json] | None:
    """All values that the schema may take, where it lists them."""
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    kinds = kinds_of(schema)
    if "type" in schema and kinds <= {"null", "true or false"}:
        values: list[Json] = [None] if "null" in kinds else []
        return values + ([True, False] if "true or false" in kinds else [])
    return None


def looser_bound(
    schema: dict[str, Json], names: tuple[str, str], word: str
) -> tuple[float, bool] | None:
    """The bound that holds, and whether it is itself not taken."""
    inside, outside = names
    found = [(schema[inside], False)] if inside in schema else []
    found += [(schema[outside], True)] if outside in schema else []
    if not found:
        return None
    pick = max if word.startswith("min") else min
    return pick(found, key=lambda bound: bound[0])


def item_of(schema: dict[str, Json], place: int) -> Json:
    """What governs the item at a place."""
    first = schema.get("prefixItems", ())
    return first[place] if place < len(first) else schema.get("items", True)


def property_of(schema: dict[str, Json], name: str) -> Json:
    """What governs a property."""
    named = schema.get("properties", {})
    return named[name] if name in named else schema.get("additionalProperties", True)


def _types(written: Json) -> list[str]:
    return [written] if isinstance(written, str) else list(written)
