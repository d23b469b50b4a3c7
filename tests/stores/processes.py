"""What the tests run in processes of their own: `python -m tests.stores.processes WHAT FOLDER …`.

Each prints a line to its standard output for what it was told is durable, at once.
"""

import asyncio
import os
import sys
from pathlib import Path

from stores.addressing import DEFAULT_TEMPLATE, compile_addressing
from stores.filesystem import FilesystemBlobs
from stores.interfaces import Conflict, IndexEntry
from stores.sqlite import SqliteStore
from tests.stores.contract.acting import event, stage


def open_store(folder: Path) -> SqliteStore:
    return SqliteStore(folder / "store.sqlite3")


def open_blobs(folder: Path, store: SqliteStore) -> FilesystemBlobs:
    return FilesystemBlobs(folder / "blobs", compile_addressing(DEFAULT_TEMPLATE), inline=store)


def acknowledge(line: str) -> None:
    os.write(1, line.encode() + b"\n")


async def count(folder: Path, times: int) -> None:
    """Raise one of two counters `times` times; every raise also stands in the log."""
    store = open_store(folder)

    async def raise_one(n: int) -> None:
        key = f"counter{n % 2}"
        while True:
            transaction = store.begin()
            found = await transaction.get("c", key)
            transaction.put("c", key, str(int(found.value if found else 0) + 1).encode())
            transaction.append("l", event(key))
            try:
                await transaction.commit()
            except Conflict:
                continue
            acknowledge(key)
            return

    for start in range(0, times, 4):
        await asyncio.gather(*(raise_one(n) for n in range(start, min(start + 4, times))))
    await store.close()


async def take_turns(folder: Path, times: int) -> None:
    """Raise a counter in exclusive transactions, which never conflict."""
    store = open_store(folder)
    for _ in range(times):
        transaction = await store.begin_exclusive()
        found = await transaction.get("c", "counter")
        await asyncio.sleep(0)
        transaction.put("c", "counter", str(int(found.value if found else 0) + 1).encode())
        await transaction.commit()
        acknowledge("counter")
    await store.close()


async def publish(folder: Path, _times: int) -> None:
    """Publish small and large blobs with documents, rows and events, until killed."""
    store = open_store(folder)
    blobs = open_blobs(folder, store)

    async def go_on(worker: int) -> None:
        n = 0
        while True:
            n += 1
            name = f"{os.getpid()}-{worker}-{n}"
            blob = await stage(blobs, name.encode() * (10_000 if n % 2 else 10))
            transaction = store.begin()
            assert await transaction.get("c", name) is None
            transaction.put("c", name, blob.digest.encode())
            transaction.upsert_row("i", name, [IndexEntry("o", name.encode())], b"")
            transaction.append("l", event(name))
            transaction.join_blob(blob)
            await transaction.commit()
            acknowledge(f"{name} {blob.digest}")

    await asyncio.gather(*(go_on(worker) for worker in range(8)))


WORK = {"count": count, "take_turns": take_turns, "publish": publish}

if __name__ == "__main__":
    asyncio.run(WORK[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
