"""Many clients at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0


def together(works: Sequence[Callable[[], T]]) -> list[T]:
    """What each of the works gave; all of them begin at the same moment."""
    gate = threading.Barrier(len(works))

    def begin(work: Callable[[], T]) -> T:
        gate.wait(PATIENCE)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(begin, works, timeout=2 * PATIENCE))
