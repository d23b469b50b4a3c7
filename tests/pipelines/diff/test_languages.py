"""Patterns compared as languages: a lost text is one, and where none is told none is lost."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.diff.languages import Lost, language, lost, samples
from schema.alphabet import UnreadablePattern

NAME = "[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?"
LARGE = "(?:[a-z]{0,50}x){0,19}y"

PROVED = [
    (NAME, NAME, None),
    (NAME, "[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", "a_a"),
    ("[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", NAME, None),
    ("[0-9]+", "[0-9]{1,3}", "0000"),
    ("a{0,2}", "a{0,1}|aa", None),
    ("(?P<x>a)b?", "ab", "a"),
    ("a*?b", "a*b", None),
    (r"\.[.]\x41\d", r"\.{2}A[0-9]", None),
    ("[^/]+", "[^/.]+", "."),
    ("", "a", ""),
    ("(?:a|b)*a(?:a|b){3}", "(?:a|b)*a(?:b|a){3}", None),
]


@pytest.mark.parametrize(("old", "new", "text"), PROVED)
def test_the_shortest_lost_text_is_told(old: str, new: str, text: str | None) -> None:
    assert lost(language(old), language(new)) == Lost(text, True)


@pytest.mark.parametrize(
    ("old", "longest", "new", "bound", "text"),
    [
        (NAME, 64, NAME, 32, 33),
        (NAME, 64, NAME, 80, None),
        ("[a-z]+", None, "[a-z]+", 10, 11),
        ("[a-z]{1,3}|x{5}", None, "[a-z]+", 4, 5),
        ("[a-z]{1,3}|x{5}", 4, "[a-z]+", 3, None),
        ("[a-z]+", 3, "[a-z]{1,3}", None, None),
    ],
)
def test_lengths_bound_the_languages(
    old: str, longest: int | None, new: str, bound: int | None, text: int | None
) -> None:
    found = lost(language(old, longest), language(new, bound))
    assert found.proved
    assert (None if found.text is None else len(found.text)) == text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [("^a", "^a$", "aa"), ("^a$", "a", None), ("a$", "a", None), ("a", "a|b", None)],
)
def test_a_search_finds_its_match_anywhere(old: str, new: str, text: str | None) -> None:
    assert lost(language(old, search=True), language(new, search=True)) == Lost(text, True)


def test_what_is_too_large_is_drawn_and_said_to_be() -> None:
    assert lost(language(LARGE, 640), language(LARGE.replace("19", "18"), 640)) == Lost(None, False)
    found = lost(language(LARGE, 640), language("(?:[a-z]{0,50}x){0,18}z", 640))
    assert found.text is not None
    assert found.text.endswith("y")


@pytest.mark.parametrize("pattern", ["a^b", r"a\bb", "(?=a)", "a|^b"])
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(UnreadablePattern):
        language(pattern)


PIECES = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", "c", "."]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,}"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)
TEXTS = st.text("abc\nx", max_size=6)


@settings(max_examples=300)
@given(old=PIECES, new=PIECES, texts=st.lists(TEXTS, max_size=8))
def test_the_answer_agrees_with_the_engine_that_matches(
    old: str, new: str, texts: list[str]
) -> None:
    found = lost(language(old), language(new))
    before, after = re2.compile(old), re2.compile(new)
    if found.text is not None:
        assert before.fullmatch(found.text)
        assert not after.fullmatch(found.text)
    else:
        assert found.proved
        drawn = [*texts, *samples(language(old), 20)]
        assert [t for t in drawn if before.fullmatch(t) and not after.fullmatch(t)] == []


@settings(max_examples=200)
@given(pattern=PIECES)
def test_what_is_drawn_is_of_the_language(pattern: str) -> None:
    matcher = re2.compile(pattern)
    assert all(matcher.fullmatch(text) for text in samples(language(pattern), 20))
