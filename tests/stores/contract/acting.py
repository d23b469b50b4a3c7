"""What the contracts do to a store, in few words."""

from collections.abc import Callable, Sequence

from stores.interfaces import (
    BlobStore,
    Conflict,
    Event,
    IndexEntry,
    KvStore,
    StagedBlob,
    Transaction,
)


async def write(store: KvStore, change: Callable[[Transaction], object]) -> None:
    """Commit one change."""
    transaction = store.begin()
    change(transaction)
    await transaction.commit()


async def put(store: KvStore, key: str, value: bytes, collection: str = "c") -> None:
    await write(store, lambda transaction: transaction.put(collection, key, value))


async def delete(store: KvStore, key: str) -> None:
    await write(store, lambda transaction: transaction.delete("c", key))


def row(transaction: Transaction, identity: str, *positions: bytes, value: bytes = b"") -> None:
    """Write a row with places in the ordering `o`."""
    entries = [IndexEntry("o", position) for position in positions]
    transaction.upsert_row("i", identity, entries, value)


async def put_row(store: KvStore, identity: str, *positions: bytes, value: bytes = b"") -> None:
    await write(store, lambda transaction: row(transaction, identity, *positions, value=value))


async def put_rows(store: KvStore, *positions: bytes) -> None:
    """Write one row for each position, named like it."""
    for position in positions:
        await put_row(store, position.hex(), position)


async def positions(
    reader: KvStore | Transaction,
    prefix: bytes = b"",
    *,
    after: bytes | None = None,
    limit: int = 100,
    reverse: bool = False,
) -> list[bytes]:
    """The positions a scan of `o` finds."""
    rows = await reader.scan("i", "o", prefix, after=after, limit=limit, reverse=reverse)
    return [found.position for found in rows]


def event(name: str, payload: bytes = b"{}") -> Event:
    return Event(name, None, "published", "2026-01-01T00:00:00.000Z", payload)


async def append(store: KvStore, *names: str, log: str = "l") -> None:
    def change(transaction: Transaction) -> None:
        for name in names:
            transaction.append(log, event(name))

    await write(store, change)


async def conflicts(transaction: Transaction) -> bool:
    """Whether the commit raises Conflict."""
    try:
        await transaction.commit()
    except Conflict:
        return True
    return False


async def stage(blobs: BlobStore, *chunks: bytes) -> StagedBlob:
    writer = blobs.writer()
    for chunk in chunks:
        await writer.write(chunk)
    return await writer.finish()


async def keep(blobs: BlobStore, *chunks: bytes) -> str:
    """Store a blob on its own; its digest."""
    staged = await stage(blobs, *chunks)
    await blobs.keep(staged)
    staged.discard()
    return staged.digest


async def content(blobs: BlobStore, digest: str) -> bytes | None:
    """All bytes of a blob, read in pieces of 1 MiB."""
    handle = await blobs.open(digest)
    if handle is None:
        return None
    try:
        size, step = handle.size, 1 << 20
        pieces: Sequence[bytes] = [
            bytes(handle.read(start, min(start + step, size))) for start in range(0, size, step)
        ]
        return b"".join(pieces)
    finally:
        handle.close()
