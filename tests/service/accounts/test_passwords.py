import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors.problem import Refusal
from service.passwords import Passwords, check_new_password, hash_password, matches

COST = 4


def test_nothing_is_cut_off_after_72_bytes():
    stored = hash_password("a" * 72 + "b", COST)
    assert matches("a" * 72 + "b", stored)
    assert not matches("a" * 72 + "c", stored)
    assert not matches("a" * 72, stored)


def test_a_nul_ends_nothing():
    stored = hash_password("secret\0one", COST)
    assert matches("secret\0one", stored)
    assert not matches("secret\0two", stored)


def test_the_same_text_composed_differently_is_the_same_password():
    composed, decomposed = (unicodedata.normalize(form, "pässwörd é") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert matches(decomposed, hash_password(composed, COST))


@settings(max_examples=40, deadline=None)
@given(st.text(), st.text())
def test_a_password_matches_its_own_hash_and_no_other(one: str, other: str):
    stored = hash_password(one, COST)
    assert matches(one, stored)
    same = unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other)
    assert matches(other, stored) == same


def test_what_is_stored_names_its_scheme_and_cost():
    assert hash_password("correct horse", COST).startswith("v1$2b$04$")


def test_a_hash_of_an_unknown_scheme_lets_nobody_in():
    with pytest.raises(ValueError, match="scheme"):
        matches("correct horse", "v9$2b$04$x")


@pytest.mark.parametrize("password", ["", "seven77", "x" * 1025, "surrogate\ud800"])
def test_a_password_that_may_not_be_set_is_refused(password: str):
    with pytest.raises(Refusal) as refused:
        check_new_password(password, "/new_password")
    assert refused.value.problem.code == "VALIDATION_ERROR"
    assert refused.value.problem.details["failures"][0]["where"] == "/new_password"


async def test_nobody_has_any_password():
    passwords = Passwords(COST)
    assert not await passwords.matches("nobody has this password", None)
    passwords.close()
