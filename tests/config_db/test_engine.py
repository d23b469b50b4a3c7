import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from config_db.calls import Calls
from config_db.engine import DatabaseError, default_url, open_database, reading, writing
from config_db.migrate import migrate
from errors.problem import Refusal


@pytest.fixture
def sqlite(tmp_path: Path):
    engine = open_database(default_url(tmp_path / "deep" / "data"))
    yield engine
    engine.dispose()


def test_sqlite_keeps_a_rollback_journal_flushes_fully_and_checks_foreign_keys(sqlite: Engine):
    with reading(sqlite) as session:
        for pragma, value in (
            ("journal_mode", "delete"),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("busy_timeout", 10_000),
        ):
            assert session.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_the_sqlite_file_belongs_to_its_owner_alone(sqlite: Engine, tmp_path: Path):
    file = tmp_path / "deep" / "data" / "larder.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_a_session_for_reading_writes_is_dropped(engine: Engine):
    with reading(engine) as session:
        session.execute(text("UPDATE account_changes SET generation = 7"))
    with reading(engine) as session:
        assert session.execute(text("SELECT generation FROM account_changes")).scalar_one() == 0


def test_a_failing_session_for_writing_changes_nothing(engine: Engine):
    with pytest.raises(KeyError), writing(engine) as session:
        session.execute(text("UPDATE account_changes SET generation = 7"))
        raise KeyError
    with reading(engine) as session:
        assert session.execute(text("SELECT generation FROM account_changes")).scalar_one() == 0


@pytest.mark.parametrize(
    "url", ["mysql://root:secret@host/db", "sqlite://", "sqlite:///:memory:", "secret nonsense"]
)
def test_an_address_of_something_else_is_refused_without_being_shown(url: str):
    with pytest.raises(DatabaseError) as refused:
        open_database(url)
    assert "secret" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="cannot be opened"):
        open_database(default_url(tmp_path / "file" / "data"))


def test_a_path_with_signs_of_urls_in_it_is_that_path(tmp_path: Path):
    odd = tmp_path / "100%?a=b#c"
    engine = open_database(default_url(odd))
    migrate(engine)
    engine.dispose()
    assert (odd / "larder.db").is_file()


async def test_a_database_that_cannot_be_reached_is_overload_not_a_fault(tmp_path: Path):
    engine = open_database("postgresql://nobody:secret@127.0.0.1:1/none")
    calls = Calls(engine)
    with pytest.raises(Refusal) as refused:
        await calls.read(lambda session: session.execute(text("SELECT 1")))
    calls.close()
    assert refused.value.problem.code == "OVERLOADED"
    assert refused.value.headers == {"Retry-After": "1"}


def test_parameters_stay_out_of_error_messages(sqlite: Engine):
    with pytest.raises(OperationalError) as failed, reading(sqlite) as session:
        session.execute(text("SELECT * FROM nowhere WHERE hash = :hash"), {"hash": "s3cret"})
    assert "s3cret" not in str(failed.value)
