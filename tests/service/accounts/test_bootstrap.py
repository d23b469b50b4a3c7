import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config_db.accounts import find_user, list_users
from config_db.engine import default_url, open_database, reading, writing
from config_db.migrate import migrate
from errors.problem import Refusal
from service.bootstrap import bootstrap
from service.passwords import matches

COST = 4


@pytest.fixture
def nobody(tmp_path: Path):
    engine = open_database(default_url(tmp_path / "new"))
    migrate(engine)
    yield engine
    engine.dispose()


def users(engine: Engine):
    with reading(engine) as session:
        return list_users(session)


def test_there_is_no_user_by_default_and_the_operator_is_told_how_to_add_one(nobody: Engine):
    command = bootstrap(nobody, None, cost=COST, now=1)
    assert command == "larder user add admin --scopes read,write,admin"
    assert users(nobody) == []


def test_a_password_in_the_settings_makes_an_administrator_once(nobody: Engine):
    assert bootstrap(nobody, "first password", cost=COST, now=1) is None
    [admin] = users(nobody)
    assert (admin.username, admin.scopes) == ("admin", ("admin", "read", "write"))
    assert matches("first password", admin.password_hash)
    assert bootstrap(nobody, "other password", cost=COST, now=2) is None
    assert users(nobody) == [admin]


def test_where_there_are_users_no_administrator_is_added(engine: Engine):
    assert bootstrap(engine, "first password", cost=COST, now=1) is None
    with writing(engine) as session:
        assert find_user(session, "admin") is None


def test_a_weak_password_is_refused_by_the_setting_s_name_and_not_shown(nobody: Engine):
    with pytest.raises(Refusal) as refused:
        bootstrap(nobody, "hunter2", cost=COST, now=1)
    assert refused.value.problem.where == "LARDER_ADMIN_PASSWORD"
    assert "hunter2" not in repr(refused.value.problem)
    assert users(nobody) == []


def start(data: Path, together: "multiprocessing.synchronize.Barrier") -> None:
    together.wait(30)
    engine = open_database(default_url(data))
    migrate(engine)
    bootstrap(engine, "first password", cost=COST, now=1)


def test_four_processes_that_start_at_once_make_one_administrator(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    together, data = context.Barrier(4), tmp_path / "together"
    started = [context.Process(target=start, args=(data, together)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
    engine = open_database(default_url(data))
    assert [user.username for user in users(engine)] == ["admin"]
    engine.dispose()
