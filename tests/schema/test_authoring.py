"""What is wrong with JSON Schemas, told with places; the two implementations agree on ours."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema_specifications import REGISTRY

from schema.authoring import schema_faults
from schema.validators import Validator

SHIPPED = json.loads((Path(__file__).parents[2] / "schema.json").read_text())["storage"]["schemas"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.text("ab1:-", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=4,
)


def places(schema: Any) -> list[str]:
    return [fault.pointer for fault in schema_faults(schema)]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_shipped_schemas_have_no_faults(name: str) -> None:
    assert places(SHIPPED[name]) == []


def test_every_fault_is_told_with_its_place() -> None:
    schema = {"type": "strng", "properties": {"a": {"minimum": "1"}}, "required": "a"}
    assert sorted(places(schema)) == ["/properties/a/minimum", "/required", "/type"]


def test_what_only_the_compiled_validator_minds_is_told_too() -> None:
    assert places({"properties": {"a": {"pattern": "(?=x)"}}}) == ["/properties/a/pattern"]
    assert places({"$ref": "file:///etc/passwd"}) == ["/$ref"]
    assert places(7) == [""]


@given(st.sampled_from(sorted(SHIPPED)), st.data())
def test_both_implementations_judge_documents_alike(name: str, data: st.DataObject) -> None:
    schema = SHIPPED[name]
    fields = st.fixed_dictionaries({}, optional=dict.fromkeys(schema["properties"], VALUES))
    document = data.draw(fields | VALUES)
    reference = Draft202012Validator(schema, registry=REGISTRY)
    assert Validator(schema).valid(document) == reference.is_valid(document)
