"""The stores' contracts. Each sentence of a docstring here is a promise that a test in
`tests/stores/contract/` checks against every backend.

Stores know nothing of schemas, JSON, tenants, HTTP or versions: keys are text, values are bytes,
order is byte order.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from stores.blob_interfaces import (
    BlobHandle,
    BlobStore,
    BlobWriter,
    InlineBlobs,
    StagedBlob,
)
from stores.values import (
    BlobStats,
    Conflict,
    Event,
    IndexEntry,
    KvStats,
    LoggedEvent,
    Row,
    StorageFull,
    Stored,
    UniqueViolation,
)

__all__ = [
    "BlobHandle",
    "BlobStats",
    "BlobStore",
    "BlobWriter",
    "Cache",
    "Clock",
    "Conflict",
    "Event",
    "IndexEntry",
    "InlineBlobs",
    "KvStats",
    "KvStore",
    "LoggedEvent",
    "Reader",
    "Row",
    "StagedBlob",
    "StorageFull",
    "Stored",
    "Transaction",
    "UniqueViolation",
]


class Reader(Protocol):
    """What may be read, inside a transaction and outside of one."""

    async def get(self, collection: str, key: str) -> Stored | None:
        """Read one document; None when there is none."""
        ...

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
        """Read up to `limit` rows whose position starts with `prefix`, in byte order.

        `after` leaves out every row up to and including that position, whether or not a row
        stands there. `reverse` walks the same rows from the last to the first, and `after` then
        leaves out that position and everything above it.
        """
        ...


class Transaction(Reader, Protocol):
    """One atomic unit over documents, index rows, events and the blobs that join it.

    Reads see the transaction's own writes. Nothing that is written is visible to others before
    `commit` returns, nor ever when it does not. A transaction that is neither committed nor
    aborted changes nothing.
    """

    def put(self, collection: str, key: str, value: bytes) -> None:
        """Write a document, replacing what stands under that key."""
        ...

    def delete(self, collection: str, key: str) -> None:
        """Remove a document; nothing happens when there is none."""
        ...

    def upsert_row(
        self, index: str, identity: str, entries: Sequence[IndexEntry], value: bytes
    ) -> None:
        """Write the row of `identity`, replacing all places it held in that index before."""
        ...

    def delete_row(self, index: str, identity: str) -> None:
        """Remove the row of `identity` from every ordering; nothing happens when there is none."""
        ...

    def append(self, log: str, event: Event) -> None:
        """Append an event; it gets its sequence and hash at commit, in the order of appending."""
        ...

    def join_blob(self, blob: StagedBlob) -> None:
        """Make a staged blob durable with this transaction: no later than its commit."""
        ...

    async def commit(self) -> None:
        """Make it all durable at once, then return.

        The outcome equals some serial order of the committed transactions. Raises Conflict when
        something it read has changed since, UniqueViolation when another row holds a unique
        value, StorageFull when there is no room. After any of these nothing was written.
        """
        ...

    def abort(self) -> None:
        """Forget everything; harmless after a commit or another abort."""
        ...


@runtime_checkable
class KvStore(Reader, Protocol):
    """Documents, index rows and events in one place, so that one transaction covers them.

    Reads outside a transaction see what was committed last.
    """

    def begin(self) -> Transaction:
        """Start an optimistic transaction: it takes no lock until it commits."""
        ...

    async def begin_exclusive(self) -> Transaction:
        """Start a transaction that no other can come before: its commit never raises Conflict.

        It keeps other writers out until it is committed or aborted, in every process, so it is
        for the re-run of a short segment that has lost too often, never for one that waits on a
        peer. Raises Conflict when it cannot get its turn within some seconds.
        """
        ...

    async def events(
        self, log: str, *, after: int, limit: int, max_bytes: int
    ) -> Sequence[LoggedEvent]:
        """Read events with a sequence above `after`, in order.

        At most `limit`, and at most `max_bytes` of payload, but at least one if there is one.
        """
        ...

    async def keys(
        self, collection: str, *, prefix: str = "", after: str | None = None, limit: int
    ) -> Sequence[str]:
        """List document keys in order, those above `after` only."""
        ...

    async def stats(self) -> KvStats:
        """Count what is stored."""
        ...

    async def ready(self) -> None:
        """Return when the store can serve; raise OSError with the reason when it cannot."""
        ...

    async def close(self) -> None:
        """Finish what is being committed, then let go of everything."""
        ...


@runtime_checkable
class Cache(Protocol):
    """Values that may vanish at any time; a wrong or lost one never changes an answer's truth."""

    async def get(self, kind: str, key: str) -> object | None:
        """The value put under (kind, key), if it is still there and its time has not run out."""
        ...

    async def put(
        self, kind: str, key: str, value: object, *, ttl_seconds: float, size: int
    ) -> None:
        """Keep a value for `ttl_seconds`; `size` in bytes counts against the cache's bound.

        A value larger than the cache's bound per entry is not kept. Least recently used values
        make room.
        """
        ...

    async def clear(self) -> None:
        """Forget everything."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


Clock = Callable[[], float]
"""Seconds since the epoch, UTC."""
