"""Positions in an index compare as the declared order says."""

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.document_data import IndexKey, Sort, Versioning
from schema.encoding import encode, invert
from schema.indexes import Ordering, compile_ordering
from schema.predicates import json_equal

_NUMBERS = st.one_of(
    st.integers(-3, 300), st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
_TEXTS = st.text(st.sampled_from("\x00\x01ab\xffé😀"), max_size=4) | st.text(max_size=5)
_SCALARS = st.none() | st.booleans() | _NUMBERS | _TEXTS


def _rank(value: Any) -> tuple[int, Any]:
    if value is None or isinstance(value, bool):
        return ([None, False, True].index(value) if value is not None else 0), 0
    return (4, value) if isinstance(value, str) else (3, value)


def ordering(*fields: str, sort: tuple[Sort, ...] = (), unique: bool = False) -> Ordering:
    key = IndexKey("by", fields, sort, unique)
    return compile_ordering("things", key, Versioning(), frozenset({"version"}))


def position(made: Ordering, identity: str, **row: Any) -> bytes:
    return made.entry(identity, row)[0]


@given(_SCALARS, _SCALARS)
def test_encodings_compare_as_the_values_do(left: Any, right: Any) -> None:
    one, other = encode(left), encode(right)
    assert (one < other) == (_rank(left) < _rank(right))
    assert (one == other) == json_equal(left, right)
    assert (invert(one) > invert(other)) == (one < other)


@given(_SCALARS, _SCALARS)
def test_no_encoding_begins_another(left: Any, right: Any) -> None:
    one, other = encode(left), encode(right)
    assert one == other or not other.startswith(one)


@given(st.lists(st.tuples(_SCALARS, _SCALARS), min_size=2, max_size=6))
def test_positions_follow_ascending_then_descending(rows: list[tuple[Any, Any]]) -> None:
    made = ordering("up", sort=(Sort("down", "desc"),))

    def compare(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
        for a, b, sign in ((one[0], other[0], 1), (one[1], other[1], -1)):
            if _rank(a) != _rank(b):
                return sign if _rank(a) > _rank(b) else -sign
        return 0

    by_bytes = sorted(rows, key=lambda row: position(made, "id", up=row[0], down=row[1]))
    expected = sorted(rows, key=functools.cmp_to_key(compare))
    assert [tuple(map(_rank, r)) for r in by_bytes] == [tuple(map(_rank, r)) for r in expected]


@given(_SCALARS, _SCALARS, _TEXTS, _TEXTS)
def test_a_prefix_finds_exactly_the_equal_rows(
    wanted: Any, held: Any, one: str, other: str
) -> None:
    made = ordering("a", "b")
    found = position(made, one, a=held, b=other).startswith(made.prefix([wanted]))
    assert found == json_equal(wanted, held)


@given(_TEXTS, _TEXTS, st.booleans())
def test_starts_with_finds_exactly_the_texts_that_begin_so(
    start: str, text: str, down: bool
) -> None:
    made = ordering("a", sort=(Sort("b", "desc" if down else "asc"),))
    found = position(made, "id", a=1, b=text).startswith(made.prefix([1], start))
    assert found == text.startswith(start)


def test_versions_stand_newest_first_and_prereleases_apart() -> None:
    made = ordering("version.prerelease", sort=(Sort("version", "desc"),))
    versions = ["1.9.0", "1.10.0", "2.0.0-rc.1", "1.10.0-a"]
    placed = sorted(versions, key=lambda text: position(made, "id", version=text))
    assert placed == ["1.10.0", "1.9.0", "2.0.0-rc.1", "1.10.0-a"]


def test_a_missing_property_counts_as_null_and_identity_makes_positions_unique() -> None:
    made = ordering("a")
    assert position(made, "x") == position(made, "x", a=None)
    assert position(made, "x", a=1) < position(made, "y", a=1)


def test_only_a_unique_key_claims_its_fields() -> None:
    claim = ordering("a", sort=(Sort("b"),), unique=True).entry("x", {"a": 1, "b": 2})[1]
    assert claim == encode(1)
    assert ordering("a").entry("x", {"a": 1})[1] is None


def test_starts_with_needs_a_text_in_that_place() -> None:
    made = ordering("a", sort=(Sort("version"),))
    for values in ([1], [1, "1.0.0"]):
        with pytest.raises(ValueError, match="no text in place"):
            made.prefix(values, "1")
    with pytest.raises(ValueError, match="2 properties"):
        made.prefix([1, 2, 3])


@given(_TEXTS, _TEXTS)
def test_a_cursor_gives_its_position_back(identity: str, text: str) -> None:
    made = ordering("a")
    place = position(made, identity, a=text)
    assert made.position_of(made.cursor(place), made.prefix([text])) == place


@given(st.text(max_size=60))
def test_a_cursor_that_was_never_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="not one of this listing"):
        ordering("a").position_of(cursor)


def test_a_cursor_of_another_listing_is_refused() -> None:
    made, other = ordering("a"), ordering("a", sort=(Sort("b"),))
    cursor = made.cursor(position(made, "x", a=1))
    for listing, prefix in ((made, made.prefix([2])), (other, b"")):
        with pytest.raises(ValueError, match="not one of this listing"):
            listing.position_of(cursor, prefix)
    with pytest.raises(ValueError, match="too long"):
        made.position_of("A" * 20_000)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1 << 270_000], ids=("nan", "infinity", "huge")
)
def test_what_has_no_order_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="number"):
        ordering("a").entry("x", {"a": value})
