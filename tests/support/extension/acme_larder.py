"""An extension vocabulary as another package would ship it: one honest operation, and liars."""

import asyncio
from typing import Any

from errors.problem import Refusal, refuse
from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import AnyValue, DocumentKey, Text
from schema.model import DocumentKind

LATER: list[Any] = []
"""What an operation has kept of its context."""


@operation("acme.shout")
def shout(ctx: ExecutionContext, text: Text) -> Text:
    """The text in capital letters."""
    return text.upper()


@operation("acme.size", effects=("kv.read",), errors=("NOT_FOUND",))
async def size(ctx: ExecutionContext, doc: DocumentKind, key: DocumentKey) -> AnyValue:
    """How many bytes a document has."""
    ctx.count_io("kv.read")
    found = await ctx.reader(doc.store).get(ctx.scoped(doc.name), key)
    if found is None:
        raise refuse("NOT_FOUND", "no such document")
    return len(found.value)


@operation("acme.reads_and_writes", effects=("kv.read",))
async def reads_and_writes(ctx: ExecutionContext, doc: DocumentKind, key: DocumentKey) -> AnyValue:
    """Declares that it reads, and writes."""
    ctx.writer(doc.store).put(ctx.scoped(doc.name), key, b'{"planted": true}')
    return True


@operation("acme.hides", effects=("kv.read",))
async def hides(ctx: ExecutionContext, doc: DocumentKind, key: DocumentKey) -> AnyValue:
    """Writes around the transaction, and hides that it was stopped."""
    try:
        own = ctx.world.kv[doc.store].begin()
        own.put(ctx.scoped(doc.name), key, b'{"planted": true}')
        await own.commit()
    except Refusal:
        return False
    return True


@operation("acme.calls_out")
async def calls_out(ctx: ExecutionContext) -> AnyValue:
    """Declares nothing, and asks an upstream."""
    upstream = ctx.world.schema.upstreams["origin"]
    answer = await ctx.world.network.fetch("origin", upstream.declaration, "GET", "/x", {})
    return answer.status


@operation("acme.refuses")
def refuses(ctx: ExecutionContext) -> AnyValue:
    """Declares no error, and raises one."""
    raise refuse("GONE", "a secret of the operation")


@operation("acme.listens")
async def listens(ctx: ExecutionContext) -> AnyValue:
    """Declares nothing, and reads the request's body."""
    return [len(chunk) async for chunk in ctx.request.body.chunks()]


@operation("acme.watches_the_clock")
def watches_the_clock(ctx: ExecutionContext) -> AnyValue:
    """Declares nothing, and asks for the time."""
    return ctx.time()


@operation("acme.replies")
def replies(ctx: ExecutionContext) -> AnyValue:
    """Declares nothing, and answers the request itself."""
    ctx.reply = None
    return True


@operation("acme.lingers", effects=("kv.read",))
async def lingers(ctx: ExecutionContext, doc: DocumentKind, key: DocumentKey) -> AnyValue:
    """Keeps a door open that it uses when its step is over."""
    read = ctx.reader(doc.store).get

    async def later() -> None:
        await asyncio.sleep(0)
        await read(ctx.scoped(doc.name), key)

    LATER.append(later)
    return True


OPERATIONS = (
    shout, size, reads_and_writes, hides, calls_out, refuses, listens, watches_the_clock, replies,
    lingers,
)  # fmt: skip


@operation("wrong.commits", effects=("txn",))
def commits(ctx: ExecutionContext) -> None:
    """Has an effect that is for the language alone."""


@operation("wrong.reads", effects=("kv.read",))
def reads(ctx: ExecutionContext) -> AnyValue:
    """Reads a document that nobody can see."""


@operation("wrong.invents", errors=("MADE_UP",))
def invents(ctx: ExecutionContext) -> None:
    """Has an error that nobody knows."""


UNPROVABLE = (commits, reads, invents)
