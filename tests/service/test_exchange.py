"""Requests become values, replies become messages."""

import asyncio
import hashlib
import json

import pytest

from errors.problem import Refusal
from operations.context import Principal, Reply
from schema.document import Tenancy
from service.body import BodyBounds, Disconnected, RequestBody
from service.exchange import make_request, read_headers, request_id_of, tenant_of
from service.replies import SLICE, Outlet, send_reply

BOUNDS = BodyBounds(idle_seconds=5, grace_seconds=5, min_rate=0)


class Meter:
    def __init__(self):
        self.counted = []

    def blob_bytes(self, direction, count):
        self.counted.append((direction, count))


class Handle:
    """A handle on bytes that remembers how it was read."""

    def __init__(self, value):
        self.value = value
        self.digest = f"sha256:{hashlib.sha256(value).hexdigest()}"
        self.size = len(value)
        self.modified_at = 1_700_000_000.5
        self.reads = []
        self.closed = False

    def read(self, start, stop):
        self.reads.append(stop - start)
        return memoryview(self.value)[start:stop]

    def close(self):
        self.closed = True


async def sent(reply, method="GET", **headers):
    """Status, headers and body of a reply, and how many messages it took."""
    messages = []

    async def send(message):
        messages.append(message)

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    told = await send_reply(Outlet(send, method, named, "r1", Meter()), reply)
    start, *bodies = messages
    body = b"".join(bytes(message["body"]) for message in bodies)
    assert [message["more_body"] for message in bodies] == [True] * (len(bodies) - 1) + [False]
    assert (told.status, told.bytes) == (start["status"], len(body))
    got = {name.decode(): value.decode() for name, value in start["headers"]}
    assert len(got) == len(start["headers"])
    return start["status"], got, body


def blob(value=b"0123456789"):
    return Reply(200, {"content-type": "application/octet-stream"}, Handle(value))


def json_reply(status=200):
    return Reply(status, {"content-type": "application/json"}, b'{"a":1}')


def body_of(messages, limit=100, declared=None, bounds=BOUNDS):
    pending = list(messages)

    async def receive():
        if not pending:
            await asyncio.Event().wait()
        return pending.pop(0)

    return RequestBody(receive, bounds, limit=limit, declared=declared)


def piece(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


async def read(body):
    return b"".join([chunk async for chunk in body.chunks()])


async def refused(work):
    with pytest.raises(Refusal) as refusal:
        await work
    return refusal.value.problem.code


# bodies


async def test_a_body_comes_in_pieces_and_only_once():
    body = body_of([piece(b"ab"), piece(b""), piece(b"c", False)])
    assert await read(body) == b"abc"
    assert await read(body) == b""


async def test_a_body_is_counted_while_it_comes():
    assert await refused(read(body_of([piece(b"x" * 60)] * 2, declared=3))) == "BODY_TOO_LARGE"


async def test_a_body_declared_too_large_is_not_asked_for():
    assert await refused(read(body_of([], declared=101))) == "BODY_TOO_LARGE"


async def test_a_body_that_stalls_is_given_up():
    bounds = BodyBounds(idle_seconds=0.02, grace_seconds=5, min_rate=0)
    assert await refused(read(body_of([piece(b"a")], bounds=bounds))) == "REQUEST_TIMEOUT"


async def test_a_body_that_drips_is_given_up():
    async def receive():
        await asyncio.sleep(0.01)
        return piece(b"x")

    bounds = BodyBounds(idle_seconds=5, grace_seconds=0.05, min_rate=1000)
    body = RequestBody(receive, bounds, limit=10**9, declared=None)
    assert await refused(read(body)) == "REQUEST_TIMEOUT"


async def test_a_client_that_leaves_ends_the_body():
    with pytest.raises(Disconnected):
        await read(body_of([piece(b"a"), {"type": "http.disconnect"}]))


# requests


def test_lists_are_joined_and_other_headers_come_once():
    assert read_headers([(b"accept", b"a"), (b"accept", b"b")]) == {"accept": "a, b"}
    with pytest.raises(Refusal, match="authorization is given twice"):
        read_headers([(b"authorization", b"a"), (b"authorization", b"a")])


def test_a_request_carries_what_the_client_said():
    scope = {
        "method": "PUT", "path": "/a b", "query_string": b"x=1",
        "headers": [(b"content-length", b"3")],
    }  # fmt: skip
    request = make_request(scope, None, {"p": "v"}, "id", max_body_bytes=9, bounds=BOUNDS)
    assert (request.method, request.path, request.query) == ("PUT", "/a b", "x=1")
    assert (request.params, request.headers["content-length"]) == ({"p": "v"}, "3")


def test_a_part_of_the_bytes_is_never_taken_for_the_whole():
    headers = [(b"content-range", b"bytes 0-4/10")]
    scope = {"method": "PUT", "path": "/a", "query_string": b"", "headers": headers}
    with pytest.raises(Refusal, match="brings all of its bytes"):
        make_request(scope, None, {}, "id", max_body_bytes=9, bounds=BOUNDS)


@pytest.mark.parametrize("given", ["a" * 65, "a b", "é", "", 'a"b', "a\r\nb"])
def test_a_harmful_request_id_is_replaced(given):
    found = request_id_of([(b"x-request-id", given.encode("latin-1"))])
    assert len(found) == 16
    assert found != given


def test_a_harmless_request_id_is_kept():
    assert request_id_of([(b"x-request-id", b"build-7.1_a")]) == "build-7.1_a"


@pytest.mark.parametrize(
    ("mode", "named", "own", "scopes", "tenant"),
    [
        ("off", "acme", None, (), None),
        ("optional", None, None, (), None),
        ("optional", None, "acme", (), "acme"),
        ("required", "acme", "acme", (), "acme"),
        ("required", "other", "acme", ("admin",), "other"),
    ],
)
def test_the_tenant_is_the_principals_or_the_one_an_administrator_names(
    mode, named, own, scopes, tenant
):
    headers = {} if named is None else {"x-tenant-id": named}
    principal = Principal("ann", frozenset(scopes), None, own)
    assert tenant_of(Tenancy(mode), headers, principal) == tenant


@pytest.mark.parametrize(
    ("named", "own", "code"),
    [
        ("other", "acme", "TENANT_MISMATCH"),
        (None, None, "BAD_REQUEST"),
        ("A/b", "x", "BAD_REQUEST"),
    ],
)
def test_another_tenant_is_refused(named, own, code):
    headers = {} if named is None else {"x-tenant-id": named}
    with pytest.raises(Refusal, match=code):
        tenant_of(Tenancy("required"), headers, Principal("ann", frozenset(), None, own))


# replies


async def test_a_blob_is_described_and_closed():
    reply = blob()
    status, headers, body = await sent(reply)
    assert (status, body, headers["content-length"]) == (200, b"0123456789", "10")
    assert headers["etag"] == f'"{reply.body.digest}"'
    assert headers["repr-digest"] == "sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:"
    assert headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert (headers["accept-ranges"], headers["x-request-id"]) == ("bytes", "r1")
    assert headers["x-content-type-options"] == "nosniff"
    assert reply.body.closed


async def test_a_large_blob_goes_out_in_slices():
    reply = blob(bytes(range(256)) * 4096 * 3 + b"end")
    _, _, body = await sent(reply)
    assert body == reply.body.value
    assert reply.body.reads == [SLICE, SLICE, SLICE, 3]


async def test_head_tells_of_the_blob_and_reads_nothing():
    reply = blob()
    status, headers, body = await sent(reply, "HEAD")
    assert (status, headers["content-length"], body) == (200, "10", b"")
    assert reply.body.reads == []
    assert reply.body.closed


async def test_a_part_of_a_blob():
    status, headers, body = await sent(blob(), range="bytes=2-4")
    assert (status, body) == (206, b"234")
    assert (headers["content-range"], headers["content-length"]) == ("bytes 2-4/10", "3")


async def test_a_part_that_is_not_there():
    reply = blob()
    status, headers, body = await sent(reply, range="bytes=10-")
    assert (status, headers["content-range"]) == (416, "bytes */10")
    assert json.loads(body)["error"]["code"] == "RANGE_NOT_SATISFIABLE"
    assert reply.body.closed


async def test_a_blob_that_the_client_has():
    reply = blob()
    status, headers, body = await sent(reply, if_none_match=f'"{reply.body.digest}"')
    assert (status, body) == (304, b"")
    assert set(headers) == {"etag", "last-modified", "x-request-id"}


async def test_a_blob_that_is_another_than_wanted():
    status, _, body = await sent(blob(), if_match='"sha256:0"')
    assert (status, json.loads(body)["error"]["code"]) == (412, "PRECONDITION_FAILED")


async def test_json_has_a_tag_of_its_own():
    _, headers, body = await sent(json_reply())
    assert (headers["content-type"], body) == ("application/json", b'{"a":1}')
    status, _, body = await sent(json_reply(), if_none_match=headers["etag"])
    assert (status, body) == (304, b"")


async def test_a_tag_that_the_pipeline_gave_serves_ranges():
    reply = Reply(200, {"content-type": "text/plain", "etag": '"v1"'}, b"hello")
    status, headers, body = await sent(reply, range="bytes=1-2")
    assert (status, body, headers["etag"]) == (206, b"el", '"v1"')


async def test_conditions_mean_nothing_to_a_write():
    status, headers, _ = await sent(json_reply(201), "PUT", if_match='"x"', range="bytes=0-0")
    assert status == 201
    assert "etag" not in headers


async def test_an_empty_reply_has_no_length():
    status, headers, _ = await sent(Reply(204, {}, b""), "DELETE")
    assert status == 204
    assert "content-length" not in headers


async def test_a_client_that_leaves_ends_the_reply_and_closes_the_blob():
    async def send(message):
        raise ConnectionResetError

    reply = blob()
    with pytest.raises(Disconnected):
        await send_reply(Outlet(send, "GET", {}, "r1", Meter()), reply)
    assert reply.body.closed
