"""Fetching: whole, in part, only if it changed, only what it is."""

from collections.abc import Iterator

import pytest

from tests.journeys.said import base64_of, code_of, hex_of
from tests.support.server import Answer, LiveServer

SMALL = bytes(range(256)) * 4
LARGE = bytes(range(251)) * 12_000
AT = {"small": "fetch-small/a/1.0.0/bin", "large": "fetch-large/a/1.0.0/bin"}
BYTES = {"small": SMALL, "large": LARGE}


@pytest.fixture(scope="module", autouse=True)
def published(shared_server: LiveServer) -> Iterator[None]:
    """One blob in the database, one in a file."""
    for size, coordinate in AT.items():
        assert shared_server.put(coordinate, BYTES[size]).status == 201
    yield


def get(server: LiveServer, size: str = "small", method: str = "GET", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask(method, f"/v1/{AT[size]}/blob", headers=named)


def etag(size: str = "small") -> str:
    return f'"sha256:{hex_of(BYTES[size])}"'


@pytest.mark.parametrize("size", ["small", "large"])
def test_head_says_what_get_would_and_sends_nothing(shared_server: LiveServer, size: str) -> None:
    got, told = get(shared_server, size), get(shared_server, size, "HEAD")
    assert (told.status, told.content) == (200, b"")
    for answer in (got, told):
        del answer.headers["x-request-id"], answer.headers["date"]
    assert told.headers == got.headers
    assert told.headers["content-length"] == str(len(BYTES[size]))


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1), ("bytes=0-", 0, None), ("bytes=5-9", 5, 10), ("bytes=-3", -3, None),
        ("bytes=1000-999999999", 1000, None), ("bytes=-999999999", 0, None),
        ("Bytes=7-8", 7, 9),
    ],
)  # fmt: skip
def test_a_range_is_that_part(
    shared_server: LiveServer, size: str, wanted: str, start: int, stop: int | None
) -> None:
    whole = BYTES[size]
    answer = get(shared_server, size, Range=wanted)
    assert (answer.status, answer.content) == (206, whole[start:stop])
    first, behind, _ = slice(start, stop).indices(len(whole))
    assert answer.headers["content-range"] == f"bytes {first}-{behind - 1}/{len(whole)}"
    assert answer.headers["repr-digest"] == f"sha-256=:{base64_of(whole)}:"


def test_a_large_range_in_the_middle_is_sent_in_pieces(shared_server: LiveServer) -> None:
    answer = get(shared_server, "large", Range="bytes=12345-2999000")
    assert (answer.status, answer.content) == (206, LARGE[12345:2999001])


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(
    shared_server: LiveServer, wanted: str
) -> None:
    answer = get(shared_server, Range=wanted)
    assert code_of(answer) == "416 RANGE_NOT_SATISFIABLE"
    assert answer.headers["content-range"] == "bytes */1024"


@pytest.mark.parametrize(
    "wanted", ["lines=1-2", "bytes=", "bytes=-", "bytes=9-5", "bytes=a-b", "bytes=0-1,5-6"]
)
def test_a_range_that_means_nothing_here_counts_for_nothing(
    shared_server: LiveServer, wanted: str
) -> None:
    assert get(shared_server, Range=wanted)[::2] == (200, SMALL)


def test_what_the_client_has_is_not_sent_again(shared_server: LiveServer) -> None:
    for known in (etag(), f"W/{etag()}", f'"other", {etag()}', "*"):
        answer = get(shared_server, If_None_Match=known)
        assert (answer.status, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag()
    assert get(shared_server, If_None_Match='"other"').status == 200


def test_what_was_not_modified_is_not_sent_again(shared_server: LiveServer) -> None:
    stored_at = get(shared_server).headers["last-modified"]
    assert get(shared_server, If_Modified_Since=stored_at).status == 304
    past = "Thu, 01 Jan 1998 00:00:00 GMT"
    assert get(shared_server, If_Modified_Since=past).status == 200
    assert get(shared_server, If_Modified_Since=stored_at, If_None_Match='"other"').status == 200
    assert code_of(get(shared_server, If_Unmodified_Since=past)) == "412 PRECONDITION_FAILED"


def test_only_the_state_that_was_asked_for_is_sent(shared_server: LiveServer) -> None:
    assert get(shared_server, If_Match=etag()).status == 200
    for other in ('"other"', f"W/{etag()}"):
        assert code_of(get(shared_server, If_Match=other)) == "412 PRECONDITION_FAILED"


def test_a_download_goes_on_only_in_the_same_bytes(shared_server: LiveServer) -> None:
    rest = get(shared_server, Range="bytes=1000-", If_Range=etag())
    assert (rest.status, rest.content) == (206, SMALL[1000:])
    whole = get(shared_server, Range="bytes=1000-", If_Range='"other"')
    assert (whole.status, whole.content) == (200, SMALL)


def test_a_json_reply_has_a_tag_too(shared_server: LiveServer) -> None:
    path = f"/v1/{AT['small']}"
    tag = shared_server.ask("GET", path).headers["etag"]
    assert shared_server.ask("GET", path, headers={"If-None-Match": tag}).status == 304


def test_the_client_names_its_request(shared_server: LiveServer) -> None:
    assert get(shared_server, X_Request_Id="build-17.a_b").headers["x-request-id"] == "build-17.a_b"
    for harmful in ("a b", "x" * 65, "<script>"):
        answer = get(shared_server, X_Request_Id=harmful)
        assert answer.status == 200
        assert answer.headers["x-request-id"] != harmful
