"""A short run of the fuzzer; `python -m tests.fuzz --minutes 10` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.judge import Tally, judge_one
from tests.fuzz.mutator import Mutator

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [7, 20])
def test_broken_schemas_are_answered_with_typed_findings_soon_and_in_little_memory(
    seed: int,
) -> None:
    code = (
        "from tests.fuzz.judge import Tally, judge\n"
        f"tally = Tally()\njudge({seed}, 300, tally)\n"
        "print(tally.runs, *tally.faults, sep='\\n')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.split("\n") == ["300", ""], ran.stdout + ran.stderr


def test_the_same_seed_gives_the_same_schemas() -> None:
    one, two = Mutator(3), Mutator(3)
    assert [one.next() for _ in range(20)] == [two.next() for _ in range(20)]


def test_what_is_wrong_is_counted() -> None:
    tally = Tally()
    judge_one(b"{", 5, tally)
    assert tally.runs == 1 and tally.faults == [] and tally.rules == {"E101": 1}
