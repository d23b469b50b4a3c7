import base64

import pytest

from errors.problem import Refusal
from service import api_tokens
from service.credentials import authorization, shown

ALL = frozenset({"jwt", "api_token", "basic"})
BODY = "larder_" + "0aZ" * 18 + "0"
TOKEN = BODY + api_tokens.checksum(BODY)


def basic(text: bytes) -> bytes:
    return b"Basic " + base64.b64encode(text)


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer " + TOKEN.encode(),
        b"bearer  " + TOKEN.encode() + b" ",
        basic(b"ann:" + TOKEN.encode()),
        basic(b":" + TOKEN.encode()),
        basic("__tokén__:".encode() + TOKEN.encode()),
    ],
)
def test_a_token_comes_as_bearer_or_as_the_password_of_anybody(value: bytes):
    assert shown(value, ALL) == ("api_token", TOKEN)


@pytest.mark.parametrize(
    "value",
    [
        b"", b" ", b"Bearer", b"Bearer ", b"Basic", b"Basic ", b"Basic %%%", b"Basic YW5u",
        b"Basic YW5uOg==", b"Basic YW5uOg", b"Digest x", b"larder_x", b"Bearer \xff\xfe",
        b"Token x", basic(b"ann:\xff"), b"Bearer " + b"x" * 9000, b"\x00",
    ],
)  # fmt: skip
def test_a_header_that_holds_no_token_is_refused_and_not_taken_for_none(value: bytes):
    with pytest.raises(Refusal) as refused:
        shown(value, ALL)
    assert refused.value.problem.status == 401


def test_two_authorization_headers_are_refused():
    headers = [
        (b"authorization", b"Bearer a"),
        (b"accept", b"*/*"),
        (b"authorization", b"Bearer a"),
    ]
    with pytest.raises(Refusal):
        authorization(headers)
    assert authorization(headers[:2]) == b"Bearer a"
    assert authorization(headers[1:2]) is None


@pytest.mark.parametrize(
    ("sources", "accepted"),
    [
        ({"jwt"}, {"bearer jwt"}),
        ({"api_token"}, {"bearer api_token"}),
        ({"jwt", "basic"}, {"bearer jwt", "basic jwt"}),
        ({"api_token", "basic"}, {"bearer api_token", "basic api_token"}),
        ({"basic"}, {"basic jwt", "basic api_token"}),
        (set(), set()),
    ],
)
def test_only_the_kinds_that_the_schema_names_are_accepted(sources, accepted):
    tokens = {"jwt": b"a.b.c", "api_token": TOKEN.encode()}
    found = set()
    for kind, token in tokens.items():
        for scheme, value in (("bearer", b"Bearer " + token), ("basic", basic(b"u:" + token))):
            try:
                shown(value, frozenset(sources))
            except Refusal:
                continue
            found.add(f"{scheme} {kind}")
    assert found == accepted


def test_a_minted_token_is_recognised_and_any_change_of_it_is_not():
    token_id, text, prefix, _ = api_tokens.mint()
    assert api_tokens.token_id(text) == token_id
    assert text.startswith(prefix)
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        changed = text[:place] + other + text[place + 1 :]
        assert api_tokens.token_id(changed) is None
        assert api_tokens.token_id(text[:place]) is None
    assert api_tokens.token_id(text + "\n") is None


def test_tokens_do_not_repeat():
    assert len({api_tokens.mint().text for _ in range(1000)}) == 1000
