"""Blobs as files in a folder, and the small ones beside the documents.

Below the root:
    blobs/ab/cd/abcd…             a blob, by its digest (the addressing's template)
    staging/<process>/<number>    bytes that are being received
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from stores.addressing import STAGING, Addressing, is_digest
from stores.folders import full_or_same, make_folder, sync_folder
from stores.handles import BytesHandle, FileHandle
from stores.interfaces import BlobHandle, BlobStats, BlobWriter, Clock, InlineBlobs, StagedBlob
from stores.receiving import FileWriter
from stores.staging import Spool, StagingFolder

INLINE_LIMIT = 64 * 1024
"""Blobs up to this size live in the database, where there is one."""

_WALKED_AT_ONCE = 1000

T = TypeVar("T")


class FilesystemBlobs:
    """A blob store; opening it removes what dead processes left in staging.

    With `inline`, blobs of up to `inline_limit` bytes live there and never touch a file.
    """

    def __init__(
        self,
        root: Path,
        addressing: Addressing,
        *,
        inline: InlineBlobs | None = None,
        inline_limit: int = INLINE_LIMIT,
        clock: Clock = time.time,
    ) -> None:
        self._root = root
        self._addressing = addressing
        self._inline = inline
        self._inline_limit = inline_limit if inline is not None else -1
        self._clock = clock
        self._staging = StagingFolder(root)
        self._threads = ThreadPoolExecutor(4, "larder-blobs")
        self._settled: set[Path] = set()

    def writer(self) -> BlobWriter:
        """Start to receive a blob."""
        return FileWriter(self, self._threads, self._inline, self._inline_limit)

    async def keep(self, blob: StagedBlob) -> None:
        """Make a staged blob durable on its own."""
        if blob.inline is not None and blob.home is not None:
            await blob.home.inline_put(blob.digest, blob.inline)
            blob.kept()
        else:
            await self._in_thread(blob.flush)

    async def open(self, digest: str) -> BlobHandle | None:
        """A handle on the bytes."""
        if not is_digest(digest):
            return None
        found = self._inline.inline_get(digest) if self._inline is not None else None
        if found is not None:
            return BytesHandle(digest, *found)
        try:
            return FileHandle(digest, self._path(digest))
        except FileNotFoundError:
            return None

    async def delete(self, digest: str) -> bool:
        """Remove a blob from wherever it is."""
        if not is_digest(digest):
            return False
        was_inline = self._inline is not None and await self._inline.inline_delete(digest)
        try:
            self._path(digest).unlink()
        except FileNotFoundError:
            return was_inline
        return True

    async def digests(self) -> AsyncIterator[str]:
        """Every digest that is stored, each once."""
        inline = frozenset(self._inline.inline_digests() if self._inline is not None else ())
        for digest in inline:
            yield digest
        walk = self._walk(self._root)
        while found := await self._in_thread(lambda: list(islice(walk, _WALKED_AT_ONCE))):
            for digest, _ in found:
                if digest not in inline:
                    yield digest

    async def stats(self) -> BlobStats:
        """Count what is stored."""

        def count() -> BlobStats:
            blobs = size = 0
            for _, path in self._walk(self._root):
                try:
                    size += path.stat().st_size
                except FileNotFoundError:
                    continue  # Deleted since the walk saw it.
                blobs += 1
            return BlobStats(blobs, size)

        files = await self._in_thread(count)
        if self._inline is None:
            return files
        inline = self._inline.inline_stats()
        return BlobStats(files.blobs + inline.blobs, files.bytes + inline.bytes)

    async def ready(self) -> None:
        """Return when a file can be written; raise OSError with the reason when not."""

        def probe() -> None:
            file = self._staging.path / "probe"
            try:
                file.write_bytes(b"ready?")
            finally:
                file.unlink(missing_ok=True)

        await self._in_thread(probe)

    async def close(self) -> None:
        """Wait for what is being written, then remove the staging folder."""
        await asyncio.to_thread(self._threads.shutdown)
        self._staging.remove()

    def spool(self) -> Spool:
        """A new file in staging. Raises StorageFull."""
        return self._staging.spool()

    def take(self, spool: Spool) -> None:
        """Make a staged file durable and part of the store; blocking. Raises StorageFull."""
        final = self._path(spool.digest)
        try:
            self._settle(final.parent)
            if self._renew(final, spool.size):
                spool.remove()
            else:
                spool.publish(final, self._clock())
            # Also for a file that was there: who put it there may not have come to this yet.
            sync_folder(final.parent)
        except OSError as error:
            raise full_or_same(error) from error

    def _settle(self, folder: Path) -> None:
        """Make a folder, and every entry on the way to it, durable; once in this store's life."""
        if folder not in self._settled:
            make_folder(folder, below=self._root)
            self._settled.add(folder)

    def _renew(self, final: Path, size: int) -> bool:
        """Whether the blob is there already; if so, it counts as stored now."""
        try:
            if final.stat().st_size != size:
                return False
            now = self._clock()
            os.utime(final, (now, now))
        except FileNotFoundError:
            return False
        return True

    def _path(self, digest: str) -> Path:
        return self._root / self._addressing.path(digest)

    def _walk(self, folder: Path, above: str = "") -> Iterator[tuple[str, Path]]:
        """Every blob's digest and file, one folder at a time."""
        with os.scandir(folder) as entries:
            for entry in entries:
                name = above + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if name != STAGING:
                        yield from self._walk(folder / entry.name, name + "/")
                elif digest := self._addressing.digest(name):
                    yield digest, folder / entry.name

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
