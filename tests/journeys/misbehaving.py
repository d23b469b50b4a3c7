"""An upstream that does what upstreams do on bad days: its paths say what."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = b"the whole of it"


class _Handler(BaseHTTPRequestHandler):
    over: threading.Event

    def do_GET(self) -> None:
        name = self.path[1:]
        if name == "hangsup":
            return
        if name == "silent":
            self.over.wait(30)
        elif name == "fails":
            self._begin(500, 0)
        elif name == "redirects":
            self._begin(302, 0, Location="/whole")
        else:
            self._begin(200, len(BODY))
            self.wfile.write(BODY if name == "whole" else BODY[:5])
            if name == "stalls":
                self.over.wait(30)

    def _begin(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Tests read their output."""


@contextmanager
def misbehaving() -> Iterator[str]:
    """The address of that upstream."""
    over = threading.Event()
    handler = type("Handler", (_Handler,), {"over": over})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            over.set()
            server.shutdown()
            thread.join()
