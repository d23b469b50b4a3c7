"""A store's tables in SQLite: every statement of it stands here."""

from collections.abc import Sequence
from typing import Any

import apsw

from stores.events import GENESIS
from stores.interfaces import BlobStats, Event, KvStats, LoggedEvent, Stored
from stores.sqlite_file import meaning
from stores.tables import Found, NewRow, Query, bounded

_DOCUMENT = "SELECT value, revision FROM document WHERE collection = ? AND key = ?"
_ROWS = """SELECT identity, position, value, revision FROM place
 WHERE index_name = ? AND ordering = ? AND position >= ?"""
_FORWARD = " ORDER BY position, identity LIMIT ?"
_BACKWARD = " ORDER BY position DESC, identity DESC LIMIT ?"
_SCANS = {
    (bounded, reverse): _ROWS
    + (" AND position < ?" if bounded else "")
    + (_BACKWARD if reverse else _FORWARD)
    for bounded in (False, True)
    for reverse in (False, True)
}
_HEAD = "SELECT sequence, hash FROM event WHERE log = ? ORDER BY sequence DESC LIMIT 1"
_EVENTS = """SELECT sequence, event_id, tenant, type, at, payload, previous, hash FROM event
 WHERE log = ? AND sequence > ? ORDER BY sequence LIMIT ?"""
_KEYS = "SELECT key FROM document WHERE collection = ? AND key >= ? ORDER BY key LIMIT ?"
# Left to itself, SQLite walks the whole index_name here.
_HOLDERS = """SELECT identity FROM place INDEXED BY place_of_unique
 WHERE index_name = ? AND ordering = ? AND unique_value = ?"""
_HAS_ROW = """SELECT 1 FROM place INDEXED BY place_of_identity
 WHERE index_name = ? AND identity = ? LIMIT 1"""
_REMOVE_ROW = """DELETE FROM place INDEXED BY place_of_identity
 WHERE index_name = ? AND identity = ?"""
_COUNTS = """SELECT (SELECT count(*) FROM document),
 (SELECT count(*) FROM (SELECT DISTINCT index_name, identity FROM place)),
 (SELECT count(*) FROM event)"""


class SqliteReads:
    """What can be read through one connection."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db

    def document(self, collection: str, key: str) -> Stored | None:
        """One document."""
        rows = self._rows(_DOCUMENT, (collection, key))
        return Stored(*rows[0]) if rows else None

    def find(self, query: Query) -> Sequence[Found]:
        """The rows of a query."""
        bounds = (query.low,) if query.high is None else (query.low, query.high)
        rows = self._rows(
            _SCANS[query.high is not None, query.reverse],
            (query.index_name, query.ordering, *bounds, query.limit),
        )
        return [Found(*row) for row in rows]

    def has_row(self, index: str, identity: str) -> bool:
        """Whether an index has a row of that identity."""
        return bool(self._rows(_HAS_ROW, (index, identity)))

    def events(self, log: str, after: int, limit: int, max_bytes: int) -> list[LoggedEvent]:
        """Events above `after`, at least one if there is one."""
        taken: list[LoggedEvent] = []
        rows = self.db.cursor()
        try:
            rows.execute(_EVENTS, (log, after, bounded(limit)))
            for sequence, event_id, tenant, type_, at, payload, previous, hash_ in rows:
                max_bytes -= len(payload)
                if taken and max_bytes < 0:
                    break
                event = Event(event_id, tenant, type_, at, payload)
                taken.append(LoggedEvent(sequence, event, previous, hash_))
        except apsw.Error as error:
            raise meaning(error, self.db) from error
        finally:
            # A statement that is left open keeps the connection looking at the past.
            rows.close(True)
        return taken

    def keys(self, collection: str, prefix: str, after: str | None, limit: int) -> list[str]:
        """Document keys in order."""
        low = prefix if after is None else max(prefix, after + "\x00")
        rows = self._rows(_KEYS, (collection, low, bounded(limit)))
        return [key for (key,) in rows if key.startswith(prefix)]

    def stats(self) -> KvStats:
        """Count; this reads whole tables."""
        documents, rows, events = self._rows(_COUNTS)[0]
        size = int(self.db.pragma("page_count")) * int(self.db.pragma("page_size"))
        return KvStats(documents, rows, events, size)

    def inline(self, digest: str) -> tuple[bytes, float] | None:
        """A small blob and the time it was stored."""
        rows = self._rows("SELECT value, stored_at FROM inline_blob WHERE digest = ?", (digest,))
        return (rows[0][0], rows[0][1]) if rows else None

    def inline_digests(self) -> list[str]:
        """The digests of all small blobs."""
        return [digest for (digest,) in self._rows("SELECT digest FROM inline_blob")]

    def inline_stats(self) -> BlobStats:
        """Count the small blobs."""
        sizes = "SELECT count(*), coalesce(sum(length(value)), 0) FROM inline_blob"
        return BlobStats(*self._rows(sizes)[0])

    def _rows(self, sql: str, bindings: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows at once: a statement that is left open keeps looking at the past."""
        try:
            return self.db.execute(sql, bindings).fetchall()
        except apsw.Error as error:
            raise meaning(error, self.db) from error


class SqliteTables(SqliteReads):
    """What can be read and written through the writer's connection, between begin and end."""

    def __init__(self, db: apsw.Connection) -> None:
        super().__init__(db)
        self._revision = self._stored_revision = 0

    def begin(self) -> None:
        """Take the lock that keeps all other writers out."""
        self.db.execute("BEGIN IMMEDIATE")
        self._revision = self._stored_revision = int(
            self.db.execute("SELECT last FROM revision").get
        )

    def end(self) -> None:
        """Make everything since `begin` durable, with one flush."""
        if self._revision != self._stored_revision:
            self.db.execute("UPDATE revision SET last = ?", (self._revision,))
        self.db.execute("COMMIT")

    def next_revision(self) -> int:
        """A number that was never given out before, by any process."""
        self._revision += 1
        return self._revision

    def holders(self, index: str, ordering: str, unique: bytes) -> Sequence[str]:
        """The identities of the rows that hold a unique value, in order."""
        rows = self._rows(_HOLDERS, (index, ordering, unique))
        return sorted(identity for (identity,) in rows)

    def write_document(self, collection: str, key: str, value: bytes, revision: int) -> None:
        """Write or replace a document."""
        self.db.execute(
            "INSERT OR REPLACE INTO document (collection, key, revision, value)"
            " VALUES (?, ?, ?, ?)",
            (collection, key, revision, value),
        )

    def remove_document(self, collection: str, key: str) -> None:
        """Remove a document, if it is there."""
        self.db.execute("DELETE FROM document WHERE collection = ? AND key = ?", (collection, key))

    def write_row(self, index: str, identity: str, row: NewRow, revision: int) -> None:
        """Write a row in place of all that its identity held in the index."""
        self.remove_row(index, identity)
        for name, position, unique in row.entries:
            self.db.execute(
                "INSERT INTO place (index_name, ordering, position, identity, unique_value,"
                " revision, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (index, name, position, identity, unique, revision, row.value),
            )

    def remove_row(self, index: str, identity: str) -> None:
        """Remove a row, if it is there."""
        self.db.execute(_REMOVE_ROW, (index, identity))

    def head(self, log: str) -> tuple[int, str]:
        """The last event's sequence and hash."""
        rows = self._rows(_HEAD, (log,))
        return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)

    def add_event(self, log: str, logged: LoggedEvent) -> None:
        """Write an event that follows on the head."""
        self.db.execute(
            "INSERT INTO event (log, sequence, event_id, tenant, type, at, payload, previous, hash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (log, logged.sequence, *logged.event, logged.previous, logged.hash),
        )

    def write_inline(self, digest: str, value: bytes, stored_at: float) -> None:
        """Store a small blob; one that is there already is only stored anew in time."""
        self.db.execute(
            "INSERT INTO inline_blob (digest, stored_at, value) VALUES (?, ?, ?)"
            " ON CONFLICT (digest) DO UPDATE SET stored_at = excluded.stored_at",
            (digest, stored_at, value),
        )

    def remove_inline(self, digest: str) -> bool:
        """Remove a small blob; False when there was none."""
        self.db.execute("DELETE FROM inline_blob WHERE digest = ?", (digest,))
        return bool(self.db.changes())
