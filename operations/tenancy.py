"""Which tenant may see which blob.

The same bytes of two tenants are one blob, so a digest alone proves nothing. A tenant owns a blob
once it has sent the bytes itself: a mark beside its documents says so. Without tenants there are no
marks, and none are asked for.
"""

from errors.problem import refuse
from operations.context import ExecutionContext
from stores.interfaces import Conflict, Transaction

_OWNED = b"1"


def _collection(ctx: ExecutionContext, store: str) -> str:
    return ctx.scoped(f"\x1fblobs\x1f{store}")


def own(ctx: ExecutionContext, transaction: Transaction, store: str, digest: str) -> None:
    """The tenant has sent these bytes; known with the transaction's commit."""
    if ctx.tenant is not None:
        transaction.put(_collection(ctx, store), digest, _OWNED)


async def own_at_once(ctx: ExecutionContext, store: str, digest: str) -> None:
    """The tenant has sent these bytes; known before this returns. Raises StorageFull."""
    if ctx.tenant is None:
        return
    kv = next(iter(ctx.world.kv.values()))
    transaction = kv.begin()
    try:
        own(ctx, transaction, store, digest)
        await ctx.aside(transaction.commit())
    except Conflict:  # It has read nothing, so only a database that is kept locked can be meant.
        raise refuse("TXN_CONFLICT", "the store was kept locked for too long") from None
    finally:
        transaction.abort()


async def owns(ctx: ExecutionContext, store: str, digest: str) -> bool:
    """Whether the tenant has sent these bytes before, or in the open transaction."""
    if ctx.tenant is None:
        return True
    collection = _collection(ctx, store)
    for name in ctx.world.kv:
        ctx.count_io("kv.read")
        if await ctx.reader(name).get(collection, digest) is not None:
            return True
    return False
