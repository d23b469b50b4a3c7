"""The command line's standard streams: closed, full, or read by nobody any more."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.examples.format import parse_examples
from pipelines.load import load
from pipelines.trace.recorder import StepTrace
from service.trial import Trial, attempt, recorder_of
from tests.support.cli import larder_within
from tests.support.server import ROOT, clean_environment

FULL = Path("/dev/full")
REQUEST = '{"params": {"namespace": "a", "name": "b"}}'
RUN = f"run list_versions --request <(echo '{REQUEST}')"
SAYING = (
    "routes",
    "explain list_versions",
    "check --rules",
    "openapi",
    "schema",
    "schema --meta",
    RUN,
)


def shell(command: str, cwd: Path) -> tuple[int, str]:
    """The exit code of a line of shell, and what `larder` said on standard error."""
    script = f'set -o pipefail; larder() {{ {sys.executable} -m service.commands "$@"; }}; '
    done = subprocess.run(
        ["bash", "-c", script + command],
        cwd=cwd,
        env={**clean_environment(), "PYTHONPATH": str(ROOT), "HOME": str(cwd)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")
@pytest.mark.parametrize("command", [*SAYING, "test list_versions", "check --json"])
def test_a_full_disk_is_told_in_one_line(command: str, tmp_path: Path) -> None:
    code, said = shell(f"larder {command} > /dev/full", tmp_path)
    assert code == 2
    assert "error COULD_NOT_RUN: No space left on device" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", SAYING)
def test_a_reader_who_goes_away_has_heard_enough(command: str, tmp_path: Path) -> None:
    assert shell(f"larder {command} | true", tmp_path)[0] == 0


def test_a_check_tells_by_its_code_what_nobody_reads(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    assert shell("larder check bad.json | true", tmp_path)[0] == 1


def test_examples_tell_by_their_code_what_nobody_reads(tmp_path: Path) -> None:
    command = "larder test list_versions --cover 100 --format json | true"
    assert shell(command, tmp_path)[0] == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_read_and_say_nothing(closed: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    code, said = shell(f"larder check bad.json {closed}", tmp_path)
    assert code == 1
    assert "Traceback" not in said


def test_a_closed_standard_input_is_an_empty_schema(tmp_path: Path) -> None:
    assert shell("larder check - <&-", tmp_path)[0] == 1


def test_standard_input_is_not_checked_twice(tmp_path: Path) -> None:
    ran = larder_within("check", "-", "-", home=tmp_path, stdin=b"{}")
    assert ran.code == 2
    assert "standard input can be read once only" in ran.err


@pytest.mark.parametrize("command", ["schema", "diff schema.json", "openapi --schema", "check"])
def test_an_endless_file_is_not_read_to_its_end(command: str, tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_bytes((ROOT / "schema.json").read_bytes())
    code, said = shell(f"ulimit -v 2000000; larder {command} /dev/zero > out", tmp_path)
    assert code in (1, 2)
    assert "Traceback" not in said
    assert (tmp_path / "out").stat().st_size < 10_000


def test_a_reader_of_steps_who_goes_away_is_no_fault_of_the_stores() -> None:
    loaded = load((ROOT / "schema.json").read_bytes(), "schema.json")
    assert loaded.schema is not None
    assert loaded.programs is not None
    document = loaded.schema.document
    route = next(each for each in document.api.routes if each.id == "list_versions")
    examples, _ = parse_examples(route, "", document)
    trial = Trial(loaded.schema, loaded.programs, route.id, examples[0], {})

    def gone(_step: StepTrace) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        asyncio.run(attempt(trial, recorder_of(trial, gone, None)))
