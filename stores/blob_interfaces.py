"""The contracts of stores of bytes; see stores/interfaces.py for what a contract is."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from stores.values import BlobStats


@runtime_checkable
class BlobHandle(Protocol):
    """A reference to stored bytes, never the bytes; it stays readable when the blob is deleted."""

    @property
    def digest(self) -> str:
        """`sha256:<64 hex>` of the bytes."""
        ...

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    @property
    def modified_at(self) -> float:
        """When the bytes were stored, seconds since the epoch, UTC."""
        ...

    def read(self, start: int, stop: int) -> bytes | memoryview:
        """The bytes from `start` up to `stop`, at once; ask for at most 1 MiB."""
        ...

    def close(self) -> None:
        """Let go of the file behind it; harmless when done twice."""
        ...


class StagedBlob(Protocol):
    """Bytes that were received and hashed, but are not part of the store yet."""

    @property
    def digest(self) -> str:
        """`sha256:<64 hex>` of the bytes received."""
        ...

    @property
    def size(self) -> int:
        """How many bytes were received."""
        ...

    @property
    def inline(self) -> bytes | None:
        """The bytes themselves when they are few enough to live in a database, else None."""
        ...

    @property
    def home(self) -> "InlineBlobs | None":
        """The database whose own transactions may store `inline`; all others call `flush`."""
        ...

    def flush(self) -> None:
        """Make the bytes durable and part of the store, blocking; the same bytes twice are one.

        After it returns they survive the power going off. Called off the event loop, at most once.
        Raises StorageFull.
        """
        ...

    def kept(self) -> None:
        """Called instead of `flush` when `home` has stored `inline` itself, after its commit."""
        ...

    def discard(self) -> None:
        """Leave nothing behind; harmless after `flush` or `kept`."""
        ...


class BlobWriter(Protocol):
    """Receives one blob in pieces; memory use does not grow with its size."""

    async def write(self, chunk: bytes) -> None:
        """Take the next piece. Raises StorageFull."""
        ...

    async def finish(self) -> StagedBlob:
        """Say that all pieces came."""
        ...

    def discard(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        ...


@runtime_checkable
class BlobStore(Protocol):
    """Bytes by their digest; the same bytes twice are one blob."""

    def writer(self) -> BlobWriter:
        """Start to receive a blob."""
        ...

    async def keep(self, blob: StagedBlob) -> None:
        """Make a staged blob durable on its own, outside any transaction, before returning."""
        ...

    async def open(self, digest: str) -> BlobHandle | None:
        """A handle on the bytes with that digest; None when there are none."""
        ...

    async def delete(self, digest: str) -> bool:
        """Remove a blob; False when there was none."""
        ...

    def digests(self) -> AsyncIterator[str]:
        """Every digest that is stored, in no promised order."""
        ...

    async def stats(self) -> BlobStats:
        """Count what is stored."""
        ...

    async def ready(self) -> None:
        """Return when the store can serve; raise OSError with the reason when it cannot."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class InlineBlobs(Protocol):
    """What a kv store offers to a blob store: a place for small blobs beside the documents."""

    def inline_get(self, digest: str) -> tuple[bytes, float] | None:
        """The bytes and the time they were stored (seconds since the epoch); None if absent."""
        ...

    async def inline_put(self, digest: str, value: bytes) -> None:
        """Store the bytes durably in a transaction of their own. Raises StorageFull."""
        ...

    async def inline_delete(self, digest: str) -> bool:
        """Remove the bytes; False when there were none."""
        ...

    def inline_digests(self) -> Sequence[str]:
        """Every digest that is stored inline."""
        ...

    def inline_stats(self) -> BlobStats:
        """Count what is stored inline."""
        ...
