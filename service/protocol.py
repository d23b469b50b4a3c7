"""HTTP/1.1 as uvicorn speaks it, with what it leaves open closed.

Added to `HttpToolsProtocol`: deadlines for a request's head and for a reader that stalls, the
checks of `service/head.py`, a bound on pipelined requests, and replies to requests that are
malformed or half read which reach the client. A request costs no task of its own and, while heads
arrive whole, no timer.
"""

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from errors.problem import Problem, problem
from service.cycle import Cycle
from service.deadlines import Deadline, ReaderWatch
from service.exchange import new_request_id, raw_headers
from service.head import BadHead, Bounds, Head
from service.refusals import refusal_response
from service.settings import Settings

DRAIN_SECONDS = 3.0
"""How long an unread rest of a body is waited for, and a refused client given time to read why."""

LINGER_SECONDS = 30.0
"""How long, in all, a rest that nobody wants is read and dropped as long as it keeps coming."""

MAX_PIPELINED = 128


class LarderProtocol(HttpToolsProtocol):
    """One connection. The application may carry its `bounds`."""

    cycle: Cycle

    def __init__(self, *args: Any, **uvicorn: Any) -> None:
        super().__init__(*args, **uvicorn)
        self.bounds: Bounds = getattr(self.app, "bounds", None) or Bounds.of(Settings())
        self._head = Head(self.bounds)
        self._head_pending = True
        self._begun = False
        self._idle = False
        self._known_host: bytes | None = None
        self._running: Cycle | None = None
        self._waiting_fault: Problem | None = None
        self._deaf = False
        self._linger_until = 0.0
        self._deadline = Deadline(self.loop)

    # the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        bounds = self.bounds
        self._watch = ReaderWatch(
            self.loop, transport, bounds.write_idle_seconds, bounds.write_min_bytes
        )
        self._deadline.set(self.bounds.header_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.clear()
        self._watch.stop()
        self.pipeline.clear()
        for cycle in (self._running, self.cycle):
            if cycle is not None:
                cycle.disconnect()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection for a client that said all and still listens."""
        listens = self._running is not None and not self.cycle.more_body
        if listens and self._waiting_fault is None:
            self.cycle.keep_alive = False
        return listens

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._discard()
            return
        if self._idle:
            self._idle = False
            self._deadline.clear()
        try:
            self._feed(data)
            if self._head_pending and self._begun:
                self._head.more_arrived(len(data))
        except BadHead as bad:
            self._refuse(bad.problem)
        if self._head_pending and self._running is None and not self._deadline.is_set:
            self._deadline.set(self.bounds.header_seconds, self._head_is_late)

    def shutdown(self) -> None:
        """The server stops: close when idle, else after the reply."""
        for cycle in (self._running, self.cycle):
            if cycle is not None:
                cycle.keep_alive = False
        if self._running is None:
            self._close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._watch.stop()

    # the parser's callbacks

    def on_message_begin(self) -> None:
        self._begun = True
        self._head = Head(self.bounds)

    def on_url(self, url: bytes) -> None:
        self._head.add_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_pending:
            self._head.add_header(name, value)
        else:
            self._head.count(name, value)  # A trailer never mixes with the headers.

    def on_headers_complete(self) -> None:
        head = self._head
        version = self.parser.get_http_version()
        method = self.parser.get_method().decode("ascii")
        head.check(version, self._known_host)
        if self.parser.should_upgrade() and (head.length or head.chunked):
            # The parser takes such a body for the bytes of another protocol.
            raise BadHead(problem("BAD_REQUEST", "a request to upgrade cannot have a body here"))
        raw_path, query = head.target(method)
        path = raw_path.decode("ascii")
        self._known_host = head.host or None
        self._head_pending = self._begun = False
        self._deadline.clear()
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": method,
            "scheme": self.scheme or "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": head.headers,
            "client": self.client,
            "server": self.server,
        }
        self._enqueue(head, version)

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if cycle.left is not None:
            cycle.left -= len(body)
        cycle.waiting_for_100_continue = False
        if cycle.response_complete or cycle.disconnected:
            self._discard()
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_pending = True
        cycle = self.cycle
        cycle.more_body = False
        cycle.waiting_for_100_continue = False
        if cycle.response_complete:
            self._deadline.clear()
            self._after_reply(cycle)
        else:
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        cycle = self._running
        if cycle is None or self.transport.is_closing():
            return
        if not cycle.more_body:
            self._after_reply(cycle)
        elif cycle.keep_alive:
            self.flow.resume_reading()
            self._deadline.set(DRAIN_SECONDS, self._close)
        else:
            self._running = None
            self._linger()

    # requests, one after the other

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                # Answered as if nobody had asked for it; what follows is the next request.
                data = data[upgrade.args[0] :]
            except httptools.HttpParserError as wrong:
                if isinstance(wrong.__context__, BadHead):
                    raise wrong.__context__ from None
                raise BadHead(problem("BAD_REQUEST", f"malformed HTTP: {wrong}")) from None

    def _enqueue(self, head: Head, version: str) -> None:
        cycle = self.cycle = Cycle(
            self,
            left=None if head.chunked else head.length,
            scope=self.scope,
            message_event=asyncio.Event(),
            expect_100_continue=head.continues and version == "1.1",
            keep_alive=version == "1.1" and self.parser.should_keep_alive(),
        )
        if self._running is None:
            self._run(cycle)
        elif len(self.pipeline) < MAX_PIPELINED:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        else:
            self.transport.abort()

    def _run(self, cycle: Cycle) -> None:
        self._running = cycle
        self._start_asgi_task(cycle, self.app)

    def _after_reply(self, cycle: Cycle) -> None:
        """The request was read and answered: what comes next on this connection."""
        self._running = None
        if not cycle.keep_alive:
            self._close()
        elif self.pipeline:
            following, _ = self.pipeline.pop()
            assert isinstance(following, Cycle)
            self._run(following)
        elif self._waiting_fault is not None:
            self._refuse(self._waiting_fault)
        else:
            self.flow.resume_reading()
            self._idle = not self._begun
            if self._idle:
                self._deadline.set(self.timeout_keep_alive, self._close)
            else:
                self._deadline.set(self.bounds.header_seconds, self._head_is_late)

    def _refuse(self, fault: Problem) -> None:
        """Answer what is not a request, after the replies before it. Nothing after it is read."""
        self._deaf = True
        self._deadline.clear()
        newest = self.cycle
        if newest is not None and newest.more_body:  # It is that request's body that is malformed.
            newest.disconnect()
            if newest is not self._running:
                self.pipeline.popleft()
            elif newest.response_started:
                self._close()
                return
            else:
                self._running = None
        if self._running is not None:
            self._waiting_fault = fault
            self.flow.pause_reading()
            return
        status, headers, body = refusal_response(fault, new_request_id())
        lines = [*self.server_state.default_headers, *raw_headers(headers, len(body))]
        head = [STATUS_LINE[status], *(b"%s: %s\r\n" % line for line in lines)]
        self.transport.write(b"".join((*head, b"connection: close\r\n\r\n", body)))
        self._linger()

    def _discard(self) -> None:
        if self._deaf:
            left = self._linger_until - self.loop.time()
            self._deadline.set(max(0.0, min(DRAIN_SECONDS, left)), self._close)

    def _linger(self) -> None:
        """Close in a way that lets the client read the reply before it learns of the end.

        Many clients read no reply before they have sent all of their body, and lose it when the
        connection breaks meanwhile: so what they still send is read and dropped, for a while.
        """
        self._deaf = True
        self._linger_until = self.loop.time() + LINGER_SECONDS
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._deadline.set(DRAIN_SECONDS, self._close)

    def _close(self) -> None:
        self._deadline.clear()
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self._watch.start()

    def _head_is_late(self) -> None:
        if self._begun:
            limit = self.bounds.header_seconds
            self._refuse(problem("REQUEST_TIMEOUT", f"no whole request head within {limit:g} s"))
        else:
            self._close()
