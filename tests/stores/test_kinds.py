"""The table of backends."""

from pathlib import Path

import pytest

from stores.addressing import DEFAULT_TEMPLATE, compile_addressing
from stores.interfaces import BlobStore, Cache, KvStore
from stores.kinds import inline_place, open_blobs, open_cache, open_kv
from tests.stores.contract.acting import content, keep, put

ADDRESSING = compile_addressing(DEFAULT_TEMPLATE)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_kv_store_of_every_kind_opens(kind: str, tmp_path: Path) -> None:
    store = open_kv(kind, tmp_path / "not/there/yet")
    assert isinstance(store, KvStore)
    await put(store, "k", b"")
    assert await store.keys("c", limit=1) == ["k"]
    await store.close()


@pytest.mark.parametrize("kind", ["memory", "filesystem"])
async def test_a_blob_store_of_every_kind_opens(kind: str, tmp_path: Path) -> None:
    blobs = open_blobs(kind, tmp_path / "not/there/yet", ADDRESSING)
    assert isinstance(blobs, BlobStore)
    assert await content(blobs, await keep(blobs, b"bytes")) == b"bytes"
    await blobs.close()


async def test_a_cache_opens() -> None:
    cache = open_cache("memory", max_bytes=10, max_entry_bytes=10)
    assert isinstance(cache, Cache)
    await cache.put("kind", "key", "value", ttl_seconds=60, size=1)
    assert await cache.get("kind", "key") == "value"


async def test_small_blobs_live_in_the_kv_store_where_it_has_a_place(tmp_path: Path) -> None:
    store = open_kv("sqlite", tmp_path)
    inline = inline_place(store)
    assert inline is not None
    blobs = open_blobs("filesystem", tmp_path, ADDRESSING, inline=inline)
    digest = await keep(blobs, b"bytes")
    assert inline.inline_digests() == [digest]
    await blobs.close()
    await store.close()


def test_a_memory_store_has_no_place_for_small_blobs(tmp_path: Path) -> None:
    assert inline_place(open_kv("memory", tmp_path)) is None


def test_a_kind_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"kv store of kind 'postgresql'.*memory, sqlite"):
        open_kv("postgresql", tmp_path)
    with pytest.raises(ValueError, match=r"blob store of kind 's3'.*filesystem, memory"):
        open_blobs("s3", tmp_path, ADDRESSING)
    with pytest.raises(ValueError, match=r"cache of kind 'redis'.*memory"):
        open_cache("redis", max_bytes=1, max_entry_bytes=1)
