"""Each test has a database of its own: a SQLite file, or a fresh PostgreSQL database."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url

from config_db.engine import default_url, open_database
from config_db.migrate import migrate

POSTGRES = os.environ.get("LARDER_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture
def postgresql_url() -> Iterator[URL]:
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as problem:
        if "CI" in os.environ:
            raise
        pytest.skip(f"no PostgreSQL to test with: {problem}")
    name = f"larder_test_{secrets.token_hex(8)}"
    with server:
        server.execute(f"CREATE DATABASE {name}")
        yield make_url(POSTGRES).set(database=name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    if request.param == "sqlite":
        return default_url(tmp_path)
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def empty(url: URL) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty: Engine) -> Engine:
    migrate(empty)
    return empty
