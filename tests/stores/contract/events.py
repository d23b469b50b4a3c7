"""The promises about the event log."""

import asyncio

import pytest

from stores.events import GENESIS, verify
from stores.interfaces import Event, KvStore, LoggedEvent
from tests.stores.contract.acting import append, conflicts, event, put, write


async def whole(store: KvStore, log: str = "l") -> list[LoggedEvent]:
    return list(await store.events(log, after=0, limit=10_000, max_bytes=1 << 30))


class EventsContract:
    async def test_an_event_is_read_back_as_it_was_appended(self, store: KvStore) -> None:
        full = Event("id", "tenant", "type", "2026-01-01T00:00:00.000Z", b'{"a":1}')
        await write(store, lambda change: change.append("l", full))
        await write(store, lambda change: change.append("l", full._replace(tenant=None)))
        assert [logged.event for logged in await whole(store)] == [
            full,
            full._replace(tenant=None),
        ]

    async def test_events_are_numbered_from_1_in_the_order_of_appending(
        self, store: KvStore
    ) -> None:
        await append(store, "a", "b")
        await append(store, "c")
        events = await whole(store)
        assert [(logged.sequence, logged.event.event_id) for logged in events] == [
            (1, "a"),
            (2, "b"),
            (3, "c"),
        ]

    async def test_the_chain_of_hashes_verifies_from_64_zeros(self, store: KvStore) -> None:
        await append(store, "a", "b", "c")
        events = await whole(store)
        assert events[0].previous == GENESIS == "0" * 64
        assert verify(events) == events[-1].hash

    async def test_a_transaction_that_fails_leaves_no_gap(self, store: KvStore) -> None:
        await append(store, "a")
        loser = store.begin()
        await loser.get("c", "k")
        loser.append("l", event("lost"))
        await put(store, "k", b"")
        assert await conflicts(loser)
        aborted = store.begin()
        aborted.append("l", event("lost"))
        aborted.abort()
        await append(store, "b")
        assert [logged.event.event_id for logged in await whole(store)] == ["a", "b"]
        verify(await whole(store))

    async def test_concurrent_appends_leave_no_gap(self, store: KvStore) -> None:
        await asyncio.gather(*(append(store, f"e{n}") for n in range(50)))
        events = await whole(store)
        assert {logged.event.event_id for logged in events} == {f"e{n}" for n in range(50)}
        verify(events)

    async def test_logs_do_not_meet(self, store: KvStore) -> None:
        await append(store, "a", log="one")
        await append(store, "b", log="two")
        assert [logged.sequence for logged in await whole(store, "two")] == [1]

    async def test_only_events_above_after_are_read(self, store: KvStore) -> None:
        await append(store, "a", "b", "c")
        events = await store.events("l", after=1, limit=10, max_bytes=1000)
        assert [logged.sequence for logged in events] == [2, 3]
        assert await store.events("l", after=3, limit=10, max_bytes=1000) == []

    async def test_no_more_events_than_the_limit_are_read(self, store: KvStore) -> None:
        await append(store, "a", "b", "c")
        assert len(await store.events("l", after=0, limit=2, max_bytes=1000)) == 2
        with pytest.raises(ValueError, match="negative"):
            await store.events("l", after=0, limit=-1, max_bytes=1000)

    @pytest.mark.parametrize(("max_bytes", "count"), [(0, 1), (9, 1), (20, 2), (29, 2), (30, 3)])
    async def test_payloads_are_bounded_but_one_event_always_comes(
        self, store: KvStore, max_bytes: int, count: int
    ) -> None:
        for name in "abc":
            await write(store, lambda change, name=name: change.append("l", event(name, b"x" * 10)))
        assert len(await store.events("l", after=0, limit=10, max_bytes=max_bytes)) == count

    async def test_what_is_read_after_a_bounded_read_is_new(self, store: KvStore) -> None:
        await append(store, "a", "b")
        await store.events("l", after=0, limit=10, max_bytes=0)
        await put(store, "k", b"new")
        assert await store.get("c", "k") is not None

    async def test_own_events_are_not_read_before_the_commit(self, store: KvStore) -> None:
        transaction = store.begin()
        transaction.append("l", event("a"))
        assert await whole(store) == []
        await transaction.commit()
        assert len(await whole(store)) == 1
