"""Schemathesis asks the whole API what its OpenAPI document tells, and what it does not."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.support.server import PASSWORD, ROOT, LiveServer

CONFIG = Path(__file__).with_name("contract.toml")
SECONDS = 240
"""What a busy machine may need; an idle one needs a fifth of it."""


class _Upstream(BaseHTTPRequestHandler):
    """A repository that has every version of `hello`, and nothing else."""

    def do_GET(self) -> None:
        content = b"hello" if "/hello/" in self.path else b""
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: what was asked for is no news."""


@pytest.fixture
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Upstream) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture
def filled(start_server: StartServer, upstream: str, tmp_path: Path) -> LiveServer:
    schema = json.loads((ROOT / "schema.json").read_text())
    schema["upstreams"]["origin"] |= {"base_url": upstream, "allow_private": True}
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema))
    server = start_server(environ={"LARDER_SCHEMA": str(file), "LARDER_LOGIN_ATTEMPTS": "10000"})
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
        assert server.put(f"acme/hello/{version}/any", b"hello").status == 201
    target = {"target_version": "1.0.0", "target_variant": "any"}
    assert server.ask("PUT", "/v1/acme/hello/tags/stable", target).status == 200
    return server


@pytest.mark.timeout(SECONDS + 60)
def test_schemathesis_finds_nothing_over_the_whole_api(filled: LiveServer, tmp_path: Path) -> None:
    other = filled.log_in("admin", PASSWORD)
    ran = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run",
            f"{filled.url}/openapi.json", "--header", f"Authorization: Bearer {filled.token}",
            "--checks", "all", "--seed", "7", "--continue-on-failure", "--no-color",
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "CONTRACT_OTHER_SESSION": other,
            "SCHEMATHESIS_HOOKS": "contract_hooks",
            "PYTHONPATH": str(CONFIG.parent),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]
    operations = filled.ask("GET", "/openapi.json").json()["paths"].values()
    count = sum(len(methods) for methods in operations)
    assert f"Selected: {count}/{count}" in ran.stdout
    assert f"Tested: {count}" in ran.stdout
    assert '"level":"error"' not in filled.log.read_text()
