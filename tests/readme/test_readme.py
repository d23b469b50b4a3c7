"""The README's commands are run as they stand, against a real service."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readme.shown import clone, renewed
from tests.support.polling import until
from tests.support.server import ROOT, LiveServer, ask

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- tested: (\w+) -->\n```sh\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """What `make serve` starts for the first time."""
    folder = tmp_path_factory.mktemp("clone")
    with LiveServer(folder, {"LARDER_ADMIN_PASSWORD": ""}, "--seed") as started:
        until(lambda: "example packages: " in started.log.read_text(encoding="utf-8"))
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "templates").symlink_to(ROOT / "templates")
        shutil.copy(ROOT / "schema.json", folder)
        (folder / "hello.txt").write_text("Hello from Larder.\n")
        yield started


def run(server: LiveServer, block: str) -> str:
    """Run one block in the clone's folder and return what it printed; every line must succeed."""
    script = BLOCKS[block].replace("http://127.0.0.1:8080", server.url)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=server.folder,
        env={**server.environ, "HOME": str(server.folder), "LARDER_URL": server.url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_block_that_is_marked_is_run() -> None:
    assert BLOCKS.keys() == {"curl", "larder"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="this machine has no curl")
def test_the_curl_lines_publish_fetch_resolve_and_tag(server: LiveServer) -> None:
    printed = run(server, "curl")
    assert '"digest":"sha256:' in printed.replace(" ", "")
    assert "Hello from Larder.\n" in printed
    assert '"version":"1.0.0"' in printed.replace(" ", "")
    assert '"target_version":"1.0.0"' in printed.replace(" ", "")


def test_the_command_lines_publish_fetch_list_and_tag(server: LiveServer) -> None:
    printed = run(server, "larder")
    fetched = Path(server.folder / "fetched.txt").read_text(encoding="utf-8")
    assert fetched == "Hello from Larder.\n"
    assert "acme/hello\t1.2.0\n" in printed
    assert "stable\t1.0.0\ttxt\tsha256:" in printed


def test_a_route_is_added_by_copying_the_template_and_all_is_as_shown(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    assert renewed(TEXT, folder) == TEXT, "python -m tests.readme.shown"
    options = ("--schema", str(folder / "schema.json"))
    with LiveServer(tmp_path, {}, *options) as extended:
        extended.put("demo/hello/1.0.0/txt", b"Hello from Larder.\n")
        answer = extended.ask("GET", "/v1/demo/hello/1.0.0/txt/digest")
        assert (answer.status, answer.json()["size"]) == (200, 19)


def test_health_is_open_to_everybody(server: LiveServer) -> None:
    assert ask(server.url, "GET", "/health/ready").status == 200
