"""What lies in a server's data directory, seen from outside of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stores.events import verify
from stores.interfaces import Event, LoggedEvent
from stores.sqlite_file import connect
from tests.support.server import LiveServer

ALL = 1000


class Snapshot(NamedTuple):
    """Everything that is stored, by name."""

    documents: frozenset[tuple[str, str, int]]
    rows: frozenset[tuple[str, str, str]]
    events: int
    inline: frozenset[str]
    files: frozenset[str]
    staged: frozenset[str]


def snapshot(server: LiveServer) -> Snapshot:
    """What is stored right now."""
    return Snapshot(
        frozenset(_select(server, "SELECT collection, key, revision FROM document")),
        frozenset(_select(server, "SELECT index_name, ordering, identity FROM place")),
        len(_select(server, "SELECT sequence FROM event")),
        frozenset(digest for (digest,) in _select(server, "SELECT digest FROM inline_blob")),
        frozenset(path.name for path in blob_files(server)),
        frozenset(path.name for path in staged_files(server)),
    )


def rows_of(server: LiveServer, index: str, ordering: str) -> list[str]:
    """The identities of an index's rows, in the order of an ordering."""
    told = "SELECT identity FROM place WHERE index_name = ? AND ordering = ? ORDER BY position"
    return [identity for (identity,) in _select(server, told, (index, ordering))]


def blob_files(server: LiveServer) -> list[Path]:
    """The files that hold blobs."""
    files = (server.data / "blobs").rglob("*")
    return [file for file in files if file.is_file() and "staging" not in file.parts]


def staged_files(server: LiveServer) -> list[Path]:
    """The files that hold bytes which are still arriving, or were left behind."""
    files = (server.data / "blobs" / "staging").rglob("*")
    return [file for file in files if file.is_file() and file.name not in ("lock", "probe")]


def staging_folders(server: LiveServer) -> list[Path]:
    """The folders of the processes that receive, or received and died."""
    return [file for file in (server.data / "blobs" / "staging").iterdir() if file.is_dir()]


def events_of(server: LiveServer) -> list[dict[str, Any]]:
    """The whole event log as the feed tells it, its numbers and its chain of hashes verified."""
    events: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = server.ask("GET", f"/v1/events?limit={ALL}{after}")
        assert answer.status == 200, answer
        page = answer.json()
        events += page["events"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    verify(_logged(event) for event in events)
    return events


def versions_of(server: LiveServer, package: str, *, limit: int = ALL) -> list[dict[str, Any]]:
    """Every version of a package as the listing tells it, page after page."""
    versions: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = server.ask("GET", f"/v1/{package}/versions?limit={limit}{after}")
        if answer.status == 404:
            return []
        assert answer.status == 200, answer
        page = answer.json()
        assert len(page["versions"]) <= limit
        versions += page["versions"]
        if page["next"] is None:
            return versions
        after = f"&after={page['next']}"


def _logged(told: dict[str, Any]) -> LoggedEvent:
    payload = json.dumps(
        told["payload"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    event = Event(told["event_id"], told["tenant"], told["type"], told["at"], payload)
    return LoggedEvent(told["sequence"], event, told["previous"], told["hash"])


def _select(server: LiveServer, sql: str, values: Sequence[str] = ()) -> list[Any]:
    db = connect(server.data / "meta" / "store.sqlite3", read_only=True)
    try:
        return list(db.execute(sql, values))
    finally:
        db.close()
