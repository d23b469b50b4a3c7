import multiprocessing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL

from alembic import command
from config_db.changes import generation
from config_db.engine import DatabaseError, default_url, open_database, reading, writing
from config_db.migrate import configuration, migrate, scripts
from models.tables import METADATA


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine):
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_migrations_go_up_down_and_up_again(empty: Engine):
    migrate(empty)
    with writing(empty) as session:
        command.downgrade(configuration(session.connection()), "base")
    assert inspect(empty).get_table_names() == ["alembic_version"]
    migrate(empty)
    assert set(METADATA.tables) < set(inspect(empty).get_table_names())


def test_applying_again_changes_nothing(engine: Engine):
    migrate(engine)
    with reading(engine) as session:
        assert generation(session) == 0


def test_a_failed_migration_leaves_nothing_behind(empty: Engine):
    with writing(empty) as session:
        session.execute(text("CREATE TABLE revoked_jtis (jti integer)"))
    with pytest.raises(DatabaseError, match="revoked_jtis"):
        migrate(empty)
    assert inspect(empty).get_table_names() == ["revoked_jtis"]


def test_a_database_of_a_newer_version_is_refused_with_a_reason(engine: Engine):
    with writing(engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="another version"):
        migrate(engine)


def start(url: URL, together: "multiprocessing.synchronize.Barrier") -> None:
    together.wait(30)
    migrate(open_database(url))


def test_four_processes_that_start_at_once_all_find_the_tables(url: URL):
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(4)
    started = [context.Process(target=start, args=(url, together)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
    engine = open_database(url)
    with reading(engine) as session:
        assert generation(session) == 0
    engine.dispose()


def test_an_installed_copy_carries_its_migrations_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    installed = tmp_path / "config_db"
    (installed / "migrations").mkdir(parents=True)
    (installed / "migrations" / "env.py").touch()
    monkeypatch.setattr("config_db.migrate.__file__", str(installed / "migrate.py"))
    assert scripts() == installed / "migrations"


def test_a_database_that_does_not_answer_is_a_clear_error():
    engine = open_database("postgresql://larder:secret@127.0.0.1:1/none")
    with pytest.raises(DatabaseError, match="refused") as failed:
        migrate(engine)
    assert "secret" not in str(failed.value)


def test_the_command_line_of_the_library_reaches_the_same_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LARDER_DATA", str(tmp_path))
    monkeypatch.delenv("LARDER_DATABASE_URL", raising=False)
    config = configuration(None)  # type: ignore[arg-type]
    del config.attributes["connection"]
    command.upgrade(config, "head")
    engine = open_database(default_url(tmp_path))
    assert "users" in inspect(engine).get_table_names()
    engine.dispose()
