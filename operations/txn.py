"""Transactions: one atomic unit over documents, index rows, events and the blobs that join it."""

from typing import Literal

from errors.problem import refuse
from operations.context import ExecutionContext
from operations.operation import operation
from stores.interfaces import StorageFull, UniqueViolation


@operation("txn.begin", effects=("txn",))
async def begin(
    ctx: ExecutionContext,
    isolation: Literal["serializable", "repeatable_read", "read_committed"],
) -> None:
    """Open a transaction; every store gives `serializable`, which keeps the weaker promises too."""
    await ctx.begin(ctx.program.stores)


@operation(
    "txn.commit", effects=("txn",), errors=("TXN_CONFLICT", "INDEX_CONFLICT", "STORAGE_FULL")
)
async def commit(ctx: ExecutionContext) -> None:
    """Make everything since `txn.begin` durable at once.

    A Conflict passes through: the interpreter runs the segment again, and answers TXN_CONFLICT
    when that was in vain too often. INDEX_CONFLICT belongs to `index.upsert`, and shows here.
    """
    try:
        await ctx.commit()
    except UniqueViolation as violation:
        raise refuse(
            "INDEX_CONFLICT",
            "another row holds the values of a unique index",
            index=violation.index.rpartition("\x1f")[2],
            name=violation.ordering,
            key=violation.identity,
        ) from None
    except StorageFull:
        raise refuse("STORAGE_FULL", "the storage has no room left; nothing was kept") from None


@operation("txn.abort", effects=("txn",))
def abort(ctx: ExecutionContext) -> None:
    """Forget everything since `txn.begin`."""
    ctx.abort()


OPERATIONS = (begin, commit, abort)
