"""A real `larder serve` in a process of its own, and a plain HTTP client to ask it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "tests" / "support" / "extension"
"""Where the package acme-larder lies, which offers operations."""
PASSWORD = "correct horse battery staple"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
SLOW_FREE = {"LARDER_BCRYPT_COST": "4", "LARDER_MIN_FREE_BYTES": "0"}
"""What keeps tests quick on a small machine."""

STRICT = {"LARDER_ASSERT_ANSWERS": "1"}
"""What makes the service refuse to answer what its OpenAPI document does not tell."""


class Answer(NamedTuple):
    """A reply: `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)


def ask(
    url: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own; a body that is not bytes is sent as JSON."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())
    finally:
        connection.close()


class LiveServer:
    """`larder serve` on a free port with its own data directory; log in `server.log` beside it."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str] | None = None,
        *options: str,
        port: int | None = None,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._environ = {**clean_environment(), **SLOW_FREE, **STRICT, **(environ or {})}
        self._environ.setdefault("LARDER_ADMIN_PASSWORD", PASSWORD)
        self._environ |= {"LARDER_DATA": str(self.data), "LARDER_PORT": str(self.port)}
        self._process: subprocess.Popen[bytes] | None = None
        self._token: str | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The running process; its pid leads a process group that holds the workers too."""
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the server and of commands that talk to it."""
        return dict(self._environ)

    @property
    def token(self) -> str:
        """A session of the user admin."""
        if self._token is None:
            self._token = self.log_in("admin", self._environ["LARDER_ADMIN_PASSWORD"])
        return self._token

    def log_in(self, username: str, password: str) -> str:
        """A session of some user."""
        given = {"username": username, "password": password}
        answer = ask(self.url, "POST", "/auth/login", given)
        assert answer.status == 200, answer
        return str(answer.json()["token"])

    def start(self) -> "LiveServer":
        """Start, also again after `stop` or `kill`, and return when it is ready."""
        command = [sys.executable, "-m", "service.commands", "serve", *self._options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()
        return self

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """One request as admin; `token=None` asks without a principal."""
        more.setdefault("token", self.token)
        return ask(self.url, method, path, body, **more)

    def put(self, coordinate: str, content: bytes, **more: Any) -> Answer:
        """Publish bytes at `namespace/name/version/variant`."""
        return self.ask("PUT", f"/v1/{coordinate}/blob", content, **more)

    def stop(self) -> int:
        """Ask it to stop as an operator would, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it and its workers at once, as a loss of power would."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                assert self._process.poll() is not None
            self._process.wait(STOP_SECONDS)

    def __enter__(self) -> "LiveServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if ask(self.url, "GET", "/health/ready").status == 200:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
        said = self.log.read_text(encoding="utf-8", errors="replace")[-4000:]
        self.kill()
        raise AssertionError(f"the server did not get ready; it said:\n{said}")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that speaks to Larder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LARDER_")}
