"""The door to the small database: SQLite in the data directory, or PostgreSQL.

The file is kept with a rollback journal and `synchronous=FULL`: what was committed survives a loss
of power. It is readable by its owner alone, for it holds password hashes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

BUSY_SECONDS = 10.0


class DatabaseError(Exception):
    """The database cannot be used; the message says why, without its address or password."""


def default_url(data: Path) -> URL:
    """The address of the SQLite file that stands in the data directory."""
    return URL.create("sqlite", database=str(data / "larder.db"))


def open_database(url: str | URL) -> Engine:
    """Open `sqlite:///FILE` (made if need be) or `postgresql://…`. Raises DatabaseError."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise DatabaseError("the database's address is not a URL") from None
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    if address.get_backend_name() == "postgresql":
        return _open_postgresql(address)
    raise DatabaseError("the database has to be sqlite:///FILE or postgresql://HOST/NAME")


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session for reading; what it writes is dropped."""
    with Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose writes are committed together at the end, or not at all.

    On SQLite it holds the write lock from its start, so that a read in it cannot grow stale.
    """
    with engine.connect().execution_options(writes=True) as connection:
        with Session(connection, expire_on_commit=False) as session, session.begin():
            yield session


def _open_sqlite(address: URL) -> Engine:
    if address.database in (None, "", ":memory:"):
        raise DatabaseError("the SQLite database has to be a file: processes share it")
    path = Path(str(address.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as problem:
        raise DatabaseError(f"{path} cannot be opened: {problem.strerror}") from problem
    engine = create_engine(
        address.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin by itself: it would begin late, and a read before the first write
    # would then fail with SQLITE_BUSY instead of waiting.
    connection.isolation_level = None
    for pragma in ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgresql(address: URL) -> Engine:
    try:
        return create_engine(
            address.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True
        )
    except ModuleNotFoundError as missing:
        raise DatabaseError("PostgreSQL needs a driver: install psycopg[binary]") from missing
