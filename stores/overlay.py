"""Stores over others that are only read: what is written stays in memory, and shadows the rest.

A transaction is validated and applied as by every other store, with the same result for whoever
reads through the overlay; beneath nothing changes.
"""

import heapq
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from stores.addressing import Addressing, is_digest
from stores.filesystem import FilesystemBlobs
from stores.handles import BytesHandle, FileHandle
from stores.interfaces import BlobHandle, Clock, KvStats, LoggedEvent, Stored
from stores.memory import MemoryStore, MemoryTables
from stores.tables import Changes, Found, NewRow, Query, bounded

_ABOVE = 1 << 48
"""Revisions of the overlay's own writes begin here, above all that lie beneath."""


class Beneath(Protocol):
    """What an overlay reads."""

    def document(self, collection: str, key: str) -> Stored | None:
        """One document."""
        ...

    def find(self, query: Query) -> Sequence[Found]:
        """The rows of a query."""
        ...

    def has_row(self, index: str, identity: str) -> bool:
        """Whether an index has a row of that identity."""
        ...

    def holders(self, index: str, ordering: str, unique: bytes) -> Sequence[str]:
        """The identities of the rows that hold a unique value."""
        ...

    def head(self, log: str) -> tuple[int, str]:
        """The last event's sequence and hash."""
        ...

    def events(self, log: str, after: int, limit: int, max_bytes: int) -> list[LoggedEvent]:
        """Events above `after`, at least one if there is one."""
        ...

    def keys(self, collection: str, prefix: str, after: str | None, limit: int) -> list[str]:
        """Document keys in order."""
        ...

    def stats(self) -> KvStats:
        """Count what is stored."""
        ...

    def inline(self, digest: str) -> tuple[bytes, float] | None:
        """A small blob and the time it was stored."""
        ...


class OverlayStore(MemoryStore):
    """A kv store over tables that stay as they are; `applied` are its commits, in order."""

    def __init__(self, beneath: Beneath, *, turn_seconds: float = 5.0) -> None:
        super().__init__(turn_seconds=turn_seconds)
        self._tables: _OverlayTables = _OverlayTables(beneath)
        self._beneath = beneath
        self.applied: list[Changes] = []

    async def events(
        self, log: str, *, after: int, limit: int, max_bytes: int
    ) -> Sequence[LoggedEvent]:
        """Read events: those beneath first."""
        taken = list(self._beneath.events(log, after, bounded(limit), max_bytes))
        max_bytes -= sum(len(logged.event.payload) for logged in taken)
        for logged in self._tables.logs.get(log, []):
            max_bytes -= len(logged.event.payload)
            if len(taken) >= limit or (taken and max_bytes < 0):
                break
            if logged.sequence > after:
                taken.append(logged)
        return taken

    async def keys(
        self, collection: str, *, prefix: str = "", after: str | None = None, limit: int
    ) -> Sequence[str]:
        """List document keys."""
        own = await super().keys(collection, prefix=prefix, after=after, limit=bounded(limit))
        changed = {key for name, key in self._tables.changed if name == collection}
        room = limit + len(changed)
        found = self._beneath.keys(collection, prefix, after, room)
        kept = [key for key in found if key not in changed]
        return list(itertools.islice(heapq.merge(own, kept), limit))

    async def stats(self) -> KvStats:
        """Count what is stored, beneath and here; `bytes` are those beneath."""
        tables, beneath = self._tables, self._beneath
        documents, rows, events, size = beneath.stats()
        documents += sum(map(len, tables.documents.values()))
        documents -= sum(beneath.document(*place) is not None for place in tables.changed)
        rows += len(tables.rows) - sum(beneath.has_row(*place) for place in tables.moved)
        events += sum(map(len, tables.logs.values()))
        return KvStats(documents, rows, events, size)

    async def close(self) -> None:
        """Forget what was written here; what lies beneath is left as it is."""
        async with self._lock:
            self._closed = True
            self._tables = _OverlayTables(self._beneath)

    async def _apply(self, changes: Changes) -> None:
        await super()._apply(changes)
        self.applied.append(changes)


class OverlayBlobs(FilesystemBlobs):
    """A blob store that receives into `folder`, and reads what is below `root`, or inline there."""

    def __init__(
        self,
        folder: Path,
        root: Path,
        addressing: Addressing,
        inline: Beneath | None,
        clock: Clock,
    ) -> None:
        super().__init__(folder, addressing, clock=clock)
        self._beneath = root, inline

    async def open(self, digest: str) -> BlobHandle | None:
        """A handle on the bytes."""
        own = await super().open(digest)
        if own is not None or not is_digest(digest):
            return own
        root, inline = self._beneath
        found = inline.inline(digest) if inline is not None else None
        if found is not None:
            return BytesHandle(digest, *found)
        try:
            return FileHandle(digest, root / self._addressing.path(digest))
        except FileNotFoundError:
            return None


class _OverlayTables(MemoryTables):
    """Own tables that shadow others: by (collection, key), and by (index, identity)."""

    def __init__(self, beneath: Beneath) -> None:
        super().__init__()
        self._beneath = beneath
        self._revisions = itertools.count(_ABOVE)
        self.changed: set[tuple[str, str]] = set()
        self.moved: set[tuple[str, str]] = set()

    def document(self, collection: str, key: str) -> Stored | None:
        """One document."""
        if (collection, key) in self.changed:
            return super().document(collection, key)
        return self._beneath.document(collection, key)

    def find(self, query: Query) -> Sequence[Found]:
        """The rows of a query."""
        room = query.limit
        while True:
            beneath = self._beneath.find(query._replace(limit=room))
            kept = [row for row in beneath if (query.index_name, row.identity) not in self.moved]
            if len(beneath) < room or len(kept) >= query.limit:
                break
            room = 2 * room + len(self.moved)
        rows = sorted([*kept, *super().find(query)], key=_place, reverse=query.reverse)
        return rows[: query.limit]

    def holders(self, index: str, ordering: str, unique: bytes) -> Sequence[str]:
        """The identities of the rows that hold a unique value, in order."""
        beneath = self._beneath.holders(index, ordering, unique)
        kept = [identity for identity in beneath if (index, identity) not in self.moved]
        return sorted([*kept, *super().holders(index, ordering, unique)])

    def write_document(self, collection: str, key: str, value: bytes, revision: int) -> None:
        """Write or replace a document."""
        self.changed.add((collection, key))
        super().write_document(collection, key, value, revision)

    def remove_document(self, collection: str, key: str) -> None:
        """Remove a document, if it is there."""
        self.changed.add((collection, key))
        super().remove_document(collection, key)

    def write_row(self, index: str, identity: str, row: NewRow, revision: int) -> None:
        """Write a row in place of all that its identity held in the index."""
        self.moved.add((index, identity))
        super().write_row(index, identity, row, revision)

    def remove_row(self, index: str, identity: str) -> None:
        """Remove a row, if it is there."""
        self.moved.add((index, identity))
        super().remove_row(index, identity)

    def head(self, log: str) -> tuple[int, str]:
        """The last event's sequence and hash."""
        return super().head(log) if self.logs.get(log) else self._beneath.head(log)


def _place(row: Found) -> tuple[bytes, str]:
    return row.position, row.identity
