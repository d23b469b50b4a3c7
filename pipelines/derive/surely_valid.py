"""Whether what a step writes fits its JSON Schema for sure: then nobody is refused for it.

Proved is what can be seen by comparing the two schemas word by word; all else counts as unsure.
What comes out of a store is never sure: it may have been written under another schema.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pipelines.derive.value_schemas import ValueSchemas, expanded
from pipelines.derive.visited import VisitedStep, was_stored
from pipelines.nodes import Node, references
from pipelines.validated import validated_fields
from schema.alphabet import UnreadablePattern, read
from schema.validators import Validator

Json = Any

_REMARKS = frozenset({"title", "description", "$comment", "default", "examples", "deprecated"})
_WORDS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "integer": frozenset({"minimum", "maximum"}),
    "boolean": frozenset(),
    "null": frozenset(),
    "object": frozenset({"properties", "required", "additionalProperties"}),
}
"""The words that are understood, by the type that they speak of."""


def surely_valid(at: VisitedStep, node: Node, schema: Json) -> bool:
    """Whether every value that the node can have in the step fits the schema."""
    known = validated_fields(at.analysis.scope, at.step.index)
    for reference in references(node):
        target = at.analysis.plan.target(reference, at.step.index)
        if target is None or target.source == "param" or was_stored(at, reference):
            return False
        if target.source == "field" and target.name not in known:
            return False
    value = ValueSchemas(at.analysis, at.step, at.worlds).of(node)
    return bool(at.worlds) and _covers(expanded(schema), value)


def _covers(schema: Json, value: Json) -> bool:
    """Whether whatever fits `value` fits `schema`."""
    if schema is True or schema == {}:
        return True
    if not isinstance(schema, Mapping) or not isinstance(value, Mapping):
        return False
    if "const" in value:
        return Validator(dict(schema)).valid(value["const"])
    kinds, allowed = _types(value), _types(schema)
    if not kinds or not kinds <= allowed | ({"integer"} if "number" in allowed else set()):
        return False
    understood = frozenset({"type"}).union(_REMARKS, *(_WORDS.get(kind, ()) for kind in allowed))
    if not schema.keys() <= understood or not kinds <= _WORDS.keys():
        return False
    if "string" in kinds and not _texts_fit(schema, value):
        return False
    if "integer" in kinds and not _numbers_fit(schema, value):
        return False
    return "object" not in kinds or _members_fit(schema, value)


def _types(schema: Mapping[str, Json]) -> frozenset[str]:
    kinds = schema.get("type")
    return frozenset([kinds] if isinstance(kinds, str) else kinds or ())


def _texts_fit(schema: Mapping[str, Json], value: Mapping[str, Json]) -> bool:
    shortest, longest = _lengths(value)
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    return (
        shortest >= least
        and (most is None or (longest is not None and longest <= most))
        and ("pattern" not in schema or schema["pattern"] == value.get("pattern"))
        and ("format" not in schema or schema["format"] == value.get("format"))
    )


def _lengths(value: Mapping[str, Json]) -> tuple[int, int | None]:
    """The fewest and the most characters, of what the words for lengths and the pattern tell."""
    shortest, longest = value.get("minLength", 0), value.get("maxLength")
    pattern = value.get("pattern")
    if isinstance(pattern, str) and pattern.startswith("^") and pattern.endswith("$"):
        least, most = _extent(pattern)
        shortest = max(shortest, least)
        longest = most if longest is None else min(longest, most or longest)
    return shortest, longest


@lru_cache(maxsize=256)
def _extent(pattern: str) -> tuple[int, int | None]:
    try:
        extent = read(pattern)
    except UnreadablePattern:
        return 0, None
    return extent.shortest, extent.longest


def _numbers_fit(schema: Mapping[str, Json], value: Mapping[str, Json]) -> bool:
    least, most = schema.get("minimum"), schema.get("maximum")
    fits_least = least is None or ("minimum" in value and value["minimum"] >= least)
    return fits_least and (most is None or ("maximum" in value and value["maximum"] <= most))


def _members_fit(schema: Mapping[str, Json], value: Mapping[str, Json]) -> bool:
    members = value.get("properties", {})
    if value.get("additionalProperties") is not False:
        return False
    if not set(schema.get("required", ())) <= set(value.get("required", ())):
        return False
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    return all(_covers(known.get(name, others), inner) for name, inner in members.items())
