"""The promise that the outcome equals some serial order of the committed transactions."""

import asyncio

import pytest

from stores.interfaces import Conflict, KvStore, Transaction
from tests.stores.contract.acting import (
    conflicts,
    delete,
    positions,
    put,
    put_row,
    put_rows,
    row,
    write,
)


async def reader_of_key(store: KvStore, key: str = "k") -> Transaction:
    """A transaction that read a document and will write something else."""
    transaction = store.begin()
    await transaction.get("c", key)
    transaction.put("c", "result", b"")
    return transaction


async def scanner(store: KvStore, *, limit: int = 10, reverse: bool = False) -> Transaction:
    """A transaction that scanned and will write something else."""
    transaction = store.begin()
    await positions(transaction, limit=limit, reverse=reverse)
    transaction.put("c", "result", b"")
    return transaction


class ConflictContract:
    async def test_a_changed_document_is_a_conflict(self, store: KvStore) -> None:
        await put(store, "k", b"same")
        transaction = await reader_of_key(store)
        await put(store, "k", b"same")
        assert await conflicts(transaction)

    async def test_a_document_that_appeared_is_a_conflict(self, store: KvStore) -> None:
        transaction = await reader_of_key(store)
        await put(store, "k", b"")
        assert await conflicts(transaction)

    async def test_a_document_that_vanished_is_a_conflict(self, store: KvStore) -> None:
        await put(store, "k", b"")
        transaction = await reader_of_key(store)
        await delete(store, "k")
        assert await conflicts(transaction)

    async def test_a_document_that_went_and_came_back_is_a_conflict(self, store: KvStore) -> None:
        await put(store, "k", b"same")
        transaction = await reader_of_key(store)
        await delete(store, "k")
        await put(store, "k", b"same")
        assert await conflicts(transaction)

    async def test_what_others_write_elsewhere_is_none(self, store: KvStore) -> None:
        transaction = await reader_of_key(store)
        await put(store, "other", b"")
        assert not await conflicts(transaction)

    async def test_writing_blindly_is_never_one(self, store: KvStore) -> None:
        transaction = store.begin()
        transaction.put("c", "k", b"last")
        assert await transaction.get("c", "k") is not None
        await put(store, "k", b"first")
        assert not await conflicts(transaction)

    async def test_a_row_that_appeared_in_a_scan_is_a_conflict(self, store: KvStore) -> None:
        await put_rows(store, b"1", b"3")
        transaction = await scanner(store)
        await put_rows(store, b"2")
        assert await conflicts(transaction)

    async def test_a_row_that_appeared_in_an_empty_scan_is_a_conflict(self, store: KvStore) -> None:
        transaction = await scanner(store)
        await put_rows(store, b"2")
        assert await conflicts(transaction)

    async def test_a_row_that_left_a_scan_is_a_conflict(self, store: KvStore) -> None:
        await put_rows(store, b"1", b"3")
        transaction = await scanner(store)
        await write(store, lambda change: change.delete_row("i", b"3".hex()))
        assert await conflicts(transaction)

    async def test_a_row_that_was_written_anew_is_a_conflict(self, store: KvStore) -> None:
        await put_row(store, "r", b"1", value=b"old")
        transaction = await scanner(store)
        await put_row(store, "r", b"1", value=b"new")
        assert await conflicts(transaction)

    @pytest.mark.parametrize(("reverse", "new"), [(False, b"9"), (True, b"0")])
    async def test_rows_beyond_a_full_scan_are_none(
        self, store: KvStore, reverse: bool, new: bytes
    ) -> None:
        await put_rows(store, b"1", b"2", b"3")
        transaction = await scanner(store, limit=2, reverse=reverse)
        await put_rows(store, new)
        assert not await conflicts(transaction)

    async def test_a_scan_with_own_rows_covers_the_gap_it_saw(self, store: KvStore) -> None:
        await put_rows(store, b"1", b"9")
        transaction = store.begin()
        row(transaction, "own", b"5")
        assert await positions(transaction, limit=2) == [b"1", b"5"]
        await put_rows(store, b"3")
        assert await conflicts(transaction)

    async def test_a_scan_with_own_rows_covers_no_more_than_that(self, store: KvStore) -> None:
        await put_rows(store, b"1", b"2", b"9")
        transaction = store.begin()
        row(transaction, "own", b"0")
        assert await positions(transaction, limit=2) == [b"0", b"1"]
        await put_rows(store, b"3")
        assert not await conflicts(transaction)

    async def test_reading_alone_conflicts_when_it_saw_two_times(self, store: KvStore) -> None:
        transaction = store.begin()
        await transaction.get("c", "a")
        await write(store, lambda change: (change.put("c", "a", b""), change.put("c", "b", b"")))
        await transaction.get("c", "b")
        with pytest.raises(Conflict):
            await transaction.commit()

    async def test_reading_alone_commits_when_all_was_true_at_once(self, store: KvStore) -> None:
        transaction = store.begin()
        await transaction.get("c", "a")
        await positions(transaction)
        await put(store, "b", b"")
        await transaction.get("c", "b")
        await transaction.commit()


class SerializabilityContract:
    async def test_of_64_who_write_one_key_exactly_one_wins(self, store: KvStore) -> None:
        async def publish(value: bytes) -> bool:
            transaction = store.begin()
            if await transaction.get("c", "k") is not None:
                transaction.abort()
                return False
            transaction.put("c", "k", value)
            row(transaction, "r", value)
            return not await conflicts(transaction)

        won = await asyncio.gather(*(publish(str(n).encode()) for n in range(64)))
        assert won.count(True) == 1
        assert await positions(store) == [str(won.index(True)).encode()]

    async def test_64_who_write_different_keys_all_win(self, store: KvStore) -> None:
        await asyncio.gather(*(put_row(store, str(n), bytes([n])) for n in range(64)))
        assert await positions(store) == [bytes([n]) for n in range(64)]

    async def test_counting_together_loses_nothing(self, store: KvStore) -> None:
        async def count() -> None:
            while True:
                transaction = store.begin()
                found = await transaction.get("c", "n")
                transaction.put("c", "n", str(int(found.value if found else 0) + 1).encode())
                if not await conflicts(transaction):
                    return

        await asyncio.gather(*(count() for _ in range(30)))
        found = await store.get("c", "n")
        assert found is not None
        assert found.value == b"30"

    async def test_write_skew_over_documents_is_impossible(self, store: KvStore) -> None:
        await put(store, "a", b"on call")
        await put(store, "b", b"on call")

        async def leave(me: str, other: str) -> bool:
            transaction = store.begin()
            if await transaction.get("c", other) is None:
                return False
            await asyncio.sleep(0)
            transaction.delete("c", me)
            return not await conflicts(transaction)

        left = await asyncio.gather(leave("a", "b"), leave("b", "a"))
        assert left.count(True) == 1
        assert len(await store.keys("c", limit=2)) == 1

    async def test_write_skew_over_scans_is_impossible(self, store: KvStore) -> None:
        async def join(identity: str) -> bool:
            transaction = store.begin()
            if len(await positions(transaction)) >= 1:
                return False
            await asyncio.sleep(0)
            row(transaction, identity, identity.encode())
            return not await conflicts(transaction)

        joined = await asyncio.gather(*(join(str(n)) for n in range(8)))
        assert joined.count(True) == 1
        assert len(await positions(store)) == 1
