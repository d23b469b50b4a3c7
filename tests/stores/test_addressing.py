"""Digests and path templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.addressing import (
    DEFAULT_TEMPLATE,
    compile_addressing,
    digest_of,
    hex_part,
    is_digest,
)

DIGITS = "0123456789abcdef" * 4
DIGEST = f"sha256:{DIGITS}"
DIGESTS = st.binary(max_size=8).map(digest_of)
TEMPLATES = (
    DEFAULT_TEMPLATE,
    "{digest}",
    "b/{digest}",
    "{digest:0:32}/{digest:32:32}",
    "{digest:60:4}/{digest:0:2}/{digest:0:64}.blob",
    "{digest:32:32}-{digest:0:40}",
)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        (DEFAULT_TEMPLATE, f"blobs/01/23/{DIGITS}"),
        ("{digest}", DIGEST),
        ("x/{digest:0:2}/{digest}", f"x/01/{DIGEST}"),
        ("{digest:0:32}/{digest:32:32}.bin", f"{DIGITS[:32]}/{DIGITS[32:]}.bin"),
    ],
)
def test_a_template_says_where_a_digest_lies(template: str, path: str) -> None:
    assert compile_addressing(template).path(DIGEST) == path


@pytest.mark.parametrize("template", TEMPLATES)
@given(digest=DIGESTS)
def test_a_path_leads_back_to_its_digest(template: str, digest: str) -> None:
    addressing = compile_addressing(template)
    assert addressing.digest(addressing.path(digest)) == digest


@pytest.mark.parametrize("template", TEMPLATES)
@given(one=DIGESTS, two=DIGESTS)
def test_two_digests_never_share_a_path(template: str, one: str, two: str) -> None:
    addressing = compile_addressing(template)
    assert (addressing.path(one) == addressing.path(two)) == (one == two)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "blobs",
        f"blobs/01/24/{DIGITS}",
        f"blobs/01/23/{DIGITS}x",
        f"blobs/01/23/{DIGITS.upper()}",
        f"blobs/01/23/{DIGITS}\n",
        f"other/01/23/{DIGITS}",
    ],
)
def test_what_is_no_blobs_path_has_no_digest(path: str) -> None:
    assert compile_addressing(DEFAULT_TEMPLATE).digest(path) is None


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("blobs", "not injective"),
        ("blobs/{digest:0:63}", "not injective: hex digit 63"),
        ("{digest:0:10}/{digest:11:53}", "not injective: hex digit 10"),
        ("{digest:0:65}", "does not lie within"),
        ("{digest:64:1}/{digest}", "does not lie within"),
        ("{digest:3:0}/{digest}", "does not lie within"),
        ("/{digest}", "leave"),
        ("../{digest}", "leave"),
        ("a/../{digest}", "leave"),
        ("a//{digest}", "leave"),
        ("./{digest}", "leave"),
        ("{digest}/", "leave"),
        ("{digest}/..", "leave"),
        ("{digest}{digest}{digest}{digest}", "leave"),
        ("staging/{digest}", "unfinished uploads"),
        ("{other}/{digest}", "only letters"),
        ("{digest:0}/{digest}", "only letters"),
        ("a b/{digest}", "only letters"),
        ("a\\b/{digest}", "only letters"),
        ("a\x00b/{digest}", "only letters"),
        ("{{digest}}/{digest}", "only letters"),
    ],
)
def test_a_template_that_is_not_safe_is_refused(template: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        compile_addressing(template)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        DIGITS,
        f"sha256:{DIGITS[:-1]}",
        f"sha256:{DIGITS}0",
        f"SHA256:{DIGITS}",
        f"sha256:{DIGITS.upper()}",
        f" {DIGEST}",
        f"{DIGEST}\n",
        f"sha512:{DIGITS}",
        "sha256:" + "\N{ARABIC-INDIC DIGIT ZERO}" * 64,
    ],
)
def test_a_digest_has_one_form_only(text: str) -> None:
    assert not is_digest(text)
    with pytest.raises(ValueError, match="not a digest"):
        hex_part(text)
    with pytest.raises(ValueError, match="not a digest"):
        compile_addressing(DEFAULT_TEMPLATE).path(text)


def test_the_digest_of_nothing_is_the_known_one() -> None:
    known = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest_of(b"") == known
    assert is_digest(known)
