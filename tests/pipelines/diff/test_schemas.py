"""JSON Schemas compared: where values that were taken are refused."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.diff.schemas import refusals

CLOSED = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
TREE = {"$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"}

CASES: list[tuple[Any, Any, list[str]]] = [
    ({"type": "string"}, {"type": "string", "title": "x", "description": "y"}, []),
    ({"type": "integer"}, {"type": "number"}, []),
    ({"type": "number"}, {"type": "integer"}, [" type"]),
    ({"type": ["string", "null"]}, {"type": "string"}, [" type"]),
    ({}, {"type": "string"}, [" type"]),
    ({"enum": ["a", "b"]}, {"enum": ["b", "a", "c"]}, []),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, [" enum"]),
    ({"const": True}, {"type": "boolean"}, []),
    ({"type": "boolean"}, {"enum": [True, False]}, []),
    ({"type": "boolean"}, {"const": True}, [" enum"]),
    ({"const": True}, {"const": "yes"}, [" type"]),
    ({"type": "string"}, {"enum": ["a"]}, [" enum"]),
    ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 0}, []),
    ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 1}, [" minimum"]),
    ({"type": "integer", "multipleOf": 4}, {"multipleOf": 2}, []),
    ({"type": "integer", "multipleOf": 2}, {"multipleOf": 4}, [" multipleOf"]),
    ({"type": "integer"}, {"type": "integer", "maxLength": 1}, []),
    ({"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 2}, [" maxLength"]),
    ({"type": "string"}, {"type": "string", "minLength": 0}, []),
    ({"type": "string", "pattern": "^a+$"}, {"type": "string", "pattern": "^a"}, []),
    ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^a+$"}, [" pattern"]),
    ({"type": "string"}, {"type": "string", "format": "date-time"}, [" format"]),
    (CLOSED, {"type": "object"}, []),
    ({"type": "object"}, CLOSED, [" closed"]),
    ({**CLOSED, "properties": {"a": {}, "b": {}}}, CLOSED, ["/b closed"]),
    (CLOSED, {**CLOSED, "required": ["a"]}, ["/a required"]),
    (CLOSED, {**CLOSED, "properties": {"a": {"type": "null"}}}, ["/a type"]),
    ({"type": "array"}, {"type": "array", "items": {"type": "null"}}, ["/* type"]),
    ({"type": "array", "items": {"type": "null"}}, {"prefixItems": [{"const": None}]}, []),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["null", "string"]}, []),
    ({"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, []),
    ({"type": "integer"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, [" anyOf"]),
    ({"allOf": [{"minimum": 3}, {"type": "integer"}]}, {"type": "integer", "minimum": 2}, []),
    ({"type": "integer"}, {"not": {"const": 3}}, [" not"]),
    ({"not": {"const": 3}}, {"not": {"const": 3}}, []),
    (True, False, [" false"]),
    (False, {"type": "string"}, []),
    (TREE, TREE, []),
    (TREE, {"type": "array"}, []),
    ({"$defs": {"s": {"type": "string"}}, "$ref": "#/$defs/s"}, {"type": "string"}, []),
]


@pytest.mark.parametrize(("old", "new", "expect"), CASES)
def test_what_is_refused_is_told_with_its_place(old: Any, new: Any, expect: list[str]) -> None:
    assert [f"{each.where} {each.word}" for each in refusals(old, new)] == expect


SCALARS = st.sampled_from([None, True, False, 0, 1, 2.5, 3, "", "a", "ab", "abc"])
SMALL = st.recursive(
    st.one_of(
        st.booleans(),
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(
                    ["integer", "number", "string", "null", ["string", "null"]]
                ),
                "minimum": st.integers(0, 3),
                "exclusiveMaximum": st.integers(0, 4),
                "minLength": st.integers(0, 2),
                "maxLength": st.integers(0, 3),
                "pattern": st.sampled_from(["^a", "b", "^a*$"]),
                "enum": st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr),
            },
        ),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
                "required": st.sampled_from([[], ["a"], ["a", "b"]]),
                "additionalProperties": inner,
            },
        ),
        st.fixed_dictionaries({"type": st.just("array")}, optional={"items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=5,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=4,
)


@settings(max_examples=500)
@given(old=SMALL, new=SMALL, values=st.lists(VALUES, max_size=10))
def test_where_nothing_is_told_nothing_is_refused(old: Any, new: Any, values: list[Any]) -> None:
    if not refusals(old, new):
        before, after = (jsonschema_rs.Draft202012Validator(each) for each in (old, new))
        assert [v for v in values if before.is_valid(v) and not after.is_valid(v)] == []


@settings(max_examples=300)
@given(schema=SMALL)
def test_a_schema_refuses_nothing_of_its_own(schema: Any) -> None:
    assert refusals(schema, schema) == ()
