"""Everything about one request; an operation reaches the world only through it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from errors.problem import Refusal, refuse
from operations.violation import EffectViolation
from operations.world import (
    ByteStream,
    Meter,
    Network,
    Principal,
    Program,
    Reply,
    Request,
    UpstreamResponse,
    World,
)
from stores.interfaces import BlobHandle, Conflict, Reader, StagedBlob, Transaction

__all__ = [
    "ByteStream", "Conflict", "ExecutionContext", "Meter", "Network", "Principal", "Program",
    "Reply", "Request", "UpstreamResponse", "World",
]  # fmt: skip

T = TypeVar("T")


class ExecutionContext:
    """The state of one request. Made by `service/app.py`, run by `pipelines/run.py`."""

    __slots__ = (
        "_started", "check_at", "committed", "cpu_started", "deadline", "event", "exclusive",
        "handles", "io_left", "joined", "memo", "moment", "now", "on_exit", "principal", "program",
        "reply", "request", "slots", "staged", "tenant", "transactions", "world",
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
        self.program: Program = None  # type: ignore[assignment]  # set by pipelines/run.py
        # what an apply pipeline reads as `{event.…}`
        self.event: dict[str, Any] | None = None
        self.slots: list[Any] = []
        self.transactions: dict[str, Transaction] | None = None
        self.exclusive = False
        self.committed = False
        # (digest, store) → bytes that were received, and are not part of the store yet
        self.staged: dict[tuple[str, str], StagedBlob] = {}
        # those of `staged` that are part of the open transaction
        self.joined: set[tuple[str, str]] = set()
        # id of a stream → the stream, who read it, and what came of it: a re-run reads nothing
        self.memo: dict[int, tuple[ByteStream, str, Any]] = {}
        # open handles, each with its blob store's name
        self.handles: list[tuple[BlobHandle, str]] = []
        self.reply: Reply | None = None
        self.on_exit: list[Callable[[], Awaitable[None]]] = []
        self.io_left = limits.max_io_ops_per_request
        self.moment: float | None = None
        self.now: str | None = None
        self._started = started
        self.deadline = started + limits.deadline_ms / 1000
        self.cpu_started = time.thread_time()
        self.check_at = min(self.deadline, started + limits.max_cpu_ms_per_request / 1000)

    # time and limits

    def time(self) -> float:
        """The request's one reading of the clock: seconds since the epoch, UTC."""
        if self.moment is None:
            self.moment = self.world.clock()
        return self.moment

    def time_iso(self) -> str:
        """The request's one reading of the clock: UTC, milliseconds, `Z`."""
        if self.now is None:
            moment = datetime.fromtimestamp(self.time(), UTC)
            self.now = f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"
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
        if self.committed:  # What is done is answered for, however late.
            return
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
        left = max(0.0, self.deadline - time.perf_counter())
        try:
            async with asyncio.timeout(left) as bound:
                return await self.aside(awaitable)
        except TimeoutError:
            if bound.expired():
                raise self._late() from None
            raise

    async def aside(self, awaitable: Awaitable[T]) -> T:
        """Await something to its end, however late; what others compute meanwhile is not counted
        as this request's processor time."""
        used = time.thread_time() - self.cpu_started
        paused = time.perf_counter()
        try:
            return await awaitable
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
        """The open transaction of that kv store; the checker proved that there is one.

        Raises EffectViolation for a write outside of one, or in a route that only reads.
        """
        if self.transactions is None:
            raise EffectViolation(self.program.id, "a write outside a transaction (E310)")
        if self.program.reads_only:
            raise EffectViolation(self.program.id, "a write in a route that only reads (E304)")
        return self.transactions[store]

    async def begin(self, stores: tuple[str, ...]) -> None:
        """Open a transaction on each of `stores` (one, in nearly every pipeline)."""
        self.joined.clear()
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
        try:
            for transaction in transactions.values():
                await self.aside(transaction.commit())
        except BaseException:
            for transaction in transactions.values():
                transaction.abort()
            raise
        self.committed = True
        for place in self.joined:
            self.staged.pop(place, None)
        self.joined.clear()

    def abort(self) -> None:
        """Forget what is open."""
        transactions, self.transactions = self.transactions or {}, None
        for transaction in transactions.values():
            transaction.abort()

    @property
    def holds_anything(self) -> bool:
        """Whether `leave` has anything to do."""
        return bool(self.transactions or self.staged or self.handles or self.on_exit)

    async def leave(self) -> None:
        """Every exit passes here: abort what is open, drop what was staged, close what was opened.

        A handle that is the reply's body stays open: who sends the reply closes it.
        """
        self.abort()
        for blob in self.staged.values():
            blob.discard()
        self.staged.clear()
        body = None if self.reply is None else self.reply.body
        for handle, _ in self.handles:
            if handle is not body:
                handle.close()
        self.handles.clear()
        for close in self.on_exit:
            with suppress(OSError):
                await close()
        self.on_exit.clear()
