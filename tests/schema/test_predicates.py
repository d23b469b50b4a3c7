"""The meaning of conditions: JSON equality, order among likes, emptiness; and did-you-mean."""

from typing import Any

import pytest

from schema.nearest import hint, nearest, short
from schema.predicates import OPERATORS, json_equal


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True), (True, 1, False), (False, 0, False), (True, True, True),
        (None, None, True), (None, False, False), (None, "", False), ("1", 1, False),
        ([1, [2]], [1.0, [2]], True), ([1], [True], False), ([1], [1, 2], False),
        ({"a": 1}, {"a": 1.0}, True), ({"a": 1}, {"a": True}, False), ({"a": 1}, {"b": 1}, False),
        ({}, [], False), ((1,), [1], True),
    ],
)  # fmt: skip
def test_equality_is_jsons(left: Any, right: Any, equal: bool) -> None:
    assert json_equal(left, right) is equal
    assert json_equal(right, left) is equal


@pytest.mark.parametrize(
    ("operator", "operands", "holds"),
    [
        ("equals", (1, 1), True), ("not_equals", (1, True), True),
        ("in", (1, [1.0]), True), ("in", (1, [True]), False), ("in", ("a", "abc"), False),
        ("not_in", ("a", ["b"]), True), ("not_in", ("a", ["a"]), False),
        ("is_null", (None,), True), ("is_null", (0,), False), ("is_not_null", ("",), True),
        ("is_empty", (None,), True), ("is_empty", ("",), True), ("is_empty", ([],), True),
        ("is_empty", ({},), True), ("is_empty", (0,), False), ("is_empty", (False,), False),
        ("is_not_empty", ("a",), True),
        ("gt", (2, 1.5), True), ("gt", ("b", "a"), True), ("gt", ("b", 1), False),
        ("gt", (True, 0), False), ("gte", (1, 1.0), True), ("lt", (None, 1), False),
        ("lte", ("a", "a"), True), ("lt", ([1], [2]), False),
        ("starts_with", ("abc", "ab"), True), ("starts_with", (None, "a"), False),
        ("ends_with", ("abc", "bc"), True), ("ends_with", ("abc", None), False),
    ],
)  # fmt: skip
def test_an_operator_holds_or_not(operator: str, operands: tuple[Any, ...], holds: bool) -> None:
    assert OPERATORS[operator](*operands) is holds


def test_the_nearest_name_is_found_across_case() -> None:
    assert nearest("kv.gett", ["kv.get", "kv.put"]) == "kv.get"
    assert nearest("NAMESPACE", ["name", "namespace"]) == "namespace"
    assert nearest("zzz", ["kv.get"]) is None


def test_a_hint_names_the_nearest_or_what_is_known() -> None:
    assert hint("met", ["meta"]) == "did you mean `meta`?"
    assert hint("zzz", ["b", "a"]) == "known: a, b"
    assert hint("zzz", []) == ""
    assert hint("zzz", map(str, range(10))).endswith("…")


def test_a_long_value_is_cut() -> None:
    assert short("a" * 100) == "a" * 79 + "…"
    assert short({"a": 1}) == "{'a': 1}"
