"""The command line's side of HTTP: JSON questions, and bodies that stream in constant memory."""

import http.client
import json
import select
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

from errors.catalogue import CATALOGUE
from service.failures import CouldNotRun, Refused, Unreachable

CHUNK = 1024 * 1024
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 300.0
CONTINUE_SECONDS = 1.0
"""How long an upload waits for `100 Continue` before it sends all the same."""


def path_of(*segments: str, **query: object) -> str:
    """A request target from raw segments and query values; None values are left out."""
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


class Client:
    """One service, asked with one token. Every call makes a connection of its own."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Raises CouldNotRun when `url` is not an http or https address."""
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError as error:
            raise CouldNotRun(f"{url!r} is not an address: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CouldNotRun(f"{url!r} is not an http or https address")
        self.url = url.rstrip("/")
        self._scheme = parts.scheme
        self._host = parts.hostname
        self._base = parts.path.rstrip("/")
        self._token = token

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON, return the answer's JSON. Raises Refused and Unreachable."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        with self._connected() as connection:
            connection.request(method, self._base + path, content, self._headers(headers))
            return _json(_accepted(connection.getresponse()))

    def text(self, path: str) -> str:
        """Read a page of text. Raises Refused and Unreachable."""
        with self._connected() as connection:
            connection.request("GET", self._base + path, headers=self._headers({}))
            return _accepted(connection.getresponse()).read().decode("utf-8", "replace")

    def send(
        self,
        path: str,
        source: BinaryIO,
        size: int,
        headers: Mapping[str, str],
        moved: Callable[[int], None],
    ) -> Any:
        """PUT `size` bytes of `source`, return the answer's JSON; `moved` hears of each piece.

        An answer that comes before the end (a refusal) ends the sending. Raises Refused,
        Unreachable, and CouldNotRun when `source` ends early.
        """
        with self._connected() as connection:
            connection.putrequest("PUT", self._base + path)
            sized = {"Content-Length": str(size), "Expect": "100-continue", **headers}
            for name, value in self._headers(sized).items():
                connection.putheader(name, value)
            connection.endheaders()
            if _may_go_on(connection.sock):
                _send_body(connection, source, size, moved)
            return _json(_accepted(connection.getresponse()))

    @contextmanager
    def receive(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """GET a body to be read in pieces inside the `with`. Raises Refused and Unreachable."""
        with self._connected() as connection:
            connection.request("GET", self._base + path, headers=self._headers({}))
            yield _accepted(connection.getresponse())

    def _headers(self, extra: Mapping[str, str]) -> dict[str, str]:
        named = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {"User-Agent": "larder", "Accept-Encoding": "identity", **named, **extra}

    @contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        kind = (
            http.client.HTTPSConnection if self._scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(self._host, self._port, timeout=CONNECT_SECONDS, blocksize=CHUNK)
        try:
            connection.connect()
            connection.sock.settimeout(ANSWER_SECONDS)
            yield connection
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Unreachable(
                f"{self.url}: {reason}",
                hint="Is the service running there? Name it with --url or LARDER_URL.",
            ) from error
        finally:
            connection.close()


def _may_go_on(sock: socket.socket) -> bool:
    """Whether the body should be sent: yes unless a final answer has already come.

    The bytes are only peeked at, so that http.client reads (and skips) the `100` itself.
    TLS sockets cannot peek; there the body is sent at once.
    """
    if not hasattr(sock, "context") and select.select([sock], [], [], CONTINUE_SECONDS)[0]:
        return sock.recv(12, socket.MSG_PEEK)[9:12] == b"100"
    return True


def _send_body(
    connection: http.client.HTTPConnection,
    source: BinaryIO,
    size: int,
    moved: Callable[[int], None],
) -> None:
    left = size
    while left:
        piece = _read(source, min(CHUNK, left))
        try:
            connection.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            # The service stopped listening; what it said stands in the answer.
            return
        left -= len(piece)
        moved(len(piece))


def _read(source: BinaryIO, size: int) -> bytes:
    try:
        piece = source.read(size)
    except OSError as error:
        raise CouldNotRun(f"the file cannot be read on: {error.strerror or error}") from error
    if not piece:
        raise CouldNotRun("the file became shorter while it was sent")
    return piece


def _accepted(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    """The response itself when it is a success. Raises Refused."""
    if response.status < 300:
        return response
    try:
        body = json.loads(response.read(CHUNK))
    except ValueError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        error = {}
    code = str(error.get("code") or f"HTTP_{response.status}")
    entry = CATALOGUE.get(code)
    details = error.get("details")
    told = details.pop("hint", None) if isinstance(details, dict) else None
    raise Refused(
        response.status,
        str(error.get("message") or response.reason),
        code=code,
        hint=told or (entry.remedy if entry else None),
        request_id=error.get("request_id") or response.headers.get("X-Request-Id"),
        details=details or None,
    )


def _json(response: http.client.HTTPResponse) -> Any:
    content = response.read()
    try:
        return json.loads(content) if content else {}
    except ValueError as error:
        raise Unreachable("the answer is not JSON", hint="Is this a Larder service?") from error
