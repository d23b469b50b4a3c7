"""The promises about blobs."""

import asyncio
import hashlib

import pytest

from stores.addressing import digest_of
from stores.interfaces import BlobStore
from tests.stores.conftest import HandClock
from tests.stores.contract.acting import content, keep, stage

SIZES = [0, 1, 65_536, 65_537, 300_000, 1 << 20, 3_500_000]
"""On both sides of what lives in a database, is mapped, and is written in pieces."""


def pattern(size: int) -> bytes:
    """Bytes of which no two pieces are alike."""
    return hashlib.shake_128(str(size).encode()).digest(size)


async def stored(blobs: BlobStore) -> set[str]:
    return {digest async for digest in blobs.digests()}


class BlobsContract:
    @pytest.mark.parametrize("size", SIZES)
    async def test_bytes_are_read_back_under_their_digest(
        self, blobs: BlobStore, size: int
    ) -> None:
        staged = await stage(blobs, pattern(size))
        assert (staged.digest, staged.size) == (digest_of(pattern(size)), size)
        await blobs.keep(staged)
        assert await content(blobs, staged.digest) == pattern(size)

    @pytest.mark.parametrize("step", [1000, 65_536, 300_000, 2_000_000])
    async def test_pieces_of_any_size_make_one_blob(self, blobs: BlobStore, step: int) -> None:
        value = pattern(3_500_000)
        pieces = [value[start : start + step] for start in range(0, len(value), step)]
        assert await content(blobs, await keep(blobs, *pieces)) == value

    @pytest.mark.parametrize("size", [70_000, 100, 3_500_000])
    async def test_any_range_can_be_read(self, blobs: BlobStore, size: int) -> None:
        handle = await blobs.open(await keep(blobs, pattern(size)))
        assert handle is not None
        assert handle.size == size
        for start, stop in ((0, size), (0, 0), (10, 20), (size - 1, size), (size, size)):
            assert bytes(handle.read(start, stop)) == pattern(size)[start:stop]
        assert bytes(handle.read(size - 5, size + 5)) == pattern(size)[-5:]
        handle.close()

    async def test_a_range_that_is_none_is_refused(self, blobs: BlobStore) -> None:
        handle = await blobs.open(await keep(blobs, b"bytes"))
        assert handle is not None
        for start, stop in ((-1, 2), (3, 2)):
            with pytest.raises(ValueError, match="range"):
                handle.read(start, stop)
        handle.close()

    @pytest.mark.parametrize("size", [100, 70_000, 300_000])
    async def test_the_same_bytes_twice_are_one_blob(self, blobs: BlobStore, size: int) -> None:
        assert await keep(blobs, pattern(size)) == await keep(blobs, pattern(size))
        assert await blobs.stats() == (1, size)

    async def test_the_same_bytes_at_once_are_one_blob(self, blobs: BlobStore) -> None:
        await asyncio.gather(*(keep(blobs, pattern(70_000)) for _ in range(16)))
        assert await blobs.stats() == (1, 70_000)
        assert await content(blobs, digest_of(pattern(70_000))) == pattern(70_000)

    @pytest.mark.parametrize("size", [100, 300_000])
    async def test_a_handle_says_when_its_bytes_were_stored(
        self, blobs: BlobStore, clock: HandClock, size: int
    ) -> None:
        stored_at = clock.now
        digest = await keep(blobs, pattern(size))
        clock.now += 1000
        handle = await blobs.open(digest)
        assert handle is not None
        assert (handle.digest, handle.modified_at) == (digest, stored_at)
        handle.close()

    @pytest.mark.parametrize("size", [100, 300_000])
    async def test_bytes_that_are_stored_again_count_as_stored_now(
        self, blobs: BlobStore, clock: HandClock, size: int
    ) -> None:
        await keep(blobs, pattern(size))
        clock.now += 1000
        handle = await blobs.open(await keep(blobs, pattern(size)))
        assert handle is not None
        assert handle.modified_at == clock.now
        handle.close()

    @pytest.mark.parametrize(
        "digest",
        [
            "sha256:" + "0" * 64,
            "",
            "sha256:",
            "sha256:" + "A" * 64,
            "sha256:../" + "0" * 61,
            "../../etc/passwd",
            "sha512:" + "0" * 64,
            "sha256:" + "0" * 64 + "\n",
        ],
    )
    async def test_what_is_no_stored_digest_opens_and_deletes_nothing(
        self, blobs: BlobStore, digest: str
    ) -> None:
        assert await blobs.open(digest) is None
        assert await blobs.delete(digest) is False

    @pytest.mark.parametrize("size", [100, 70_000, 300_000])
    async def test_a_deleted_blob_is_gone_but_open_handles_go_on(
        self, blobs: BlobStore, size: int
    ) -> None:
        digest = await keep(blobs, pattern(size))
        handle = await blobs.open(digest)
        assert handle is not None
        assert await blobs.delete(digest) is True
        assert await blobs.open(digest) is None
        assert await blobs.delete(digest) is False
        assert bytes(handle.read(0, size)) == pattern(size)
        handle.close()

    async def test_every_digest_is_listed_once(self, blobs: BlobStore) -> None:
        digests = {await keep(blobs, pattern(size)) for size in SIZES}
        listed = [digest async for digest in blobs.digests()]
        assert len(listed) == len(digests)
        assert set(listed) == digests
        assert await blobs.stats() == (len(SIZES), sum(SIZES))

    async def test_a_walk_that_is_given_up_harms_nothing(self, blobs: BlobStore) -> None:
        await keep(blobs, pattern(70_000))
        await keep(blobs, pattern(70_001))
        async for _ in blobs.digests():
            break
        assert len(await stored(blobs)) == 2

    @pytest.mark.parametrize("size", [100, 300_000])
    async def test_slices_stay_good_after_their_handle_was_closed(
        self, blobs: BlobStore, size: int
    ) -> None:
        handle = await blobs.open(await keep(blobs, pattern(size)))
        assert handle is not None
        piece = handle.read(0, size)
        handle.close()
        handle.close()
        assert bytes(piece) == pattern(size)
        with pytest.raises(ValueError, match="closed"):
            handle.read(0, 1)


class StagingContract:
    @pytest.mark.parametrize("size", [100, 300_000, 2_000_000])
    async def test_staged_bytes_are_no_part_of_the_store(self, blobs: BlobStore, size: int) -> None:
        staged = await stage(blobs, pattern(size))
        assert await blobs.open(staged.digest) is None
        assert await stored(blobs) == set()
        assert await blobs.stats() == (0, 0)
        staged.discard()

    @pytest.mark.parametrize("size", [100, 2_000_000])
    async def test_discarding_leaves_nothing_behind(self, blobs: BlobStore, size: int) -> None:
        writer = blobs.writer()
        await writer.write(pattern(size))
        writer.discard()
        writer.discard()
        staged = await stage(blobs, pattern(size))
        staged.discard()
        staged.discard()
        assert await stored(blobs) == set()

    @pytest.mark.parametrize("size", [100, 300_000])
    async def test_discarding_afterwards_is_harmless(self, blobs: BlobStore, size: int) -> None:
        writer = blobs.writer()
        await writer.write(pattern(size))
        staged = await writer.finish()
        writer.discard()
        await blobs.keep(staged)
        staged.discard()
        assert await content(blobs, staged.digest) == pattern(size)

    @pytest.mark.parametrize("size", [100, 300_000])
    async def test_a_discarded_blob_cannot_be_stored(self, blobs: BlobStore, size: int) -> None:
        staged = await stage(blobs, pattern(size))
        staged.discard()
        with pytest.raises((OSError, RuntimeError)):
            await asyncio.to_thread(staged.flush)
        assert await stored(blobs) == set()

    async def test_a_writer_that_is_over_takes_nothing(self, blobs: BlobStore) -> None:
        writer = blobs.writer()
        await writer.finish()
        with pytest.raises(RuntimeError, match="over"):
            await writer.write(b"more")
        with pytest.raises(RuntimeError, match="over"):
            await writer.finish()

    @pytest.mark.parametrize("size", [100, 300_000])
    async def test_flushing_makes_bytes_part_of_the_store(
        self, blobs: BlobStore, size: int
    ) -> None:
        staged = await stage(blobs, pattern(size))
        await asyncio.to_thread(staged.flush)
        staged.discard()
        assert await content(blobs, staged.digest) == pattern(size)

    async def test_a_cancelled_writer_leaves_nothing_behind(self, blobs: BlobStore) -> None:
        writer = blobs.writer()
        task = asyncio.create_task(writer.write(pattern(3_500_000)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        writer.discard()
        assert await stored(blobs) == set()

    async def test_an_open_store_is_ready(self, blobs: BlobStore) -> None:
        assert await blobs.ready() is None

    async def test_a_closed_store_is_not_ready(self, blobs: BlobStore) -> None:
        await blobs.close()
        with pytest.raises((OSError, RuntimeError)):
            await blobs.ready()
