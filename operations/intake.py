"""Bytes on their way into a blob store, whatever they come from."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from errors.problem import refuse
from operations.context import ExecutionContext
from operations.values import encode
from schema.model import BlobStoreKind
from stores.interfaces import StagedBlob, StorageFull

SLICE = 256 * 1024
_VALUES = (str, dict, list, tuple, int, float, type(None))


async def receive(ctx: ExecutionContext, store: BlobStoreKind, source: Any) -> StagedBlob:
    """Stage all bytes of a source: a stream, a handle, a text in UTF-8, or a JSON value.

    Raises Refusal BLOB_TOO_LARGE, BLOB_TOO_SMALL or STORAGE_FULL, and what a stream raises; then
    nothing is left behind.
    """
    ctx.count_io("blob.write")
    return await ctx.wait(_receive(ctx, store, source))


async def _receive(ctx: ExecutionContext, store: BlobStoreKind, source: Any) -> StagedBlob:
    writer = ctx.world.blobs[store.name].writer()
    size = 0
    try:
        async with aclosing(pieces(source)) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > store.max_bytes:
                    raise refuse(
                        "BLOB_TOO_LARGE",
                        f"the blob is over the {store.max_bytes} bytes that the store takes",
                        limit=store.max_bytes,
                    )
                await writer.write(chunk)
        if size < store.min_bytes:
            raise refuse(
                "BLOB_TOO_SMALL",
                f"the blob has {size} bytes, the store takes {store.min_bytes} or more",
                size=size,
                limit=store.min_bytes,
            )
        staged = await writer.finish()
    except StorageFull:
        writer.discard()
        raise refuse("STORAGE_FULL", "the storage has no room left; nothing was kept") from None
    except BaseException:
        writer.discard()
        raise
    ctx.world.meter.blob_bytes("in", size)
    return staged


async def pieces(source: Any) -> AsyncGenerator[bytes, None]:
    """The bytes of a source, a bounded piece at a time."""
    if isinstance(source, _VALUES):
        yield source.encode() if isinstance(source, str) else encode(source)
    elif hasattr(source, "chunks"):  # Asked this way: isinstance of a protocol costs 15 µs.
        async for chunk in source.chunks():
            yield chunk
    else:
        for start in range(0, source.size, SLICE):
            yield bytes(source.read(start, min(start + SLICE, source.size)))
