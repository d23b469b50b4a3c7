"""The promises about one transaction: what it sees, and that it is all or nothing."""

import asyncio

import pytest

from stores.interfaces import BlobStore, Conflict, KvStore, StagedBlob, StorageFull
from tests.stores.contract.acting import (
    append,
    conflicts,
    content,
    event,
    positions,
    put,
    put_row,
    put_rows,
    row,
    stage,
)


class OwnWritesContract:
    async def test_own_documents_are_seen(self, store: KvStore) -> None:
        await put(store, "old", b"old")
        transaction = store.begin()
        transaction.put("c", "new", b"new")
        transaction.delete("c", "old")
        found = await transaction.get("c", "new")
        assert found is not None
        assert found.value == b"new"
        assert await transaction.get("c", "old") is None

    async def test_every_own_write_raises_the_revision_it_shows(self, store: KvStore) -> None:
        await put(store, "k", b"")
        transaction = store.begin()
        revisions = []
        for _ in range(3):
            found = await transaction.get("c", "k")
            assert found is not None
            revisions.append(found.revision)
            transaction.put("c", "k", b"")
        assert revisions == sorted(set(revisions))

    async def test_a_document_is_the_same_however_often_it_is_read(self, store: KvStore) -> None:
        await put(store, "k", b"one")
        transaction = store.begin()
        first = await transaction.get("c", "k")
        await put(store, "k", b"two")
        assert await transaction.get("c", "k") == first

    async def test_own_rows_stand_in_their_places(self, store: KvStore) -> None:
        await put_rows(store, b"1", b"3", b"5")
        transaction = store.begin()
        row(transaction, "new", b"2", b"4")
        transaction.delete_row("i", b"3".hex())
        row(transaction, b"5".hex(), b"0")
        assert await positions(transaction) == [b"0", b"1", b"2", b"4"]
        assert await positions(transaction, reverse=True) == [b"4", b"2", b"1", b"0"]

    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 3, 10])
    async def test_limit_and_after_count_own_rows_too(
        self, store: KvStore, limit: int, reverse: bool
    ) -> None:
        await put_rows(store, b"1", b"2", b"3", b"4", b"5")
        transaction = store.begin()
        for gone in (b"1", b"2", b"4"):
            transaction.delete_row("i", gone.hex())
        row(transaction, "own", b"35")
        seen: list[bytes] = []
        while page := await positions(
            transaction, after=seen[-1] if seen else None, limit=limit, reverse=reverse
        ):
            seen += page
        assert seen == ([b"5", b"35", b"3"] if reverse else [b"3", b"35", b"5"])

    async def test_a_row_with_many_hidden_places_does_not_shorten_a_scan(
        self, store: KvStore
    ) -> None:
        await put_row(store, "many", *(bytes([0, n]) for n in range(20)))
        await put_row(store, "last", b"\x01")
        transaction = store.begin()
        transaction.delete_row("i", "many")
        assert await positions(transaction, limit=1) == [b"\x01"]

    async def test_own_rows_outside_of_the_scan_are_not_seen(self, store: KvStore) -> None:
        transaction = store.begin()
        row(transaction, "own", b"b")
        assert await positions(transaction, b"a") == []
        assert await positions(transaction, after=b"b") == []
        assert await transaction.scan("i", "other", b"", limit=10) == []
        assert await transaction.scan("j", "o", b"", limit=10) == []


class AtomicityContract:
    async def test_nothing_is_visible_before_the_commit_returns(self, store: KvStore) -> None:
        transaction = store.begin()
        transaction.put("c", "k", b"")
        row(transaction, "r", b"1")
        transaction.append("l", event("e"))
        assert (await store.stats())[:3] == (0, 0, 0)
        await transaction.commit()
        assert (await store.stats())[:3] == (1, 1, 1)

    async def test_an_aborted_transaction_changes_nothing(self, store: KvStore) -> None:
        transaction = store.begin()
        transaction.put("c", "k", b"")
        transaction.abort()
        assert await store.get("c", "k") is None

    async def test_a_forgotten_transaction_changes_nothing(self, store: KvStore) -> None:
        store.begin().put("c", "k", b"")
        await put(store, "other", b"")
        assert await store.get("c", "k") is None

    async def test_a_conflict_leaves_nothing_behind(self, store: KvStore) -> None:
        loser = store.begin()
        await loser.get("c", "k")
        loser.put("c", "lost", b"")
        row(loser, "lost", b"1")
        loser.append("l", event("lost"))
        await put(store, "k", b"")
        with pytest.raises(Conflict):
            await loser.commit()
        assert (await store.stats())[:3] == (1, 0, 0)

    async def test_aborting_afterwards_is_harmless(self, store: KvStore) -> None:
        transaction = store.begin()
        transaction.put("c", "k", b"")
        await transaction.commit()
        transaction.abort()
        transaction.abort()
        assert await store.get("c", "k") is not None

    async def test_a_transaction_that_is_over_cannot_be_used(self, store: KvStore) -> None:
        transaction = store.begin()
        transaction.abort()
        with pytest.raises(RuntimeError, match="over"):
            transaction.put("c", "k", b"")
        with pytest.raises(RuntimeError, match="over"):
            await transaction.get("c", "k")
        with pytest.raises(RuntimeError, match="over"):
            await transaction.commit()

    async def test_an_empty_transaction_commits(self, store: KvStore) -> None:
        await store.begin().commit()
        assert (await store.stats())[:3] == (0, 0, 0)

    @pytest.mark.parametrize("rounds", [0, 1, 2, 5, 20])
    async def test_a_cancelled_commit_is_whole_or_not_at_all(
        self, store: KvStore, rounds: int
    ) -> None:
        transaction = store.begin()
        transaction.put("c", "k", b"")
        row(transaction, "r", b"1")
        transaction.append("l", event("e"))
        task = asyncio.create_task(transaction.commit())
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await append(store, "next")  # The store goes on, and this is queued behind.
        documents, rows, events, _ = await store.stats()
        assert (documents, rows, events - 1) in [(0, 0, 0), (1, 1, 1)]

    async def test_many_cancelled_commits_among_others_harm_none(self, store: KvStore) -> None:
        tasks = [asyncio.create_task(append(store, f"e{n}")) for n in range(40)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.exception() is None for task in tasks[1::2])
        events = await store.events("l", after=0, limit=100, max_bytes=1 << 20)
        assert {f"e{n}" for n in range(1, 40, 2)} <= {logged.event.event_id for logged in events}
        assert [logged.sequence for logged in events] == list(range(1, len(events) + 1))


class Unflushable:
    """A staged blob whose disk is full; it counts how often it was asked."""

    digest = "sha256:" + "0" * 64
    size = 0
    inline = None
    home = None
    asked = 0

    def flush(self) -> None:
        self.asked += 1
        raise StorageFull("the disk is full")

    def kept(self) -> None: ...

    def discard(self) -> None: ...


async def joined(store: KvStore, key: str, blob: StagedBlob) -> None:
    transaction = store.begin()
    transaction.put("c", key, blob.digest.encode())
    transaction.join_blob(blob)
    await transaction.commit()


class JoinedBlobsContract:
    @pytest.mark.parametrize("size", [0, 10, 100_000, 2_000_000])
    async def test_a_joined_blob_is_stored_with_the_commit(
        self, store: KvStore, blobs: BlobStore, size: int
    ) -> None:
        blob = await stage(blobs, b"x" * size)
        assert await blobs.open(blob.digest) is None
        await joined(store, "k", blob)
        blob.discard()
        assert await content(blobs, blob.digest) == b"x" * size

    @pytest.mark.parametrize("size", [10, 100_000])
    async def test_a_conflict_keeps_the_blob_out_and_the_next_try_takes_it(
        self, store: KvStore, blobs: BlobStore, size: int
    ) -> None:
        blob = await stage(blobs, b"x" * size)
        loser = store.begin()
        await loser.get("c", "k")
        loser.join_blob(blob)
        loser.put("c", "k", b"lost")
        await put(store, "k", b"")
        assert await conflicts(loser)
        assert await blobs.open(blob.digest) is None
        await joined(store, "k", blob)
        assert await content(blobs, blob.digest) == b"x" * size

    async def test_joining_twice_is_joining_once(self, store: KvStore, blobs: BlobStore) -> None:
        blob = await stage(blobs, b"x" * 100_000)
        transaction = store.begin()
        transaction.join_blob(blob)
        transaction.join_blob(blob)
        await transaction.commit()
        assert (await blobs.stats()).blobs == 1

    async def test_a_blob_that_cannot_be_flushed_fails_its_transaction_alone(
        self, store: KvStore, blobs: BlobStore
    ) -> None:
        good = [await stage(blobs, bytes([n]) * 70_000) for n in range(6)]
        bad = Unflushable()
        outcomes = await asyncio.gather(
            *(joined(store, f"good{n}", blob) for n, blob in enumerate(good[:3])),
            joined(store, "bad", bad),
            *(joined(store, f"good{n + 3}", blob) for n, blob in enumerate(good[3:])),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes if outcome] == [StorageFull]
        assert bad.asked == 1
        assert await store.get("c", "bad") is None
        assert await store.keys("c", limit=10) == [f"good{n}" for n in range(6)]
        assert (await blobs.stats()).blobs == 6

    async def test_many_blobs_of_many_transactions_are_all_stored(
        self, store: KvStore, blobs: BlobStore
    ) -> None:
        staged = [await stage(blobs, str(n).encode() * 20_000) for n in range(30)]
        await asyncio.gather(*(joined(store, str(n), blob) for n, blob in enumerate(staged)))
        for n, blob in enumerate(staged):
            assert await content(blobs, blob.digest) == str(n).encode() * 20_000
