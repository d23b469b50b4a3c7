"""Reading a store's SQLite file without changing anything in its folder, not even for a moment.

An ordinary connection to a database with a write-ahead log leaves traces: it makes the files
`-wal` and `-shm`, marks in the latter up to where it reads, and the last one to close copies the
log into the database. So, after what is there (https://sqlite.org/wal.html, read-only databases):

- no log, or an empty one: all is in the database, which is read as immutable. A file that is
  written meanwhile is noticed when the glance ends.
- a log and its shared memory: both are read as they are, `readonly_shm`; a service may be running.
- a log alone: nobody has the database open, and a private copy of both files is read.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import apsw

from stores.sqlite_file import Patience, require_format
from stores.sqlite_tables import SqliteTables

_READ = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


@contextmanager
def glance(path: Path) -> Iterator[SqliteTables]:
    """The tables of a store's file, to be read. Raises OSError when it cannot be read, and at the
    end when the file was written while it was read as one that nobody writes."""
    log, shared = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    try:
        if not log.exists() or log.stat().st_size == 0:
            before = path.stat()
            with _reading(path, "immutable=1") as tables:
                yield tables
            after = path.stat()
            if (after.st_ino, after.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
                raise OSError(f"{path.name} was written while it was read: do it again")
        elif shared.exists():
            with _reading(path, "mode=ro&readonly_shm=1") as tables:
                yield tables
        else:
            with TemporaryDirectory(prefix="larder-") as folder:
                for file in (path, log):
                    shutil.copyfile(file, Path(folder) / file.name)
                with _reading(Path(folder) / path.name, "mode=rw") as tables:
                    yield tables
    except apsw.Error as error:
        raise OSError(f"{path.name} cannot be read as a store: {error}") from error


@contextmanager
def _reading(path: Path, how: str) -> Iterator[SqliteTables]:
    flags = _READ if how != "mode=rw" else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
    db = apsw.Connection(f"file:{quote(str(path.resolve()))}?{how}", flags=flags)
    try:
        db.set_busy_handler(Patience(10.0))
        require_format(path, db.pragma("user_version"), db.pragma("application_id"))
        db.pragma("query_only", True)
        yield SqliteTables(db)
    finally:
        db.close()
