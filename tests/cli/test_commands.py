"""The command line as a whole: help, usage, exit codes."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.commands import COMMANDS
from tests.support.cli import larder_within
from tests.support.server import ROOT, free_port

HEAVY = ("rich", "sqlalchemy", "uvicorn", "starlette", "aiohttp", "apsw", "http.client")


def test_help_answers_at_once() -> None:
    command = [sys.executable, "-m", "service.commands", "--help"]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.3


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from service.commands import run; run(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    ran = larder_within(command, "--help", home=tmp_path)
    assert ran.code == 0
    assert f"larder {command}" in ran.out.decode()


def test_the_help_lists_the_exit_codes(tmp_path: Path) -> None:
    text = larder_within("--help", home=tmp_path).out.decode()
    assert all(f"  {code}  " in text for code in range(5))


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("publish",), ("fetch", "a/b/c"), ("tag", "a")]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert larder_within(*arguments, home=tmp_path).code == 2


def test_an_unreachable_service_exits_with_4(tmp_path: Path) -> None:
    ran = larder_within("list", "--url", f"http://127.0.0.1:{free_port()}", home=tmp_path)
    assert ran.code == 4
    assert ran.err.startswith("error UNREACHABLE: ")


@pytest.mark.parametrize("url", ["ftp://host", "nonsense", "http://host:port"])
def test_an_address_that_is_none_exits_with_2(url: str, tmp_path: Path) -> None:
    assert larder_within("list", "--url", url, home=tmp_path).code == 2


def test_a_wrong_setting_is_told_by_name(tmp_path: Path) -> None:
    ran = larder_within("user", "list", home=tmp_path, environ={"LARDER_PORT": "many"})
    assert ran.code == 2
    assert "LARDER_PORT" in ran.err


def test_a_token_that_cannot_be_sent_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    ran = larder_within("list", home=tmp_path, environ={"LARDER_TOKEN": "a\r\nX-Evil: 1"})
    assert ran.code == 2
    assert "X-Evil" not in ran.err
