"""What has to hold of every schema, however broken: an answer, typed, soon and in little memory."""

import resource
import time
import traceback
from dataclasses import dataclass, field

from pipelines.load import load
from schema.rules import RULE_IDS
from tests.fuzz.mutator import Mutator

SLOW_SECONDS = 5.0
MEMORY_KIB = 64 * 1024
"""What judging may add to the process's largest size."""


@dataclass
class Tally:
    """What came of a run. `faults` are (input's number, what was wrong)."""

    runs: int = 0
    accepted: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    slowest: float = 0.0
    grown_kib: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def judge(seed: int, count: int, tally: Tally) -> None:
    """Judge `count` inputs that follow from `seed`."""
    mutator = Mutator(seed)
    inputs = [mutator.next() for _ in range(min(count, 200))]
    judge_one(inputs[0], 0, Tally())  # What is loaded once does not count.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        source = inputs[number] if number < len(inputs) else mutator.next()
        judge_one(source, number, tally)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        tally.grown_kib = max(tally.grown_kib, grown)
        if grown > MEMORY_KIB:
            tally.faults.append((number, f"{grown} KiB more than before"))
            return


def judge_one(source: bytes, number: int, tally: Tally) -> None:
    """Judge one input."""
    started = time.process_time()
    try:
        loaded = load(source, "schema.json")
    except Exception as crash:  # noqa: BLE001
        at = traceback.extract_tb(crash.__traceback__)[-1]
        told = f"crash in {at.name} ({at.filename}:{at.lineno}): {type(crash).__name__}: {crash}"
        tally.faults.append((number, told[:300]))
        return
    spent = time.process_time() - started
    tally.runs += 1
    tally.accepted += loaded.ok
    tally.slowest = max(tally.slowest, spent)
    if spent > SLOW_SECONDS:
        tally.faults.append((number, f"{spent:.1f} s"))
    if not loaded.ok and not any(f.severity == "error" for f in loaded.findings):
        tally.faults.append((number, "neither programs nor an error"))
    for finding in loaded.findings:
        tally.rules[finding.rule] = tally.rules.get(finding.rule, 0) + 1
        own = finding.pointer.startswith("/invariants/")
        known = finding.rule in RULE_IDS or own
        placed = finding.line >= 1 and finding.column >= 1
        if (
            not (known and placed and finding.message)
            or len(finding.message + finding.hint + finding.path) > 3000
        ):
            tally.faults.append((number, f"an untyped finding: {finding!r}"[:300]))
