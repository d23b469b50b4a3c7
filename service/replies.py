"""A reply becomes HTTP: conditions, ranges, digests, and bytes in pieces that a client can take."""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from errors.problem import Problem, Refusal, problem
from operations.context import Meter, Reply
from service.body import Disconnected
from service.conditions import (
    CONDITIONS,
    Span,
    Validators,
    format_date,
    judge,
    parse_date,
    wanted_span,
)
from service.exchange import RawHeaders, raw_headers
from service.refusals import refusal_response
from stores.interfaces import BlobHandle

Send = Callable[[dict[str, Any]], Awaitable[None]]

SLICE = 1024 * 1024
"""How much of a blob is on its way at a time."""

MAX_TAGGED = 64 * 1024
"""JSON bodies up to this size get an ETag of their own."""

_KEPT_IN_304 = ("cache-control", "content-location", "expires", "vary")


class Sent(NamedTuple):
    """What was answered: the status, and how many bytes of body."""

    status: int
    bytes: int


class Outlet(NamedTuple):
    """Where a reply goes, and what of its request decides how it is sent."""

    send: Send
    method: str
    headers: Mapping[str, str]
    id: str
    meter: Meter


async def send_refusal(out: Outlet, refused: Refusal | Problem) -> Sent:
    """Answer with an error."""
    status, headers, body = refusal_response(refused, out.id)
    headers["X-Content-Type-Options"] = "nosniff"
    return await _send_bytes(out, status, headers, body)


async def send_reply(out: Outlet, reply: Reply) -> Sent:
    """Answer with a reply; a handle is closed in any case. Raises Disconnected."""
    body = reply.body
    try:
        headers = dict(reply.headers)
        headers["x-request-id"] = out.id
        headers["x-content-type-options"] = "nosniff"
        if reply.status == 200 and out.method in ("GET", "HEAD"):
            return await _send_state(out, headers, body)
        if isinstance(body, bytes):
            return await _send_bytes(out, reply.status, headers, body)
        return await _send_blob(out, reply.status, headers, body, Span(0, body.size))
    finally:
        if not isinstance(body, bytes):
            body.close()


async def _send_state(out: Outlet, headers: dict[str, str], body: bytes | BlobHandle) -> Sent:
    """A thing's current state: conditions and ranges are about this."""
    validators = _describe(headers, body)
    if CONDITIONS.isdisjoint(out.headers):
        if isinstance(body, bytes):
            return await _send_bytes(out, 200, headers, body)
        return await _send_blob(out, 200, headers, body, Span(0, body.size))
    verdict = judge(out.headers, validators)
    if verdict == "failed":
        return await send_refusal(out, _not_that_state(validators))
    if verdict == "not modified":
        return await _send_not_modified(out, headers)
    size = len(body) if isinstance(body, bytes) else body.size
    status, span = 200, Span(0, size)
    if "accept-ranges" in headers and out.method == "GET":
        try:
            wanted = wanted_span(out.headers, validators, size)
        except ValueError:
            return await send_refusal(out, _outside(size))
        if wanted is not None:
            status, span = 206, wanted
            headers["content-range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    if isinstance(body, bytes):
        return await _send_bytes(out, status, headers, body[span.start : span.stop])
    return await _send_blob(out, status, headers, body, span)


def _describe(headers: dict[str, str], body: bytes | BlobHandle) -> Validators:
    """Fill in the headers that follow from the body; the validators that now hold."""
    if not isinstance(body, bytes):
        headers.setdefault("etag", f'"{body.digest}"')
        headers.setdefault("last-modified", format_date(int(body.modified_at)))
        headers.setdefault("repr-digest", repr_digest(body.digest))
        headers["accept-ranges"] = "bytes"
    elif "etag" in headers:
        headers.setdefault("accept-ranges", "bytes")
    elif len(body) <= MAX_TAGGED and headers.get("content-type") == "application/json":
        headers["etag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Validators(headers.get("etag"), _modified(headers.get("last-modified")))


@lru_cache(maxsize=1024)
def _modified(written: str | None) -> float | None:
    return None if written is None else parse_date(written)


@lru_cache(maxsize=4096)
def repr_digest(digest: str) -> str:
    """`sha256:<hex>` as RFC 9530 writes it."""
    raw = bytes.fromhex(digest.removeprefix("sha256:"))
    return f"sha-256=:{base64.b64encode(raw).decode('ascii')}:"


async def _send_not_modified(out: Outlet, headers: dict[str, str]) -> Sent:
    kept = {name: headers[name] for name in _KEPT_IN_304 if name in headers}
    kept.update({name: headers[name] for name in ("etag", "last-modified") if name in headers})
    kept["x-request-id"] = out.id
    await _whole(out.send, 304, raw_headers(kept), b"")
    return Sent(304, 0)


async def _send_bytes(out: Outlet, status: int, headers: Mapping[str, str], body: bytes) -> Sent:
    bodiless = status in (204, 304)
    raw = raw_headers(headers, None if bodiless else len(body))
    if bodiless or out.method == "HEAD":
        body = b""
    await _whole(out.send, status, raw, body)
    return Sent(status, len(body))


async def _send_blob(
    out: Outlet, status: int, headers: Mapping[str, str], blob: BlobHandle, span: Span
) -> Sent:
    length = span.stop - span.start
    if length <= SLICE or out.method == "HEAD":
        piece = b"" if out.method == "HEAD" else blob.read(span.start, span.stop)
        raw = raw_headers(headers, length)
        await _whole(out.send, status, raw, piece)
        out.meter.blob_bytes("out", len(piece))
        return Sent(status, len(piece))
    await _start(out.send, status, headers, length)
    for start in range(span.start, span.stop, SLICE):
        stop = min(start + SLICE, span.stop)
        piece = blob.read(start, stop)
        if len(piece) != stop - start:
            raise OSError("a blob is shorter than its size")
        await _continue(out.send, piece, more=stop < span.stop)
        out.meter.blob_bytes("out", len(piece))
    return Sent(status, length)


async def _whole(send: Send, status: int, raw: RawHeaders, body: bytes | memoryview) -> None:
    """Send a reply that fits into one piece."""
    try:
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body, "more_body": False})
    except OSError as gone:
        raise Disconnected from gone


async def _start(send: Send, status: int, headers: Mapping[str, str], length: int) -> None:
    raw = raw_headers(headers, length)
    try:
        await send({"type": "http.response.start", "status": status, "headers": raw})
    except OSError as gone:
        raise Disconnected from gone


async def _continue(send: Send, piece: bytes | memoryview, *, more: bool) -> None:
    try:
        await send({"type": "http.response.body", "body": piece, "more_body": more})
    except OSError as gone:
        raise Disconnected from gone


def _not_that_state(now: Validators) -> Problem:
    return problem("PRECONDITION_FAILED", "this is not the state asked for", etag=now.etag)


def _outside(size: int) -> Refusal:
    told = problem("RANGE_NOT_SATISFIABLE", f"there are {size} bytes", size=size)
    return Refusal(told, {"Content-Range": f"bytes */{size}"})
