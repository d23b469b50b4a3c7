"""HTTP spoken by hand, for what an ordinary client never says or never says so slowly."""

import http.client
import io
import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.server import Answer, LiveServer


def head(server: LiveServer, method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The head of a request as admin, unless `headers` hold another Authorization."""
    lines = {"Host": "larder", "Authorization": f"Bearer {server.token}", **headers}
    told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{told}\r\n".encode("latin-1")


class _Ear(io.BufferedReader):
    """What arrives on a connection; a reply that was read to its end does not close it."""

    def makefile(self, *_: object) -> "_Ear":
        """Itself, where a reader of replies expects a socket."""
        return self

    def close(self) -> None:
        """The connection may go on."""


class Line:
    """One connection."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), 30)
        self._method = "GET"
        self._ear: Any = _Ear(socket.SocketIO(self.socket, "r"))

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, method: str, target: str, *, body: bytes = b"", **headers: str) -> "Line":
        """Send a head, and as much of a body as is given; `_` in a header's name stands for `-`."""
        self._method = method
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.socket.sendall(head(self._server, method, target, named) + body)
        return self

    def say(self, *pieces: bytes) -> "Line":
        """Send bytes as they are."""
        for piece in pieces:
            self.socket.sendall(piece)
        return self

    def hear(self) -> Answer:
        """Read one reply; what stands before it as `100 Continue` is passed over."""
        response = http.client.HTTPResponse(self._ear, method=self._method)
        response.begin()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())

    def hang_up(self) -> None:
        """Leave without a word: the peer sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def chunked(pieces: Iterable[bytes]) -> bytes:
    """Pieces in the chunked coding, with the end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
