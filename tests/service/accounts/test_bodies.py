import pytest
from msgspec import Struct

from errors.problem import Refusal
from service.bodies import parse
from service.token_routes import NewToken


class Pair(Struct):
    one: str
    two: int = 2


def refusal_of(body: bytes, shape: type = Pair):
    with pytest.raises(Refusal) as refused:
        parse(body, shape)
    assert refused.value.problem.status == 400
    return refused.value.problem


def test_a_good_body_becomes_its_type():
    assert parse(b' {"one": "\xc3\xa9"} ', Pair) == Pair("é", 2)


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"nul", b"{}{}", b'{"one": "a",}', b"{'one': 'a'}", b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"one": "\xed\xa0\x80"}', b'{"one": "\\ud800"}', b'{"\\ud800": 1}', b'{"one": NaN}',
        b'{"one": -Infinity}', b'{"one": "a", "one": "b"}', b'{"x": {"y": 1, "y": 1}}',
        b'{"two": 1e400}', b"[" * 60_000, b'{"a":' * 10_000, b'{"two": ' + b"9" * 5000 + b"}",
        '{"one": "a"}'.encode("utf-16"), b'{"one": "\x00"}', b'{"one": "\n"}',
    ],
)  # fmt: skip
def test_what_is_not_one_strict_json_text_is_refused(body: bytes):
    assert refusal_of(body).code == "INVALID_JSON"


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"true"])
def test_what_is_not_an_object_is_refused(body: bytes):
    assert refusal_of(body).code == "VALIDATION_ERROR"


def test_every_mistake_is_named_with_its_place():
    problem = refusal_of(b'{"two": "2", "three": 3, "a/b": 1}')
    assert problem.code == "VALIDATION_ERROR"
    places = [failure["where"] for failure in problem.details["failures"]]
    assert places == ["/three", "/a~1b", "/one", "/two"]


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (b'"name": ""', ["/name"]),
        (b'"name": "a\\u0000b"', ["/name"]),
        (b'"name": "a\\nb"', ["/name"]),
        (b'"name": 7', ["/name"]),
        (b'"scopes": []', ["/scopes"]),
        (b'"scopes": "read"', ["/scopes"]),
        (b'"scopes": ["read", "Wr ite"]', ["/scopes/1"]),
        (b'"scopes": ["read\\n"]', ["/scopes/0"]),
        (b'"expires_in_seconds": 0', ["/expires_in_seconds"]),
        (b'"expires_in_seconds": true', ["/expires_in_seconds"]),
        (b'"expires_in_seconds": "60"', ["/expires_in_seconds"]),
        (b'"expires_in_seconds": 1' + b"0" * 30, ["/expires_in_seconds"]),
        (b'"namespaces": []', ["/namespaces"]),
        (b'"namespaces": ["a", "b?"]', ["/namespaces/1"]),
        (b'"tenant": "x"', ["/tenant"]),
    ],
)
def test_a_new_token_is_checked_field_by_field(change: bytes, places: list[str]):
    good = {b"name": b'"name": "ci"', b"scopes": b'"scopes": ["read"]'}
    good[change.split(b'"')[1]] = change
    problem = refusal_of(b"{" + b", ".join(good.values()) + b"}", NewToken)
    assert [failure["where"] for failure in problem.details["failures"]] == places
