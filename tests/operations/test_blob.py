"""Bytes: received, verified, kept and handed out, or nothing of them is left."""

import base64
import hashlib
from typing import Any

import pytest

from errors.problem import refuse
from operations import blob, parse, txn
from operations.context import Reply
from stores.interfaces import StorageFull
from stores.memory_blobs import MemoryBlobs

put, get, verify = (operation.function for operation in blob.OPERATIONS)

BYTES = b"hello world"
RAW = hashlib.sha256(BYTES).digest()
DIGEST = f"sha256:{RAW.hex()}"
SHA256 = base64.b64encode(RAW).decode()
OTHER = "sha256:" + "0" * 64


async def _put(ctx: Any, source: Any = None, store: str = "primary") -> Any:
    kind = ctx.world.schema.blob_stores[store]
    return await put(ctx, store=kind, from_=ctx.request.body if source is None else source)


async def _get(ctx: Any, digest: str = DIGEST, store: str = "primary") -> Any:
    return await get(ctx, store=ctx.world.schema.blob_stores[store], digest=digest)


async def _stored(house: Any, store: str = "primary") -> int:
    return (await house.blobs[store].stats()).blobs


async def test_a_body_is_hashed_while_it_streams_and_stays_staged(house: Any) -> None:
    ctx = house.ctx(body=[b"hello", b" world"])
    received = await _put(ctx)
    assert (received.out, received.out_size) == (DIGEST, len(BYTES))
    assert house.meter.bytes_in == len(BYTES)
    assert await _stored(house) == 0
    await ctx.leave()
    assert await _stored(house) == 0


async def test_verified_bytes_outside_a_transaction_are_kept_at_once(house: Any) -> None:
    ctx = house.ctx(body=[BYTES])
    await _put(ctx)
    await verify(ctx, digest=DIGEST)
    await ctx.leave()
    handle = await _get(house.ctx())
    assert bytes(handle.read(0, handle.size)) == BYTES


async def test_verified_bytes_in_a_transaction_are_kept_with_its_commit(house: Any) -> None:
    ctx = house.ctx(body=[BYTES])
    await _put(ctx)
    await ctx.begin(("meta",))
    await verify(ctx, digest=DIGEST)
    await verify(ctx, digest=DIGEST)
    assert await _stored(house) == 0
    await txn.commit.function(ctx)
    await verify(ctx, digest=DIGEST)
    await ctx.leave()
    assert await _stored(house) == 1


async def test_bytes_of_an_aborted_transaction_are_gone(house: Any) -> None:
    ctx = house.ctx(body=[BYTES])
    await _put(ctx)
    await ctx.begin(("meta",))
    await verify(ctx, digest=DIGEST)
    await ctx.leave()
    assert await _stored(house) == 0


async def test_a_segment_that_is_run_again_does_not_read_the_body_again(
    house: Any, pieces: Any
) -> None:
    body = pieces([BYTES])
    ctx = house.ctx(body=body)
    for _ in range(2):
        ctx.abort()
        await ctx.begin(("meta",))
        received = await _put(ctx)
        await verify(ctx, digest=received.out)
    await txn.commit.function(ctx)
    assert (body.reads, await _stored(house)) == (1, 1)


async def test_a_stream_is_read_by_one_step_only(house: Any) -> None:
    ctx = house.ctx(body=[BYTES])
    await _put(ctx)
    with pytest.raises(RuntimeError, match="has read the stream"):
        await _put(ctx, store="mirror")
    with pytest.raises(RuntimeError, match="has read the body"):
        await parse.json.function(ctx)


@pytest.mark.parametrize(
    ("source", "expected"),
    [("hé", "hé".encode()), ({"b": 1, "a": [None]}, b'{"a":[null],"b":1}')],
)
async def test_texts_and_json_values_can_be_stored(
    house: Any, source: Any, expected: bytes
) -> None:
    ctx = house.ctx()
    received = await _put(ctx, source)
    await verify(ctx, digest=received.out)
    handle = await _get(ctx, received.out)
    assert bytes(handle.read(0, handle.size)) == expected


async def test_a_stored_blob_can_be_copied_to_another_store(house: Any) -> None:
    first = house.ctx(body=[BYTES])
    await _put(first)
    await verify(first, digest=DIGEST)
    ctx = house.ctx()
    assert (await _put(ctx, await _get(ctx), store="mirror")).out == DIGEST
    await verify(ctx, digest=DIGEST)
    assert await _stored(house, "mirror") == 1


async def test_the_same_bytes_staged_twice_are_one_blob_in_each_store(house: Any) -> None:
    ctx = house.ctx()
    for store in ("primary", "primary", "mirror"):
        await _put(ctx, "hello world", store)
    assert len(ctx.staged) == 2
    await verify(ctx, digest=DIGEST)
    assert [await _stored(house, store) for store in house.blobs] == [1, 1]


async def test_a_blob_over_the_bound_is_refused_while_it_streams(house: Any, refused: Any) -> None:
    ctx = house.ctx(body=[b"x" * 4000, b"x" * 1001])
    refusal = await refused("BLOB_TOO_LARGE", lambda: _put(ctx))
    assert refusal.problem.details == {"limit": 5000}
    assert ctx.staged == {}


async def test_a_blob_under_the_bound_is_refused(house: Any, refused: Any) -> None:
    refusal = await refused("BLOB_TOO_SMALL", lambda: _put(house.ctx(body=[b"x"])))
    assert refusal.problem.details == {"size": 1, "limit": 2}


async def test_a_body_that_breaks_off_leaves_nothing(house: Any, refused: Any, pieces: Any) -> None:
    ctx = house.ctx(body=pieces([b"abc"], refuse("REQUEST_TIMEOUT", "broke off")))
    await refused("REQUEST_TIMEOUT", lambda: _put(ctx))
    assert ctx.staged == {}


class Full(MemoryBlobs):
    """A store whose disk is full at the moment of keeping."""

    async def keep(self, blob: Any) -> None:
        raise StorageFull


async def test_a_full_storage_is_told_and_nothing_is_kept(house: Any, refused: Any) -> None:
    house.blobs["primary"] = Full()
    ctx = house.ctx(body=[BYTES])
    await _put(ctx)
    await refused("STORAGE_FULL", lambda: verify(ctx, digest=DIGEST))
    await ctx.leave()
    assert await _stored(house) == 0


@pytest.mark.parametrize("digest", [OTHER, "sha256:ABC", "", "../etc", None])
async def test_a_blob_that_is_not_stored_is_not_found(
    house: Any, refused: Any, digest: str
) -> None:
    await refused("BLOB_NOT_FOUND", lambda: _get(house.ctx(), digest))


async def test_handles_are_closed_at_the_end_except_the_replys(house: Any) -> None:
    ctx = house.ctx(body=[BYTES])
    await _put(ctx)
    await verify(ctx, digest=DIGEST)
    kept, dropped = Watched(await _get(ctx)), Watched(await _get(ctx))
    ctx.handles[:] = [(kept, "primary"), (dropped, "primary")]
    ctx.reply = Reply(200, {}, kept)
    await ctx.leave()
    assert (kept.closed, dropped.closed) == (False, True)


class Watched:
    """A handle that remembers whether it was closed."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.closed = False

    def close(self) -> None:
        self.closed = True
        self.handle.close()


ACCEPTED = {
    "repr-digest": f"sha-256=:{SHA256}:",
    "content-digest": f"sha-512=:AAAA:, sha-256=:{SHA256}:;q=1",
    "digest": f"md5=abc,SHA-256={SHA256}",
    "x-checksum-sha256": RAW.hex().upper(),
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_each_header_that_declares_the_right_digest_is_accepted(
    house: Any, name: str
) -> None:
    ctx = house.ctx(body=[BYTES], headers={name: ACCEPTED[name]})
    await _put(ctx)
    await verify(ctx, digest=DIGEST)
    assert await _stored(house) == 1


WRONG = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"repr-digest": f"sha-256=:{WRONG}:"},
        {"content-digest": f"sha-256=:{WRONG}:"},
        {"digest": f"sha-256={WRONG}"},
        {"x-checksum-sha256": "0" * 64},
        {**ACCEPTED, "x-checksum-sha256": "0" * 64},
        {"repr-digest": f"sha-256={SHA256}"},
        {"repr-digest": "sha-256=:AAAA:"},
        {"repr-digest": "sha-256=:A:"},
        {"repr-digest": ""},
        {"digest": "nonsense"},
        {"digest": f"sha-256={SHA256},sha-256={WRONG}"},
        {"x-checksum-sha256": "abc"},
    ],
)
@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_wrong_or_malformed_declaration_leaves_nothing(
    house: Any, refused: Any, headers: dict[str, str], in_transaction: bool
) -> None:
    ctx = house.ctx(body=[BYTES], headers=headers)
    await _put(ctx)
    if in_transaction:
        await ctx.begin(("meta",))
    refusal = await refused("DIGEST_MISMATCH", lambda: verify(ctx, digest=DIGEST))
    assert refusal.problem.status == 422
    assert refusal.problem.details["received"] == DIGEST
    assert refusal.problem.details["declared"] != DIGEST
    assert ctx.staged == {}
    assert await _stored(house) == 0


async def test_a_digest_of_another_algorithm_declares_nothing(house: Any) -> None:
    ctx = house.ctx(body=[BYTES], headers={"repr-digest": "sha-512=:AAAA:", "digest": "md5=x"})
    await _put(ctx)
    await verify(ctx, digest=DIGEST, algo="sha256")
    assert await _stored(house) == 1


@pytest.mark.parametrize("expected", [DIGEST, RAW.hex(), RAW.hex().upper(), f"sha-256=:{SHA256}:"])
async def test_an_expected_digest_counts_instead_of_the_headers(house: Any, expected: str) -> None:
    ctx = house.ctx(body=[BYTES], headers={"x-checksum-sha256": "0" * 64})
    await _put(ctx)
    await verify(ctx, digest=DIGEST, expected=expected)
    assert await _stored(house) == 1


@pytest.mark.parametrize("expected", [OTHER, "0" * 64, "", "sha256:abc", "sha-512=:AAAA:"])
async def test_bytes_that_are_not_the_expected_ones_leave_nothing(
    house: Any, refused: Any, expected: str
) -> None:
    ctx = house.ctx(body=[BYTES])
    await _put(ctx)
    await refused("DIGEST_MISMATCH", lambda: verify(ctx, digest=DIGEST, expected=expected))
    assert ctx.staged == {}


async def test_a_stored_object_is_hashed_in_full(house: Any, refused: Any) -> None:
    house.blobs["primary"].take(DIGEST, BYTES)
    await verify(house.ctx(), digest=DIGEST)
    house.blobs["mirror"].take(DIGEST, b"rotten")
    refusal = await refused("DIGEST_MISMATCH", lambda: verify(house.ctx(), digest=DIGEST))
    rotten = hashlib.sha256(b"rotten").hexdigest()
    assert refusal.problem.details == {"declared": DIGEST, "received": f"sha256:{rotten}"}


async def test_bytes_that_are_nowhere_cannot_be_verified(house: Any, refused: Any) -> None:
    refusal = await refused("DIGEST_MISMATCH", lambda: verify(house.ctx(), digest=OTHER))
    assert refusal.problem.details == {"declared": OTHER, "received": None}


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_another_tenants_digest_answers_as_a_missing_one(
    house: Any, refused: Any, in_transaction: bool
) -> None:
    async def publish(tenant: str) -> None:
        ctx = house.ctx(tenant=tenant, body=[BYTES])
        await _put(ctx)
        if in_transaction:
            await ctx.begin(("meta",))
        await verify(ctx, digest=DIGEST)
        await ctx.commit()
        assert (await _get(ctx)).size == len(BYTES)
        await ctx.leave()

    await publish("red")
    missing = await refused("BLOB_NOT_FOUND", lambda: _get(house.ctx(tenant="red"), OTHER))
    foreign = await refused("BLOB_NOT_FOUND", lambda: _get(house.ctx(tenant="blue")))
    assert missing.problem.message == foreign.problem.message
    await refused("DIGEST_MISMATCH", lambda: verify(house.ctx(tenant="blue"), digest=DIGEST))
    await publish("blue")
    assert await _stored(house) == 1
