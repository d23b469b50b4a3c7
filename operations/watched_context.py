"""A request's context as a watched operation sees it: every door to the world asks first."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

from operations.context import ExecutionContext
from operations.world import ByteStream, Request

Ask = Callable[[str], None]
"""Asks for an effect; raises EffectViolation where it was not declared."""

_READER = {"get": "kv.read", "scan": "index.read"}
_WRITER = {
    **_READER, "put": "kv.write", "delete": "kv.write", "upsert_row": "index.write",
    "delete_row": "index.write", "append": "event.write", "join_blob": "blob.write",
}  # fmt: skip
_STORE = {**_READER, "events": "index.read", "keys": "kv.read"}
_BLOBS = {"open": "blob.read", "writer": "blob.write", "keep": "blob.write"}
_CACHE = {"get": "cache.read", "put": "cache.write"}
_NETWORK = {"fetch": "network"}

_FREE = frozenset(
    ("aside", "check_budget", "deadline", "event", "memo", "on_exit", "principal", "program",
     "scoped", "slots", "tenant", "wait")
)  # fmt: skip
"""What is the request's own, and no door: who asks, how long it may take, its variables."""

_FOR_EFFECTS = {
    "time": "clock", "time_iso": "clock", "begin": "txn", "commit": "txn", "abort": "txn",
    "handles": "blob.read", "staged": "blob.write", "joined": "blob.write",
    "transactions": "txn", "exclusive": "txn", "reply": "reply",
}  # fmt: skip


class WatchedContext:
    """Stands for an ExecutionContext; what has no name here, no operation may touch."""

    __slots__ = ("_ask", "_ctx", "_request", "_world")

    def __init__(self, ctx: ExecutionContext, ask: Ask) -> None:
        set_ = object.__setattr__
        set_(self, "_ctx", ctx)
        set_(self, "_ask", ask)
        set_(self, "_request", None)
        set_(self, "_world", None)

    def __getattr__(self, name: str) -> Any:
        if name not in _FREE:
            self._ask(_FOR_EFFECTS.get(name, f"ctx.{name}"))
        return getattr(self._ctx, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask(_FOR_EFFECTS.get(name, f"ctx.{name} ="))
        setattr(self._ctx, name, value)

    @property
    def request(self) -> Request:
        """The request; its body asks for `request.body` when it is read."""
        if self._request is None:
            request = self._ctx.request
            body = _Body(request.body, self._ask)
            object.__setattr__(self, "_request", replace(request, body=body))
        found: Request = self._request
        return found

    @property
    def world(self) -> "WatchedWorld":
        """Stores, blobs, caches, network and clock, each behind its door."""
        if self._world is None:
            object.__setattr__(self, "_world", WatchedWorld(self._ctx, self._ask))
        found: WatchedWorld = self._world
        return found

    def count_io(self, effect: str) -> None:
        """Count one store call of a declared effect. Raises Refusal IO_LIMIT."""
        self._ask(effect)
        self._ctx.count_io(effect)

    def reader(self, store: str) -> "_Door":
        """The open transaction of that kv store, else the store itself, for reading."""
        return _Door(self._ctx.reader(store), _READER, f"reader({store})", self._ask)

    def writer(self, store: str) -> "_Door":
        """The open transaction of that kv store."""
        if self._ctx.transactions is None:
            self._ask("a write outside a transaction (E310)")
        if self._ctx.program.reads_only:
            self._ask("a write in a route that only reads (E304)")
        return _Door(self._ctx.writer(store), _WRITER, f"writer({store})", self._ask)


class WatchedWorld:
    """Stands for a World. Its stores can be read; what is written goes through `ctx.writer`."""

    __slots__ = ("_ask", "_world", "blobs", "cache", "kv", "meter", "network", "schema")

    def __init__(self, ctx: ExecutionContext, ask: Ask) -> None:
        world = ctx.world
        self._ask = ask
        self._world = world
        self.schema = world.schema
        self.meter = world.meter
        self.kv = _doors(world.kv, _STORE, "kv", ask)
        self.blobs = _doors(world.blobs, _BLOBS, "blobs", ask)
        self.cache = _Door(world.cache, _CACHE, "cache", ask)
        self.network = _Door(world.network, _NETWORK, "network", ask)

    def __getattr__(self, name: str) -> Any:
        self._ask(f"world.{name}")
        return getattr(self._world, name)


class _Door:
    """An object of which only some methods exist, each for an effect."""

    __slots__ = ("_ask", "_effects", "_name", "_target")

    def __init__(self, target: Any, effects: Mapping[str, str], name: str, ask: Ask) -> None:
        self._target = target
        self._effects = effects
        self._name = name
        self._ask = ask

    def __getattr__(self, name: str) -> Callable[..., Any]:
        effect = self._effects.get(name, f"{self._name}.{name}")
        if name not in self._effects:
            self._ask(effect)
        method, ask = getattr(self._target, name), self._ask

        def asking(*arguments: Any, **named: Any) -> Any:
            ask(effect)
            return method(*arguments, **named)

        return asking


class _Body:
    """A request's body that asks before it is read."""

    __slots__ = ("_ask", "_body")

    def __init__(self, body: ByteStream, ask: Ask) -> None:
        self._body = body
        self._ask = ask

    def chunks(self) -> AsyncIterator[bytes]:
        """The pieces in order."""
        self._ask("request.body")
        return self._body.chunks()


def _doors(
    stores: Mapping[str, Any], effects: Mapping[str, str], name: str, ask: Ask
) -> dict[str, _Door]:
    return {key: _Door(store, effects, f"{name}[{key}]", ask) for key, store in stores.items()}
