"""Entities: normal forms, and everything that can be wrong with their values."""

from typing import Any

import pytest

from schema.document_data import (
    Constraint,
    EntityDeclaration,
    EntityField,
    FieldType,
    Versioning,
)
from schema.entities import Entity, compile_entity
from schema.fields import NormalizerFault, compile_normalizer


def declared(kind: FieldType, *normalize: str, optional: bool = False) -> EntityField:
    return EntityField(kind, optional, normalize)


def entity(**versioning: Any) -> Entity:
    fields = {
        "name": declared("string", "trim", "lower", "replace: :-"),
        "version": declared("version"),
        "variant": declared("string", optional=True),
        "needed": declared("string", optional=True),
        "digest": declared("digest", optional=True),
        "count": declared("integer", optional=True),
        "hidden": declared("boolean", optional=True),
    }
    constraints = (
        Constraint("name", "[a-z-]+", max_length=5),
        Constraint("variant", "[a-z]+", when_present=True),
        Constraint("needed", "[a-z]+"),
    )
    declaration = EntityDeclaration(fields, ("name",), constraints)
    return compile_entity("thing", declaration, Versioning(**versioning))


@pytest.mark.parametrize(
    ("normalizer", "value", "expected"),
    [
        ("trim", " a ", "a"), ("lower", "Ab", "ab"), ("upper", "ab", "AB"),
        ("replace:_:-", "a_b_", "a-b-"), ("replace:x:", "axb", "ab"),
        (r"replace:\::_", "a:b", "a_b"), (r"replace:_:\:", "a_b", "a:b"),
    ],
)  # fmt: skip
def test_a_normalizer_rewrites(normalizer: str, value: str, expected: str) -> None:
    assert compile_normalizer(normalizer)(value) == expected


@pytest.mark.parametrize(
    "text", ["", "strip", "replace", "replace:a", "replace::b", "replace:a:b:c"]
)
def test_what_is_no_normalizer_is_refused(text: str) -> None:
    with pytest.raises(NormalizerFault):
        compile_normalizer(text)


def test_normalizers_run_in_order_and_leave_other_values_alone() -> None:
    assert entity().normalize("name", " A B ") == "a-b"
    assert entity().normalize("name", None) is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", None, "is missing"),
        ("needed", None, "is missing"),
        ("name", "abcdef", "has 6 characters, 5 are allowed"),
        ("name", "A", "does not match"),
        ("name", "a\n", "does not match"),
        ("name", 5, "must be text"),
        ("version", "1.0", "is not a version"),
        ("digest", "sha256:AB", "64 lower-case hexadecimal"),
        ("count", True, "must be an integer"),
        ("count", 10**30, "must be an integer"),
        ("hidden", 1, "must be true or false"),
    ],
)
def test_a_wrong_value_is_told(field: str, value: Any, message: str) -> None:
    (failure,) = entity().failures({field: value})
    assert failure["field"] == field
    assert message in failure["message"]


def test_every_failing_field_is_told_and_none_that_was_not_given() -> None:
    found = entity().failures({"name": "A", "version": "x", "variant": None, "count": 3})
    assert [failure["field"] for failure in found] == ["name", "version"]


def test_right_values_have_no_failures() -> None:
    digest = "sha256:" + "0" * 64
    values = {"name": "a", "version": "1.0.0-rc.1", "digest": digest, "count": -3, "hidden": False}
    assert entity().failures(values) == []


def test_prereleases_may_be_forbidden() -> None:
    strict = entity(allow_prerelease=False)
    assert "prerelease" in strict.failures({"version": "1.0.0-rc.1"})[0]["message"]
    assert strict.failures({"version": "1.0.0"}) == []


def test_a_message_never_echoes_a_long_value() -> None:
    (failure,) = entity().failures({"version": "x" * 10_000})
    assert len(failure["message"]) < 200


def test_texts_of_paths_become_typed_values() -> None:
    thing = entity()
    assert thing.from_text("count", "-7") == -7
    assert thing.from_text("hidden", "true") is True
    assert thing.from_text("name", "7") == "7"


@pytest.mark.parametrize(
    ("field", "text"),
    [("count", "07"), ("count", "-0"), ("count", "٣"), ("count", ""), ("hidden", "yes")],
)
def test_texts_of_the_wrong_type_are_refused(field: str, text: str) -> None:
    with pytest.raises(ValueError, match=field):
        entity().from_text(field, text)
