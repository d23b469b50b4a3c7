"""Overlays keep the contracts of stores, show what lies beneath, and leave it as it is."""

import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from stores.addressing import compile_addressing, digest_of
from stores.filesystem import FilesystemBlobs
from stores.interfaces import Event, IndexEntry, KvStore, UniqueViolation
from stores.overlay import OverlayBlobs, OverlayStore
from stores.sqlite import FILE_NAME, SqliteStore
from stores.sqlite_glance import glance
from stores.sqlite_tables import SqliteTables
from tests.stores.contract.documents import DocumentsContract
from tests.stores.contract.events import EventsContract
from tests.stores.contract.exclusive import ExclusiveContract
from tests.stores.contract.isolation import ConflictContract, SerializabilityContract
from tests.stores.contract.rows import RowsContract, UniqueContract
from tests.stores.contract.transactions import AtomicityContract, OwnWritesContract
from tests.support.server import ROOT

ADDRESSING = compile_addressing("blobs/{digest:0:2}/{digest}")


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file below a folder: its bytes, and when it was last written."""
    return {
        str(file.relative_to(folder)): (
            hashlib.sha256(file.read_bytes()).hexdigest(),
            file.stat().st_mtime_ns,
        )
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def row(name: str, unique: bytes | None = None) -> list[IndexEntry]:
    return [IndexEntry("by_name", name.encode(), unique)]


async def fill(store: KvStore) -> None:
    """Three documents with their rows, and two events."""
    transaction = store.begin()
    for name in ("a", "b", "c"):
        transaction.put("thing", name, name.encode())
        transaction.upsert_row("things", name, row(name, name.encode()), name.encode())
    for number in (1, 2):
        transaction.append("log", Event(f"e{number}", None, "t", "now", b"{}"))
    await transaction.commit()


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """The file of a store that was filled and closed."""
    path = tmp_path / "kv" / FILE_NAME
    store = SqliteStore(path)
    await fill(store)
    await store.close()
    return path


@pytest.fixture
def beneath(file: Path) -> Iterator[SqliteTables]:
    with glance(file) as tables:
        yield tables


@pytest.fixture
async def over(beneath: SqliteTables) -> AsyncIterator[OverlayStore]:
    store = OverlayStore(beneath)
    yield store
    await store.close()


@pytest.fixture
async def empty(tmp_path: Path) -> Path:
    store = SqliteStore(tmp_path / "empty" / FILE_NAME)
    await store.close()
    return tmp_path / "empty" / FILE_NAME


@pytest.fixture
async def store(empty: Path) -> AsyncIterator[KvStore]:
    with glance(empty) as tables:
        store = OverlayStore(tables)
        yield store
        await store.close()


@pytest.fixture
async def turns(empty: Path) -> AsyncIterator[KvStore]:
    with glance(empty) as tables:
        store = OverlayStore(tables, turn_seconds=0.2)
        yield store
        await store.close()


class TestDocuments(DocumentsContract): ...


class TestRows(RowsContract): ...


class TestUnique(UniqueContract): ...


class TestEvents(EventsContract): ...


class TestOwnWrites(OwnWritesContract): ...


class TestAtomicity(AtomicityContract): ...


class TestConflicts(ConflictContract): ...


class TestSerializability(SerializabilityContract): ...


class TestExclusive(ExclusiveContract): ...


async def names(store: OverlayStore, **more: object) -> list[str]:
    rows = await store.scan("things", "by_name", b"", **{"limit": 10, **more})  # type: ignore[arg-type]
    return [found.identity for found in rows]


async def test_what_lies_beneath_is_there(over: OverlayStore) -> None:
    stored = await over.get("thing", "a")
    assert stored is not None
    assert stored.value == b"a"
    assert await names(over) == ["a", "b", "c"]
    assert await over.keys("thing", limit=2) == ["a", "b"]
    assert [e.sequence for e in await over.events("log", after=0, limit=9, max_bytes=99)] == [1, 2]
    assert (await over.stats())[:3] == (3, 3, 2)


async def test_what_is_written_shadows_what_lies_beneath(over: OverlayStore) -> None:
    transaction = over.begin()
    transaction.put("thing", "a", b"new")
    transaction.delete("thing", "b")
    transaction.put("thing", "bb", b"more")
    transaction.delete_row("things", "a")
    transaction.upsert_row("things", "b", row("z"), b"b")
    transaction.upsert_row("things", "bb", row("bb"), b"bb")
    transaction.append("log", Event("e3", None, "t", "now", b"{}"))
    await transaction.commit()
    changed = await over.get("thing", "a")
    assert changed is not None
    assert changed.value == b"new"
    assert await over.get("thing", "b") is None
    assert await over.keys("thing", limit=9) == ["a", "bb", "c"]
    assert await names(over) == ["bb", "c", "b"]
    assert await names(over, limit=2, reverse=True) == ["b", "c"]
    assert await names(over, limit=1) == ["bb"]
    events = await over.events("log", after=1, limit=9, max_bytes=99)
    assert [e.sequence for e in events] == [2, 3]
    assert events[1].previous == events[0].hash
    assert (await over.stats())[:3] == (3, 3, 3)
    assert len(over.applied) == 1


async def test_a_unique_value_beneath_is_held(over: OverlayStore) -> None:
    transaction = over.begin()
    transaction.upsert_row("things", "x", row("x", b"a"), b"x")
    with pytest.raises(UniqueViolation):
        await transaction.commit()
    freed = over.begin()
    freed.delete_row("things", "a")
    await freed.commit()
    taken = over.begin()
    taken.upsert_row("things", "x", row("x", b"a"), b"x")
    await taken.commit()
    assert [list(changes.rows) for changes in over.applied] == [
        [("things", "a")], [("things", "x")],
    ]  # fmt: skip


async def test_a_revision_rises_with_a_write_that_shadows(over: OverlayStore) -> None:
    before = await over.get("thing", "a")
    transaction = over.begin()
    transaction.put("thing", "a", b"new")
    await transaction.commit()
    after = await over.get("thing", "a")
    assert before is not None
    assert after is not None
    assert after.revision > before.revision + 1000


async def everything(store: OverlayStore) -> None:
    """Read and write all that can be."""
    await fill(store)
    await names(store)
    await store.stats()
    await store.close()


async def test_a_closed_store_is_left_bit_by_bit(file: Path) -> None:
    before = fingerprint(file.parent)
    with glance(file) as tables:
        await everything(OverlayStore(tables))
    assert fingerprint(file.parent) == before


GLANCE = """
import sys, pathlib
from stores.sqlite_glance import glance
with glance(pathlib.Path(sys.argv[1])) as tables:
    print(tables.document("thing", sys.argv[2]))
"""


def seen_elsewhere(path: Path, key: str) -> str:
    """What another process sees of a document: SQLite shares its memory within one."""
    command = [sys.executable, "-c", GLANCE, str(path), key]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout


async def test_a_store_in_use_is_left_bit_by_bit_and_seen_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "kv" / FILE_NAME
    store = SqliteStore(path)
    for key in ("first", "later"):
        transaction = store.begin()
        transaction.put("thing", key, b"1")
        await transaction.commit()
        before = fingerprint(path.parent)
        assert {f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"} <= before.keys()
        assert "b'1'" in seen_elsewhere(path, key)
        assert fingerprint(path.parent) == before
    await store.close()


async def test_a_store_whose_process_died_is_left_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "kv" / FILE_NAME
    store = SqliteStore(path)
    await fill(store)
    for shared in (True, False):
        died = tmp_path / f"died-{shared}"
        died.mkdir()
        for file in path.parent.iterdir():
            if shared or not file.name.endswith("-shm"):
                (died / file.name).write_bytes(file.read_bytes())
        before = fingerprint(died)
        with glance(died / FILE_NAME) as tables:
            assert tables.document("thing", "a") is not None
            await everything(OverlayStore(tables))
        assert fingerprint(died) == before
    await store.close()


async def test_a_file_that_is_written_while_nobody_should_is_noticed(file: Path) -> None:
    with pytest.raises(OSError, match="was written while it was read"):
        with glance(file):
            store = SqliteStore(file)
            await fill(store)
            await store.close()


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"SQLite format 3\0 and then nonsense" * 100)
    with pytest.raises(OSError, match="cannot be read as a store"):
        with glance(tmp_path / "x"):
            raise AssertionError("it was opened")


async def test_blobs_are_read_beneath_and_kept_above(tmp_path: Path, file: Path) -> None:
    root = tmp_path / "blobs"
    real = FilesystemBlobs(root, ADDRESSING)
    writer = real.writer()
    await writer.write(b"stored")
    await real.keep(await writer.finish())
    before = fingerprint(root)
    with glance(file) as tables:
        over = OverlayBlobs(tmp_path / "own", root, ADDRESSING, tables, clock=lambda: 0.0)
        writer = over.writer()
        await writer.write(b"mine")
        await over.keep(await writer.finish())
        for content in (b"stored", b"mine"):
            handle = await over.open(digest_of(content))
            assert handle is not None
            assert bytes(handle.read(0, handle.size)) == content
            handle.close()
        assert await over.open(digest_of(b"nobody's")) is None
        await over.close()
    assert await real.open(digest_of(b"mine")) is None
    assert fingerprint(root) == before
    await real.close()
