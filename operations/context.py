"""Everything about one request; an operation reaches the world only through it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from errors.problem import Refusal, refuse
from schema.document import Upstream
from schema.model import Schema
from stores.interfaces import BlobHandle, BlobStore, Cache, KvStore, Reader, StagedBlob, Transaction


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `subject` is None for an anonymous request.

    `namespaces` are shell patterns that the first field of an entity's primary key must match;
    None means all of them.
    """

    subject: str | None
    scopes: frozenset[str]
    namespaces: tuple[str, ...] | None = None
    tenant: str | None = None


class ByteStream(Protocol):
    """Bytes that arrive."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The pieces in order, each at most once; raises Refusal when they break off or run over.

        A request's own limits (bytes, deadline) are enforced while the pieces come.
        """
        ...


@dataclass(slots=True)
class Request:
    """What a pipeline may know of the request. Header names are lower case; no duplicates.

    `path` values are decoded once and hold no `/`, `\\`, NUL or control character.
    """

    id: str
    method: str
    path: str
    params: Mapping[str, str]
    query: str
    headers: Mapping[str, str]
    body: ByteStream


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """An upstream's answer; header names are lower case. `body` must be read or closed."""

    status: int
    headers: Mapping[str, str]
    body: ByteStream
    close: Callable[[], Awaitable[None]]


class Network(Protocol):
    """The only way out of the process."""

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """Ask an upstream. Raises Refusal UPSTREAM_ERROR or UPSTREAM_TIMEOUT."""
        ...


@dataclass(slots=True)
class Reply:
    """The answer, before HTTP: `body` is bytes or a handle on stored bytes."""

    status: int
    headers: dict[str, str]
    body: bytes | BlobHandle


class Meter(Protocol):
    """Counts what happens, for /metrics."""

    def store_call(self, effect: str) -> None:
        """One call of a store."""
        ...

    def cache(self, kind: str, *, hit: bool) -> None:
        """One look into a cache."""
        ...

    def blob_bytes(self, direction: str, count: int) -> None:
        """Bytes `in` or `out`."""
        ...

    def transaction_retry(self) -> None:
        """One segment was run again."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """What a process hands to each request: stores, network, clock, meter. Made once."""

    schema: Schema
    kv: Mapping[str, KvStore]
    blobs: Mapping[str, BlobStore]
    cache: Cache
    network: Network
    clock: Callable[[], float]
    meter: Meter
    failpoint: Callable[[str], None] = field(default=lambda name: None)


class ExecutionContext:
    """The state of one request. Made by `service/exchange.py`, run by `pipelines/run.py`."""

    __slots__ = (
        "_started", "check_at", "cpu_started", "deadline", "exclusive", "io_left", "now", "on_exit",
        "pages", "principal", "program", "reply", "request", "route_id", "slots", "staged",
        "tenant", "transactions", "world",
    )  # fmt: skip

    def __init__(
        self, world: World, request: Request, principal: Principal, tenant: str | None = None
    ) -> None:
        limits = world.schema.limits
        started = time.perf_counter()
        self.world = world
        self.request = request
        self.principal = principal
        self.tenant = tenant
        self.program: Any = None
        self.route_id = ""
        self.slots: list[Any] = []
        self.transactions: dict[str, Transaction] | None = None
        self.exclusive = False
        self.staged: dict[str, tuple[str, StagedBlob]] = {}
        self.pages: dict[int, Any] = {}
        self.reply: Reply | None = None
        self.on_exit: list[Callable[[], Awaitable[None]]] = []
        self.io_left = limits.max_io_ops_per_request
        self.now: str | None = None
        self._started = started
        self.deadline = started + limits.deadline_ms / 1000
        self.cpu_started = time.thread_time()
        self.check_at = min(self.deadline, started + limits.max_cpu_ms_per_request / 1000)

    # time and limits

    def time_iso(self) -> str:
        """The request's one reading of the clock: UTC, milliseconds, `Z`."""
        if self.now is None:
            moment = datetime.fromtimestamp(self.world.clock(), UTC)
            self.now = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        return self.now

    def count_io(self, effect: str) -> None:
        """Count one store call. Raises Refusal IO_LIMIT."""
        self.io_left -= 1
        if self.io_left < 0:
            limit = self.world.schema.limits.max_io_ops_per_request
            raise refuse("IO_LIMIT", f"more than {limit} store calls", limit=limit)
        self.world.meter.store_call(effect)

    def check_budget(self) -> None:
        """Called when `check_at` has passed. Raises Refusal DEADLINE or CPU_LIMIT."""
        now = time.perf_counter()
        limits = self.world.schema.limits
        if now >= self.deadline:
            raise self._late()
        used = time.thread_time() - self.cpu_started
        allowed = limits.max_cpu_ms_per_request / 1000
        if used >= allowed:
            raise refuse(
                "CPU_LIMIT",
                f"more than {limits.max_cpu_ms_per_request} ms of processor time",
                limit_ms=limits.max_cpu_ms_per_request,
            )
        self.check_at = min(self.deadline, now + allowed - used)

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Await something that may take long: inside the deadline, and off the processor's count.

        Raises Refusal DEADLINE.
        """
        used = time.thread_time() - self.cpu_started
        paused = time.perf_counter()
        try:
            async with asyncio.timeout(max(0.0, self.deadline - paused)) as bound:
                return await awaitable
        except TimeoutError:
            if bound.expired():
                raise self._late() from None
            raise
        finally:
            now = time.perf_counter()
            self.cpu_started = time.thread_time() - used
            self.check_at = min(self.deadline, self.check_at + now - paused)

    def _late(self) -> Refusal:
        limit = self.world.schema.limits.deadline_ms
        return refuse("DEADLINE", f"the request took more than {limit} ms", limit_ms=limit)

    # stores

    def scoped(self, name: str) -> str:
        """A collection's, index's, log's or cache's name as this request's tenant sees it."""
        return name if self.tenant is None else f"{self.tenant}\x1f{name}"

    def reader(self, store: str) -> Reader:
        """The open transaction of that kv store, else the store itself."""
        if self.transactions is not None and store in self.transactions:
            return self.transactions[store]
        return self.world.kv[store]

    def writer(self, store: str) -> Transaction:
        """The open transaction of that kv store; the checker proved that there is one."""
        if self.transactions is None:
            raise RuntimeError("a write outside a transaction got past the checker")
        return self.transactions[store]

    async def begin(self, stores: tuple[str, ...]) -> None:
        """Open a transaction on each of `stores` (one, in nearly every pipeline)."""
        if self.exclusive:
            opened: dict[str, Transaction] = {}
            try:
                for name in stores:
                    opened[name] = await self.wait(self.world.kv[name].begin_exclusive())
            except BaseException:
                for transaction in opened.values():
                    transaction.abort()
                raise
            self.transactions = opened
        else:
            self.transactions = {name: self.world.kv[name].begin() for name in stores}

    async def commit(self) -> None:
        """Commit what is open. Raises Conflict, UniqueViolation or StorageFull; then all is as
        before. A commit on its way is awaited to its end even past the deadline."""
        transactions, self.transactions = self.transactions or {}, None
        for transaction in transactions.values():
            try:
                await transaction.commit()
            except BaseException:
                transaction.abort()
                raise

    def abort(self) -> None:
        """Forget what is open."""
        transactions, self.transactions = self.transactions or {}, None
        for transaction in transactions.values():
            transaction.abort()

    async def leave(self) -> None:
        """Every exit passes here: abort what is open, drop what was staged, close what was asked."""
        self.abort()
        for _, blob in self.staged.values():
            blob.discard()
        self.staged.clear()
        for close in self.on_exit:
            with suppress(OSError):
                await close()
        self.on_exit.clear()
