"""A transaction that buffers what it writes and remembers what it read, for every store."""

from collections.abc import Awaitable, Callable, Sequence

from stores.interfaces import Event, IndexEntry, Row, StagedBlob, Stored
from stores.tables import Changes, Found, NewRow, Query, ReadTables, Scanned, query


class BufferedTransaction:
    """Reads come from `tables` merged with the own writes; `commit` hands over the changes.

    It never discards a blob that joined it: a transaction that met a Conflict is run again with
    the same blob, so whoever staged the blob discards it.
    """

    def __init__(
        self,
        tables: ReadTables,
        commit: Callable[[Changes], Awaitable[None]],
        release: Callable[[], object] | None = None,
    ) -> None:
        self._tables = tables
        self._commit = commit
        self._release = release
        self._changes = Changes()
        self._written: dict[tuple[str, str], int] = {}
        self._writes = 0
        self._over = False

    async def get(self, collection: str, key: str) -> Stored | None:
        """Read one document, always as it was read first; RuntimeError when this is over.

        The revision of an own write is provisional: higher than the one before, but the commit
        may give another.
        """
        changes = self._open()
        place = (collection, key)
        if place in changes.documents:
            return self._own(place, changes.documents[place])
        if place not in changes.seen:
            changes.seen[place] = self._tables.document(collection, key)
        return changes.seen[place]

    async def scan(
        self,
        index: str,
        ordering: str,
        prefix: bytes,
        *,
        after: bytes | None = None,
        limit: int,
        reverse: bool = False,
    ) -> Sequence[Row]:
        """Read rows, the own ones in their places; RuntimeError when this is over."""
        changes = self._open()
        wanted = query(index, ordering, prefix, after, limit=limit, reverse=reverse)
        if wanted.limit == 0:
            return []
        own = {identity: row for (name, identity), row in changes.rows.items() if name == index}
        if own:
            return self._merged(wanted, own)
        found = self._tables.find(wanted)
        self._remember(wanted, found)
        return [Row(*row[:3]) for row in found]

    def put(self, collection: str, key: str, value: bytes) -> None:
        """Write a document at commit."""
        self._write((collection, key), value)

    def delete(self, collection: str, key: str) -> None:
        """Remove a document at commit."""
        self._write((collection, key), None)

    def upsert_row(
        self, index: str, identity: str, entries: Sequence[IndexEntry], value: bytes
    ) -> None:
        """Write a row at commit; ValueError when it names one place twice."""
        _check_text(index, identity, *(entry.name for entry in entries))
        places = {(entry.name, entry.position) for entry in entries}
        if len(places) != len(entries):
            raise ValueError(f"the row {identity} of {index} names one place twice")
        self._open().rows[index, identity] = NewRow(tuple(entries), value)

    def delete_row(self, index: str, identity: str) -> None:
        """Remove a row at commit."""
        self._open().rows[index, identity] = None

    def append(self, log: str, event: Event) -> None:
        """Append an event at commit."""
        _check_text(log, event.event_id, event.tenant or "", event.type, event.at)
        self._open().events.append((log, event))

    def join_blob(self, blob: StagedBlob) -> None:
        """Make a staged blob durable at commit; joining twice is joining once."""
        blobs = self._open().blobs
        if not any(joined is blob for joined in blobs):
            blobs.append(blob)

    async def commit(self) -> None:
        """Hand the changes to the store; RuntimeError when this is over already."""
        changes = self._open()
        self._over = True
        await self._commit(changes)

    def abort(self) -> None:
        """Forget everything."""
        if not self._over:
            self._over = True
            self._changes = Changes()
            if self._release is not None:
                self._release()

    def _open(self) -> Changes:
        if self._over:
            raise RuntimeError("the transaction is over: it was committed or aborted")
        return self._changes

    def _write(self, place: tuple[str, str], value: bytes | None) -> None:
        _check_text(*place)
        self._open().documents[place] = value
        self._writes += 1
        self._written[place] = self._writes

    def _own(self, place: tuple[str, str], value: bytes | None) -> Stored | None:
        if value is None:
            return None
        seen = self._changes.seen
        # Not remembered as read: a blind write does not depend on what stood there.
        before = seen[place] if place in seen else self._tables.document(*place)
        return Stored(value, (before.revision if before else 0) + self._written[place])

    def _remember(self, wanted: Query, found: Sequence[Found]) -> None:
        rows = tuple((row.identity, row.position, row.revision) for row in found)
        self._changes.scans.append(Scanned(wanted, rows))

    def _merged(self, wanted: Query, own: dict[str, NewRow | None]) -> list[Row]:
        """Scan, with the stored rows of `own` identities hidden and their new places shown."""
        room = wanted.limit + len(own)
        while True:
            found = self._tables.find(wanted._replace(limit=room))
            visible = [Row(*row[:3]) for row in found if row.identity not in own]
            if len(found) < room or len(visible) >= wanted.limit:
                break
            room *= 2  # A row may hold many places, so more may be hidden than there are rows.
        rows = visible + _places(wanted, own)
        rows.sort(key=_place, reverse=wanted.reverse)
        del rows[wanted.limit :]
        if len(rows) == wanted.limit:
            room = _covered(found, rows[-1], wanted.reverse)
        self._remember(wanted._replace(limit=room), found[:room])
        return rows


def _check_text(*texts: str) -> None:
    """Raise UnicodeEncodeError for text that has no bytes, before anything depends on it."""
    for text in texts:
        text.encode()


def _place(row: Row | Found) -> tuple[bytes, str]:
    return row.position, row.identity


def _places(wanted: Query, own: dict[str, NewRow | None]) -> list[Row]:
    """The places of own rows that lie where the query looks."""
    return [
        Row(identity, entry.position, row.value)
        for identity, row in own.items()
        if row is not None
        for entry in row.entries
        if entry.name == wanted.ordering
        and wanted.low <= entry.position
        and (wanted.high is None or entry.position < wanted.high)
    ]


def _covered(found: Sequence[Found], last: Row, reverse: bool) -> int:
    """How many stored rows a scan that ends at `last` depends on.

    When it ends at an own row, the next stored row bounds the gap in which another may appear.
    """
    end = _place(last)
    upto = sum(1 for row in found if (_place(row) >= end if reverse else _place(row) <= end))
    return upto if upto and _place(found[upto - 1]) == end else upto + 1
