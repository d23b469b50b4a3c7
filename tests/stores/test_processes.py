"""Several processes on one file, and processes that are killed."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from stores.events import verify
from stores.interfaces import LoggedEvent
from stores.sqlite import SqliteStore
from tests.stores.contract.acting import content, positions
from tests.stores.processes import open_blobs, open_store

ROOT = Path(__file__).parents[2]


def start(what: str, folder: Path, times: int = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.stores.processes", what, str(folder), str(times)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(processes: "list[subprocess.Popen[str]]") -> list[str]:
    """Wait for processes that end by themselves; the lines of all of them."""
    lines = [process.communicate(timeout=100)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [line for output in lines for line in output]


def killed_after(process: "subprocess.Popen[str]", lines: int) -> list[str]:
    """Kill a process once it has said so many lines; all whole lines it said."""
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(lines)]
    process.kill()
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    return [line.rstrip("\n") for line in said if line.endswith("\n")]


async def whole_log(store: SqliteStore) -> list[LoggedEvent]:
    return list(await store.events("l", after=0, limit=1_000_000, max_bytes=1 << 30))


async def test_counters_that_processes_raise_together_lose_nothing(tmp_path: Path) -> None:
    processes = [start("count", tmp_path, 40) for _ in range(4)]
    assert len(finish(processes)) == 160
    store = open_store(tmp_path)
    values = [await store.get("c", f"counter{n}") for n in range(2)]
    assert [value and value.value for value in values] == [b"80", b"80"]
    log = await whole_log(store)
    assert len(log) == 160
    verify(log)
    await store.close()


async def test_exclusive_transactions_of_processes_never_conflict(tmp_path: Path) -> None:
    processes = [start("take_turns", tmp_path, 15) for _ in range(3)]
    assert len(finish(processes)) == 45
    store = open_store(tmp_path)
    found = await store.get("c", "counter")
    assert found is not None
    assert found.value == b"45"
    await store.close()


@pytest.mark.parametrize("seed", range(4))
async def test_what_was_acknowledged_survives_every_kill(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)
    acknowledged: list[str] = []
    for _ in range(3):
        process = start("publish", tmp_path)
        acknowledged += killed_after(process, moments.randint(1, 150))
    store = open_store(tmp_path)
    blobs = open_blobs(tmp_path, store)
    documents = {}
    for name in await store.keys("c", limit=1_000_000):
        found = await store.get("c", name)
        assert found is not None
        documents[name] = found.value.decode()
    assert dict(line.split() for line in acknowledged).items() <= documents.items()
    for name, digest in documents.items():
        copies = 10_000 if int(name.rsplit("-", 1)[1]) % 2 else 10
        assert await content(blobs, digest) == name.encode() * copies
    log = await whole_log(store)
    verify(log)
    assert sorted(logged.event.event_id for logged in log) == sorted(documents)
    assert await positions(store, limit=1_000_000) == [name.encode() for name in sorted(documents)]
    assert len(list((tmp_path / "blobs/staging").iterdir())) == 2, "the lock, and our own folder"
    await blobs.close()
    await store.close()


async def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    process = start("take_turns", tmp_path, 100_000)
    killed_after(process, 5)
    store = open_store(tmp_path)
    transaction = await store.begin_exclusive()
    assert await transaction.get("c", "counter") is not None
    transaction.abort()
    await store.close()
