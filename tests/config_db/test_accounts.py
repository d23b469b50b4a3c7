from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from config_db.accounts import (
    create_first_user,
    create_user,
    find_user,
    list_users,
    set_disabled,
    set_password,
    set_scopes,
)
from config_db.engine import reading, writing
from config_db.standing import revoke_session, session_standing, token_standing
from config_db.tokens import TokenRecord, create_token, list_tokens, note_use, revoke_token
from errors.problem import Refusal


@pytest.fixture
def ann(engine: Engine):
    with writing(engine) as session:
        return create_user(session, "ann", "v1$hash", ["write", "read"], now=1000)


def record(token_id: str, owner_id: int, parent_id: str | None = None) -> TokenRecord:
    return TokenRecord(
        token_id, owner_id, parent_id, "ci", f"larder_{token_id}", f"digest of {token_id}",
        ("read",), ("acme*",), None, 1000, None,
    )  # fmt: skip


def refusal_of(engine: Engine, function, *args, **kwargs):
    with pytest.raises(Refusal) as refused, writing(engine) as session:
        function(session, *args, **kwargs)
    return refused.value.problem


def test_a_user_is_read_as_it_was_written(engine: Engine, ann):
    with reading(engine) as session:
        assert find_user(session, "ann") == ann
        assert list_users(session) == [ann]
        assert find_user(session, "bob") is None
    assert (ann.scopes, ann.created_at, ann.disabled) == (("read", "write"), 1000, False)


def test_a_user_name_is_given_once(engine: Engine, ann):
    problem = refusal_of(engine, create_user, "ann", "v1$other", [], now=1)
    assert problem.code == "ALREADY_EXISTS"


@pytest.mark.parametrize("name", ["", "Ann", "-ann", "a b", "a\n", "a/b", "ä", "a" * 129, "a\0"])
def test_a_user_name_that_could_be_misread_is_refused(engine: Engine, name: str):
    problem = refusal_of(engine, create_user, name, "v1$hash", ["read", "Wr ite"], now=1)
    assert [each["where"] for each in problem.details["failures"]] == ["/username", "/scopes/1"]


def test_the_first_user_is_made_once_by_however_many_try(engine: Engine):
    def attempt(number: int) -> bool:
        with writing(engine) as session:
            user = create_first_user(session, f"admin{number}", "v1$hash", ["admin"], now=1)
            return user is not None

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(attempt, range(4))) == [False, False, False, True]


def test_a_new_password_ends_every_session_but_the_one_that_set_it(engine: Engine, ann):
    with writing(engine) as session:
        assert set_password(session, "ann", "v1$new", kept_jti="this") == 1
    with reading(engine) as session:
        after = find_user(session, "ann")
    assert after.session_stamp != ann.session_stamp
    assert (after.password_hash, after.kept_jti) == ("v1$new", "this")


def test_of_two_password_changes_at_once_one_is_refused(engine: Engine, ann):
    with writing(engine) as session:
        set_password(session, "ann", "v1$new", expected_hash="v1$hash")
    problem = refusal_of(engine, set_password, "ann", "v1$late", expected_hash="v1$hash")
    assert problem.code == "PRECONDITION_FAILED"
    with reading(engine) as session:
        assert session_standing(session, "ann", "x").generation == 1


def test_every_change_that_may_end_a_credential_is_counted(engine: Engine, ann):
    with writing(engine) as session:
        counted = [
            set_disabled(session, "ann", True),
            set_scopes(session, "ann", ["read"]),
            revoke_session(session, "jti", expires_at=2000, now=1000),
        ]
    assert counted == [1, 2, 3]


def test_nobody_can_be_changed_who_is_not_there(engine: Engine):
    assert refusal_of(engine, set_disabled, "ann", True).code == "NOT_FOUND"
    assert refusal_of(engine, set_scopes, "ann", ["read"]).code == "NOT_FOUND"


def test_a_revoked_session_is_told_apart_and_forgotten_once_expired(engine: Engine, ann):
    with writing(engine) as session:
        revoke_session(session, "early", expires_at=1500, now=1000)
        revoke_session(session, "early", expires_at=1500, now=1000)
    with reading(engine) as session:
        assert session_standing(session, "ann", "early").revoked
        assert not session_standing(session, "ann", "other").revoked
    with writing(engine) as session:
        revoke_session(session, "late", expires_at=9000, now=2000)
    with reading(engine) as session:
        assert not session_standing(session, "ann", "early").revoked


def test_a_token_is_read_as_it_was_written(engine: Engine, ann):
    with writing(engine) as session:
        create_token(session, record("t1", ann.id))
        note_use(session, "t1", now=1234)
    with reading(engine) as session:
        standing = token_standing(session, "t1")
        [listed] = list_tokens(session, ann.id)
    assert standing.owner == ann
    assert standing.token == listed
    assert (listed.namespaces, listed.last_used_at) == (("acme*",), 1234)


def test_revoking_a_token_ends_what_was_made_with_it(engine: Engine, ann):
    with writing(engine) as session:
        for token_id, parent in (("t1", None), ("t2", "t1"), ("t3", "t2"), ("t4", None)):
            create_token(session, record(token_id, ann.id, parent))
            session.flush()
        assert revoke_token(session, ann.id, "t1", now=2000) == 1
    with reading(engine) as session:
        assert [token.id for token in list_tokens(session, ann.id)] == ["t4"]
        assert token_standing(session, "t3").token.revoked_at == 2000
    assert refusal_of(engine, create_token, record("t5", ann.id, "t2")).code == "UNAUTHORIZED"


def test_only_the_owner_revokes_a_token_and_only_once(engine: Engine, ann):
    with writing(engine) as session:
        create_token(session, record("t1", ann.id))
    assert refusal_of(engine, revoke_token, ann.id + 1, "t1", now=1).code == "NOT_FOUND"
    with writing(engine) as session:
        revoke_token(session, ann.id, "t1", now=1)
    assert refusal_of(engine, revoke_token, ann.id, "t1", now=1).code == "NOT_FOUND"
