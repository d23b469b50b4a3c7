"""Opening a store's SQLite file: its settings, its tables, and what SQLite's errors mean."""

import random
import time
from pathlib import Path

import apsw

from stores.folders import NO_ROOM, make_folder, sync_folder
from stores.interfaces import Conflict, StorageFull

OLDEST_SQLITE = (3, 51, 3)
"""Earlier releases can corrupt a write-ahead log that two connections write."""

FORMAT = 1
"""The version of the tables below, kept in the file's user_version."""

APPLICATION = 0x4C726472
"""`Lrdr`: marks the file as a store of this program."""

_TABLES = """
CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL);
INSERT INTO revision VALUES (1, 0);
CREATE TABLE document (
  collection TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (collection, key)
) WITHOUT ROWID;
CREATE TABLE place (
  index_name TEXT NOT NULL, ordering TEXT NOT NULL, position BLOB NOT NULL,
  identity TEXT NOT NULL, unique_value BLOB, revision INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (index_name, ordering, position, identity)
) WITHOUT ROWID;
CREATE INDEX place_of_identity ON place (index_name, identity);
CREATE INDEX place_of_unique ON place (index_name, ordering, unique_value)
  WHERE unique_value IS NOT NULL;
CREATE TABLE event (
  log TEXT NOT NULL, sequence INTEGER NOT NULL, event_id TEXT NOT NULL, tenant TEXT,
  type TEXT NOT NULL, at TEXT NOT NULL, payload BLOB NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (log, sequence)
) WITHOUT ROWID;
CREATE TABLE inline_blob (
  digest TEXT NOT NULL PRIMARY KEY, stored_at REAL NOT NULL, value BLOB NOT NULL
) WITHOUT ROWID;
"""


class Patience:
    """Waits for a lock that another process holds, `seconds` at most, with jitter."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = 0.0

    def __call__(self, calls_before: int) -> bool:
        now = time.monotonic()
        if calls_before == 0:
            self._until = now + self.seconds
        if now >= self._until:
            return False
        time.sleep(random.uniform(0.0002, 0.002))
        return True


def require_sqlite(version: str) -> None:
    """Raise OSError when this SQLite is too old to be trusted with a write-ahead log."""
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise OSError(f"SQLite {version} is too old: {oldest} or newer is needed; update apsw")


def create_file(path: Path) -> None:
    """Make sure that a store's file is there, with its tables; OSError when it cannot be used."""
    require_sqlite(apsw.sqlite_lib_version())
    make_folder(path.parent)
    db = connect(path)
    try:
        db.execute("BEGIN IMMEDIATE")
        version, application = db.pragma("user_version"), db.pragma("application_id")
        tables = int(db.execute("SELECT count(*) FROM sqlite_schema").get or 0)
        if version == 0 and application == 0 and tables == 0:
            db.execute(_TABLES)
            db.pragma("application_id", APPLICATION)
            db.pragma("user_version", FORMAT)
        else:
            require_format(path, version, application)
        db.execute("COMMIT")
        sync_folder(path.parent)
    except apsw.Error as error:
        raise OSError(f"{path.name} cannot be used as a store: {error}") from error
    finally:
        db.close()


def connect(path: Path, *, patience: float = 10.0, read_only: bool = False) -> apsw.Connection:
    """Open a connection, with its settings made and read back; OSError when one does not hold."""
    db = None
    try:
        db = apsw.Connection(str(path), statementcachesize=200)
        db.set_busy_handler(Patience(patience))
        if db.pragma("journal_mode", "wal") != "wal":
            raise OSError(f"{path.name} lies where SQLite can keep no write-ahead log")
        db.pragma("synchronous", "full")
        if db.pragma("synchronous") != 2:
            raise OSError("SQLite does not accept synchronous=FULL")
        db.pragma("trusted_schema", False)
        db.pragma("cache_size", -16_000)
        db.pragma("journal_size_limit", 64 * 1024 * 1024)
        db.pragma("query_only", read_only)
    except (apsw.Error, OSError) as error:
        if db is not None:
            db.close()
        if isinstance(error, OSError):
            raise
        raise OSError(f"{path.name} cannot be used as a store: {error}") from error
    return db


class Whereabouts:
    """Tells whether a file is still where it was opened: what is written to one that was deleted
    or replaced is gone with the process, however well it was flushed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._now()

    def check(self) -> None:
        """Raise OSError when the file is gone, or another one stands there."""
        if self._now() != self._known:
            raise OSError(f"{self._path.name} was deleted or replaced while it was in use")

    def _now(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def meaning(error: Exception, db: apsw.Connection) -> Exception:
    """What an error of SQLite means to the store's caller; any other error means itself."""
    if not isinstance(error, apsw.Error):
        return error
    if isinstance(error, apsw.FullError):
        return StorageFull("the database is full")
    if isinstance(error, apsw.IOError) and db.system_errno in NO_ROOM:
        return StorageFull("the disk is full")
    if isinstance(error, apsw.BusyError):
        return Conflict("another process kept the database locked for too long")
    return OSError(f"the database failed: {error}")


def require_format(path: Path, version: int, application: int) -> None:
    """Raises OSError for a file that is no store, or that a newer release wrote."""
    if application != APPLICATION:
        raise OSError(f"{path.name} is a database, but no store of this program")
    if version > FORMAT:
        raise OSError(
            f"{path.name} has format {version}; this program knows up to {FORMAT}: "
            "a newer release wrote it, so use that one"
        )
