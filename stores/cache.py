"""A cache in this process: a lifetime for every entry, and a bound in bytes."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple


class Entry(NamedTuple):
    """A cached value, when its time runs out on the cache's clock, and its size in bytes."""

    value: object
    until: float
    size: int


class LocalCache:
    """`max_bytes` bounds the sum of the entries' sizes, `max_entry_bytes` each of them.

    `clock` counts seconds from anywhere, and must not go backwards.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        max_entry_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_entry_bytes = min(max_entry_bytes, max_bytes)
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str], Entry] = OrderedDict()
        self._bytes = 0

    async def get(self, kind: str, key: str) -> object | None:
        """The value, if it is still there and its time has not run out."""
        entry = self._entries.get((kind, key))
        if entry is None:
            return None
        if self._clock() >= entry.until:
            self._forget((kind, key))
            return None
        self._entries.move_to_end((kind, key))
        return entry.value

    async def put(
        self, kind: str, key: str, value: object, *, ttl_seconds: float, size: int
    ) -> None:
        """Keep a value; what stood under its key is gone even if this one is too large."""
        self._forget((kind, key))
        if size > self._max_entry_bytes or ttl_seconds <= 0:
            return
        self._entries[kind, key] = Entry(value, self._clock() + ttl_seconds, size)
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._forget(next(iter(self._entries)))

    async def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._bytes = 0

    async def close(self) -> None:
        """Forget everything."""
        await self.clear()

    def _forget(self, place: tuple[str, str]) -> None:
        entry = self._entries.pop(place, None)
        if entry is not None:
            self._bytes -= entry.size
