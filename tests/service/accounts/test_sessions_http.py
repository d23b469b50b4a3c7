"""Logging in and out, and changing the password, over HTTP."""

import time

import pytest

from config_db.accounts import set_disabled
from config_db.engine import writing

PASSWORD = "correct horse"


def login(service, username: str = "ann", password: str = PASSWORD):
    return service.client.post("/auth/login", json={"username": username, "password": password})


def change(service, token: str, old: str, new: str):
    return service.client.post(
        "/auth/change-password",
        json={"old_password": old, "new_password": new},
        headers={"Authorization": f"Bearer {token}"},
    )


def code(reply) -> str:
    body = reply.json()
    assert body["ok"] is False
    assert body["error"]["request_id"] == reply.headers["X-Request-Id"]
    assert reply.headers["Content-Type"] == "application/json"
    return f"{reply.status_code} {body['error']['code']}"


def test_a_login_answers_with_a_token_its_time_and_the_user(service):
    reply = login(service)
    assert reply.status_code == 200
    body = reply.json()
    token = body.pop("token")
    user = {"username": "ann", "scopes": ["read", "write"]}
    assert body == {"ok": True, "expires_in": 3600, "user": user}
    assert reply.headers["Cache-Control"] == "no-store"
    assert service.me(token).json()["user"] == user


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ann", "wrong horse"),
        ("ann", ""),
        ("ann", PASSWORD + " "),
        ("eve", PASSWORD),
        ("", PASSWORD),
        ("ANN", PASSWORD),
        ("ann\0", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(service, username: str, password: str):
    reply = login(service, username, password)
    assert code(reply) == "401 INVALID_CREDENTIALS"
    assert reply.json()["error"]["message"] == "user name or password is wrong"
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="larder", Basic realm="larder"'


def test_a_user_who_is_shut_out_looks_like_one_who_does_not_exist(service):
    with writing(service.engine) as session:
        set_disabled(session, "ann", True)
    shut_out, unknown = login(service), login(service, "eve")
    for reply in (shut_out, unknown):
        reply.json()["error"].pop("request_id")
    assert code(shut_out) == code(unknown) == "401 INVALID_CREDENTIALS"


def test_an_unknown_user_takes_as_long_as_a_wrong_password(start):
    service = start(login_failures=1000, bcrypt_cost=9)
    assert change(service, service.login(), PASSWORD, "new password").status_code == 200

    def fastest(username: str) -> float:
        def once() -> float:
            begun = time.perf_counter()
            login(service, username, "wrong horse")
            return time.perf_counter() - begun

        return min(once() for _ in range(8))

    assert 0.5 < fastest("eve") / fastest("ann") < 2


def test_too_many_failures_are_stopped_and_told_when_to_come_back(start):
    service = start(login_failures=3)
    for _ in range(3):
        assert code(login(service, password="wrong horse")) == "401 INVALID_CREDENTIALS"
    reply = login(service)
    assert code(reply) == "429 LOGIN_RATE_LIMITED"
    assert 1 <= int(reply.headers["Retry-After"]) <= 61


def test_right_logins_are_never_limited(start):
    service = start(login_failures=2)
    assert [login(service).status_code for _ in range(8)] == [200] * 8


def test_the_old_password_cannot_be_guessed_with_a_stolen_session(start):
    service = start(login_failures=3)
    token = service.login()
    for _ in range(3):
        assert code(change(service, token, "wrong horse", "new password"))[:3] == "401"
    reply = change(service, token, PASSWORD, "new password")
    assert code(reply) == "429 LOGIN_RATE_LIMITED"


def test_a_new_password_counts_and_ends_every_other_session(service):
    this, other = service.login(), service.login()
    assert service.me(other).status_code == 200
    assert change(service, this, PASSWORD, "new pässword").json() == {"ok": True}
    assert service.me(other).status_code == 401
    assert service.me(this).status_code == 200
    assert code(login(service)) == "401 INVALID_CREDENTIALS"
    assert login(service, password="new pässword").status_code == 200


def test_a_password_over_72_bytes_counts_to_its_end(service):
    token = service.login()
    assert change(service, token, PASSWORD, "a" * 72 + "b").status_code == 200
    assert code(login(service, password="a" * 72 + "c")) == "401 INVALID_CREDENTIALS"
    assert code(login(service, password="a" * 72)) == "401 INVALID_CREDENTIALS"
    assert login(service, password="a" * 72 + "b").status_code == 200


@pytest.mark.parametrize("new", ["", "seven77", PASSWORD, "x" * 2000])
def test_a_new_password_that_may_not_be_is_refused(service, new: str):
    token = service.login()
    reply = change(service, token, PASSWORD, new)
    assert code(reply) == "400 VALIDATION_ERROR"
    assert reply.json()["error"]["details"]["failures"][0]["where"] == "/new_password"
    assert login(service).status_code == 200


def test_logging_out_ends_that_session_and_no_other(service):
    this, other = service.login(), service.login()
    headers = {"Authorization": f"Bearer {this}"}
    assert service.client.post("/auth/logout", headers=headers).json() == {"ok": True}
    assert code(service.me(this)) == "401 UNAUTHORIZED"
    assert code(service.client.post("/auth/logout", headers=headers)) == "401 UNAUTHORIZED"
    assert service.me(other).status_code == 200


def test_an_api_token_does_not_log_out(service):
    token = service.create(service.login())
    headers = {"Authorization": f"Bearer {token['token']}"}
    reply = service.client.post("/auth/logout", headers=headers)
    assert code(reply) == "400 BAD_REQUEST"
    assert token["id"] in reply.json()["error"]["details"]["hint"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/me"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/change-password"),
        ("GET", "/auth/tokens"),
        ("POST", "/auth/tokens"),
        ("DELETE", "/auth/tokens/AAAAAAAAAAAA"),
    ],
)
def test_nobody_gets_anything_here_even_where_anonymous_may_read(start, method: str, path: str):
    service = start(anonymous_scopes=("read", "write", "admin"))
    reply = service.client.request(method, path, json={})
    assert code(reply) == "401 UNAUTHORIZED"
    assert "Basic" in reply.headers["WWW-Authenticate"]


def test_a_session_expires(service):
    token = service.login()
    service.clock.now += 3599
    assert service.me(token).status_code == 200
    service.clock.now += 1
    assert code(service.me(token)) == "401 UNAUTHORIZED"


def test_two_authorization_headers_are_refused(service):
    token = service.login()
    headers = [("Authorization", f"Bearer {token}")] * 2
    assert code(service.client.get("/auth/me", headers=headers)) == "401 UNAUTHORIZED"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "400 INVALID_JSON"),
        (b"\xff\xfe", "400 INVALID_JSON"),
        (b'{"username": "ann", "username": "eve", "password": "x"}', "400 INVALID_JSON"),
        (b"[" * 60_000, "400 INVALID_JSON"),
        (b'{"username": "\\ud800", "password": "x"}', "400 INVALID_JSON"),
        (b"[]", "400 VALIDATION_ERROR"),
        (b'{"username": "ann"}', "400 VALIDATION_ERROR"),
        (b'{"username": ["ann"], "password": {}}', "400 VALIDATION_ERROR"),
        (b'{"username": "ann", "password": "x", "admin": true}', "400 VALIDATION_ERROR"),
        (b" " * 65_537, "413 JSON_TOO_LARGE"),
        (b'{"username": "ann", "password": "' + b"x" * 70_000 + b'"}', "413 JSON_TOO_LARGE"),
    ],
)
def test_a_body_of_the_wrong_form_is_refused(service, body: bytes, expected: str):
    assert code(service.client.post("/auth/login", content=body)) == expected


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/auth/login", "POST"),
        ("POST", "/auth/me", "GET, HEAD"),
        ("PUT", "/auth/tokens", "GET, HEAD, POST"),
        ("GET", "/auth/tokens/AAAAAAAAAAAA", "DELETE"),
    ],
)
def test_another_method_is_told_which_ones_there_are(service, method: str, path: str, allow: str):
    reply = service.client.request(method, path)
    assert code(reply) == "405 METHOD_NOT_ALLOWED"
    assert reply.headers["Allow"] == allow


def test_head_is_answered_as_get(service):
    headers = {"Authorization": f"Bearer {service.login()}"}
    assert service.client.head("/auth/me", headers=headers).status_code == 200
