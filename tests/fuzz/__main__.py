"""Fuzz the front end for as long as you like: `python -m tests.fuzz --minutes 10`.

Each batch is judged in a process of its own, so that a hang or a crash of the interpreter itself is
seen. `--seed N --number K` prints one input again.
"""

import argparse
import concurrent.futures
import sys
import time

from tests.fuzz.judge import Tally, judge
from tests.fuzz.mutator import Mutator

BATCH = 500
HANG_SECONDS = 600


def batch(seed: int) -> Tally:
    """One process' share."""
    tally = Tally()
    judge(seed, BATCH, tally)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--number", type=int)
    options = parser.parse_args()
    if options.number is not None:
        mutator = Mutator(options.seed)
        for _ in range(options.number):
            mutator.next()
        sys.stdout.buffer.write(mutator.next())
        return 0
    total, seed, end = Tally(), options.seed, time.monotonic() + options.minutes * 60
    while time.monotonic() < end:
        pool = concurrent.futures.ProcessPoolExecutor(1)
        try:
            found = pool.submit(batch, seed).result(timeout=HANG_SECONDS)
        except (concurrent.futures.process.BrokenProcessPool, TimeoutError) as lost:
            print(f"seed {seed}: {type(lost).__name__}", flush=True)
            total.faults.append((0, "lost"))
            for process in list(getattr(pool, "_processes", {}).values()):
                process.kill()
            found = Tally()
        pool.shutdown(wait=False, cancel_futures=True)
        for number, fault in found.faults:
            print(f"--seed {seed} --number {number}: {fault}", flush=True)
        _add(total, found)
        seed += 1
    print(
        f"{total.runs} schemas judged, {total.accepted} accepted, {len(total.rules)} rules met, "
        f"{len(total.faults)} faults, slowest {total.slowest:.2f} s, "
        f"grown by {total.grown_kib} KiB at most"
    )
    return 1 if total.faults else 0


def _add(total: Tally, found: Tally) -> None:
    total.runs += found.runs
    total.accepted += found.accepted
    total.slowest = max(total.slowest, found.slowest)
    total.grown_kib = max(total.grown_kib, found.grown_kib)
    total.faults += found.faults
    for rule, count in found.rules.items():
        total.rules[rule] = total.rules.get(rule, 0) + count


if __name__ == "__main__":
    sys.exit(main())
