"""What only a SQLite file has: settings, formats, bounds, and commits of many at once."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from stores import sqlite_tables
from stores.addressing import DEFAULT_TEMPLATE, compile_addressing
from stores.filesystem import FilesystemBlobs
from stores.interfaces import StorageFull
from stores.sqlite import SqliteStore
from stores.sqlite_file import FORMAT, connect, create_file, require_sqlite
from stores.sqlite_writer import CHECKPOINT_PAGES
from tests.stores.contract.acting import append, content, positions, put, put_row, stage, write

NO_BYTES: Any = object()
"""What no caller may put; SQLite says so when it gets there."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    await store.close()


async def test_everything_is_there_after_the_store_was_opened_again(path: Path) -> None:
    store = SqliteStore(path)
    await put(store, "k", b"value")
    await put_row(store, "r", b"1")
    await append(store, "e")
    await store.inline_put("sha256:1", b"bytes")
    before = await store.get("c", "k")
    await store.close()
    again = SqliteStore(path)
    assert await again.get("c", "k") == before
    assert (await again.stats())[:3] == (1, 1, 1)
    assert again.inline_digests() == ["sha256:1"]
    await again.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_commits_are_synchronised_in_full(path: Path, read_only: bool) -> None:
    create_file(path)
    db = connect(path, read_only=read_only)
    assert (db.pragma("synchronous"), db.pragma("journal_mode")) == (2, "wal")
    db.close()


def test_a_setting_that_does_not_hold_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless(apsw.Connection):
        def pragma(self, name: str, value: object = None, **more: object) -> object:
            return 1 if name == "synchronous" else super().pragma(name, value, **more)

    monkeypatch.setattr(apsw, "Connection", Careless)
    with pytest.raises(OSError, match="synchronous=FULL"):
        create_file(path)


def test_tables_have_no_rowid(path: Path) -> None:
    create_file(path)
    db = connect(path)
    tables = {
        name: bool(plain)
        for name, plain in db.execute(
            "SELECT name, wr = 0 FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        )
    }
    db.close()
    assert {name for name, has_rowid in tables.items() if not has_rowid} == {
        "document",
        "place",
        "event",
        "inline_blob",
    }


@pytest.mark.parametrize("version", ["3.51.2", "3.40.1", "3.9.99", "2.99.0"])
def test_an_old_sqlite_is_refused(version: str) -> None:
    with pytest.raises(OSError, match=re.escape(f"SQLite {version} is too old: 3.51.3")):
        assert require_sqlite(version) is None


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "3.51.10", "4.0.0"])
def test_a_new_sqlite_is_welcome(version: str) -> None:
    assert require_sqlite(version) is None


def test_a_file_that_a_newer_release_wrote_is_refused_and_not_touched(path: Path) -> None:
    create_file(path)
    db = apsw.Connection(str(path))
    db.pragma("user_version", FORMAT + 1)
    db.close()
    before = path.read_bytes()
    with pytest.raises(OSError, match=f"has format {FORMAT + 1}"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(OSError, match="cannot be used"):
        SqliteStore(path)


def test_a_database_of_others_is_refused(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE theirs (a)")
    db.close()
    with pytest.raises(OSError, match="no store of this program"):
        SqliteStore(path)


async def test_a_full_database_takes_nothing_and_goes_on_when_there_is_room(path: Path) -> None:
    store = SqliteStore(path, max_bytes=400_000)
    await put(store, "small", b"x" * 100)
    with pytest.raises(StorageFull):
        await put(store, "large", b"x" * 1_000_000)
    with pytest.raises(StorageFull):
        await store.inline_put("sha256:1", b"x" * 1_000_000)
    assert await store.keys("c", limit=10) == ["small"]
    assert store.inline_stats() == (0, 0)
    await put(store, "another", b"x" * 100)
    assert await store.keys("c", limit=10) == ["another", "small"]
    await store.close()


async def test_when_many_commit_at_once_and_one_finds_no_room_nobody_is_lied_to(
    path: Path,
) -> None:
    store = SqliteStore(path, max_bytes=400_000)

    async def put_two(n: int) -> None:
        transaction = store.begin()
        transaction.put("c", f"k{n}", b"small")
        transaction.put("d", f"k{n}", b"x" * (1_000_000 if n == 10 else 100))
        await transaction.commit()

    outcomes = await asyncio.gather(*(put_two(n) for n in range(20)), return_exceptions=True)
    told = {f"k{n}" for n, outcome in enumerate(outcomes) if outcome is None}
    assert {type(outcome) for outcome in outcomes if outcome} == {StorageFull}
    for collection in "cd":
        assert set(await store.keys(collection, limit=100)) == told
    await store.close()


async def test_a_job_that_fails_halfway_leaves_nothing_and_harms_no_other(
    store: SqliteStore,
) -> None:
    async def put_two(n: int) -> None:
        transaction = store.begin()
        transaction.put("c", f"k{n}", b"small")
        transaction.put("d", f"k{n}", NO_BYTES if n == 10 else b"")
        await transaction.commit()

    outcomes = await asyncio.gather(*(put_two(n) for n in range(20)), return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [10]
    assert isinstance(outcomes[10], TypeError)
    for collection in "cd":
        assert len(await store.keys(collection, limit=100)) == 19


async def test_a_small_blob_that_is_discarded_too_early_is_stored_whole(
    store: SqliteStore, tmp_path: Path
) -> None:
    blobs = FilesystemBlobs(tmp_path / "b", compile_addressing(DEFAULT_TEMPLATE), inline=store)
    blob = await stage(blobs, b"small")
    task = asyncio.create_task(write(store, lambda change: change.join_blob(blob)))
    await asyncio.sleep(0)
    blob.discard()
    await task
    assert await content(blobs, blob.digest) == b"small"
    await blobs.close()


async def test_many_commits_share_a_flush(store: SqliteStore, path: Path) -> None:
    watcher = connect(path, read_only=True)
    versions = set()

    async def change(n: int) -> None:
        await put(store, f"k{n}", b"")
        versions.add(watcher.pragma("data_version"))

    await asyncio.gather(*(change(n) for n in range(50)))
    watcher.close()
    assert len(versions) <= 5


async def test_files_are_durable_before_the_documents_that_name_them(
    store: SqliteStore, path: Path
) -> None:
    seen_at_flush: list[int] = []

    class Watching:
        digest = "sha256:" + "0" * 64
        size = 0
        inline = None
        home = None

        def flush(self) -> None:
            db = connect(path, read_only=True)
            seen_at_flush.append(int(db.execute("SELECT count(*) FROM document").get or 0))
            db.close()

        def kept(self) -> None:
            seen_at_flush.append(-1)

        def discard(self) -> None: ...

    transaction = store.begin()
    transaction.put("c", "k", b"")
    transaction.join_blob(Watching())
    await transaction.commit()
    assert seen_at_flush == [0]
    assert await store.get("c", "k") is not None


async def test_an_inline_blob_of_another_store_is_flushed_by_its_own(tmp_path: Path) -> None:
    home, other = SqliteStore(tmp_path / "home"), SqliteStore(tmp_path / "other")
    blobs = FilesystemBlobs(tmp_path / "b", compile_addressing(DEFAULT_TEMPLATE), inline=home)
    blob = await stage(blobs, b"small")
    await write(other, lambda change: change.join_blob(blob))
    assert await blobs.open(blob.digest) is not None
    assert other.inline_digests() == []
    for closing in (blobs, home, other):
        await closing.close()


async def test_the_log_stays_bounded(store: SqliteStore, path: Path) -> None:
    value = b"x" * 400_000
    for n in range(150):
        await put(store, f"k{n % 10}", value)
    log = path.with_name(path.name + "-wal").stat().st_size
    assert log < 3 * CHECKPOINT_PAGES * 4096


async def test_closing_finishes_what_is_queued(path: Path) -> None:
    store = SqliteStore(path)
    tasks = [asyncio.create_task(put(store, f"k{n}", b"")) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*tasks)
    again = SqliteStore(path)
    assert len(await again.keys("c", limit=100)) == 20
    await again.close()


def test_a_store_goes_on_in_another_event_loop(path: Path) -> None:
    store = SqliteStore(path)

    async def leave_in_the_middle() -> None:
        task = asyncio.create_task(put(store, "left", b""))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave_in_the_middle())
    asyncio.run(put(store, "k", b""))
    assert "k" in asyncio.run(store.keys("c", limit=10))
    asyncio.run(store.close())


def test_every_statement_that_looks_for_something_uses_all_it_knows(path: Path) -> None:
    create_file(path)
    db = connect(path)
    plans = {}
    for name, statement in vars(sqlite_tables).items():
        for sql in statement.values() if isinstance(statement, dict) else [statement]:
            if isinstance(sql, str) and " WHERE " in sql:
                wildcards = (None,) * sql.count("?")
                plans[name, sql] = db.execute("EXPLAIN QUERY PLAN " + sql, wildcards).fetchall()
    db.close()
    assert {name for name, _ in plans} >= {
        "_DOCUMENT",
        "_SCANS",
        "_HOLDERS",
        "_REMOVE_ROW",
        "_HEAD",
    }
    for (_, sql), plan in plans.items():
        conditions = sql.split("WHERE")[1].split("ORDER BY")[0].count("?")
        assert len(plan) == 1, plan
        used = plan[0][3].count("=?") + plan[0][3].count(">?") + plan[0][3].count("<?")
        assert used == conditions, (sql, plan)


async def test_reads_do_not_suspend(store: SqliteStore) -> None:
    await put(store, "k", b"")
    transaction = store.begin()
    for read in (store.get("c", "k"), transaction.get("c", "k"), positions(store)):
        with pytest.raises(StopIteration):
            read.send(None)
