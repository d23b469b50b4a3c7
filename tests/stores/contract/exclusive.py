"""The promises about exclusive transactions. A turn lasts 0.2 seconds in `turns`.

In `store` it lasts 5 seconds, so that what is released there is not released by time."""

import asyncio
import gc

import pytest

from stores.interfaces import Conflict, KvStore
from tests.stores.contract.acting import conflicts, positions, put, put_row, put_rows, row


async def is_blocked(task: "asyncio.Task[None]") -> bool:
    """Whether a task has not ended after the loop had time for it."""
    done, _ = await asyncio.wait([task], timeout=0.05)
    return not done


class ExclusiveContract:
    async def test_it_keeps_other_writers_out_until_it_commits(self, store: KvStore) -> None:
        transaction = await store.begin_exclusive()
        other = asyncio.create_task(put(store, "k", b"other"))
        assert await is_blocked(other)
        transaction.put("c", "k", b"exclusive")
        await transaction.commit()
        await other
        found = await store.get("c", "k")
        assert found is not None
        assert found.value == b"other"

    async def test_it_lets_the_others_in_when_it_is_aborted(self, store: KvStore) -> None:
        transaction = await store.begin_exclusive()
        transaction.put("c", "k", b"")
        other = asyncio.create_task(put(store, "other", b""))
        assert await is_blocked(other)
        transaction.abort()
        await other
        assert await store.keys("c", limit=10) == ["other"]

    async def test_its_commit_has_no_conflict_and_sees_the_latest(self, store: KvStore) -> None:
        await put(store, "k", b"1")
        transaction = await store.begin_exclusive()
        others = [asyncio.create_task(put(store, "k", b"lost")) for _ in range(3)]
        await asyncio.sleep(0)
        found = await transaction.get("c", "k")
        assert found is not None
        transaction.put("c", "k", found.value + b"2")
        await transaction.commit()
        await asyncio.gather(*others)
        assert found.value == b"1"

    async def test_it_sees_its_own_writes_and_writes_rows_and_events(self, store: KvStore) -> None:
        await put_rows(store, b"1")
        transaction = await store.begin_exclusive()
        row(transaction, "own", b"2")
        assert await positions(transaction) == [b"1", b"2"]
        await transaction.commit()
        assert await positions(store) == [b"1", b"2"]

    async def test_it_may_only_read(self, store: KvStore) -> None:
        transaction = await store.begin_exclusive()
        assert await transaction.get("c", "k") is None
        await transaction.commit()
        await put(store, "k", b"")

    async def test_many_take_turns(self, store: KvStore) -> None:
        async def count() -> None:
            transaction = await store.begin_exclusive()
            found = await transaction.get("c", "n")
            await asyncio.sleep(0)
            transaction.put("c", "n", str(int(found.value if found else 0) + 1).encode())
            await transaction.commit()

        await asyncio.gather(*(count() for _ in range(20)))
        found = await store.get("c", "n")
        assert found is not None
        assert found.value == b"20"

    async def test_who_gets_no_turn_in_time_is_told_so(self, turns: KvStore) -> None:
        holders = [asyncio.create_task(hold(turns)) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(Conflict):
            await turns.begin_exclusive()
        for holder in holders:
            holder.cancel()
        await asyncio.wait(holders)
        await put(turns, "k", b"")

    async def test_one_that_is_too_slow_no_longer_keeps_the_others_out(
        self, turns: KvStore
    ) -> None:
        transaction = await turns.begin_exclusive()
        await transaction.get("c", "k")
        await put(turns, "other", b"")
        transaction.put("c", "k", b"late")
        assert not await conflicts(transaction)

    async def test_one_that_is_too_slow_is_an_optimistic_one(self, turns: KvStore) -> None:
        transaction = await turns.begin_exclusive()
        await transaction.get("c", "k")
        await put(turns, "k", b"")
        transaction.put("c", "k", b"late")
        assert await conflicts(transaction)

    async def test_one_whose_task_was_cancelled_while_it_waited_is_released(
        self, store: KvStore
    ) -> None:
        first = await store.begin_exclusive()
        waiting = asyncio.create_task(store.begin_exclusive())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        first.abort()
        async with asyncio.timeout(3):
            await put(store, "k", b"")

    @pytest.mark.parametrize("rounds", [0, 1, 2, 3, 4])
    async def test_one_whose_task_was_cancelled_at_any_moment_is_released(
        self, store: KvStore, rounds: int
    ) -> None:
        async def read() -> None:
            transaction = await store.begin_exclusive()
            try:
                await transaction.get("c", "k")
                await asyncio.sleep(0)
            finally:
                transaction.abort()

        task = asyncio.create_task(read())
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with asyncio.timeout(3):
            await put(store, "k", b"")

    async def test_one_that_was_forgotten_is_released(self, store: KvStore) -> None:
        await store.begin_exclusive()
        gc.collect()
        async with asyncio.timeout(3):
            await put_row(store, "r", b"1")

    async def test_a_cancelled_commit_lets_the_others_in(self, store: KvStore) -> None:
        transaction = await store.begin_exclusive()
        transaction.put("c", "k", b"")
        task = asyncio.create_task(transaction.commit())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with asyncio.timeout(3):
            await put(store, "other", b"")


async def hold(store: KvStore) -> None:
    """Take a turn and never use it."""
    transaction = await store.begin_exclusive()
    try:
        await asyncio.Event().wait()
    finally:
        transaction.abort()
