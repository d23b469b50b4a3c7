"""Documents, index rows, events and small blobs in one SQLite file.

Reads run on the event loop's thread and never suspend. Writes are buffered, and committed for many
requests at once (stores/sqlite_writer.py). Any number of processes may share the
file.
"""

import asyncio
import time
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from stores.interfaces import (
    BlobStats,
    Clock,
    Conflict,
    KvStats,
    LoggedEvent,
    Row,
    StagedBlob,
    Stored,
    Transaction,
)
from stores.sqlite_file import connect, create_file
from stores.sqlite_jobs import Job, Turn
from stores.sqlite_tables import SqliteReads, SqliteTables
from stores.sqlite_writer import Writer
from stores.tables import Changes, apply, check, check_unique, query
from stores.transaction import BufferedTransaction

FILE_NAME = "store.sqlite3"


class SqliteStore:
    """A kv store, and a place for small blobs; opening it raises OSError when it cannot be used.

    `turn_seconds` is how long an exclusive transaction may keep the others out before it is only
    an optimistic one; `begin_exclusive` waits twice as long for its turn. `max_bytes` bounds the
    file, and StorageFull is raised there. Use one from one event loop's thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock = time.time,
        turn_seconds: float = 5.0,
        max_bytes: int | None = None,
    ) -> None:
        create_file(path)
        self._path = path
        self._clock = clock
        self._turn_seconds = turn_seconds
        self._reads = SqliteReads(connect(path, read_only=True))
        db = connect(path)
        if max_bytes is not None:
            db.pragma("max_page_count", max(1, max_bytes // int(db.pragma("page_size"))))
        self._writer = Writer(db, turn_seconds=turn_seconds)

    async def get(self, collection: str, key: str) -> Stored | None:
        """Read one document."""
        return self._reads.document(collection, key)

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
        wanted = query(index, ordering, prefix, after, limit=limit, reverse=reverse)
        return [Row(*row[:3]) for row in self._reads.find(wanted)]

    def begin(self) -> Transaction:
        """Start an optimistic transaction."""
        return BufferedTransaction(self._reads, self._commit)

    async def begin_exclusive(self) -> Transaction:
        """Start a transaction that keeps all other writers out, in every process."""
        turn = Turn()
        self._writer.submit(turn)
        try:
            async with asyncio.timeout(2 * self._turn_seconds):
                await turn.granted
        except BaseException as error:
            self._writer.end(turn, None)
            if isinstance(error, TimeoutError):
                raise Conflict("no turn to write alone came in time") from error
            raise
        transaction = BufferedTransaction(
            self._reads,
            partial(self._commit_turn, turn),
            partial(self._writer.end, turn, None),
        )
        # Who forgets the transaction, or was cancelled with it, must not keep the others out.
        weakref.finalize(transaction, self._writer.end_soon, turn).atexit = False
        return transaction

    async def events(
        self, log: str, *, after: int, limit: int, max_bytes: int
    ) -> Sequence[LoggedEvent]:
        """Read events."""
        return self._reads.events(log, after, limit, max_bytes)

    async def keys(
        self, collection: str, *, prefix: str = "", after: str | None = None, limit: int
    ) -> Sequence[str]:
        """List document keys."""
        return self._reads.keys(collection, prefix, after, limit)

    async def stats(self) -> KvStats:
        """Count what is stored; it reads whole tables, so it has a thread to itself."""

        def count() -> KvStats:
            db = connect(self._path, read_only=True)
            try:
                return SqliteReads(db).stats()
            finally:
                db.close()

        return await asyncio.to_thread(count)

    async def ready(self) -> None:
        """Return when a read and an empty commit come through; raise OSError if not."""
        try:
            await self.keys("", limit=1)
            await self._run(lambda _tables: None)
        except Conflict as error:
            raise OSError(f"the database is not to be had: {error}") from error
        if self._writer.trouble is not None:
            raise OSError(f"the log cannot be checkpointed: {self._writer.trouble}")

    async def close(self) -> None:
        """Finish what is queued, then close the file."""
        await self._writer.close()
        self._reads.db.close()

    def inline_get(self, digest: str) -> tuple[bytes, float] | None:
        """The bytes and the time they were stored."""
        return self._reads.inline(digest)

    async def inline_put(self, digest: str, value: bytes) -> None:
        """Store the bytes durably."""
        now = self._clock()
        await self._run(lambda tables: tables.write_inline(digest, value, now))

    async def inline_delete(self, digest: str) -> bool:
        """Remove the bytes."""
        return bool(await self._run(lambda tables: tables.remove_inline(digest)))

    def inline_digests(self) -> Sequence[str]:
        """Every digest that is stored inline."""
        return self._reads.inline_digests()

    def inline_stats(self) -> BlobStats:
        """Count what is stored inline."""
        return self._reads.inline_stats()

    async def _run(self, work: Callable[[SqliteTables], object]) -> object:
        job = Job(work)
        self._writer.submit(job)
        return await job.done()

    async def _commit(self, changes: Changes) -> None:
        if changes.writes():
            job = self._job(changes)
            self._writer.submit(job)
            await job.done()
        elif len(changes.seen) + len(changes.scans) > 1:
            # Reading alone needs no lock, only one instant at which all of it was true.
            with self._reads.db:
                check(self._reads, changes)

    async def _commit_turn(self, turn: Turn, changes: Changes) -> None:
        job = self._job(changes) if changes.writes() else None
        if not self._writer.end(turn, job):
            await self._commit(changes)
        elif job is not None:
            await job.done()

    def _job(self, changes: Changes) -> Job:
        """The changes as work: files are flushed last, so that none is in vain."""
        inline: list[tuple[StagedBlob, bytes]] = []
        files: list[StagedBlob] = []
        for blob in changes.blobs:
            # Read now: the blob may be discarded before its turn comes.
            value = blob.inline
            if value is not None and blob.home is self:
                inline.append((blob, value))
            else:
                files.append(blob)
        now = self._clock()

        def work(tables: SqliteTables) -> None:
            check(tables, changes)
            check_unique(tables, changes.rows)
            apply(tables, changes)
            for blob, value in inline:
                tables.write_inline(blob.digest, value, now)

        def kept() -> None:
            for blob, _ in inline:
                blob.kept()

        return Job(work, files=files, kept=kept)
