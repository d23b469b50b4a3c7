"""The SQLite store keeps the contracts, with blobs in its own file and in others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stores.addressing import DEFAULT_TEMPLATE, compile_addressing
from stores.filesystem import FilesystemBlobs
from stores.interfaces import BlobStore, InlineBlobs
from stores.sqlite import SqliteStore
from tests.stores.conftest import HandClock
from tests.stores.contract.documents import DocumentsContract, InlineBlobsContract
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
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.sqlite3", clock=clock)
    yield store
    await store.close()


@pytest.fixture
async def turns(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "turns.sqlite3", turn_seconds=0.2)
    yield store
    await store.close()


@pytest.fixture
def inline(store: SqliteStore) -> InlineBlobs:
    return store


@pytest.fixture(params=["inline", "files only"])
async def blobs(
    request: pytest.FixtureRequest, tmp_path: Path, store: SqliteStore
) -> AsyncIterator[BlobStore]:
    blobs = FilesystemBlobs(
        tmp_path / "blobs",
        compile_addressing(DEFAULT_TEMPLATE),
        inline=store if request.param == "inline" else None,
    )
    yield blobs
    await blobs.close()


class TestDocuments(DocumentsContract): ...


class TestInlineBlobs(InlineBlobsContract): ...


class TestRows(RowsContract): ...


class TestUnique(UniqueContract): ...


class TestEvents(EventsContract): ...


class TestOwnWrites(OwnWritesContract): ...


class TestAtomicity(AtomicityContract): ...


class TestJoinedBlobs(JoinedBlobsContract): ...


class TestConflict(ConflictContract): ...


class TestSerializability(SerializabilityContract): ...


class TestExclusive(ExclusiveContract): ...


@pytest.mark.parametrize("replaced", [False, True])
async def test_what_a_deleted_file_took_is_not_acknowledged(
    store: SqliteStore, tmp_path: Path, replaced: bool
) -> None:
    await store.inline_put("sha256:" + "0" * 64, b"there")
    (tmp_path / "store.sqlite3").unlink()
    if replaced:
        (tmp_path / "store.sqlite3").write_bytes(b"")
    with pytest.raises(OSError, match="deleted or replaced"):
        await store.inline_put("sha256:" + "1" * 64, b"lost")
    with pytest.raises(OSError, match="deleted or replaced"):
        await store.ready()
