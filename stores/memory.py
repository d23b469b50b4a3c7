"""A kv store in memory, for tests and for trying things out: it forgets all when it is closed."""

import asyncio
import heapq
import itertools
import weakref
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence

from stores.events import GENESIS
from stores.interfaces import Conflict, KvStats, LoggedEvent, Row, Stored, Transaction
from stores.tables import Changes, Found, NewRow, Query, apply, bounded, check, check_unique, query
from stores.transaction import BufferedTransaction


class MemoryTables:
    """The tables as dicts and sorted lists."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Stored]] = defaultdict(dict)
        self.rows: dict[tuple[str, str], tuple[NewRow, int]] = {}
        self.places: dict[tuple[str, str], list[tuple[bytes, str]]] = defaultdict(list)
        self.uniques: dict[tuple[str, str, bytes], set[str]] = defaultdict(set)
        self.logs: dict[str, list[LoggedEvent]] = defaultdict(list)
        self._revisions = itertools.count(1)

    def document(self, collection: str, key: str) -> Stored | None:
        """One document."""
        documents = self.documents.get(collection)
        return documents.get(key) if documents else None

    def find(self, query: Query) -> Sequence[Found]:
        """The rows of a query."""
        places = self.places.get((query.index_name, query.ordering), [])
        start = bisect_left(places, (query.low, ""))
        stop = len(places) if query.high is None else bisect_left(places, (query.high, ""))
        if query.reverse:
            ours = places[max(start, stop - query.limit) : max(stop, 0)][::-1]
        else:
            ours = places[start : min(stop, start + query.limit)]
        return [self._found(query.index_name, place) for place in ours]

    def _found(self, index: str, place: tuple[bytes, str]) -> Found:
        row, revision = self.rows[index, place[1]]
        return Found(place[1], place[0], row.value, revision)

    def next_revision(self) -> int:
        """A number that was never given out before."""
        return next(self._revisions)

    def holders(self, index: str, ordering: str, unique: bytes) -> Sequence[str]:
        """The identities of the rows that hold a unique value, in order."""
        return sorted(self.uniques.get((index, ordering, unique), ()))

    def write_document(self, collection: str, key: str, value: bytes, revision: int) -> None:
        """Write or replace a document."""
        self.documents[collection][key] = Stored(value, revision)

    def remove_document(self, collection: str, key: str) -> None:
        """Remove a document, if it is there."""
        self.documents[collection].pop(key, None)

    def write_row(self, index: str, identity: str, row: NewRow, revision: int) -> None:
        """Write a row in place of all that its identity held in the index."""
        self.remove_row(index, identity)
        if not row.entries:
            return
        self.rows[index, identity] = row, revision
        for name, position, unique in row.entries:
            insort(self.places[index, name], (position, identity))
            if unique is not None:
                self.uniques[index, name, unique].add(identity)

    def remove_row(self, index: str, identity: str) -> None:
        """Remove a row, if it is there."""
        row, _ = self.rows.pop((index, identity), (NewRow((), b""), 0))
        for name, position, unique in row.entries:
            places = self.places[index, name]
            del places[bisect_left(places, (position, identity))]
            if unique is not None:
                self.uniques[index, name, unique].discard(identity)

    def head(self, log: str) -> tuple[int, str]:
        """The last event's sequence and hash."""
        events = self.logs.get(log)
        return (events[-1].sequence, events[-1].hash) if events else (0, GENESIS)

    def add_event(self, log: str, logged: LoggedEvent) -> None:
        """Write an event that follows on the head."""
        self.logs[log].append(logged)


class MemoryStore:
    """Documents, index rows and events of one process and one event loop.

    `turn_seconds` is how long an exclusive transaction may keep the others waiting, and how long
    `begin_exclusive` waits for its turn.
    """

    def __init__(self, *, turn_seconds: float = 5.0) -> None:
        self._tables = MemoryTables()
        self._lock = asyncio.Lock()
        self._turn_seconds = turn_seconds
        self._closed = False

    async def get(self, collection: str, key: str) -> Stored | None:
        """Read one document."""
        return self._tables.document(collection, key)

    async def scan(
        self,
        index: str,
        ordering: str,
        prefix: bytes,
        *,
        after: bytes | None = None,
        limit: int,
        reverse: bool = False,
    ) -> Sequence[Row]:
        """Read rows."""
        found = self._tables.find(
            query(index, ordering, prefix, after, limit=limit, reverse=reverse)
        )
        return [Row(*row[:3]) for row in found]

    def begin(self) -> Transaction:
        """Start an optimistic transaction."""
        return BufferedTransaction(self._tables, self._commit)

    async def begin_exclusive(self) -> Transaction:
        """Start a transaction that keeps the others out, for `turn_seconds` at most."""
        try:
            async with asyncio.timeout(self._turn_seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise Conflict("no turn to write alone came in time") from error
        turn = _Turn(self, asyncio.get_running_loop(), self._turn_seconds)
        transaction = BufferedTransaction(self._tables, turn.commit, turn.release)
        weakref.finalize(transaction, turn.release_soon).atexit = False
        return transaction

    async def events(
        self, log: str, *, after: int, limit: int, max_bytes: int
    ) -> Sequence[LoggedEvent]:
        """Read events."""
        taken: list[LoggedEvent] = []
        start = max(after, 0)
        for logged in self._tables.logs.get(log, [])[start : start + bounded(limit)]:
            max_bytes -= len(logged.event.payload)
            if taken and max_bytes < 0:
                break
            taken.append(logged)
        return taken

    async def keys(
        self, collection: str, *, prefix: str = "", after: str | None = None, limit: int
    ) -> Sequence[str]:
        """List document keys."""
        return heapq.nsmallest(
            bounded(limit),
            (
                key
                for key in self._tables.documents.get(collection, ())
                if key.startswith(prefix) and (after is None or key > after)
            ),
        )

    async def stats(self) -> KvStats:
        """Count what is stored."""
        documents = sum(len(keys) for keys in self._tables.documents.values())
        events = sum(len(log) for log in self._tables.logs.values())
        return KvStats(documents, len(self._tables.rows), events, 0)

    async def ready(self) -> None:
        """Return while it is open; raise OSError afterwards."""
        if self._closed:
            raise OSError("the memory store is closed")

    async def close(self) -> None:
        """Finish what is being committed, then forget everything."""
        async with self._lock:
            self._closed = True
            self._tables = MemoryTables()

    async def _commit(self, changes: Changes) -> None:
        async with self._lock:
            await self._apply(changes)

    async def _apply(self, changes: Changes) -> None:
        """Check and write, under the lock; the blobs come first, since only they can fail."""
        await self.ready()
        check(self._tables, changes)
        check_unique(self._tables, changes.rows)
        for blob in changes.blobs:
            await asyncio.to_thread(blob.flush)
        apply(self._tables, changes)


class _Turn:
    """One exclusive transaction's hold on the store's lock; it ends by itself when time is up."""

    def __init__(self, store: MemoryStore, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._store = store
        self._loop = loop
        self._held = True
        self._timer = loop.call_later(seconds, self.release)

    async def commit(self, changes: Changes) -> None:
        """Apply without waiting; when the turn is over already, as an optimistic one."""
        if not self._held:
            await self._store._commit(changes)
            return
        self._timer.cancel()
        try:
            await self._store._apply(changes)
        finally:
            self.release()

    def release(self) -> None:
        """Let the others in; harmless when done twice."""
        if self._held:
            self._held = False
            self._timer.cancel()
            self._store._lock.release()

    def release_soon(self) -> None:
        """Release from wherever the garbage collector happens to run."""
        if self._held and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.release)
