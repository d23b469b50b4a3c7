"""Field patterns: matched in full, linear, and understood without a request."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.alphabet import UnreadablePattern, complement, merge, read
from schema.patterns import PatternFault, compile_pattern

_ATOMS = st.sampled_from(["a", "Z", "7", ".", r"\d", r"\w", "[a-c]", "[^a/]", r"\.", "[-_]"])
_QUANTIFIERS = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}"])
_SEQUENCES = st.lists(st.tuples(_ATOMS, _QUANTIFIERS), max_size=4).map(
    lambda parts: "".join(f"(?:{atom}){sign}" for atom, sign in parts)
)
_PATTERNS = st.lists(_SEQUENCES, min_size=1, max_size=3).map("|".join)


@given(_PATTERNS, st.text("aZ7./\n-_é", max_size=8))
def test_a_text_that_matches_lies_within_the_extent(pattern: str, text: str) -> None:
    compiled = compile_pattern(pattern)
    if compiled.matches(text):
        extent = compiled.extent
        assert extent.shortest <= len(text)
        assert extent.longest is None or len(text) <= extent.longest
        assert all(extent.holds(ord(char)) for char in text)


@given(_PATTERNS, st.text("aZ7./-_", max_size=8))
def test_matching_agrees_with_python_on_ascii(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).matches(text) == bool(re.fullmatch(pattern, text, re.ASCII))


@pytest.mark.parametrize(
    ("pattern", "shortest", "longest"),
    [
        ("", 0, 0), ("abc", 3, 3), ("a|bcd", 1, 3), ("a*", 0, None), ("(?:ab){2,3}", 4, 6),
        ("[a-z0-9](?:[a-z._-]{0,62}[a-z])?", 1, 64), ("^a$", 1, 1), ("(?P<n>a)b?", 1, 2),
        (r"\x41\x{1F600}", 2, 2), ("a{,3}", 5, 5), ("[]a]", 1, 1), ("(?:a{3}){0}", 0, 0),
    ],
)  # fmt: skip
def test_lengths_are_read_from_the_pattern(
    pattern: str, shortest: int, longest: int | None
) -> None:
    extent = compile_pattern(pattern).extent
    assert (extent.shortest, extent.longest) == (shortest, longest)


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?<!a)b", r"(a)\1", "(?i)a", "(", "a)", "[a", r"\pL", "[[:alpha:]]", r"\Qa\E",
     "a**", "a" * 1001, "(" * 40 + ")" * 40, "\ud800"],
)  # fmt: skip
def test_what_is_not_linear_or_not_readable_is_refused(pattern: str) -> None:
    with pytest.raises(PatternFault):
        compile_pattern(pattern)


def test_refusals_say_nothing_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PatternFault):
        compile_pattern("(?=a)")
    assert capfd.readouterr().err == ""


def test_an_evil_pattern_costs_linear_time() -> None:
    assert not compile_pattern("(a+)+").matches("a" * 50_000 + "b")


def test_digits_words_and_spaces_are_ascii() -> None:
    assert not compile_pattern(r"\d").matches("٣")
    assert not compile_pattern(r"\w").matches("é")
    assert not compile_pattern(r"\s").matches("\u00a0")


@pytest.mark.parametrize(
    ("pattern", "dangers"),
    [
        ("[a-z]+", []),
        (".+", ["`/`", "`\\`", "NUL", "control characters", "the value `.`", "the value `..`"]),
        ("[a.]+", ["the value `.`", "the value `..`"]),
        ("[a-z/]+", ["`/`"]),
        (r"[a-z\t]", ["control characters"]),
    ],
)
def test_dangers_to_a_path_are_named(pattern: str, dangers: list[str]) -> None:
    assert compile_pattern(pattern).dangers() == dangers


def test_max_length_bounds_and_is_enforced() -> None:
    assert not compile_pattern("a*").bounded
    bounded = compile_pattern("a*", 3)
    assert bounded.bounded
    assert bounded.matches("aaa")
    assert not bounded.matches("aaaa")


def test_a_lone_surrogate_matches_nothing() -> None:
    assert not compile_pattern(".*").matches("\ud800")


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)).map(sorted).map(tuple)))
def test_a_complement_holds_exactly_the_rest(ranges: list[tuple[int, int]]) -> None:
    inside = {code for low, high in merge(tuple(ranges)) for code in range(low, min(high, 400) + 1)}
    outside = {
        code for low, high in complement(tuple(ranges)) for code in range(low, min(high, 400) + 1)
    }
    assert inside | outside == set(range(401))
    assert not inside & outside


def test_unreadable_syntax_is_named() -> None:
    with pytest.raises(UnreadablePattern, match="write it out"):
        read("[[:alpha:]]")
