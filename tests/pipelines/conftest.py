"""A world of memory stores to run small schemas in."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from operations.context import ExecutionContext, Principal, Reply, Request, World
from operations.world import Meter, UpstreamResponse
from pipelines.load import Loaded, load
from pipelines.run import run
from schema.document_access import Upstream
from stores.cache import LocalCache
from stores.memory import MemoryStore
from stores.memory_blobs import MemoryBlobs


class Bytes:
    """A request body that is already there."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.content:
            yield self.content


class NoNetwork:
    """A network without anyone in it."""

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        raise AssertionError(f"{name} was asked for {method} {path}")


class Counting:
    """A meter that remembers how often a segment was run again."""

    def __init__(self) -> None:
        self.retries = 0
        self.calls: list[str] = []

    def store_call(self, effect: str) -> None:
        self.calls.append(effect)

    def cache(self, kind: str, *, hit: bool) -> None:
        self.calls.append(f"cache {kind} {hit}")

    def blob_bytes(self, direction: str, count: int) -> None:
        self.calls.append(f"bytes {direction} {count}")

    def transaction_retry(self) -> None:
        self.retries += 1


class Bench:
    """One loaded schema on memory stores; `ask` runs its first route, or the one named."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.loaded: Loaded = load(json.dumps(schema).encode(), "schema.json")
        self.meter = Counting()
        self.moment = 1_700_000_000.25

    @property
    def rules(self) -> list[str]:
        return [finding.rule for finding in self.loaded.findings]

    def open(self) -> World:
        assert self.loaded.schema is not None, [str(f) for f in self.loaded.findings]
        meter: Meter = self.meter
        schema = self.loaded.schema
        self.world = World(
            schema=schema,
            kv={name: MemoryStore() for name in schema.kv_stores},
            blobs={name: MemoryBlobs() for name in schema.blob_stores},
            cache=LocalCache(max_bytes=1 << 20, max_entry_bytes=1 << 16),
            network=NoNetwork(),
            clock=lambda: self.moment,
            meter=meter,
        )
        return self.world

    def context(
        self,
        params: Mapping[str, str],
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> ExecutionContext:
        request = Request(
            id="test", method="POST", path="/", params=params, query=query,
            headers=headers or {}, body=Bytes(body),
        )  # fmt: skip
        return ExecutionContext(self.world, request, Principal("tester", frozenset({"read"})))

    async def ask(self, params: Mapping[str, str], body: bytes = b"", **more: Any) -> Reply:
        assert self.loaded.programs is not None
        return await run(self.loaded.programs.routes[0], self.context(params, body, **more))


@pytest.fixture
def bench() -> Callable[[Mapping[str, Any]], Bench]:
    return Bench
