"""`larder check --watch`: a real process, told by real files; every wait is for a line of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from service.check_watch import AWAY_SECONDS, POLL_SECONDS, State, changes
from tests.support.server import ROOT, clean_environment

GOOD = (ROOT / "schema.json").read_bytes()
BAD = b"{"


class Watch:
    """The process, and the lines that it has printed."""

    def __init__(self, *files: str, home: Path, shown_on: TextIO | None = None) -> None:
        env = {**clean_environment(), "HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service.commands", "check", "--watch", *files],
            cwd=home,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=shown_on or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def next_check(self) -> list[str]:
        """The lines of the next check, to the one with its time."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("checked at "):
                return lines
        raise AssertionError(f"it ended: {lines}")

    def interrupted(self) -> tuple[int, str]:
        """What it says and how it ends when Ctrl-C is pressed."""
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGINT)
        said = self.process.stdout.read()
        return self.process.wait(), said


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watch]:
    (tmp_path / "s.json").write_bytes(GOOD)
    watch = Watch("s.json", home=tmp_path)
    yield watch
    watch.process.kill()
    watch.process.wait()
    assert watch.process.stdout is not None
    watch.process.stdout.close()


def test_a_change_is_checked_at_once_and_ctrl_c_ends_quietly(
    watched: Watch, tmp_path: Path
) -> None:
    first = watched.next_check()
    assert first[-2] == "1 file checked: 0 errors, 0 warnings"
    assert "\x1b" not in "".join(first)
    (tmp_path / "s.json").write_bytes(BAD)
    second = watched.next_check()
    assert second[0].startswith("s.json:1:2: error E101: ")
    assert second[-2] == "1 file checked: 1 error, 0 warnings"
    assert watched.interrupted() == (130, "")


def test_a_file_that_an_editor_replaces_is_followed(watched: Watch, tmp_path: Path) -> None:
    watched.next_check()
    for content, told in ((BAD, "1 error"), (GOOD, "0 errors")):
        (tmp_path / "new").write_bytes(content)
        (tmp_path / "new").replace(tmp_path / "s.json")
        assert told in watched.next_check()[-2]


def test_a_file_that_is_removed_is_told_and_waited_for(watched: Watch, tmp_path: Path) -> None:
    watched.next_check()
    (tmp_path / "s.json").unlink()
    assert watched.next_check()[0] == "error: s.json cannot be read: No such file or directory"
    (tmp_path / "s.json").write_bytes(BAD)
    assert watched.next_check()[-2] == "1 file checked: 1 error, 0 warnings"


def test_a_terminal_is_cleared_before_each_check(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(BAD)
    master, slave = os.openpty()
    with os.fdopen(master, "rb", buffering=0) as terminal, os.fdopen(slave, "w") as screen:
        watch = Watch("s.json", home=tmp_path, shown_on=screen)
        shown = b""
        while b"checked at " not in shown:
            shown += terminal.read(4096)
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait() == 130
    assert shown.index(b"\x1b[2J") < shown.index(b"s.json:1:2:")


def test_standard_input_is_not_watched(tmp_path: Path) -> None:
    watch = Watch("-", home=tmp_path)
    said, _ = watch.process.communicate()
    assert watch.process.returncode == 2
    assert "cannot be watched" in said


OLD, NEW, HALF = (1, 10, 1), (2, 20, 2), (2, 5, 2)
AWAY_LOOKS = round(AWAY_SECONDS / POLL_SECONDS) + 1


class Ended(Exception):
    """The list of looks is used up."""


def told(looks: list[State]) -> list[int]:
    """The looks at which a change is told."""
    seen = [0]

    def look(_files: object) -> tuple[State, ...]:
        if seen[0] == len(looks):
            raise Ended
        seen[0] += 1
        return (looks[seen[0] - 1],)

    found = []
    try:
        for _ in changes(["s"], look, lambda _seconds: None):
            found.append(seen[0] - 1)
    except Ended:
        return found
    raise AssertionError("watching ends by an interrupt only")


def test_nothing_is_told_while_nothing_changes() -> None:
    assert told([OLD] * 9) == [0]


def test_a_half_written_file_is_not_told() -> None:
    assert told([OLD, HALF, NEW, NEW, NEW]) == [0, 3]


def test_a_file_that_is_away_for_a_moment_is_not_missing() -> None:
    assert told([OLD, None, None, None, NEW, NEW, NEW]) == [0, 5]
    assert told([OLD, None, None, OLD, OLD]) == [0]


def test_a_file_that_stays_away_is_told_once() -> None:
    looks = told([OLD, *[None] * (AWAY_LOOKS * 3), NEW, NEW])
    assert looks[1] in (AWAY_LOOKS - 1, AWAY_LOOKS)
    assert looks[2:] == [AWAY_LOOKS * 3 + 2]
