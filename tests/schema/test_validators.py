"""JSON Schemas: local, linear, asserted; failures with places; facts that hold of every value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.facts import Facts, type_of
from schema.validators import MAX_FAILURES, SchemaFault, Validator

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "size": {"type": "integer", "minimum": 0},
        "at": {"type": "string", "format": "date-time"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "kind": {"enum": ["a", "b"]},
        "target": {"$ref": "#/$defs/target"},
        "list": {"type": "array", "items": {"type": "number"}, "minItems": 1},
        "never": False,
    },
    "required": ["name", "target"],
    "additionalProperties": False,
    "$defs": {"target": {"type": "object", "required": ["x"], "properties": {"x": {"const": 1}}}},
}
RIGHT = {"name": "a", "target": {"x": 1}}


def test_a_right_value_has_no_failures() -> None:
    validator = Validator(SCHEMA)
    assert validator.valid(RIGHT)
    assert validator.failures(RIGHT) == []


def test_every_failing_place_is_told() -> None:
    value = {"name": "A", "size": -1, "at": "today", "target": {"x": 2}, "un/known": 1}
    found = Validator(SCHEMA).failures(value)
    assert {failure["where"] for failure in found} == {"", "/name", "/size", "/at", "/target/x"}
    assert "unknown properties: un/known" in [failure["message"] for failure in found]


def test_messages_never_echo_a_long_value() -> None:
    long = "Z" * 5000
    found = Validator(SCHEMA).failures({"name": long, "target": {"x": long}, long: 1})
    assert len(found) == 3
    assert all(failure["message"].count("Z") <= 80 for failure in found)
    names = Validator({"propertyNames": {"pattern": "^[a-z]+$"}}).failures({long: 1})
    assert names[0]["message"].count("Z") <= 80


def test_failures_are_bounded_and_a_very_large_value_is_told_one() -> None:
    validator = Validator({"items": {"type": "string"}})
    assert len(validator.failures([1] * 200)) == MAX_FAILURES
    assert validator.failures([1] * 200_000) == [
        {"where": "/0", "message": '1 is not of type "string"'}
    ]


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"$ref": "http://x/y"}, "/$ref"),
        ({"$ref": "file:///etc/passwd"}, "/$ref"),
        ({"$ref": "other.json"}, "/$ref"),
        ({"items": {"$ref": "#/$defs/no"}}, "/items/$ref"),
        ({"$dynamicRef": "#x"}, "/$dynamicRef"),
        ({"$id": "http://x"}, "/$id"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"properties": {"a/b": {"type": 3}}}, "/properties/a~1b/type"),
        ({"pattern": "(?=a)"}, "/pattern"),
        ({"pattern": "("}, "/pattern"),
        ({"format": "nope"}, "/format"),
        ({"minLength": "x"}, "/minLength"),
        ("x", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: Any, pointer: str) -> None:
    with pytest.raises(SchemaFault) as caught:
        Validator(schema)
    assert caught.value.pointer == pointer
    assert str(caught.value)


@pytest.mark.parametrize(
    ("schema", "value", "valid"),
    [
        (True, 1, True),
        ({"const": {"$ref": "http://x"}}, {"$ref": "http://x"}, True),
        ({"properties": {"$ref": {"type": "string"}}}, {"$ref": 1}, False),
        ({"properties": {"a": {"$ref": "#"}}, "type": "object"}, {"a": {"a": 1}}, False),
        ({"$ref": "#"}, 1, True),
    ],
)
def test_a_schema_of_local_references_is_taken(schema: Any, value: Any, valid: bool) -> None:
    assert Validator(schema).valid(value) is valid


def test_formats_are_asserted_and_patterns_are_linear() -> None:
    assert not Validator({"format": "date-time"}).valid("yesterday")
    assert not Validator({"pattern": "^(a+)+$"}).valid("a" * 50_000 + "b")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["name"], Facts(frozenset({"string"}), True)),
        (["size"], Facts(frozenset({"integer"}), False)),
        (["note"], Facts(frozenset({"string", "null"}), False)),
        (["kind"], Facts(frozenset({"string"}), False, ("a", "b"))),
        (["target", "x"], Facts(frozenset({"integer"}), True, (1,))),
        (["list", 0], Facts(frozenset({"integer", "number"}), False)),
        (["never"], None),
        (["unknown"], None),
    ],
)
def test_facts_tell_what_holds_of_a_place(path: list[str | int], expected: Facts | None) -> None:
    assert Validator(SCHEMA).facts(path) == expected


def test_facts_of_the_whole_name_its_properties_and_that_it_is_closed() -> None:
    facts = Validator(SCHEMA).facts()
    assert facts is not None
    assert facts.closed
    assert facts.names == SCHEMA["properties"].keys()
    assert not facts.nullable


def test_facts_join_what_holds_together_and_spread_over_choices() -> None:
    together = Validator({"allOf": [{"type": ["string", "null"]}, {"type": ["string", "object"]}]})
    assert together.facts() == Facts(frozenset({"string"}), True)
    branch = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    other = {"type": "object", "required": ["a"], "properties": {"a": {"type": "null"}}}
    assert Validator({"oneOf": [branch, other]}).facts(["a"]) == Facts(
        frozenset({"string", "null"}), True
    )


def test_facts_of_a_schema_that_doubles_at_each_step_stay_cheap() -> None:
    names = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    validator = Validator({"$ref": "#/$defs/d0", "$defs": {**names, "d40": {"type": "null"}}})
    facts = validator.facts(["a", "b"])
    assert facts is not None
    assert not facts.present


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["a", "b", "Z", 0.5]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(sorted(SCHEMA["properties"])), inner, max_size=4)
    ),
)


@given(_VALUES, st.sampled_from(sorted(SCHEMA["properties"])))
def test_facts_hold_of_every_valid_value(value: Any, name: str) -> None:
    validator = Validator({**SCHEMA, "required": ["name"]})
    facts = validator.facts([name])
    if not isinstance(value, dict):
        value = {"note": value}
    value = {"name": "a", **value}
    if not validator.valid(value):
        return
    if name in value:
        assert facts is not None
        assert type_of(value[name]) in facts.types
    elif facts is not None:
        assert not facts.present
