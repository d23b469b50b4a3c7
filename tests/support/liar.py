"""An HTTP server whose one answer the test chooses: for what an honest service never does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Said(NamedTuple):
    """What the server answers; with `cut`, it closes after so many bytes of the body."""

    status: int
    headers: dict[str, str]
    content: bytes
    cut: int | None = None


@contextmanager
def liar(said: Said) -> Iterator[str]:
    """The address of a server that answers everything with `said`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.content)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.content[: said.cut])

        def log_message(self, *_: object) -> None:
            """Tests read their output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
