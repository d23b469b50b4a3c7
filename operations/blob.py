"""Bytes by their digest: received and hashed, compared with what was declared, handed out."""

import asyncio
import hashlib
from typing import Any, Literal, NamedTuple

from errors.problem import Refusal, refuse
from operations import tenancy
from operations.context import ExecutionContext
from operations.digests import Malformed, declared_by, expected_in
from operations.intake import receive
from operations.operation import operation
from operations.types import BodyBytes, Digest, Handle, Integer, OptionalDigest
from operations.values import is_digest
from schema.model import BlobStoreKind
from stores.interfaces import BlobHandle, StagedBlob, StorageFull

SLICE = 1024 * 1024


class Received(NamedTuple):
    """The digest of the bytes that came, and how many there were."""

    out: Digest
    out_size: Integer


@operation(
    "blob.put",
    effects=("request.body", "blob.write"),
    errors=("BLOB_TOO_LARGE", "BLOB_TOO_SMALL", "STORAGE_FULL"),
)
async def put(ctx: ExecutionContext, store: BlobStoreKind, from_: BodyBytes) -> Received:
    """Receive bytes and hash them; they stay staged until `blob.verify_digest` accepts them.

    A stream is read once: where a transaction is run again, this answers what it answered before.
    """
    if hasattr(from_, "chunks"):
        known = ctx.memo.get(id(from_))
        reader = f"blob.put {store.name}"
        if known is not None:
            if known[1] != reader:
                raise RuntimeError(f"{known[1]} has read the stream that {reader} asks for")
            return Received(*known[2])
        blob = await receive(ctx, store, from_)
        ctx.memo[id(from_)] = (from_, reader, (blob.digest, blob.size))
    else:
        blob = await receive(ctx, store, from_)
    place = (blob.digest, store.name)
    if place in ctx.staged:
        blob.discard()  # The same bytes twice are one blob.
    else:
        ctx.staged[place] = blob
    return Received(blob.digest, blob.size)


@operation("blob.get", effects=("blob.read",), errors=("BLOB_NOT_FOUND",))
async def get(ctx: ExecutionContext, store: BlobStoreKind, digest: Digest) -> Handle:
    """A handle on stored bytes, never the bytes."""
    handle = await _open(ctx, store.name, digest)
    if handle is None:
        raise refuse("BLOB_NOT_FOUND", "no bytes with that digest are stored", digest=digest)
    ctx.handles.append((handle, store.name))
    return handle


@operation("blob.verify_digest", effects=("blob.read",), errors=("DIGEST_MISMATCH", "STORAGE_FULL"))
async def verify_digest(
    ctx: ExecutionContext,
    digest: Digest,
    algo: Literal["sha256"] = "sha256",
    expected: OptionalDigest = None,
) -> None:
    """Compare the digest taken at ingest with the stored object and with what was declared.

    `expected` (`sha256:<hex>`, bare hex, or an RFC 9530 value) counts alone when it is given; else
    every digest that the request's headers declare must agree. Bytes that this request staged
    then join the open transaction, or become durable here where there is none.
    """
    try:
        declared = _declared(ctx, expected)
    except Malformed as fault:
        _drop(ctx, digest)
        raise _mismatch(f"a declared digest is malformed: {fault}", str(fault), digest) from None
    for name, value in declared.items():
        if value != digest:
            _drop(ctx, digest)
            raise _mismatch(f"the bytes are not those that {name} declares", value, digest)
    staged = [(place, blob) for place, blob in ctx.staged.items() if place[0] == digest]
    if not staged:
        await _verify_stored(ctx, digest)
    for place, blob in staged:
        await _accept(ctx, place, blob)


OPERATIONS = (put, get, verify_digest)


def _declared(ctx: ExecutionContext, expected: str | None) -> dict[str, str]:
    if expected is not None:
        return {"expected": expected_in(expected)}
    return declared_by(ctx.request.headers)


async def _accept(ctx: ExecutionContext, place: tuple[str, str], blob: StagedBlob) -> None:
    """The bytes are the right ones: part of the transaction, or durable on their own."""
    if place in ctx.joined:
        return
    digest, store = place
    if ctx.transactions:
        transaction = next(iter(ctx.transactions.values()))
        transaction.join_blob(blob)
        ctx.joined.add(place)
        tenancy.own(ctx, transaction, store, digest)
        return
    ctx.count_io("blob.write")
    try:
        await ctx.aside(ctx.world.blobs[store].keep(blob))
        await tenancy.own_at_once(ctx, store, digest)
    except StorageFull:
        raise refuse("STORAGE_FULL", "the storage has no room left; nothing was kept") from None
    del ctx.staged[place]


def _drop(ctx: ExecutionContext, digest: str) -> None:
    for place in [place for place in ctx.staged if place[0] == digest]:
        if place not in ctx.joined:
            ctx.staged.pop(place).discard()


async def _verify_stored(ctx: ExecutionContext, digest: str) -> None:
    """Hash the stored object in full, in every store that has it."""
    found = False
    for store in ctx.world.blobs:
        handle = await _open(ctx, store, digest)
        if handle is None:
            continue
        found = True
        try:
            actual = await ctx.wait(_hash(handle))
        finally:
            handle.close()
        if actual != digest:
            raise _mismatch("the stored bytes are not those of their digest", digest, actual)
    if not found:
        raise _mismatch("no bytes with that digest are stored", digest, None)


async def _hash(handle: BlobHandle) -> str:
    hashed = hashlib.sha256()
    for start in range(0, handle.size, SLICE):
        hashed.update(handle.read(start, min(start + SLICE, handle.size)))
        await asyncio.sleep(0)  # Others have their turn between slices.
    return f"sha256:{hashed.hexdigest()}"


async def _open(ctx: ExecutionContext, store: str, digest: Any) -> BlobHandle | None:
    """A handle, unless the bytes are absent or another tenant's: the two cannot be told apart."""
    if not is_digest(digest) or not await tenancy.owns(ctx, store, digest):
        return None
    ctx.count_io("blob.read")
    return await ctx.world.blobs[store].open(digest)


def _mismatch(message: str, declared: str, received: str | None) -> Refusal:
    return refuse("DIGEST_MISMATCH", message, declared=declared, received=received)
