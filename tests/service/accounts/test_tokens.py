"""Who is let in, what is remembered, and how soon the end of a credential is noticed."""

import asyncio
import base64
import time
from collections.abc import Callable

import pytest

from config_db.accounts import set_disabled, set_password, set_scopes
from config_db.engine import writing
from config_db.standing import revoke_session
from config_db.tokens import list_tokens, revoke_token
from errors.problem import Refusal
from service.api_tokens import CHECK_LENGTH, checksum
from service.passwords import hash_password
from service.tokens import FRESH_SECONDS, Authenticator


def raw(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"accept", b"*/*"), (b"authorization", b"Bearer " + token.encode())]


def eventually_refused(ask: Callable[[], int], within: float = 1.0) -> bool:
    """Keep asking, as a busy client would, until the answer is 401; False if it never is."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if ask() == 401:
            return True
    return False


@pytest.fixture
def authenticator(service) -> Authenticator:
    return service.accounts.authenticator


def ask(service, function, *args):
    """Run asynchronous code in the service's own event loop."""
    return service.client.portal.call(function, *args)


def test_without_a_credential_the_schema_says_what_may_be_done(start):
    service = start(anonymous_scopes=("read",))
    principal = ask(service, service.accounts.authenticator.principal, [])
    assert (principal.subject, principal.scopes) == (None, {"read"})
    assert service.accounts.authenticator.recall([]) is principal


def test_a_session_is_the_user_with_the_scopes_it_has_now(service, authenticator):
    token = service.login()
    principal = ask(service, authenticator.principal, raw(token))
    assert (principal.subject, principal.scopes) == ("ann", {"read", "write"})
    with writing(service.engine) as session:
        authenticator.learn(set_scopes(session, "ann", ["read"]))
    assert ask(service, authenticator.principal, raw(token)).scopes == {"read"}


def test_a_token_never_has_more_scopes_than_its_owner_has_now(service, authenticator):
    token = service.create(service.login(), scopes=["read", "write"])["token"]
    assert ask(service, authenticator.principal, raw(token)).scopes == {"read", "write"}
    with writing(service.engine) as session:
        authenticator.learn(set_scopes(session, "ann", ["write", "admin"]))
    assert ask(service, authenticator.principal, raw(token)).scopes == {"write"}


def test_a_remembered_token_needs_no_waiting(service, authenticator):
    token = service.login()
    assert authenticator.recall(raw(token)) is None

    async def twice():
        principal = await authenticator.principal(raw(token))
        return principal, authenticator.recall(raw(token))

    principal, recalled = ask(service, twice)
    assert recalled is principal


def test_only_so_many_tokens_are_remembered(service):
    accounts = service.accounts
    small = Authenticator(accounts.calls, accounts.sessions, accounts.clock, remember_count=2)
    tokens = [service.login() for _ in range(3)]

    async def show_all():
        for token in tokens:
            await small.principal(raw(token))
        return [small.recall(raw(token)) is not None for token in tokens]

    assert ask(service, show_all) == [False, True, True]


def test_nothing_is_relied_on_that_was_read_too_long_ago(service):
    accounts, seconds = service.accounts, [100.0]
    watched = Authenticator(
        accounts.calls, accounts.sessions, accounts.clock, monotonic=lambda: seconds[0]
    )
    token = service.login()

    async def recalled_after(age: float) -> bool:
        await watched.principal(raw(token))
        seconds[0] += age
        known = watched.recall(raw(token)) is not None
        await watched.close()
        return known

    assert ask(service, recalled_after, 0.1)
    assert ask(service, recalled_after, FRESH_SECONDS - 0.1)
    assert not ask(service, recalled_after, FRESH_SECONDS)


def test_under_load_the_counter_is_read_in_the_background(service):
    accounts, seconds = service.accounts, [100.0]
    watched = Authenticator(
        accounts.calls, accounts.sessions, accounts.clock, monotonic=lambda: seconds[0]
    )
    token = service.login()

    async def keep_asking() -> list[bool]:
        await watched.principal(raw(token))
        known = []
        for _ in range(6):
            seconds[0] += 0.6
            known.append(watched.recall(raw(token)) is not None)
            await watched.close()
        return known

    assert ask(service, keep_asking) == [True] * 6


def test_after_a_pause_one_reading_serves_all_who_wait(service):
    accounts, seconds = service.accounts, [100.0]
    watched = Authenticator(
        accounts.calls, accounts.sessions, accounts.clock, monotonic=lambda: seconds[0]
    )
    token = service.login()

    async def all_at_once():
        first = await watched.principal(raw(token))
        seconds[0] += 3
        return first, await asyncio.gather(*(watched.principal(raw(token)) for _ in range(600)))

    # More than the database's threads would let wait, had each to be looked up for itself.
    first, others = ask(service, all_at_once)
    assert all(principal is first for principal in others)


def test_many_requests_with_one_new_credential_all_get_its_answer(service, authenticator):
    good, bad = service.login(), service.login()[:-1]

    async def ask_often(token: str):
        asked = (authenticator.principal(raw(token)) for _ in range(2000))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert {principal.subject for principal in ask(service, ask_often, good)} == {"ann"}
    assert {refusal.problem.code for refusal in ask(service, ask_often, bad)} == {"UNAUTHORIZED"}


def test_a_remembered_token_still_expires_on_time(service, authenticator):
    token = service.create(service.login(), expires_in_seconds=2)["token"]
    assert service.me(token).status_code == 200
    service.clock.now += 2
    assert service.me(token).status_code == 401


def test_what_another_process_ends_is_noticed_within_a_second(start):
    here, there = start(), start()
    token = here.login()
    assert there.me(token).status_code == 200
    assert here.client.post(
        "/auth/logout", headers={"Authorization": f"Bearer {token}"}
    ).status_code == 200  # fmt: skip
    assert here.me(token).status_code == 401
    assert eventually_refused(lambda: there.me(token).status_code)


@pytest.mark.parametrize("ending", ["revoked", "disabled", "password"])
def test_what_a_command_ends_is_noticed_within_a_second(service, ending: str):
    token = service.login()
    assert service.me(token).status_code == 200
    claims = service.accounts.sessions.read(token)
    with writing(service.engine) as session:
        if ending == "revoked":
            revoke_session(session, claims.jti, expires_at=claims.expires_at, now=1)
        elif ending == "disabled":
            set_disabled(session, "ann", True)
        else:
            set_password(session, "ann", "v1$other")
    assert eventually_refused(lambda: service.me(token).status_code)


def test_an_api_token_ends_when_revoked_elsewhere_or_its_owner_is_shut_out(service):
    session_token = service.login()
    first, second = (service.create(session_token)["token"] for _ in range(2))
    assert [service.me(token).status_code for token in (first, second)] == [200, 200]
    with writing(service.engine) as session:
        revoke_token(session, 1, first[7:19], now=1)
    assert eventually_refused(lambda: service.me(first).status_code)
    with writing(service.engine) as session:
        set_disabled(session, "ann", True)
    assert eventually_refused(lambda: service.me(second).status_code)


def test_a_token_whose_secret_was_changed_is_refused_even_with_a_right_checksum(service):
    token = service.create(service.login())["token"]
    body = token[:20] + "".join(reversed(token[20:-CHECK_LENGTH]))
    assert service.me(body + checksum(body)).status_code == 401
    assert service.me(token).status_code == 200


def test_the_use_of_a_token_is_noted_within_minutes(service, authenticator):
    token = service.create(service.login())["token"]

    async def use() -> None:
        await authenticator.principal(raw(token))
        await authenticator.close()

    ask(service, use)
    with writing(service.engine) as session:
        [record] = list_tokens(session, 1)
    assert record.last_used_at == service.clock.now


def test_a_user_who_must_change_the_password_may_do_nothing_else(service, authenticator):
    with writing(service.engine) as session:
        stored = hash_password("first password", 4)
        authenticator.learn(set_password(session, "ann", stored, must_change_password=True))
    token = service.login(password="first password")
    assert ask(service, authenticator.principal, raw(token)).scopes == frozenset()
    assert service.me(token).json()["user"]["must_change_password"] is True


@pytest.mark.parametrize("value", ["Basic %%%", "Bearer x.y.z", "Bearer larder_x", "Digest x", ""])
def test_a_bad_credential_is_never_taken_for_none(start, value: str):
    service = start(anonymous_scopes=("read",))
    with pytest.raises(Refusal) as refused:
        ask(
            service,
            service.accounts.authenticator.principal,
            [(b"authorization", value.encode())],
        )
    assert refused.value.problem.code == "UNAUTHORIZED"


def test_basic_with_a_token_as_the_password_is_the_same_principal(service, authenticator):
    session = service.login()
    for token in (session, service.create(session, scopes=["read", "write"])["token"]):
        encoded = base64.b64encode(b"anybody:" + token.encode())
        basic = ask(service, authenticator.principal, [(b"authorization", b"Basic " + encoded)])
        assert basic == ask(service, authenticator.principal, raw(token))


def test_the_memory_cannot_bring_back_what_ended_while_it_was_being_read(service, authenticator):
    token = service.login()
    ask(service, authenticator.principal, raw(token))
    authenticator.learn(10)
    assert authenticator.recall(raw(token)) is None
