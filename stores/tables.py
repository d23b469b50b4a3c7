"""What a transaction is made of, and how it is validated and applied: once, for every kv store.

A backend offers `Tables`; `check` and `apply` run on them under the backend's own lock. So the
memory and the SQLite store cannot differ in what a transaction means.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from stores.events import chain
from stores.interfaces import (
    Conflict,
    Event,
    IndexEntry,
    LoggedEvent,
    StagedBlob,
    Stored,
    UniqueViolation,
)


class Query(NamedTuple):
    """One scan of an ordering: positions from `low` up to, but not including, `high`."""

    index_name: str
    ordering: str
    low: bytes
    high: bytes | None
    limit: int
    reverse: bool


class Found(NamedTuple):
    """A row as a scan finds it; `revision` rises with every write of the row."""

    identity: str
    position: bytes
    value: bytes
    revision: int


class NewRow(NamedTuple):
    """A row that is to be written."""

    entries: tuple[IndexEntry, ...]
    value: bytes


class Scanned(NamedTuple):
    """What a scan saw; it must see the same at commit."""

    query: Query
    rows: tuple[tuple[str, bytes, int], ...]


@dataclass(slots=True)
class Changes:
    """What a transaction read, and what it is going to write. None removes.

    `documents` and `rows` have the keys (collection, key) and (index, identity).
    """

    seen: dict[tuple[str, str], Stored | None] = field(default_factory=dict)
    scans: list[Scanned] = field(default_factory=list)
    documents: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    rows: dict[tuple[str, str], NewRow | None] = field(default_factory=dict)
    events: list[tuple[str, Event]] = field(default_factory=list)
    blobs: list[StagedBlob] = field(default_factory=list)

    def writes(self) -> bool:
        """Whether there is anything to make durable."""
        return bool(self.documents or self.rows or self.events or self.blobs)


class ReadTables(Protocol):
    """What can be read at one instant."""

    def document(self, collection: str, key: str) -> Stored | None:
        """One document."""
        ...

    def find(self, query: Query) -> Sequence[Found]:
        """The rows of a query, by position and then identity; all of it backwards in reverse."""
        ...


class Tables(ReadTables, Protocol):
    """What can be read and written under the store's lock."""

    def next_revision(self) -> int:
        """A number that was never given out before; the same for one transaction's writes."""
        ...

    def holders(self, index: str, ordering: str, unique: bytes) -> Sequence[str]:
        """The identities of the rows that hold a unique value."""
        ...

    def write_document(self, collection: str, key: str, value: bytes, revision: int) -> None:
        """Write or replace a document."""
        ...

    def remove_document(self, collection: str, key: str) -> None:
        """Remove a document, if it is there."""
        ...

    def write_row(self, index: str, identity: str, row: NewRow, revision: int) -> None:
        """Write a row in place of all that its identity held in the index."""
        ...

    def remove_row(self, index: str, identity: str) -> None:
        """Remove a row, if it is there."""
        ...

    def head(self, log: str) -> tuple[int, str]:
        """The last event's sequence and hash; (0, 64 zeros) for an empty log."""
        ...

    def add_event(self, log: str, logged: LoggedEvent) -> None:
        """Write an event that follows on the head."""
        ...


def bounded(limit: int) -> int:
    """The limit itself; ValueError when it is negative."""
    if limit < 0:
        raise ValueError(f"limit is {limit}; it must not be negative")
    return limit


def query(
    index: str, ordering: str, prefix: bytes, after: bytes | None, *, limit: int, reverse: bool
) -> Query:
    """The query of a scan's arguments, as `Reader.scan` describes them.

    Raises ValueError for a negative limit.
    """
    low, high = prefix, _successor(prefix)
    if after is not None and reverse:
        high = after if high is None else min(high, after)
    elif after is not None:
        low = max(low, after + b"\x00")
    return Query(index, ordering, low, high, bounded(limit), reverse)


def check(tables: ReadTables, changes: Changes) -> None:
    """Raise Conflict when anything that was read is not as it was."""
    for (collection, key), seen in changes.seen.items():
        now = tables.document(collection, key)
        if (now and now.revision) != (seen and seen.revision):
            raise Conflict(f"{collection} {key} was changed meanwhile")
    for query, rows in changes.scans:
        if tuple((row.identity, row.position, row.revision) for row in tables.find(query)) != rows:
            raise Conflict(f"rows of {query.index_name}.{query.ordering} were changed meanwhile")


def check_unique(tables: Tables, rows: dict[tuple[str, str], NewRow | None]) -> None:
    """Raise UniqueViolation when, after all of `rows` is written, two rows hold the same."""
    claimed: dict[tuple[str, str, bytes], str] = {}
    for (index, identity), row in rows.items():
        for name, _, unique in row.entries if row else ():
            if unique is None:
                continue
            if claimed.setdefault((index, name, unique), identity) != identity:
                raise UniqueViolation(index, name, claimed[index, name, unique])
            for holder in tables.holders(index, name, unique):
                if holder != identity and (index, holder) not in rows:
                    raise UniqueViolation(index, name, holder)


def apply(tables: Tables, changes: Changes) -> None:
    """Write what a checked transaction has to write; its blobs are the backend's part."""
    if changes.documents or changes.rows:
        revision = tables.next_revision()
    for (collection, key), value in changes.documents.items():
        if value is None:
            tables.remove_document(collection, key)
        else:
            tables.write_document(collection, key, value, revision)
    for (index, identity), row in changes.rows.items():
        if row is None:
            tables.remove_row(index, identity)
        else:
            tables.write_row(index, identity, row, revision)
    for log, event in changes.events:
        sequence, previous = tables.head(log)
        hash_ = chain(previous, sequence + 1, event)
        tables.add_event(log, LoggedEvent(sequence + 1, event, previous, hash_))


def _successor(prefix: bytes) -> bytes | None:
    """The first position after all that start with `prefix`; None when there is none."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None
