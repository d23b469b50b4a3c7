"""Making, listing and revoking API tokens, over HTTP."""

import hashlib

import pytest

from config_db.engine import reading
from config_db.tokens import find_token


def post(service, credential: str, **body):
    return service.client.post(
        "/auth/tokens", json=body, headers={"Authorization": f"Bearer {credential}"}
    )


def delete(service, credential: str, token_id: str):
    return service.client.delete(
        f"/auth/tokens/{token_id}", headers={"Authorization": f"Bearer {credential}"}
    )


def listed(service, credential: str):
    reply = service.client.get("/auth/tokens", headers={"Authorization": f"Bearer {credential}"})
    assert reply.status_code == 200
    return reply.json()["tokens"]


def code(reply) -> str:
    return f"{reply.status_code} {reply.json()['error']['code']}"


def test_a_token_is_shown_once_and_only_its_hash_is_kept(service):
    session = service.login()
    reply = post(service, session, name="ci", scopes=["read"], expires_in_seconds=60)
    assert reply.status_code == 201
    assert reply.headers["Cache-Control"] == "no-store"
    made = reply.json()
    text = made.pop("token")
    assert made == {
        "ok": True,
        "id": text[7:19],
        "name": "ci",
        "prefix": text[:19],
        "scopes": ["read"],
        "namespaces": None,
        "tenant": None,
        "created_at": "2027-01-15T08:00:00Z",
        "expires_at": "2027-01-15T08:01:00Z",
        "last_used_at": None,
    }
    assert text.startswith("larder_")
    del made["ok"]
    assert listed(service, session) == [made]
    with reading(service.engine) as database:
        record = find_token(database, made["id"])
    assert record.digest == hashlib.sha256(text.encode()).hexdigest()
    stored = service.engine.url.database
    with open(stored, "rb") as file:  # noqa: PTH123
        assert text[19:].encode() not in file.read()


def test_a_token_speaks_for_its_owner_within_its_scopes(service):
    made = service.create(service.login(), scopes=["read"], namespaces=["acme-*"])
    me = service.me(made["token"]).json()
    assert me["user"] == {"username": "ann", "scopes": ["read"]}
    assert me["credential"]["kind"] == "api_token"
    assert me["credential"]["namespaces"] == ["acme-*"]


def test_a_token_cannot_have_a_scope_that_its_maker_lacks(service):
    reply = post(service, service.login(), name="ci", scopes=["read", "admin"])
    assert code(reply) == "403 FORBIDDEN"
    assert reply.json()["error"]["details"]["missing"] == ["admin"]
    assert listed(service, service.login()) == []


def test_a_token_made_with_a_token_stays_within_it(service):
    parent = service.create(
        service.login(), scopes=["read"], namespaces=["acme*"], expires_in_seconds=100
    )["token"]
    child = service.create(parent)
    assert child["namespaces"] == ["acme*"]
    assert child["expires_at"] == "2027-01-15T08:01:40Z"
    for wider in ({"scopes": ["write"]}, {"namespaces": ["*"]}, {"expires_in_seconds": 101}):
        reply = post(service, parent, **({"name": "ci", "scopes": ["read"]} | wider))
        assert code(reply) == "403 FORBIDDEN"
    narrower = service.create(parent, namespaces=["acme-tools"], expires_in_seconds=99)
    assert narrower["namespaces"] == ["acme-tools"]


def test_what_was_made_with_a_token_ends_with_it(service):
    session = service.login()
    parent = service.create(session)
    child = service.create(parent["token"])
    assert service.me(child["token"]).status_code == 200
    assert delete(service, session, parent["id"]).json() == {"ok": True}
    assert service.me(parent["token"]).status_code == 401
    assert service.me(child["token"]).status_code == 401


def test_a_revoked_token_is_gone_and_cannot_be_revoked_again(service):
    session = service.login()
    token = service.create(session)
    assert service.me(token["token"]).status_code == 200
    assert delete(service, session, token["id"]).status_code == 200
    assert service.me(token["token"]).status_code == 401
    assert listed(service, session) == []
    assert code(delete(service, session, token["id"])) == "404 NOT_FOUND"


def test_the_tokens_of_others_are_neither_seen_nor_revoked(service):
    token = service.create(service.login("ann"))
    bob = service.login("bob")
    assert listed(service, bob) == []
    assert code(delete(service, bob, token["id"])) == "404 NOT_FOUND"
    assert service.me(token["token"]).status_code == 200


def test_a_token_sees_and_ends_only_itself_and_what_was_made_with_it(service):
    session = service.login()
    other, own = service.create(session), service.create(session)
    child = service.create(service.create(own["token"])["token"])
    assert len(listed(service, session)) == 4
    assert other["id"] not in [each["id"] for each in listed(service, own["token"])]
    assert [each["id"] for each in listed(service, child["token"])] == [child["id"]]
    for stranger in (other, own):
        assert code(delete(service, child["token"], stranger["id"])) == "404 NOT_FOUND"
    assert delete(service, own["token"], child["id"]).status_code == 200
    assert service.me(child["token"]).status_code == 401
    assert service.me(other["token"]).status_code == 200


@pytest.mark.parametrize("token_id", ["x", "A" * 13, "AAAAAAAAAAA%00", "AAAAAAAAAAA'", "..%2Fme"])
def test_an_id_that_cannot_be_one_is_not_found(service, token_id: str):
    assert delete(service, service.login(), token_id).status_code == 404


def test_a_token_ends_at_its_time(service):
    token = service.create(service.login(), expires_in_seconds=60)["token"]
    service.clock.now += 59
    assert service.me(token).status_code == 200
    service.clock.now += 1
    assert service.me(token).status_code == 401


def test_a_token_outlives_a_change_of_the_password(service):
    session = service.login()
    token = service.create(session)["token"]
    body = {"old_password": "correct horse", "new_password": "new password"}
    headers = {"Authorization": f"Bearer {token}"}
    assert service.client.post("/auth/change-password", json=body, headers=headers).is_success
    assert service.me(token).status_code == 200
    assert service.me(session).status_code == 401


def test_basic_with_the_token_as_password_does_on_every_route(service):
    token = service.create(service.login())["token"]
    assert service.client.get("/auth/me", auth=("__token__", token)).status_code == 200
    assert service.client.get("/auth/tokens", auth=("ann", token)).status_code == 200
    assert service.client.get("/auth/me", auth=("ann", "correct horse")).status_code == 401


@pytest.mark.parametrize("cut", [0, 7, 19, 40, 67])
def test_a_truncated_token_is_refused(service, cut: int):
    token = service.create(service.login())["token"]
    assert service.me(token[:cut] or "x").status_code == 401
