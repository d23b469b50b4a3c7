"""Schemathesis asks the whole API what its OpenAPI document tells, and what it does not."""

import json
import os
import re
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

PACKAGE = r"^/v1/\{namespace\}/\{name\}(?!/tags)"
"""The paths of one package: of what is published in it, and of its versions."""


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
    told = _schemathesis(filled, tmp_path, "--phases", "examples,coverage,fuzzing")
    operations = filled.ask("GET", "/openapi.json").json()["paths"].values()
    count = sum(len(methods) for methods in operations)
    assert f"Selected: {count}/{count}" in told
    assert f"Tested: {count}" in told


@pytest.mark.timeout(SECONDS + 60)
def test_what_was_published_is_read_and_withdrawn_along_the_links(
    filled: LiveServer, tmp_path: Path
) -> None:
    """Scenarios begin with a POST or with a GET without path parameters while some of those has
    links, and with a PUT only where none has: so they are asked for the routes of a package alone,
    and without its tags, which most scenarios would begin with.
    """
    _schemathesis(
        filled, tmp_path, "--phases", "stateful", "--include-path-regex", PACKAGE,
        "--report", "ndjson", "--report-ndjson-path", "report.ndjson",
    )  # fmt: skip
    walked = _walked(tmp_path / "report.ndjson")
    links = _links(filled, "publish_artifact")
    assert {"get_blob", "get_artifact", "withdraw_artifact"} <= links
    assert {link for link, statuses in walked.items() if 200 in statuses} == links
    assert 410 in walked["withdraw_artifact"]


def _schemathesis(server: LiveServer, folder: Path, *options: str) -> str:
    """What Schemathesis says once it has found nothing."""
    other = server.log_in("admin", PASSWORD)
    ran = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run",
            f"{server.url}/openapi.json", "--header", f"Authorization: Bearer {server.token}",
            "--checks", "all", "--seed", "7", "--continue-on-failure", "--no-color", *options,
        ],
        cwd=folder,
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
    assert '"level":"error"' not in server.log.read_text()
    return ran.stdout


def _walked(report: Path) -> dict[str, set[int]]:
    """The links that were followed, each with the statuses that it led to."""
    walked: dict[str, set[int]] = {}
    for line in report.read_text().splitlines():
        finished = json.loads(line).get("ScenarioFinished", {"recorder": {}})
        recorder = finished["recorder"]
        for id, case in recorder.get("cases", {}).items():
            if "transition" in case:
                link = case["transition"]["id"].split("] ")[1].split(" -> ")[0]
                response = recorder["interactions"][id]["response"]
                walked.setdefault(link, set()).add(response["status_code"])
    return walked


def _links(server: LiveServer, route: str) -> set[str]:
    """The links from a route to those of one package, as the OpenAPI document tells."""
    paths = server.ask("GET", "/openapi.json").json()["paths"]
    within = {
        told["operationId"]: told
        for path, methods in paths.items()
        for told in methods.values()
        if re.match(PACKAGE, path)
    }
    responses = within[route]["responses"].values()
    return {link for response in responses for link in response.get("links", ())} & within.keys()
