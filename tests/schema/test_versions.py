"""Version sort keys compare as the libraries' own versions do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as PythonVersion
from semver import Version as SemanticVersion

from schema.versions import RULES

_NUMBER = st.one_of(st.integers(0, 3), st.integers(0, 10**30)).map(str)
_WORD = st.sampled_from(["a", "b", "alpha", "rc", "x-1", "A", "0a", "-"])
_LABELS = st.lists(st.one_of(_NUMBER, _WORD), min_size=1, max_size=3).map(".".join)
_CORE = st.tuples(_NUMBER, _NUMBER, _NUMBER).map(".".join)
_SEMVER = st.builds(
    lambda core, pre, build: core + (f"-{pre}" if pre else "") + (f"+{build}" if build else ""),
    _CORE,
    st.none() | _LABELS,
    st.none() | _LABELS,
)
_SMALL = st.integers(0, 2).map(str)
_PEP440 = st.builds(
    lambda epoch, release, pre, post, dev, local: epoch + release + pre + post + dev + local,
    st.sampled_from(["", "0!", "1!"]),
    st.lists(_SMALL, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", "a1", "b0", "rc2", ".alpha.1"]),
    st.sampled_from(["", ".post0", "-1", ".post2"]),
    st.sampled_from(["", ".dev0", ".dev3"]),
    st.sampled_from(["", "+a", "+1", "+a.1", "+1.a", "+10"]),
)


@given(_SEMVER, _SEMVER)
def test_semver_keys_order_as_semver_does(left: str, right: str) -> None:
    keys = [RULES["semver"].sort_key(text) for text in (left, right)]
    order = SemanticVersion.parse(left).compare(right)
    if order:
        assert (keys[0] > keys[1]) == (order > 0)
    assert (keys[0] == keys[1]) == (left == right)


@given(_PEP440, _PEP440)
def test_pep440_keys_order_as_packaging_does(left: str, right: str) -> None:
    keys = [RULES["pep440"].sort_key(text) for text in (left, right)]
    one, other = PythonVersion(left), PythonVersion(right)
    if one != other:
        assert (keys[0] > keys[1]) == (one > other)
    assert (keys[0] == keys[1]) == (left == right)


@given(st.text(), st.text())
def test_lexical_keys_order_by_code_point(left: str, right: str) -> None:
    key = RULES["lexical"].sort_key
    assert (key(left) < key(right)) == (left < right)


@given(st.sampled_from(sorted(RULES)), st.text() | _SEMVER | _PEP440)
def test_rules_answer_for_any_text(scheme: str, text: str) -> None:
    rules = RULES[scheme]
    assert isinstance(rules.sort_key(text), bytes)
    assert not (rules.is_prerelease(text) and not rules.is_valid(text))


@pytest.mark.parametrize(
    "text", ["v1.2.3", "1.2", "01.2.3", "1.0.0-01", "1.0.0\n", "1.0.٣", "", " 1.0.0", "1." * 200]
)
def test_semver_is_strict_and_what_is_none_sorts_below(text: str) -> None:
    rules = RULES["semver"]
    assert not rules.is_valid(text)
    assert rules.sort_key(text) < rules.sort_key("0.0.0-0")


def test_numbers_compare_as_numbers_and_prereleases_stand_below_their_release() -> None:
    key = RULES["semver"].sort_key
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-rc.1",
        "1.0.0",
        "1.9.0",
        "1.10.0",
        "2.0.0-rc.1",
    ]
    assert sorted(set(ordered), key=key) == ordered
    assert RULES["semver"].is_prerelease("2.0.0-rc.1")
    assert not RULES["semver"].is_prerelease("2.0.0+rc.1")
