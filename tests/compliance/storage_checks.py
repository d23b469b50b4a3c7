"""Storage semantics: bytes by content, documents by key, rows in order; durable."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stores.addressing import digest_of
from stores.sqlite import FILE_NAME, SqliteStore
from tests.compliance.bench import Bench, Probes
from tests.compliance.families import on_both, once
from tests.compliance.probe import MAX_BLOB
from tests.compliance.report import Check, expect, expect_that

CATEGORY = "storage semantics"
ROOT = Path(__file__).resolve().parents[2]
LARGE = "large " * 20_000
"""More than a database takes inline, so that it becomes a file."""

VERSIONS = ("2.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0", "1.9.0-alpha", "1.0.0")
"""Newest first."""

DYING = """
import asyncio, os, signal, sys
from pathlib import Path
from stores.interfaces import Event
from stores.sqlite import SqliteStore
async def main():
    store = SqliteStore(Path(sys.argv[1]))
    for name in ("acknowledged", "lost"):
        work = store.begin()
        for number in range(50):
            work.put("c", f"{name}/{number}", b"1")
        work.append("events", Event(name, None, "noted", "now", b"{}"))
        if name == "lost":
            os.kill(os.getpid(), signal.SIGKILL)
        await work.commit()
asyncio.run(main())
"""


def checks(probes: Probes) -> Iterator[Check]:
    """All of them."""
    yield from on_both(CATEGORY, ON_BOTH, probes)
    yield from once(CATEGORY, ONCE, probes)


async def _blobs(bench: Bench) -> int:
    return (await bench.world.blobs["primary"].stats()).blobs


async def content_addressed(bench: Bench) -> None:
    """A blob's address is the SHA-256 of its bytes, and its bytes come back."""
    for name, text in (("small", "hello"), ("large", LARGE)):
        stored = await bench.ok("upload", name, text=text)
        wanted = {"digest": digest_of(text.encode()), "size": len(text)}
        expect(stored, wanted, f"{name} blob")
        for route, params in (
            ("download", {"name": name}),
            ("by_digest", {"digest": wanted["digest"]}),
        ):
            found = await bench.ask(route, params=params)
            expect_that(found.body == text.encode(), f"{route} of the {name} blob differs")


async def deduplicated(bench: Bench) -> None:
    """The same bytes twice are one blob, small and large."""
    for text in ("hello", LARGE):
        for name in ("one", "two"):
            await bench.ok("upload", f"{name}-{len(text)}", text=text)
    expect(await _blobs(bench), 2, "blobs after four uploads of two contents")


async def digests_verified(bench: Bench) -> None:
    """Bytes other than those declared answer 422 DIGEST_MISMATCH, and leave nothing behind."""
    wrong = {"X-Checksum-Sha256": "0" * 64}
    for text in ("hello", LARGE):
        await bench.refused(422, "DIGEST_MISMATCH", "upload", "one", text=text, headers=wrong)
        await bench.refused(422, "DIGEST_MISMATCH", "keep", text=text, headers=wrong)
    expect(await _blobs(bench), 0, "blobs")
    await bench.refused(404, "NOT_FOUND", "download", "one")
    right = {"X-Checksum-Sha256": digest_of(b"hello").removeprefix("sha256:")}
    await bench.ok("keep", text="hello", headers=right)
    expect(await _blobs(bench), 1, "blobs after the right declaration")


async def aborted_blobs_go(bench: Bench) -> None:
    """A blob whose transaction is refused is not kept."""
    for text in ("hello", LARGE):
        await bench.refused(412, "PRECONDITION_FAILED", "upload_refused", "one", text=text)
        lost = {"digest": digest_of(text.encode())}
        await bench.refused(404, "BLOB_NOT_FOUND", "by_digest", params=lost)
    expect(await _blobs(bench), 0, "blobs")


async def blob_limits(bench: Bench) -> None:
    """A blob over the store's maximum answers 413, one under its minimum 400."""
    await bench.refused(413, "BLOB_TOO_LARGE", "upload", "one", text="x" * (MAX_BLOB + 1))
    await bench.refused(400, "BLOB_TOO_SMALL", "upload", "one", text="x")
    expect(await _blobs(bench), 0, "blobs")


async def missing_blobs(bench: Bench) -> None:
    """Bytes that are not stored answer 404 on reading and 422 on verifying."""
    unknown = {"digest": digest_of(b"unknown")}
    await bench.refused(404, "BLOB_NOT_FOUND", "by_digest", params=unknown)
    await bench.refused(422, "DIGEST_MISMATCH", "check_digest", params=unknown)


async def documents_by_key(bench: Bench) -> None:
    """Documents are written, replaced, read and removed by key; every write has a new revision."""
    expect((await bench.ok("note", "one"))["note"], None, "a document that was never written")
    await bench.ok("note_put", "one", json={"text": "first"})
    first = await bench.ok("note", "one")
    await bench.ok("note_put", "one", json={"text": "second"})
    second = await bench.ok("note", "one")
    expect(second["note"], {"text": "second"}, "the document after two writes")
    expect_that(second["rev"] > first["rev"], "the revision did not rise")
    expect((await bench.ok("note", "two"))["note"], None, "another key")
    expect((await bench.ok("note_delete", "one"))["existed"], True, "existed")
    expect((await bench.ok("note_delete", "one"))["existed"], False, "existed, again")
    expect((await bench.ok("note", "one"))["note"], None, "the document after its removal")


async def documents_are_valid(bench: Bench) -> None:
    """A document that breaks its schema answers 422, one over the limit 413; nothing is written."""
    await bench.refused(422, "DOCUMENT_INVALID", "note_header", "one", headers={"X-Text": ""})
    told = {"X-Text": "é" * 150}
    await bench.refused(413, "VALUE_TOO_LARGE", "note_header", "one", headers=told)
    expect((await bench.ok("note", "one"))["note"], None, "the document")


def _files(folder: str, pattern: str) -> list[Path]:
    return [file for file in Path(folder).rglob(pattern) if file.is_file()]


def _run(command: list[str], environ: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, env=environ, capture_output=True, timeout=60, check=False)


async def _publish(bench: Bench, versions: tuple[str, ...] = VERSIONS) -> dict[str, str]:
    package = {"namespace": "acme", "name": "tool"}
    for version in sorted(versions):
        await bench.ok("item_put", params={**package, "version": version})
    return package


async def versions_in_order(bench: Bench) -> None:
    """Rows come in version order: 1.10.0 above 1.9.0, a prerelease below its release."""
    package = await _publish(bench)
    rows = (await bench.ok("items", params=package))["rows"]
    expect([row["version"] for row in rows], list(VERSIONS), "versions, newest first")


async def releases_only(bench: Bench) -> None:
    """An ordering on version.prerelease lists releases alone, the newest first."""
    package = await _publish(bench)
    rows = (await bench.ok("releases", params=package))["rows"]
    expect([row["version"] for row in rows], ["2.0.0", "1.10.0", "1.9.0", "1.0.0"], "releases")


async def pages(bench: Bench) -> None:
    """Pages follow on each other without a gap or a repetition, and end with a null cursor."""
    package = await _publish(bench)
    found, after = [], ""
    for _ in range(10):
        query = {"limit": 2} | ({"after": after} if after else {})
        page = await bench.ok("items", params=package, query=query)
        found += [row["version"] for row in page["rows"]]
        after = page["next"]
        if after is None:
            break
    expect(found, list(VERSIONS), "the pages put together")
    other = (await bench.ok("items", params=package, query={"limit": 1}))["next"]
    foreign = {**package, "name": "other"}
    await bench.refused(400, "INVALID_CURSOR", "items", params=foreign, query={"after": other})
    await bench.refused(400, "INVALID_CURSOR", "items", params=package, query={"after": "x"})


async def rows_have_one_place(bench: Bench) -> None:
    """An upsert replaces its document's row; a delete removes it; prefixes and desc find rows."""
    for name, label in (("one", "alpha"), ("two", "beta"), ("one", "bravo")):
        await bench.ok("badge_put", name, query={"label": label})
    rows = (await bench.ok("badges"))["rows"]
    expect([row["label"] for row in rows], ["beta", "bravo"], "rows")
    rows = (await bench.ok("badges", query={"prefix": "br"}))["rows"]
    expect([row["label"] for row in rows], ["bravo"], "rows that begin with br")
    rows = (await bench.ok("badges_down"))["rows"]
    expect([row["label"] for row in rows], ["bravo", "beta"], "rows against the order")
    await bench.ok("badge_delete", "one")
    expect((await bench.ok("badges"))["rows"], [{"label": "beta"}], "rows after the removal")


async def unique_rows(bench: Bench) -> None:
    """A unique index refuses a second holder with 409 INDEX_CONFLICT, its document included."""
    await bench.ok("badge_put", "one", query={"label": "alpha"})
    await bench.refused(409, "INDEX_CONFLICT", "badge_put", "two", query={"label": "alpha"})
    expect((await bench.world.kv["meta"].stats()).documents, 1, "documents")
    await bench.ok("badge_put", "one", query={"label": "alpha"})


async def tampering_is_noticed(probes: Probes) -> str:
    """blob.verify_digest notices a stored file whose bytes were changed."""
    with tempfile.TemporaryDirectory(prefix="larder-") as folder:
        async with probes.open("disk", folder=Path(folder)) as bench:
            digest = (await bench.ok("upload", "one", text=LARGE))["digest"]
            await bench.ok("check_digest", params={"digest": digest})
            hexadecimal = digest.removeprefix("sha256:")
            (file,) = _files(folder, hexadecimal)
            expect_that(hexadecimal[:2] in file.parts, f"{file} is not sharded by its digest")
            file.chmod(0o600)
            file.write_bytes(LARGE.encode().replace(b"l", b"L", 1))
            await bench.refused(422, "DIGEST_MISMATCH", "check_digest", params={"digest": digest})
    return "files"


async def nothing_stays_staged(probes: Probes) -> str:
    """Staging is empty after uploads, refusals and duplicates."""
    with tempfile.TemporaryDirectory(prefix="larder-") as folder:
        async with probes.open("disk", folder=Path(folder)) as bench:
            await bench.ok("upload", "one", text=LARGE)
            await bench.ok("upload", "two", text=LARGE)
            wrong = {"X-Checksum-Sha256": "0" * 64}
            await bench.refused(422, "DIGEST_MISMATCH", "upload", "one", text=LARGE, headers=wrong)
            other = LARGE.upper()
            await bench.refused(412, "PRECONDITION_FAILED", "upload_refused", "one", text=other)
            staged = [f for f in _files(folder, "staging/**/*") if f.stat().st_size]
            expect(staged, [], "staged files")
    return "files"


async def survives_reopening(probes: Probes) -> str:
    """What was acknowledged is there after closing and opening again: document, blob, event."""
    with tempfile.TemporaryDirectory(prefix="larder-") as folder:
        async with probes.open("disk", folder=Path(folder)) as bench:
            await bench.ok("note_absent", "one")
            await bench.ok("upload", "small", text="hello")
            await bench.ok("upload", "large", text=LARGE)
        async with probes.open("disk", folder=Path(folder)) as bench:
            expect((await bench.ok("note", "one"))["note"], {"text": "one"}, "the document")
            found = await bench.ask("download", params={"name": "large"})
            expect_that(found.body == LARGE.encode(), "the large blob differs")
            expect((await bench.ask("download", params={"name": "small"})).body, b"hello", "small")
            expect((await bench.world.kv["meta"].stats()).events, 1, "events")
    return "sqlite + files"


async def survives_a_kill(probes: Probes) -> str:
    """A process that is killed keeps whole transactions: the acknowledged one, not the open one."""
    with tempfile.TemporaryDirectory(prefix="larder-") as folder:
        file = Path(folder) / FILE_NAME
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", DYING, str(file)]
        died = await asyncio.to_thread(_run, command, environ)
        expect(died.returncode, -signal.SIGKILL, died.stderr.decode()[-500:] or "exit code")
        store = SqliteStore(file)
        try:
            stats = await store.stats()
            expect((stats.documents, stats.events), (50, 1), "documents and events")
        finally:
            await store.close()
    return "sqlite, SIGKILL"


ON_BOTH = (
    content_addressed, deduplicated, digests_verified, aborted_blobs_go, blob_limits,
    missing_blobs, documents_by_key, documents_are_valid, versions_in_order, releases_only, pages,
    rows_have_one_place, unique_rows,
)  # fmt: skip
ONCE = (tampering_is_noticed, nothing_stays_staged, survives_reopening, survives_a_kill)
