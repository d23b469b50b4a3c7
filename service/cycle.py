"""One request and its reply on a connection: ASGI's `receive` and `send`, written to the wire."""

import re
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from errors.problem import problem
from service.exchange import new_request_id, raw_headers
from service.refusals import refusal_response

if TYPE_CHECKING:
    from service.protocol import LarderProtocol

DRAIN_BYTES = 256 * 1024
"""An unread rest of a body up to this size is read and dropped, so that the connection lives."""

_SMALL = 64 * 1024
_NO_BODY = (204, 304)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_KNOWN_NAMES = frozenset(
    (b"date", b"content-type", b"content-length", b"etag", b"last-modified", b"repr-digest",
     b"accept-ranges", b"x-request-id", b"x-content-type-options", b"cache-control")
)  # fmt: skip


class Cycle(RequestResponseCycle):
    """A request that is being answered.

    `left` is how many bytes of the request's body have not arrived; None when it is chunked.
    The reply's head leaves together with the first piece of its body.
    """

    def __init__(self, protocol: "LarderProtocol", *, left: int | None, **uvicorn: Any) -> None:
        super().__init__(
            transport=protocol.transport,
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=False,
            default_headers=protocol.server_state.default_headers,
            on_response=protocol.on_response_complete,
            **uvicorn,
        )
        self.left = left
        self._head = b""
        self._bodiless = False

    async def send(self, message: Any) -> None:
        """Write a part of the reply; waits while the client does not read.

        Raises ConnectionResetError when the client is gone.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            raise ConnectionResetError("the client is gone")
        kind = message["type"]
        if not self.response_started and kind == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
        elif self.response_started and not self.response_complete and kind == "http.response.body":
            self._continue(message.get("body", b""), message.get("more_body", False))
        else:
            raise RuntimeError(f"{kind} is out of order")

    def disconnect(self) -> None:
        """The client is gone; who waits for its body learns of it."""
        if not self.response_complete:
            self.disconnected = True
            self.message_event.set()

    async def send_500_response(self) -> None:
        """The last resort, for an application that raised."""
        fault = problem("INTERNAL", "the service met a fault of its own")
        status, headers, body = refusal_response(fault, new_request_id())
        raw = raw_headers(headers, len(body))
        self.keep_alive = False
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    def _start(self, status: int, headers: Any) -> None:
        if self.more_body and not self._rest_is_small():
            self.keep_alive = False
        self.chunked_encoding = False
        self._bodiless = self.scope["method"] == "HEAD" or status in _NO_BODY
        lines = [STATUS_LINE[status]]
        length: int | None = None
        closes = False
        for name, value in (*self.default_headers, *headers):
            low = name.lower()
            if low not in _KNOWN_NAMES and not _NAME.fullmatch(low):
                raise RuntimeError(f"invalid reply header {name!r}")
            if low == b"content-length":
                length = int(value)
            elif low == b"connection":
                closes = b"close" in value.lower()
            lines.append(b"%s: %s\r\n" % (low, value))
        if length is None and not self._bodiless:
            self.chunked_encoding = self.scope["http_version"] != "1.0"
            if self.chunked_encoding:
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                self.keep_alive = False
        if closes:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        if not head.count(b"\r") == head.count(b"\n") == len(lines) or b"\0" in head:
            raise RuntimeError("a reply header's value holds a line end")
        self._head = head
        self.expected_content_length = -1 if length is None else length
        self.response_started = True
        self.waiting_for_100_continue = False

    def _continue(self, body: Any, more_body: bool) -> None:
        if not self._bodiless:
            body = self._framed(body, more_body)
        elif self._head or not more_body:
            body = b""
        head, self._head = self._head, b""
        if head and len(body) <= _SMALL:
            self.transport.write(b"".join((head, body)))
        else:
            if head:
                self.transport.write(head)
            if body:
                self.transport.write(body)
        if not more_body:
            self.response_complete = True
            self.message_event.set()
            self.on_response()

    def _framed(self, body: Any, more_body: bool) -> Any:
        if self.chunked_encoding:
            parts = [b"%x\r\n" % len(body), body, b"\r\n"] if body else []
            return b"".join(parts if more_body else [*parts, b"0\r\n\r\n"])
        if self.expected_content_length >= 0:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("the reply is longer than its Content-Length")
            if self.expected_content_length and not more_body:
                raise RuntimeError("the reply is shorter than its Content-Length")
        return body

    def _rest_is_small(self) -> bool:
        """Whether the client certainly sends what is left of its body, and that is little."""
        return (
            not self.waiting_for_100_continue and self.left is not None and self.left <= DRAIN_BYTES
        )
