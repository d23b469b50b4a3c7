"""Real stores that are empty and end with their use: on disk, or in memory."""

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

from errors.problem import refuse
from operations.context import World
from operations.world import Network, UpstreamResponse
from schema.document_access import Upstream
from schema.model import Schema
from stores.addressing import compile_addressing
from stores.cache import LocalCache
from stores.interfaces import BlobStore, KvStore
from stores.kinds import inline_place, open_blobs, open_kv

Backend = Literal["memory", "disk"]
"""`disk` is SQLite and a folder, but memory for the stores that the schema declares so."""

Clock = Callable[[], float]


class Counts:
    """A meter: what requests did to the world."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.retries = 0

    def store_call(self, effect: str) -> None:
        """One call of a store."""
        self.calls.append(effect)

    def cache(self, kind: str, *, hit: bool) -> None:
        """One look into a cache."""
        self.calls.append(f"cache {kind} {'hit' if hit else 'miss'}")

    def blob_bytes(self, direction: str, count: int) -> None:
        """Bytes moved."""
        self.calls.append(f"{count} bytes {direction}")

    def transaction_retry(self) -> None:
        """One segment was run again."""
        self.retries += 1


class NoNetwork:
    """A network with nobody in it."""

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """Raises Refusal UPSTREAM_ERROR."""
        raise refuse("UPSTREAM_ERROR", f"upstream {name} is not asked here")


@asynccontextmanager
async def scratch_world(
    schema: Schema,
    backend: Backend,
    network: Network | None = None,
    *,
    folder: Path | None = None,
    clock: Clock = time.time,
    ticks: Clock = time.monotonic,
) -> AsyncIterator[World]:
    """Open every store of a schema; with `folder` the files stay there when it ends."""
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="larder-")))
        kv: dict[str, KvStore] = {}
        for name, declared in schema.kv_stores.items():
            kind = "memory" if backend == "memory" or declared.kind == "memory" else "sqlite"
            kv[name] = open_kv(kind, folder / "kv" / name, clock=clock)
            stack.push_async_callback(kv[name].close)
        blobs = _open_blobs(schema, backend, folder, kv, clock)
        for store in blobs.values():
            stack.push_async_callback(store.close)
        caching = schema.document.caching
        cache = LocalCache(
            max_bytes=caching.blob_cache.max_bytes,
            max_entry_bytes=caching.response_cache.max_entry_bytes,
            clock=ticks,
        )
        yield World(
            schema=schema,
            kv=kv,
            blobs=blobs,
            cache=cache,
            network=network or NoNetwork(),
            clock=clock,
            meter=Counts(),
        )


def _open_blobs(
    schema: Schema, backend: Backend, folder: Path, kv: Mapping[str, KvStore], clock: Clock
) -> dict[str, BlobStore]:
    inline = next(filter(None, map(inline_place, kv.values())), None)
    found = {}
    for name, store in schema.blob_stores.items():
        declaration = store.declaration
        stays = backend == "memory" or declaration.kind == "memory"
        found[name] = open_blobs(
            "memory" if stays else "filesystem",
            folder / "blobs" / name,
            compile_addressing(declaration.addressing.path_template),
            inline=inline,
            clock=clock,
        )
    return found
