"""Who may do what: nobody, readers, writers, holders of tokens for one namespace."""

import base64

import pytest

from tests.journeys.conftest import MakeToken
from tests.journeys.inside import snapshot
from tests.journeys.said import code_of
from tests.support.server import PASSWORD, LiveServer

WRITES = [
    ("PUT", "/v1/{}/a/2.0.0/txt/blob"), ("PUT", "/v1/{}/a/tags/x"), ("DELETE", "/v1/{}/a/tags/x"),
    ("DELETE", "/v1/{}/a/1.0.0/txt/blob"),
]  # fmt: skip
READS = [
    ("GET", "/v1/{}/a/1.0.0/txt/blob"), ("HEAD", "/v1/{}/a/1.0.0/txt/blob"),
    ("GET", "/v1/{}/a/1.0.0/txt"), ("GET", "/v1/{}/a/latest"), ("GET", "/v1/{}/a/versions"),
    ("GET", "/v1/{}/a/tags"), ("GET", "/v1/{}/a"), ("GET", "/v1/packages"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def published(shared_server: LiveServer, namespace: str) -> None:
    assert shared_server.put(f"{namespace}/a/1.0.0/txt", b"bytes").status == 201


@pytest.mark.parametrize(("method", "path"), [*READS, *WRITES, ("GET", "/v1/events")])
def test_nobody_is_let_in_without_a_name(
    shared_server: LiveServer, namespace: str, method: str, path: str
) -> None:
    before = snapshot(shared_server)
    body = b"x" if method == "PUT" else None
    answer = shared_server.ask(method, path.format(namespace), body, token=None)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="larder", Basic realm="larder"'
    if method != "HEAD":
        assert code_of(answer) == "401 UNAUTHORIZED"
    assert snapshot(shared_server) == before


def test_a_reader_reads_and_writes_nothing(
    shared_server: LiveServer, namespace: str, make_token: MakeToken
) -> None:
    reader = make_token("read")
    for method, path in READS:
        assert shared_server.ask(method, path.format(namespace), token=reader).status == 200
    before = snapshot(shared_server)
    for method, path in [*WRITES, ("GET", "/v1/events")]:
        body = b"x" if method == "PUT" else None
        answer = shared_server.ask(method, path.format(namespace), body, token=reader)
        assert code_of(answer) == "403 FORBIDDEN"
    assert snapshot(shared_server) == before


def test_a_writer_publishes_and_withdraws_nothing(
    shared_server: LiveServer, namespace: str, make_token: MakeToken
) -> None:
    writer = make_token("write")
    assert shared_server.put(f"{namespace}/a/2.0.0/txt", b"x", token=writer).status == 201
    withdraw = shared_server.ask("DELETE", f"/v1/{namespace}/a/2.0.0/txt/blob", token=writer)
    assert code_of(withdraw) == "403 FORBIDDEN"
    assert code_of(shared_server.ask("GET", "/v1/events", token=writer)) == "403 FORBIDDEN"


def test_a_token_for_one_namespace_stays_in_it(
    shared_server: LiveServer, namespace: str, make_token: MakeToken
) -> None:
    token = make_token("write", namespaces=[f"{namespace}-*"])
    assert shared_server.put(f"{namespace}-x/a/1.0.0/txt", b"x", token=token).status == 201
    assert shared_server.put(f"{namespace.upper()}-Y/a/1.0.0/txt", b"x", token=token).status == 201
    for method, path in [*READS, *WRITES]:
        answer = shared_server.ask(method, path.format(namespace), b"x", token=token)
        assert answer.status == 403, path


def test_a_token_is_a_password_where_clients_know_only_passwords(
    shared_server: LiveServer, namespace: str, make_token: MakeToken
) -> None:
    path = f"/v1/{namespace}/a/1.0.0/txt/blob"
    basic = base64.b64encode(f"anything:{make_token('read')}".encode()).decode()
    answer = shared_server.ask("GET", path, token=None, headers={"Authorization": f"Basic {basic}"})
    assert (answer.status, answer.content) == (200, b"bytes")


@pytest.mark.parametrize(
    "credential",
    [
        "Bearer nonsense", "Bearer ", "Basic !!!", "Digest x", "Bearer larder_" + "a" * 40,
        "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode(),
    ],
)  # fmt: skip
def test_a_credential_that_is_none_is_refused(
    shared_server: LiveServer, namespace: str, credential: str
) -> None:
    path = f"/v1/{namespace}/a/1.0.0/txt/blob"
    answer = shared_server.ask("GET", path, token=None, headers={"Authorization": credential})
    assert code_of(answer) == "401 UNAUTHORIZED"
