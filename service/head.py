"""A request's head while it arrives: bounded, and refused when it could be read in two ways.

llhttp already refuses bare CR and LF, folded lines, invalid names, repeated or malformed
Content-Length, and Content-Length beside Transfer-Encoding. What it lets pass is refused here.
"""

import re
from dataclasses import dataclass

import httptools

from errors.problem import Problem, problem
from service.settings import Settings

_HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?"
)
_WATCHED = frozenset((b"host", b"expect", b"content-length", b"transfer-encoding"))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may cost. Sizes in bytes, times in seconds."""

    header_seconds: float
    write_idle_seconds: float
    write_min_bytes: int
    max_header_count: int
    max_header_bytes: int
    max_target_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        """The bounds that the settings name."""
        return cls(
            header_seconds=settings.header_seconds,
            write_idle_seconds=settings.write_idle_seconds,
            write_min_bytes=max(1, int(settings.body_min_rate * settings.write_idle_seconds)),
            max_header_count=settings.max_header_count,
            max_header_bytes=settings.max_header_bytes,
            max_target_bytes=settings.max_target_bytes,
        )


class BadHead(Exception):
    """The head cannot be served; `problem` is the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Head:
    """One request's head. Every method raises BadHead."""

    __slots__ = ("_bounds", "_bytes", "_hosts", "_partial", "chunked", "continues", "headers",
                 "host", "length", "url")  # fmt: skip

    def __init__(self, bounds: Bounds) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.host = b""
        self.length = 0
        self.chunked = False
        self.continues = False
        self._bounds = bounds
        self._bytes = 0
        self._hosts = 0
        self._partial = 0

    def more_arrived(self, count: int) -> None:
        """Pieces of which the head is not at its end: bounds a header that never ends."""
        bounds = self._bounds
        if self._partial > bounds.max_header_bytes + bounds.max_target_bytes:
            raise BadHead(too_large(bounds))
        # The first piece may begin with the end of another request's body.
        self._partial += count if self._partial else 1

    def add_url(self, part: bytes) -> None:
        """Take the next part of the target."""
        self.url += part
        limit = self._bounds.max_target_bytes
        if len(self.url) > limit:
            raise BadHead(problem("URI_TOO_LONG", f"the target is over {limit} bytes", limit=limit))

    def count(self, name: bytes, value: bytes) -> None:
        """Count a header or a trailer against the bound."""
        self._bytes += len(name) + len(value) + 4
        if self._bytes > self._bounds.max_header_bytes:
            raise BadHead(too_large(self._bounds))

    def add_header(self, name: bytes, value: bytes) -> None:
        """Take the next header."""
        self.count(name, value)
        limit = self._bounds.max_header_count
        if len(self.headers) >= limit:
            fault = problem("HEADERS_TOO_LARGE", f"more than {limit} headers", limit=limit)
            raise BadHead(fault)
        name = name.lower()
        if name in _WATCHED:
            self._watch(name, value)
        self.headers.append((name, value))

    def check(self, version: str, known_host: bytes | None) -> None:
        """All headers are there; `known_host` is one that was found valid before."""
        if version not in ("1.1", "1.0"):
            raise _bad("the service speaks HTTP/1.1")
        if self._hosts != 1 and (version == "1.1" or self._hosts):
            raise _bad("a request has exactly one Host")
        if self._hosts and self.host != known_host and _HOST.fullmatch(self.host) is None:
            raise _bad("the Host is malformed")
        if self.chunked and version == "1.0":
            raise _bad("HTTP/1.0 has no transfer codings")

    def target(self, method: str) -> tuple[bytes, bytes]:
        """Path and query of the target, as they were written."""
        url = self.url
        if b"#" not in url:
            if url.startswith(b"/"):
                path, _, query = url.partition(b"?")
                return path, query
            if url == b"*" and method == "OPTIONS":
                return b"*", b""
            if url[:8].lower().startswith((b"http://", b"https://")):
                parsed = httptools.parse_url(url)
                if parsed.host and parsed.userinfo is None:
                    return parsed.path or b"/", parsed.query or b""
        raise _bad("the target is not a path or an http address")

    def _watch(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
            self.host = value
        elif name == b"expect":
            self.continues = value.lower() == b"100-continue"
        elif name == b"content-length":
            self.length = int(value)
        elif value.lower() != b"chunked" or self.chunked:
            raise _bad("the only transfer coding is chunked, once")
        else:
            self.chunked = True


def too_large(bounds: Bounds) -> Problem:
    """The answer to headers that are too large together."""
    limit = bounds.max_header_bytes
    return problem("HEADERS_TOO_LARGE", f"the headers are over {limit} bytes", limit=limit)


def _bad(message: str) -> BadHead:
    return BadHead(problem("BAD_REQUEST", message))
