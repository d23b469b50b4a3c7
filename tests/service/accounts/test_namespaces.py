import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.namespaces import PATTERN, uncovered


@pytest.mark.parametrize(
    ("asked", "held", "beyond"),
    [
        (["acme"], None, []),
        (["*"], None, []),
        (["acme"], ("acme",), []),
        (["acme-tools"], ("acme-*",), []),
        (["acme-*"], ("acme*",), []),
        (["a*b*"], ("a*",), []),
        (["*"], ("acme*",), ["*"]),
        (["acme*"], ("acme",), ["acme*"]),
        (["acme*"], ("acme-*",), ["acme*"]),
        (["acme", "other"], ("acme", "x*"), ["other"]),
        (["acme"], (), ["acme"]),
    ],
)
def test_a_pattern_stays_within_those_held(asked, held, beyond):
    assert uncovered(asked, held) == beyond


@pytest.mark.parametrize("pattern", ["a?", "[ab]", "a/b", "", "a\n", "x" * 129, "ä", "a b"])
def test_only_the_star_has_a_meaning(pattern: str):
    assert not re.search(PATTERN, pattern)


@given(st.text("ab*", min_size=1, max_size=6), st.text("ab*", min_size=1, max_size=6),
       st.text("ab", max_size=8))  # fmt: skip
def test_what_a_covered_pattern_reaches_the_wider_one_reaches_too(narrow, wide, namespace):
    if not uncovered([narrow], (wide,)) and fnmatchcase(namespace, narrow):
        assert fnmatchcase(namespace, wide)
