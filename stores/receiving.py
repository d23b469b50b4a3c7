"""Receiving a blob in pieces, into memory first and then into a staged file."""

import asyncio
from concurrent.futures import Executor
from typing import Protocol

from stores.addressing import digest_of
from stores.interfaces import InlineBlobs, StagedBlob
from stores.staging import SYNC_EVERY, Spool

SPILL = 1024 * 1024
"""Received bytes are hashed and written in pieces of at least this size."""

IN_THREAD = 256 * 1024
"""From this size on a piece is hashed and written in a thread."""


class Taking(Protocol):
    """What a blob store is to those who receive for it."""

    def spool(self) -> Spool:
        """A new file in staging. Raises StorageFull."""
        ...

    def take(self, spool: Spool) -> None:
        """Make a staged file durable and part of the store; blocking. Raises StorageFull."""
        ...


class FileWriter:
    """Receives one blob; holds at most one piece of it in memory."""

    def __init__(
        self, store: Taking, threads: Executor, home: InlineBlobs | None, inline_limit: int
    ) -> None:
        self._store = store
        self._threads = threads
        self._home = home
        self._inline_limit = inline_limit
        self._waiting = bytearray()
        self._spool: Spool | None = None
        self._over = False

    async def write(self, chunk: bytes) -> None:
        """Take the next piece; RuntimeError when this is over. Raises StorageFull."""
        self._check_open()
        self._waiting += chunk
        if len(self._waiting) >= SPILL:
            await self._spill()

    async def finish(self) -> StagedBlob:
        """Say that all pieces came; RuntimeError when this is over. Raises StorageFull."""
        self._check_open()
        if self._spool is None and len(self._waiting) <= self._inline_limit:
            self._over = True
            return StagedInline(self._store, self._home, bytes(self._waiting))
        spool = await self._spill(unsynced=0)
        self._over = True
        return StagedFile(self._store, spool)

    def discard(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        if not self._over:
            self._over = True
            self._waiting = bytearray()
            if self._spool is not None:
                self._spool.remove()

    def _check_open(self) -> None:
        if self._over:
            raise RuntimeError("the blob's writer is over: it was finished or discarded")

    async def _spill(self, unsynced: int = SYNC_EVERY) -> Spool:
        """Move what waits into the file; of a large one so much at most is not on the disk yet.

        Who fails or is cancelled here leaves nothing behind.
        """
        piece, self._waiting = self._waiting, bytearray()
        try:
            spool = self._spool = self._spool or self._store.spool()
            is_large = spool.size + len(piece) > SYNC_EVERY
            if is_large or len(piece) >= IN_THREAD:
                most = unsynced if is_large else SYNC_EVERY
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._threads, _append, spool, piece, most)
            else:
                spool.append(piece)
        except BaseException:
            self.discard()
            raise
        return spool


def _append(spool: Spool, piece: bytes | bytearray, unsynced: int) -> None:
    spool.append(piece)
    spool.catch_up(unsynced)


class StagedFile:
    """A blob in a staged file."""

    inline: bytes | None = None
    home: InlineBlobs | None = None

    def __init__(self, store: Taking, spool: Spool) -> None:
        self._store = store
        self._spool = spool
        self.digest = spool.digest
        self.size = spool.size

    def flush(self) -> None:
        """Make it durable and part of the store, blocking. Raises StorageFull."""
        self._store.take(self._spool)

    def kept(self) -> None:
        """Nothing to do: it is never stored in a database."""

    def discard(self) -> None:
        """Leave nothing behind; harmless after `flush`."""
        self._spool.remove()


class StagedInline:
    """A blob that is small enough for a database; as a file only if none takes it."""

    def __init__(self, store: Taking, home: InlineBlobs | None, value: bytes) -> None:
        self._store = store
        self.inline: bytes | None = value
        self.home = home
        self.digest = digest_of(value)
        self.size = len(value)

    def flush(self) -> None:
        """Make it durable in a file, blocking. Raises StorageFull."""
        if self.inline is None:
            raise RuntimeError("the blob was discarded")
        spool = self._store.spool()
        try:
            spool.append(self.inline)
            self._store.take(spool)
        finally:
            spool.remove()

    def kept(self) -> None:
        """Nothing is left to do: the bytes are in the database."""

    def discard(self) -> None:
        """Forget the bytes."""
        self.inline = None
