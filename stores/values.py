"""What goes into the stores and comes out, and how they say no."""

from typing import NamedTuple


class Stored(NamedTuple):
    """One document as it is stored: its bytes, and a revision that every write of it raises."""

    value: bytes
    revision: int


class IndexEntry(NamedTuple):
    """One row's place in one ordering of an index.

    `name` names the ordering. `position` is where the row stands, compared as bytes.
    `unique` is None, or the bytes that no other row of this ordering may hold.
    """

    name: str
    position: bytes
    unique: bytes | None = None


class Row(NamedTuple):
    """One row that a scan found: its identity, its place in the ordering scanned, its value."""

    identity: str
    position: bytes
    value: bytes


class Event(NamedTuple):
    """An event on its way into the log. `payload` is canonical JSON (stores/events.py)."""

    event_id: str
    tenant: str | None
    type: str
    at: str
    payload: bytes


class LoggedEvent(NamedTuple):
    """An event in the log: numbered from 1 without gaps, and chained by hash.

    `previous` is the predecessor's `hash` (64 zeros for the first); `hash` is computed by
    `stores.events.chain`.
    """

    sequence: int
    event: Event
    previous: str
    hash: str


class Conflict(Exception):
    """What a transaction read was changed by another before it committed; run it again."""


class UniqueViolation(Exception):
    """Another row holds the unique values of (index, ordering); `identity` names its holder."""

    def __init__(self, index: str, ordering: str, identity: str) -> None:
        super().__init__(f"{index}.{ordering} is held by {identity}")
        self.index = index
        self.ordering = ordering
        self.identity = identity


class StorageFull(Exception):
    """The storage has no room left; nothing was written."""


class KvStats(NamedTuple):
    """Sizes of a store: counts of documents, rows and events; bytes on disk (0 in memory)."""

    documents: int
    rows: int
    events: int
    bytes: int


class BlobStats(NamedTuple):
    """Sizes of a blob store."""

    blobs: int
    bytes: int
