"""A real server with the service's protocol on a free port, and raw sockets to talk to it."""

import asyncio
import contextlib
import socket
import threading
import time

import uvicorn

from service.protocol import LarderProtocol


def until(condition, seconds=5.0):
    """Wait until the condition holds; what it last gave is returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not come to hold"
        time.sleep(0.005)
    return found


class Echo:
    """Answers what it was asked; `/early` before it reads, `/big` with 8 MiB, `/hold` on demand."""

    def __init__(self, bounds):
        self.bounds = bounds
        self.seen = []
        self.ended = []
        self.released = threading.Event()

    async def __call__(self, scope, receive, send):
        path = scope["path"]
        self.seen.append((scope["method"], path))
        try:
            await self._answer(path, scope, receive, send)
        except ConnectionResetError:
            self.ended.append((path, "reset"))

    async def _answer(self, path, scope, receive, send):
        body = b""
        if path == "/early":
            return await self._reply(send, 401, b"no")
        if path == "/split":
            headers = [(b"location", b"/a\r\nX-Evil: 1")]
            return await send({"type": "http.response.start", "status": 302, "headers": headers})
        if path == "/fault":
            raise RuntimeError("broken on purpose")
        if path == "/hold":
            await asyncio.to_thread(self.released.wait, 5)
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.ended.append((path, "disconnect"))
                return None
            body += message["body"]
            more = message["more_body"]
        if path == "/big":
            return await self._reply(send, 200, b"x" * (8 << 20))
        told = f"{scope['method']} {path} {len(scope['headers'])} {body.decode('latin-1')}"
        return await self._reply(send, 200, told.encode())

    async def _reply(self, send, status, body):
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Wire:
    """A server in a thread."""

    def __init__(self, bounds, **config):
        self.app = Echo(bounds)
        self.server = uvicorn.Server(
            uvicorn.Config(
                self.app, http=LarderProtocol, loop="uvloop", ws="none", lifespan="off",
                log_config=None, access_log=False, proxy_headers=False, **config,
            )
        )  # fmt: skip
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = self.socket.getsockname()
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)

    def connect(self, timeout=5.0):
        return socket.create_connection(self.address, timeout)

    def talk(self, *pieces, timeout=5.0):
        """Send the pieces one by one, then read to the end."""
        with self.connect(timeout) as client:
            for piece in pieces:
                client.sendall(piece)
            return read_to_end(client)


def read_to_end(client):
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1 << 16):
            found += piece
    return found
