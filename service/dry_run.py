"""Stores that a dry run may write: scratch ones, or overlays over a data directory as it is."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from operations.context import World
from operations.values import decode
from operations.world import Network
from pipelines.trace.preview import Preview
from schema.model import Schema
from service.scratch import scratch_world
from stores.addressing import compile_addressing
from stores.interfaces import BlobStore, KvStore
from stores.memory import MemoryStore
from stores.overlay import OverlayBlobs, OverlayStore
from stores.sqlite import FILE_NAME
from stores.sqlite_glance import glance
from stores.sqlite_tables import SqliteTables
from stores.tables import Changes


class ScratchStore(MemoryStore):
    """An empty kv store in memory; `applied` are its commits, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.applied: list[Changes] = []

    async def _apply(self, changes: Changes) -> None:
        await super()._apply(changes)
        self.applied.append(changes)


@asynccontextmanager
async def scratch(schema: Schema, network: Network) -> AsyncIterator[World]:
    """Empty stores in memory that remember their commits."""
    async with scratch_world(schema, "memory", network) as world:
        yield replace(world, kv={name: ScratchStore() for name in schema.kv_stores})


@asynccontextmanager
async def live(schema: Schema, network: Network, data: Path) -> AsyncIterator[World]:
    """Overlays over the stores below `data`, which stay as they are to the last bit.

    A store that lives in memory, or that was never written, is empty. Raises OSError for one that
    cannot be read.
    """
    async with scratch_world(schema, "memory", network) as world, AsyncExitStack() as stack:
        kv: dict[str, KvStore] = {}
        tables: dict[str, SqliteTables] = {}
        for name, store in schema.kv_stores.items():
            file = data / (store.root or name) / FILE_NAME
            if store.kind == "memory" or not file.exists():
                kv[name] = ScratchStore()
            else:
                tables[name] = stack.enter_context(glance(file))
                kv[name] = OverlayStore(tables[name])
        inline = next(iter(tables.values()), None)
        received = Path(stack.enter_context(TemporaryDirectory(prefix="larder-")))
        blobs: dict[str, BlobStore] = dict(world.blobs)
        for name, kind in schema.blob_stores.items():
            declared = kind.declaration
            if declared.kind != "memory":
                addressing = compile_addressing(declared.addressing.path_template)
                root = data / (declared.root or name)
                blobs[name] = OverlayBlobs(received / name, root, addressing, inline, world.clock)
                stack.push_async_callback(blobs[name].close)
        yield replace(world, kv=kv, blobs=blobs)


def in_memory_only(schema: Schema) -> list[str]:
    """The stores whose contents no other process can see."""
    kinds: dict[str, str] = {name: store.kind for name, store in schema.kv_stores.items()}
    kinds |= {name: store.declaration.kind for name, store in schema.blob_stores.items()}
    return [name for name, kind in kinds.items() if kind == "memory"]


def never_written(schema: Schema, data: Path) -> bool:
    """Whether no store of the schema has a file below `data`."""
    kept = [(name, store) for name, store in schema.kv_stores.items() if store.kind != "memory"]
    return not any((data / (store.root or name) / FILE_NAME).exists() for name, store in kept)


async def apart(world: World, work: Awaitable[None]) -> None:
    """Await what others do: their commits are not the request's."""
    stores = [s for s in world.kv.values() if isinstance(s, ScratchStore | OverlayStore)]
    before = [len(store.applied) for store in stores]
    await work
    for store, count in zip(stores, before, strict=True):
        del store.applied[count:]


def written(world: World, preview: Preview) -> dict[str, list[dict[str, Any]]]:
    """What the commits wrote, as previews: null stands for what was removed."""
    told: dict[str, list[dict[str, Any]]] = {
        "documents": [], "rows": [], "events": [], "blobs": [],
    }  # fmt: skip
    for store in world.kv.values():
        if isinstance(store, ScratchStore | OverlayStore):
            for changes in store.applied:
                for part, facts in _changed(changes, preview):
                    told[part].append(facts)
    return told


def _changed(changes: Changes, preview: Preview) -> Iterator[tuple[str, dict[str, Any]]]:
    for (collection, key), value in changes.documents.items():
        stored = None if value is None else preview.show(decode(value))
        yield "documents", {"document": _own(collection), "key": preview.text(key), "value": stored}
    for (index, key), row in changes.rows.items():
        shown = None if row is None else preview.show(decode(row.value))
        yield "rows", {"index": _own(index), "key": preview.text(key), "value": shown}
    for _, event in changes.events:
        yield "events", {"type": event.type, "payload": preview.show(decode(event.payload))}
    for blob in changes.blobs:
        yield "blobs", {"digest": blob.digest, "size": blob.size}


def _own(name: str) -> str:
    """A name without the tenant's part."""
    return name.rpartition("\x1f")[2]
