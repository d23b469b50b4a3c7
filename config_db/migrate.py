"""Brings the database to the tables that this version of Larder works with."""

from pathlib import Path

from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from alembic import command
from config_db.engine import DatabaseError, writing

# Any number that no other program on the same PostgreSQL database uses.
POSTGRESQL_LOCK = 0x6C6172646572
WAIT_SECONDS = 60


def migrate(engine: Engine, revision: str = "head") -> None:
    """Apply what is missing, all or nothing; any number of processes may do so at once.

    Raises DatabaseError when the database belongs to a newer version, cannot be reached, or
    refuses a step.
    """
    try:
        with writing(engine) as session:
            connection = session.connection()
            _keep_others_out(connection)
            command.upgrade(configuration(connection), revision)
    except CommandError as problem:
        raise DatabaseError(
            "the database was last used by another version of Larder, which knows revisions that "
            "this one does not: start that version, or restore a backup"
        ) from problem
    except DBAPIError as problem:
        raise DatabaseError(
            f"the database cannot be brought up to date: {problem.orig}"
        ) from problem


def configuration(connection: Connection) -> Config:
    """Alembic's settings for work on an open connection, inside its transaction."""
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def scripts() -> Path:
    """Where the migrations are: beside this file when installed, else in the checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "migrations", here.parent / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise DatabaseError("this installation lacks its migrations; install it again")


def _keep_others_out(connection: Connection) -> None:
    # On SQLite the transaction itself is the lock.
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({POSTGRESQL_LOCK})"))
