"""Caches: values and references that may vanish at any time.

An entry is bytes, so that every cache can hold it: one letter, then JSON. A handle is kept as the
reference that it is, and is opened again when it is asked for.
"""

from typing import Any, Literal, NamedTuple

from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import AnyValue, Boolean, OptionalInteger, Text
from operations.values import decode, encode
from schema.document import Caching

_VALUE = b"J"
_REFERENCE = b"B"
_LONGEST = 10 * 365 * 86_400
"""Seconds; an entry that is to stay longer stays this long."""

Kind = Literal["response", "blob"]


class Looked(NamedTuple):
    """Whether the key was there, and what it held (null when it was not)."""

    hit_out: Boolean
    value_out: AnyValue


_MISS = Looked(False, None)


@operation("cache.get", effects=("cache.read",))
async def get(ctx: ExecutionContext, kind: Kind, key: Text) -> Looked:
    """Look into a cache; one that is switched off never has anything."""
    world = ctx.world
    if not _enabled(world.schema.document.caching, kind):
        return _MISS
    ctx.count_io("cache.read")
    entry = await world.cache.get(kind, _place(ctx, kind, key))
    found = await _read(ctx, entry) if isinstance(entry, bytes) else _MISS
    world.meter.cache(kind, hit=found.hit_out)
    return found


@operation("cache.put", effects=("cache.write",))
async def put(
    ctx: ExecutionContext,
    kind: Kind,
    key: Text,
    ttl_seconds: OptionalInteger,
    value: AnyValue,
) -> None:
    """Keep a value for `ttl_seconds`; null counts as the cache's default, 0 keeps nothing.

    A value over `max_entry_bytes` is not kept.
    """
    caching = ctx.world.schema.document.caching
    if not _enabled(caching, kind):
        return
    lifetime = caching.response_cache.default_ttl_seconds if ttl_seconds is None else ttl_seconds
    entry = _entry(ctx, value)
    if len(entry) > caching.response_cache.max_entry_bytes:
        lifetime = 0  # Nothing is kept, and what stood under the key is forgotten too.
    lifetime = max(0, min(lifetime, _LONGEST))
    place = _place(ctx, kind, key)
    size = len(entry) + len(place)
    ctx.count_io("cache.write")
    await ctx.world.cache.put(kind, place, entry, ttl_seconds=lifetime, size=size)


OPERATIONS = (get, put)


def _enabled(caching: Caching, kind: str) -> bool:
    return caching.response_cache.enabled if kind == "response" else caching.blob_cache.enabled


def _place(ctx: ExecutionContext, kind: str, key: str) -> str:
    """The tenant's key; a response's is one for each value of the headers it varies by.

    Keys may hold any character, so each begins with its tenant, or with that there is none.
    """
    vary = ctx.world.schema.document.caching.response_cache.vary_headers
    if kind == "response" and vary:
        headers = ctx.request.headers
        key = encode([key, *(headers.get(name.lower()) for name in vary)]).decode()
    return f"{ctx.tenant or ''}\x1f{key}"


def _entry(ctx: ExecutionContext, value: Any) -> bytes:
    for handle, store in ctx.handles:
        if handle is value:
            return _REFERENCE + encode([store, handle.digest])
    return _VALUE + encode(value)


async def _read(ctx: ExecutionContext, entry: bytes) -> Looked:
    value = decode(entry[1:])
    if entry[:1] == _VALUE:
        return Looked(True, value)
    store, digest = value
    blobs = ctx.world.blobs.get(store)
    if blobs is None:  # The entry is older than the schema.
        return _MISS
    ctx.count_io("blob.read")
    handle = await blobs.open(digest)
    if handle is None:
        return _MISS
    ctx.handles.append((handle, store))
    return Looked(True, handle)
