"""Blobs in files: the contracts, with and without a database beside, and what only files have."""

import fcntl
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stores.addressing import DEFAULT_TEMPLATE, compile_addressing, digest_of
from stores.filesystem import FilesystemBlobs
from stores.interfaces import BlobStore
from stores.sqlite import SqliteStore
from tests.stores.conftest import HandClock
from tests.stores.contract.acting import content, keep, stage
from tests.stores.contract.blobs import BlobsContract, StagingContract, pattern, stored

ADDRESSING = compile_addressing(DEFAULT_TEMPLATE)


@pytest.fixture(params=["inline", "files only"])
async def blobs(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock
) -> AsyncIterator[BlobStore]:
    store = SqliteStore(tmp_path / "store.sqlite3", clock=clock)
    inline = store if request.param == "inline" else None
    blobs = FilesystemBlobs(tmp_path / "blobs", ADDRESSING, inline=inline, clock=clock)
    yield blobs
    await blobs.close()
    await store.close()
    assert files(tmp_path / "blobs/staging") == ["lock"], "staging is left behind"


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[FilesystemBlobs]:
    blobs = FilesystemBlobs(tmp_path / "blobs", ADDRESSING)
    yield blobs
    await blobs.close()


def files(folder: Path) -> list[str]:
    """Every file below a folder, as a path from there."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


class TestBlobs(BlobsContract): ...


class TestStaging(StagingContract): ...


async def test_a_blob_lies_where_its_template_says(plain: FilesystemBlobs, tmp_path: Path) -> None:
    digest = await keep(plain, b"bytes")
    assert (tmp_path / "blobs" / ADDRESSING.path(digest)).read_bytes() == b"bytes"


async def test_small_blobs_never_touch_a_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite3")
    blobs = FilesystemBlobs(tmp_path / "blobs", ADDRESSING, inline=store, inline_limit=1000)
    small, large = await keep(blobs, b"x" * 1000), await keep(blobs, b"x" * 1001)
    assert store.inline_digests() == [small]
    assert [name for name in files(tmp_path / "blobs") if "blobs/" in name] == [
        ADDRESSING.path(large)
    ]
    await blobs.close()
    await store.close()


async def test_what_was_kept_elsewhere_is_found_and_deleted_after_the_limit_changed(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "store.sqlite3")
    wide = FilesystemBlobs(tmp_path / "blobs", ADDRESSING, inline=store, inline_limit=1000)
    narrow = FilesystemBlobs(tmp_path / "blobs", ADDRESSING, inline=store, inline_limit=10)
    digest = await keep(wide, b"x" * 500)
    await keep(narrow, b"x" * 500)
    assert await stored(narrow) == {digest}
    assert await narrow.delete(digest) is True
    assert await wide.open(digest) is None
    for closing in (wide, narrow, store):
        await closing.close()


async def test_a_broken_file_of_another_size_is_replaced(
    plain: FilesystemBlobs, tmp_path: Path
) -> None:
    digest = await keep(plain, b"bytes")
    (tmp_path / "blobs" / ADDRESSING.path(digest)).write_bytes(b"byt")
    await keep(plain, b"bytes")
    assert await content(plain, digest) == b"bytes"


async def test_foreign_files_are_no_blobs(plain: FilesystemBlobs, tmp_path: Path) -> None:
    digest = await keep(plain, b"bytes")
    (tmp_path / "blobs/blobs/readme.txt").write_text("not a blob")
    (tmp_path / "blobs/blobs/00").mkdir(exist_ok=True)
    assert await stored(plain) == {digest}
    assert await plain.stats() == (1, 5)


async def test_all_blobs_of_a_flat_folder_are_listed(tmp_path: Path) -> None:
    blobs = FilesystemBlobs(tmp_path, compile_addressing("{digest}"))
    digests = {digest_of(str(n).encode()) for n in range(2500)}
    for digest in digests:
        (tmp_path / digest).touch()
    assert await stored(blobs) == digests
    await blobs.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to make things durable, in order; it is done for real, too."""
    recorded: list[str] = []
    fsync, rename, mkdir = os.fsync, os.rename, os.mkdir

    def recording_fsync(descriptor: int) -> None:
        recorded.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def recording_rename(old: Path, new: Path) -> None:
        recorded.append(f"rename to {Path(new).name}")
        rename(old, new)

    def recording_mkdir(path: Path, mode: int = 0o777) -> None:
        mkdir(path, mode)
        recorded.append(f"mkdir {Path(path).name}")

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "rename", recording_rename)
    monkeypatch.setattr(os, "mkdir", recording_mkdir)
    return recorded


async def test_bytes_are_durable_before_their_name_and_the_name_before_the_answer(
    plain: FilesystemBlobs, calls: list[str]
) -> None:
    staged = await stage(plain, b"x" * 2_000_000)
    assert calls == []
    staged.flush()
    digits = staged.digest[7:]
    one, two = digits[:2], digits[2:4]
    assert calls == [
        *("mkdir blobs", "fsync blobs"),
        *(f"mkdir {one}", "fsync blobs"),
        *(f"mkdir {two}", f"fsync {one}"),
        *("fsync 1", f"rename to {digits}", f"fsync {two}"),
    ]


async def test_a_blob_that_is_there_already_is_only_made_sure_of(
    plain: FilesystemBlobs, calls: list[str]
) -> None:
    digest = await keep(plain, b"bytes")
    calls.clear()
    await keep(plain, b"bytes")
    assert calls == [f"fsync {digest[9:11]}"]


async def test_another_store_makes_sure_of_folders_it_did_not_make(
    plain: FilesystemBlobs, tmp_path: Path, calls: list[str]
) -> None:
    digest = await keep(plain, b"bytes")
    other = FilesystemBlobs(tmp_path / "blobs", ADDRESSING)
    calls.clear()
    await keep(other, b"bytes")
    one, two = digest[7:9], digest[9:11]
    assert [call for call in calls if call.startswith("fsync")] == [
        "fsync blobs",
        "fsync blobs",
        f"fsync {one}",
        f"fsync {two}",
    ]
    await other.close()


async def test_discarding_a_blob_while_it_is_written_leaves_nothing(
    plain: FilesystemBlobs, tmp_path: Path
) -> None:
    for _ in range(5):
        writer = plain.writer()
        await writer.write(pattern(2_000_000))
        writer.discard()
    assert [name for name in files(tmp_path / "blobs") if not name.endswith("lock")] == []


async def test_the_staging_of_the_dead_is_removed_and_that_of_the_living_is_kept(
    plain: FilesystemBlobs, tmp_path: Path
) -> None:
    staging = tmp_path / "blobs/staging"
    for name in ("1-dead", "2-without-lock"):
        (staging / name).mkdir()
        (staging / name / "1").write_bytes(b"left behind")
    (staging / "1-dead/lock").touch()
    living = await stage(plain, b"x" * 100)
    other = FilesystemBlobs(tmp_path / "blobs", ADDRESSING)
    assert not (staging / "1-dead").exists()
    assert not (staging / "2-without-lock").exists()
    await plain.keep(living)
    assert await content(other, living.digest) == b"x" * 100
    await other.close()


def test_staging_is_claimed_under_a_lock_of_all(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir(parents=True)
    with (tmp_path / "staging/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opening = subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)], cwd=ROOT)
        with pytest.raises(subprocess.TimeoutExpired):
            opening.wait(1)
        assert files(tmp_path) == ["staging/lock"]
    assert opening.wait(30) == 0


async def test_a_store_whose_staging_is_gone_is_not_ready(
    plain: FilesystemBlobs, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "blobs/staging")
    with pytest.raises(FileNotFoundError):
        await plain.ready()


async def test_a_full_disk_keeps_no_probe(plain: FilesystemBlobs, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            await plain.ready()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "blobs/staging").rglob("probe")) == []


def test_a_file_that_cannot_grow_is_storage_full_and_nothing_is_left(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.stdout.split() == ["full", "full", "full"], outcome.stderr
    assert files(tmp_path) == ["staging/lock"]


ROOT = Path(__file__).parents[2]

OPEN = """
import sys
from pathlib import Path
from tests.stores.test_filesystem import ADDRESSING, FilesystemBlobs
FilesystemBlobs(Path(sys.argv[1]), ADDRESSING)
"""

FILL = """
import asyncio, resource, sys
from pathlib import Path
from stores.interfaces import StorageFull
from tests.stores.test_filesystem import ADDRESSING, FilesystemBlobs
from tests.stores.contract.acting import keep

async def main():
    blobs = FilesystemBlobs(Path(sys.argv[1]), ADDRESSING)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    for size in (1001, 500_000, 3_000_000):
        try:
            await keep(blobs, b"x" * size)
        except StorageFull:
            print("full")
    assert [digest async for digest in blobs.digests()] == []
    await blobs.close()

asyncio.run(main())
"""
