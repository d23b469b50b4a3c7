"""The one table of backends: which kinds a schema may name, and how each is opened."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from stores.addressing import Addressing
from stores.cache import LocalCache
from stores.filesystem import INLINE_LIMIT, FilesystemBlobs
from stores.interfaces import BlobStore, Cache, Clock, InlineBlobs, KvStore
from stores.memory import MemoryStore
from stores.memory_blobs import MemoryBlobs
from stores.sqlite import FILE_NAME, SqliteStore

T = TypeVar("T")


def open_kv(kind: str, root: Path, *, clock: Clock = time.time) -> KvStore:
    """Open a store for documents, rows and events; `root` is the folder it lives in.

    Raises ValueError for a kind that is not in the table, OSError when it cannot be opened.
    """
    return _entry(KV_KINDS, "kv store", kind)(root, clock)


def open_blobs(
    kind: str,
    root: Path,
    addressing: Addressing,
    *,
    inline: InlineBlobs | None = None,
    inline_limit: int = INLINE_LIMIT,
    clock: Clock = time.time,
) -> BlobStore:
    """Open a blob store; with `inline`, blobs of up to `inline_limit` bytes live there.

    Raises ValueError for a kind that is not in the table, OSError when it cannot be opened.
    """
    return _entry(BLOB_KINDS, "blob store", kind)(root, addressing, inline, inline_limit, clock)


def open_cache(
    kind: str,
    *,
    max_bytes: int,
    max_entry_bytes: int,
    clock: Callable[[], float] = time.monotonic,
) -> Cache:
    """Open a cache; ValueError for a kind that is not in the table."""
    return _entry(CACHE_KINDS, "cache", kind)(max_bytes, max_entry_bytes, clock)


def inline_place(store: KvStore) -> InlineBlobs | None:
    """The store itself where it also has a place for small blobs, else None."""
    return store if isinstance(store, SqliteStore) else None


def _memory_kv(_root: Path, _clock: Clock) -> KvStore:
    return MemoryStore()


def _sqlite_kv(root: Path, clock: Clock) -> KvStore:
    return SqliteStore(root / FILE_NAME, clock=clock)


def _memory_blobs(
    _root: Path, _addressing: Addressing, _inline: InlineBlobs | None, _limit: int, clock: Clock
) -> BlobStore:
    return MemoryBlobs(clock=clock)


def _filesystem_blobs(
    root: Path, addressing: Addressing, inline: InlineBlobs | None, limit: int, clock: Clock
) -> BlobStore:
    return FilesystemBlobs(root, addressing, inline=inline, inline_limit=limit, clock=clock)


def _memory_cache(max_bytes: int, max_entry_bytes: int, clock: Callable[[], float]) -> Cache:
    return LocalCache(max_bytes=max_bytes, max_entry_bytes=max_entry_bytes, clock=clock)


KV_KINDS: dict[str, Callable[[Path, Clock], KvStore]] = {
    "memory": _memory_kv,
    "sqlite": _sqlite_kv,
}
BLOB_KINDS: dict[str, Callable[[Path, Addressing, InlineBlobs | None, int, Clock], BlobStore]] = {
    "filesystem": _filesystem_blobs,
    "memory": _memory_blobs,
}
CACHE_KINDS: dict[str, Callable[[int, int, Callable[[], float]], Cache]] = {
    "memory": _memory_cache,
}


def _entry(table: dict[str, T], what: str, kind: str) -> T:
    if kind not in table:
        raise ValueError(f"no {what} of kind {kind!r}; this release has: {', '.join(table)}")
    return table[kind]
