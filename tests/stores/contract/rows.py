"""The promises about index rows and scans."""

import pytest

from stores.interfaces import IndexEntry, KvStore, Row, Transaction, UniqueViolation
from tests.stores.contract.acting import positions, put, put_row, put_rows, row, write


class RowsContract:
    async def test_a_row_is_found_with_identity_position_and_value(self, store: KvStore) -> None:
        await put_row(store, "r", b"p", value=b"v")
        assert await store.scan("i", "o", b"", limit=10) == [Row("r", b"p", b"v")]

    async def test_rows_come_in_byte_order(self, store: KvStore) -> None:
        await put_rows(store, b"b", b"a\xff", b"", b"\xff", b"a", b"a\x00")
        assert await positions(store) == [b"", b"a", b"a\x00", b"a\xff", b"b", b"\xff"]

    async def test_rows_at_one_position_come_by_identity(self, store: KvStore) -> None:
        for identity in ("b", "a", "c"):
            await put_row(store, identity, b"p")
        forward = await store.scan("i", "o", b"", limit=10)
        backward = await store.scan("i", "o", b"", limit=10, reverse=True)
        assert [found.identity for found in forward] == ["a", "b", "c"]
        assert [found.identity for found in backward] == ["c", "b", "a"]

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            (b"a", [b"a", b"ab", b"a\xff"]),
            (b"ab", [b"ab"]),
            (b"a\xff", [b"a\xff"]),
            (b"\xff", [b"\xff", b"\xff\xff"]),
            (b"z", []),
        ],
    )
    async def test_only_positions_with_the_prefix_are_read(
        self, store: KvStore, prefix: bytes, expected: list[bytes]
    ) -> None:
        await put_rows(store, b"a", b"ab", b"a\xff", b"b", b"\xff", b"\xff\xff")
        assert await positions(store, prefix) == expected
        assert await positions(store, prefix, reverse=True) == expected[::-1]

    async def test_no_more_rows_than_the_limit_are_read(self, store: KvStore) -> None:
        await put_rows(store, b"1", b"2", b"3")
        assert await positions(store, limit=2) == [b"1", b"2"]
        assert await positions(store, limit=2, reverse=True) == [b"3", b"2"]
        assert await positions(store, limit=0) == []

    @pytest.mark.parametrize("after", [b"2", b"2x"])
    async def test_after_leaves_out_what_stands_there_and_before(
        self, store: KvStore, after: bytes
    ) -> None:
        await put_rows(store, b"1", b"2", b"3", b"4")
        assert await positions(store, after=after) == [b"3", b"4"]

    async def test_after_leaves_out_every_row_at_that_position(self, store: KvStore) -> None:
        await put_row(store, "a", b"1")
        await put_row(store, "b", b"1")
        assert await positions(store, after=b"1") == []
        assert await positions(store, after=b"1", reverse=True) == []

    async def test_a_reverse_scan_leaves_out_after_and_everything_above(
        self, store: KvStore
    ) -> None:
        await put_rows(store, b"1", b"2", b"3", b"4")
        assert await positions(store, after=b"3", reverse=True) == [b"2", b"1"]
        assert await positions(store, after=b"35", reverse=True) == [b"3", b"2", b"1"]

    async def test_after_outside_of_the_prefix_leaves_out_all_or_nothing(
        self, store: KvStore
    ) -> None:
        await put_rows(store, b"b1", b"b2")
        assert await positions(store, b"b", after=b"a") == [b"b1", b"b2"]
        assert await positions(store, b"b", after=b"c") == []
        assert await positions(store, b"b", after=b"c", reverse=True) == [b"b2", b"b1"]
        assert await positions(store, b"b", after=b"a", reverse=True) == []

    async def test_paging_with_after_visits_every_row_once(self, store: KvStore) -> None:
        await put_rows(store, *(bytes([n]) for n in range(10)))
        seen: list[bytes] = []
        while page := await positions(store, after=seen[-1] if seen else None, limit=3):
            seen += page
        assert seen == [bytes([n]) for n in range(10)]

    async def test_a_row_may_stand_in_several_places_and_orderings(self, store: KvStore) -> None:
        entries = [IndexEntry("o", b"1"), IndexEntry("o", b"2"), IndexEntry("other", b"3")]
        await write(store, lambda change: change.upsert_row("i", "r", entries, b""))
        assert await positions(store) == [b"1", b"2"]
        assert len(await store.scan("i", "other", b"", limit=10)) == 1

    async def test_a_write_replaces_all_places_the_row_held(self, store: KvStore) -> None:
        await put_row(store, "r", b"1", b"2")
        await put_row(store, "r", b"3", value=b"new")
        assert await store.scan("i", "o", b"", limit=10) == [Row("r", b"3", b"new")]

    async def test_a_deleted_row_leaves_every_ordering(self, store: KvStore) -> None:
        await put_row(store, "r", b"1", b"2")
        await put_row(store, "s", b"3")
        await write(store, lambda change: change.delete_row("i", "r"))
        assert await positions(store) == [b"3"]

    async def test_deleting_no_row_does_nothing(self, store: KvStore) -> None:
        await write(store, lambda change: change.delete_row("i", "r"))
        assert await positions(store) == []

    async def test_indexes_do_not_meet(self, store: KvStore) -> None:
        await put_row(store, "r", b"1")
        assert await store.scan("j", "o", b"", limit=10) == []

    async def test_a_negative_limit_is_refused(self, store: KvStore) -> None:
        with pytest.raises(ValueError, match="negative"):
            await positions(store, limit=-1)

    async def test_a_row_that_names_one_place_twice_is_refused(self, store: KvStore) -> None:
        with pytest.raises(ValueError, match="twice"):
            row(store.begin(), "r", b"1", b"1")


def claim(transaction: Transaction, identity: str, unique: bytes, ordering: str = "o") -> None:
    entry = IndexEntry(ordering, identity.encode(), unique)
    transaction.upsert_row("i", identity, [entry], b"")


class UniqueContract:
    async def test_a_value_that_another_row_holds_is_refused(self, store: KvStore) -> None:
        await write(store, lambda change: claim(change, "first", b"u"))
        with pytest.raises(UniqueViolation) as refused:
            await write(store, lambda change: claim(change, "second", b"u"))
        violation = refused.value
        assert (violation.index, violation.ordering, violation.identity) == ("i", "o", "first")

    async def test_after_a_violation_nothing_was_written(self, store: KvStore) -> None:
        await write(store, lambda change: claim(change, "first", b"u"))
        transaction = store.begin()
        transaction.put("c", "k", b"")
        claim(transaction, "second", b"u")
        with pytest.raises(UniqueViolation):
            await transaction.commit()
        assert await store.get("c", "k") is None
        assert await positions(store) == [b"first"]

    async def test_a_row_may_be_written_again_with_its_own_value(self, store: KvStore) -> None:
        for _ in range(2):
            await write(store, lambda change: claim(change, "first", b"u"))
        assert await positions(store) == [b"first"]

    async def test_a_value_is_free_after_its_row_was_deleted_or_moved(self, store: KvStore) -> None:
        await write(store, lambda change: claim(change, "first", b"u"))
        await write(store, lambda change: claim(change, "first", b"v"))
        await write(store, lambda change: claim(change, "second", b"u"))
        await write(store, lambda change: change.delete_row("i", "first"))
        await write(store, lambda change: claim(change, "third", b"v"))
        assert await positions(store) == [b"second", b"third"]

    async def test_rows_may_swap_values_in_one_transaction(self, store: KvStore) -> None:
        await write(store, lambda change: claim(change, "a", b"1"))
        await write(store, lambda change: claim(change, "b", b"2"))
        transaction = store.begin()
        claim(transaction, "a", b"2")
        claim(transaction, "b", b"1")
        await transaction.commit()
        with pytest.raises(UniqueViolation, match="held by a"):
            await write(store, lambda change: claim(change, "c", b"2"))

    async def test_two_rows_of_one_transaction_cannot_hold_one_value(self, store: KvStore) -> None:
        transaction = store.begin()
        claim(transaction, "a", b"u")
        claim(transaction, "b", b"u")
        with pytest.raises(UniqueViolation, match="held by a"):
            await transaction.commit()
        assert await positions(store) == []

    async def test_orderings_do_not_share_unique_values(self, store: KvStore) -> None:
        await write(store, lambda change: claim(change, "a", b"u"))
        await write(store, lambda change: claim(change, "b", b"u", ordering="p"))
        assert len(await store.scan("i", "p", b"", limit=10)) == 1

    async def test_rows_without_a_unique_value_never_clash(self, store: KvStore) -> None:
        await put_row(store, "a", b"1")
        await put_row(store, "b", b"1")
        await put(store, "k", b"")
        assert await positions(store) == [b"1", b"1"]
