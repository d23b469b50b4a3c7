"""Index rows: found in order, written and removed with their source documents."""

from typing import Annotated, Any, Literal, NamedTuple

from errors.problem import Refusal, refuse
from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import (
    AnyValue,
    Object,
    OptionalInteger,
    OptionalText,
    OrderingName,
    Rows,
    SourceKey,
    Static,
    Values,
)
from operations.values import decode, encode
from schema.indexes import Ordering
from schema.model import EventLog, Index
from stores.interfaces import IndexEntry

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

_BACKWARDS = "~"
"""Begins the cursors of a listing against the declared sort, so that the two are not mixed up."""


class Page(NamedTuple):
    """Rows in order, and where the next page begins (null when there is none)."""

    out: Rows
    next_out: OptionalText = None


@operation("index.query", effects=("index.read",), errors=("INVALID_CURSOR",))
async def query(
    ctx: ExecutionContext,
    index: Annotated[Index | EventLog, Static("index")],
    key: Values = (),
    starts_with: OptionalText = None,
    name: OrderingName = None,
    limit: OptionalInteger = DEFAULT_LIMIT,
    after: OptionalText = None,
    order: Literal["asc", "desc"] | None = None,
) -> Page:
    """Rows in the declared sort, or against it (`desc`), a page at a time.

    `limit` is at most 1000; null counts as 100. A cursor fits only the listing it comes from. The
    event log is listed as the index `events`, in the order of its sequence.
    """
    bound = DEFAULT_LIMIT if limit is None else int(max(1, min(limit, MAX_LIMIT)))
    if isinstance(index, EventLog):
        return await _events(ctx, index, bound, after)
    ordering = index.default if name is None else index.orderings[name]
    reverse = order == "desc"
    try:
        prefix = ordering.prefix(key, starts_with)
    except ValueError as error:
        raise _unfit(index, error) from None
    start = None if after is None else _start(ordering, after, prefix, reverse)
    ctx.count_io("index.read")
    rows = await ctx.reader(index.document.store).scan(
        ctx.scoped(index.name),
        ordering.name,
        prefix,
        after=start,
        limit=bound + 1,
        reverse=reverse,
    )
    if len(rows) <= bound:
        return Page([decode(row.value) for row in rows])
    rows = rows[:bound]
    cursor = ordering.cursor(rows[-1].position)
    return Page([decode(row.value) for row in rows], _BACKWARDS + cursor if reverse else cursor)


@operation("index.upsert", effects=("index.write",), errors=("INDEX_CONFLICT",))
def upsert(ctx: ExecutionContext, index: Index, key: SourceKey, value: Object) -> None:
    """Write the row of a source document, replacing the one it had."""
    ctx.count_io("index.write")
    entries = []
    try:
        for ordering in index.orderings.values():
            position, unique = ordering.entry(key, value)
            entries.append(IndexEntry(ordering.name, position, unique))
    except ValueError as error:
        raise _unfit(index, error) from None
    ctx.writer(index.document.store).upsert_row(ctx.scoped(index.name), key, entries, encode(value))


@operation("index.delete", effects=("index.write",))
def delete(ctx: ExecutionContext, index: Index, key: SourceKey, value: AnyValue = None) -> None:
    """Remove the row of a source document, which its key names; nothing happens without one."""
    ctx.count_io("index.write")
    ctx.writer(index.document.store).delete_row(ctx.scoped(index.name), key)


OPERATIONS = (query, upsert, delete)


def _start(ordering: Ordering, after: str, prefix: bytes, reverse: bool) -> bytes:
    cursor = after.removeprefix(_BACKWARDS) if reverse else after
    try:
        if reverse and cursor == after:
            raise ValueError("the cursor is one of the listing in the other direction")
        return ordering.position_of(cursor, prefix)
    except ValueError as error:
        raise refuse("INVALID_CURSOR", str(error), where="after") from None


def _unfit(index: Index, error: ValueError) -> Refusal:
    return refuse("INVALID_KEY", f"{index.name}: {error}", index=index.name)


async def _events(ctx: ExecutionContext, log: EventLog, limit: int, after: str | None) -> Page:
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise refuse("INVALID_CURSOR", "the cursor is not one of this listing", where="after")
    store = ctx.world.kv[log.store]
    name = ctx.scoped(log.name)
    replication = ctx.world.schema.document.replication
    most = 1 if replication is None else replication.shipping.batch.max_bytes
    ctx.count_io("index.read")
    found = await store.events(name, after=int(after or 0), limit=limit, max_bytes=most)
    rows: list[Any] = [
        {
            "sequence": logged.sequence,
            "event_id": logged.event.event_id,
            "tenant": logged.event.tenant,
            "type": logged.event.type,
            "at": logged.event.at,
            "payload": decode(logged.event.payload),
            "previous": logged.previous,
            "hash": logged.hash,
        }
        for logged in found
    ]
    if not found:
        return Page(rows)
    last = found[-1].sequence
    ctx.count_io("index.read")
    more = await store.events(name, after=last, limit=1, max_bytes=1)
    return Page(rows, str(last) if more else None)
