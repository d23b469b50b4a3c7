"""What a JSON Schema surely allows: never more than it does, and as much as is plain to see."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.derive.json_reach import Reach, reach
from schema.validators import Validator

TEXT = {"type": "string", "maxLength": 10}
CASES: list[tuple[Any, int]] = [
    ({"type": "string"}, 2),
    (TEXT, 12),
    ({"type": ["string", "null"], "maxLength": 10}, 12),
    ({"type": "string", "minLength": 5, "maxLength": 10, "pattern": "^a+$"}, 7),
    ({"type": "integer"}, 1),
    ({"type": "boolean"}, 4),
    ({"enum": ["a", "abc"]}, 5),
    ({"const": {"a": 1}}, 7),
    ({"enum": ["a", "abc"], "maxLength": 1}, 0),
    ({"type": "array", "maxItems": 3, "items": TEXT}, 40),
    ({"type": "array", "items": TEXT}, 2),
    ({"type": "array", "maxItems": 3, "uniqueItems": True, "items": TEXT}, 2),
    ({"type": "object", "properties": {"a": TEXT, "b": {"type": "null"}}}, 27),
    ({"type": "object", "properties": {"a": TEXT}, "maxProperties": 0}, 2),
    ({"type": "object", "properties": {"a": False}}, 2),
    ({"allOf": [TEXT]}, 0),
    ({}, 0),
    (True, 0),
    ({"$ref": "#/$defs/a", "$defs": {"a": TEXT}}, 12),
    ({"$ref": "#/$defs/none"}, 0),
    ({"$ref": "#"}, 0),
    ({"type": "string", "maxLength": True}, 2),
    ({"type": "object", "properties": []}, 2),
]


@pytest.mark.parametrize(("schema", "size"), CASES, ids=lambda value: str(value)[:60])
def test_a_schema_reaches_as_far_as_it_is_plain(schema: Any, size: int) -> None:
    assert reach(schema).bytes == size


def test_the_largest_part_is_told() -> None:
    small, large = {"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 30}
    schema = {"type": "object", "properties": {"a": small, "b/c": large}}
    assert reach(schema)[1:] == ("/b~1c", 32)


def test_schemas_that_open_for_ever_are_left_alone() -> None:
    many = {"type": "object", "properties": {str(n): {"$ref": "#"} for n in range(50)}}
    assert reach(many).bytes < 1_000_000


PLAIN = st.recursive(
    st.one_of(
        st.builds(lambda n: {"type": "string", "maxLength": n}, st.integers(0, 20)),
        st.sampled_from([{"type": "integer"}, {"type": "boolean"}, {"type": "null"}]),
        st.builds(lambda values: {"enum": values}, st.lists(st.text(max_size=5), min_size=1)),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda n, item: {"type": "array", "maxItems": n, "items": item},
            st.integers(0, 4),
            inner,
        ),
        st.builds(
            lambda members: {"type": "object", "properties": members},
            st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
        ),
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_some_allowed_value_is_really_that_large(schema: Any) -> None:
    value = largest(schema)
    assert not Validator(schema).failures(value)
    assert len(msgspec.json.encode(value)) == reach(schema).bytes


def largest(schema: Any) -> Any:
    """The largest value of ASCII that a plain schema allows."""
    if "enum" in schema:
        return max(schema["enum"], key=lambda value: len(msgspec.json.encode(value)))
    match schema["type"]:
        case "string":
            return "x" * schema["maxLength"]
        case "array":
            return [largest(schema["items"])] * schema["maxItems"]
        case "object":
            return {name: largest(inner) for name, inner in schema["properties"].items()}
        case kind:
            return {"integer": 1, "boolean": True, "null": None}[kind]


def test_reaches_compare_by_their_bytes() -> None:
    assert max(Reach(2, "/a", 1), Reach(10)) == Reach(10)
