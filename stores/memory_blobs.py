"""A blob store in memory, for tests and for trying things out."""

import time
from collections.abc import AsyncIterator

from stores.addressing import digest_of
from stores.handles import BytesHandle
from stores.interfaces import BlobHandle, BlobStats, BlobWriter, Clock, InlineBlobs, StagedBlob


class MemoryBlobs:
    """Bytes of one process; forgotten when it is closed."""

    def __init__(self, *, clock: Clock = time.time) -> None:
        self._blobs: dict[str, tuple[bytes, float]] = {}
        self._clock = clock
        self._closed = False

    def writer(self) -> BlobWriter:
        """Start to receive a blob."""
        return MemoryWriter(self)

    async def keep(self, blob: StagedBlob) -> None:
        """Make a staged blob part of the store."""
        blob.flush()

    async def open(self, digest: str) -> BlobHandle | None:
        """A handle on the bytes."""
        found = self._blobs.get(digest)
        return None if found is None else BytesHandle(digest, *found)

    async def delete(self, digest: str) -> bool:
        """Remove a blob."""
        return self._blobs.pop(digest, None) is not None

    async def digests(self) -> AsyncIterator[str]:
        """Every digest that is stored."""
        for digest in list(self._blobs):
            yield digest

    async def stats(self) -> BlobStats:
        """Count what is stored."""
        return BlobStats(len(self._blobs), sum(len(value) for value, _ in self._blobs.values()))

    async def ready(self) -> None:
        """Return while it is open; raise OSError afterwards."""
        if self._closed:
            raise OSError("the memory blob store is closed")

    async def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._blobs = {}

    def take(self, digest: str, value: bytes) -> None:
        """Store bytes under their digest; what is there already counts as stored now."""
        self._blobs[digest] = value, self._clock()


class MemoryWriter:
    """Receives one blob; unlike other stores' writers, in as much memory as it has bytes."""

    def __init__(self, store: MemoryBlobs) -> None:
        self._store = store
        self._received: bytearray | None = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Take the next piece; RuntimeError when this is over."""
        self._open().extend(chunk)

    async def finish(self) -> StagedBlob:
        """Say that all pieces came; RuntimeError when this is over."""
        value = bytes(self._open())
        self._received = None
        return StagedMemory(self._store, value)

    def discard(self) -> None:
        """Forget what was received."""
        self._received = None

    def _open(self) -> bytearray:
        if self._received is None:
            raise RuntimeError("the blob's writer is over: it was finished or discarded")
        return self._received


class StagedMemory:
    """A blob that was received."""

    inline: bytes | None = None
    home: InlineBlobs | None = None

    def __init__(self, store: MemoryBlobs, value: bytes) -> None:
        self._store = store
        self._value: bytes | None = value
        self.digest = digest_of(value)
        self.size = len(value)

    def flush(self) -> None:
        """Make it part of the store."""
        if self._value is None:
            raise RuntimeError("the blob was discarded")
        self._store.take(self.digest, self._value)

    def kept(self) -> None:
        """Nothing to do: it is never stored in a database."""

    def discard(self) -> None:
        """Forget the bytes."""
        self._value = None
