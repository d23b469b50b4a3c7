"""The memory stores keep the contracts."""

from collections.abc import AsyncIterator

import pytest

from stores.cache import LocalCache
from stores.interfaces import BlobStore, Cache, KvStore
from stores.memory import MemoryStore
from stores.memory_blobs import MemoryBlobs
from tests.stores.conftest import HandClock
from tests.stores.contract.blobs import BlobsContract, StagingContract
from tests.stores.contract.cache import CacheContract
from tests.stores.contract.documents import DocumentsContract
from tests.stores.contract.events import EventsContract
from tests.stores.contract.exclusive import ExclusiveContract
from tests.stores.contract.isolation import ConflictContract, SerializabilityContract
from tests.stores.contract.rows import RowsContract, UniqueContract
from tests.stores.contract.transactions import (
    AtomicityContract,
    JoinedBlobsContract,
    OwnWritesContract,
)


@pytest.fixture
async def store() -> AsyncIterator[KvStore]:
    store = MemoryStore()
    yield store
    await store.close()


@pytest.fixture
async def turns() -> AsyncIterator[KvStore]:
    store = MemoryStore(turn_seconds=0.2)
    yield store
    await store.close()


@pytest.fixture
async def blobs(clock: HandClock) -> AsyncIterator[BlobStore]:
    blobs = MemoryBlobs(clock=clock)
    yield blobs
    await blobs.close()


@pytest.fixture
def cache(clock: HandClock) -> Cache:
    return LocalCache(max_bytes=100, max_entry_bytes=60, clock=clock)


class TestDocuments(DocumentsContract): ...


class TestRows(RowsContract): ...


class TestUnique(UniqueContract): ...


class TestEvents(EventsContract): ...


class TestOwnWrites(OwnWritesContract): ...


class TestAtomicity(AtomicityContract): ...


class TestJoinedBlobs(JoinedBlobsContract): ...


class TestConflict(ConflictContract): ...


class TestSerializability(SerializabilityContract): ...


class TestExclusive(ExclusiveContract): ...


class TestBlobs(BlobsContract): ...


class TestStaging(StagingContract): ...


class TestCache(CacheContract): ...
