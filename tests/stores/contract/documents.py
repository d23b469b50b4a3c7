"""The promises about documents."""

import pytest

from stores.interfaces import InlineBlobs, KvStore
from tests.stores.contract.acting import append, delete, event, put, put_row, row

HALF_A_PAIR = "\ud800"


class DocumentsContract:
    async def test_a_document_is_read_back(self, store: KvStore) -> None:
        await put(store, "k", b"value")
        found = await store.get("c", "k")
        assert found is not None
        assert found.value == b"value"

    async def test_there_is_none_under_an_unused_key(self, store: KvStore) -> None:
        assert await store.get("c", "k") is None

    async def test_a_write_replaces_what_stands_there(self, store: KvStore) -> None:
        await put(store, "k", b"one")
        await put(store, "k", b"two")
        found = await store.get("c", "k")
        assert found is not None
        assert found.value == b"two"

    async def test_every_write_raises_the_revision(self, store: KvStore) -> None:
        revisions = []
        for _ in range(3):
            await put(store, "k", b"same")
            found = await store.get("c", "k")
            assert found is not None
            revisions.append(found.revision)
        assert revisions == sorted(set(revisions))

    async def test_a_key_that_was_free_meanwhile_has_a_new_revision(self, store: KvStore) -> None:
        await put(store, "k", b"same")
        before = await store.get("c", "k")
        await delete(store, "k")
        await put(store, "k", b"same")
        after = await store.get("c", "k")
        assert before is not None
        assert after is not None
        assert after.revision > before.revision

    async def test_a_deleted_document_is_gone(self, store: KvStore) -> None:
        await put(store, "k", b"value")
        await delete(store, "k")
        assert await store.get("c", "k") is None

    async def test_deleting_nothing_does_nothing(self, store: KvStore) -> None:
        await delete(store, "k")
        assert await store.get("c", "k") is None

    async def test_collections_do_not_meet(self, store: KvStore) -> None:
        await put(store, "k", b"one", collection="a")
        assert await store.get("b", "k") is None
        assert await store.keys("b", limit=10) == []

    async def test_an_empty_value_is_a_value(self, store: KvStore) -> None:
        await put(store, "k", b"")
        found = await store.get("c", "k")
        assert found is not None
        assert found.value == b""

    @pytest.mark.parametrize("key", ["", "a/b", "a\x00b", "ä", "\U0001f600", "'; --", "x" * 5000])
    async def test_any_text_is_a_key(self, store: KvStore, key: str) -> None:
        await put(store, key, b"value")
        assert await store.get("c", key) is not None
        assert await store.keys("c", limit=10) == [key]

    async def test_text_that_has_no_bytes_is_refused_at_once(self, store: KvStore) -> None:
        transaction = store.begin()
        with pytest.raises(UnicodeEncodeError):
            transaction.put("c", HALF_A_PAIR, b"")
        with pytest.raises(UnicodeEncodeError):
            row(transaction, HALF_A_PAIR, b"1")
        with pytest.raises(UnicodeEncodeError):
            transaction.append("l", event(HALF_A_PAIR))
        await transaction.commit()
        assert (await store.stats())[:3] == (0, 0, 0)

    async def test_keys_are_listed_in_byte_order(self, store: KvStore) -> None:
        for key in ("b", "a", "\U00010000", "\uffff", "ab"):
            await put(store, key, b"")
        assert await store.keys("c", limit=10) == ["a", "ab", "b", "\uffff", "\U00010000"]

    async def test_keys_are_listed_by_prefix(self, store: KvStore) -> None:
        for key in ("a", "ab", "abc", "b"):
            await put(store, key, b"")
        assert await store.keys("c", prefix="ab", limit=10) == ["ab", "abc"]

    async def test_only_keys_above_after_are_listed(self, store: KvStore) -> None:
        for key in ("a", "b", "c"):
            await put(store, key, b"")
        assert await store.keys("c", after="a", limit=10) == ["b", "c"]
        assert await store.keys("c", after="aa", limit=10) == ["b", "c"]
        assert await store.keys("c", prefix="b", after="a", limit=10) == ["b"]
        assert await store.keys("c", prefix="a", after="b", limit=10) == []

    async def test_no_more_keys_than_the_limit_are_listed(self, store: KvStore) -> None:
        for key in ("a", "b", "c"):
            await put(store, key, b"")
        assert await store.keys("c", limit=2) == ["a", "b"]
        assert await store.keys("c", limit=0) == []

    async def test_a_negative_limit_is_refused(self, store: KvStore) -> None:
        with pytest.raises(ValueError, match="negative"):
            await store.keys("c", limit=-1)

    async def test_what_is_stored_is_counted(self, store: KvStore) -> None:
        await put(store, "k", b"")
        await put_row(store, "r", b"1", b"2")
        await append(store, "one", "two")
        stats = await store.stats()
        assert stats[:3] == (1, 1, 2)

    async def test_an_open_store_is_ready(self, store: KvStore) -> None:
        assert await store.ready() is None

    async def test_a_closed_store_is_not_ready_and_takes_nothing(self, store: KvStore) -> None:
        await store.close()
        with pytest.raises(OSError, match="closed"):
            await store.ready()
        with pytest.raises(OSError, match="closed"):
            await put(store, "k", b"")

    async def test_closing_twice_is_harmless(self, store: KvStore) -> None:
        await store.close()
        await store.close()


class InlineBlobsContract:
    """What a kv store promises that also has a place for small blobs."""

    async def test_small_bytes_are_read_back_with_their_time(
        self, inline: InlineBlobs, clock: object
    ) -> None:
        await inline.inline_put("sha256:1", b"bytes")
        assert inline.inline_get("sha256:1") == (b"bytes", 1_700_000_000.0)

    async def test_there_are_none_under_an_unknown_digest(self, inline: InlineBlobs) -> None:
        assert inline.inline_get("sha256:1") is None

    async def test_removing_says_whether_there_was_something(self, inline: InlineBlobs) -> None:
        await inline.inline_put("sha256:1", b"bytes")
        assert await inline.inline_delete("sha256:1") is True
        assert await inline.inline_delete("sha256:1") is False
        assert inline.inline_get("sha256:1") is None

    async def test_what_is_inline_is_listed_and_counted(self, inline: InlineBlobs) -> None:
        await inline.inline_put("sha256:1", b"bytes")
        await inline.inline_put("sha256:2", b"")
        await inline.inline_put("sha256:2", b"")
        assert sorted(inline.inline_digests()) == ["sha256:1", "sha256:2"]
        assert inline.inline_stats() == (2, 5)
