"""`larder check --watch`: check again whenever a file changes.

Files are asked for their state, which works on every file system and for editors that replace a
file by another; a file that is away for a moment is not yet missing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

POLL_SECONDS = 0.2
AWAY_SECONDS = 1.0
"""How long a file may be away before that is a change: longer than editors need to replace it."""

State = tuple[int, int, int] | None
"""A file's inode, size and time of change in nanoseconds; None when it cannot be read."""


def changes(
    files: Sequence[str],
    states: Callable[[Sequence[str]], tuple[State, ...]] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """One item at once, and one for each change, once the files rest; never ends by itself.

    A change is told when two looks in a row see the same, so that half-written files are not read.
    """
    look = states or states_of
    told = look(files)
    yield
    before, away = told, 0.0
    while True:
        sleep(POLL_SECONDS)
        now = look(files)
        away = away + POLL_SECONDS if _is_away(now, told) else 0.0
        rests = now == before and (away == 0.0 or away >= AWAY_SECONDS)
        before = now
        if rests and now != told:
            told = now
            yield


def states_of(files: Sequence[str]) -> tuple[State, ...]:
    """The state of each file, in their order."""
    return tuple(_state(file) for file in files)


def _state(file: str) -> State:
    try:
        found = Path(file).stat()
    except (OSError, ValueError):  # A name with a NUL is a ValueError.
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_away(now: Sequence[State], told: Sequence[State]) -> bool:
    """Whether a file that was there is not."""
    return any(here is None and there is not None for here, there in zip(now, told, strict=True))
