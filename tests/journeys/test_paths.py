"""Addresses: what could be read in two ways is refused, what is not there is said not to be."""

import pytest

from tests.journeys.inside import snapshot
from tests.journeys.raw import Line
from tests.journeys.said import code_of
from tests.support.server import LiveServer

HOSTILE = [
    "/v1/a%2Fb/c/1.0.0/txt/blob", "/v1/a/c%2fd/1.0.0/txt/blob", "/v1/a/b%00/1.0.0/txt/blob",
    "/v1/a/b/1.0.0/%5C/blob", "/v1/a/b/1.0.0/../blob", "/v1/./b/1.0.0/txt/blob",
    "/v1/a/%2e%2e/1.0.0/txt/blob", "/v1/a/%2E/1.0.0/txt/blob", "/v1/a/b/1.0.0/%ff%fe/blob",
    "/v1/a/b/1.0.0/%c0%af/blob", "/v1/a//1.0.0/txt/blob", "/v1/a/b/1.0.0/txt%0a/blob",
    "/v1/a/b/1.0.0/%zz/blob", "/v1/a/b/1.0.0/%2/blob", "/v1/a/b/1.0.0/tx\\t/blob",
    "/../../etc/passwd", "//v1/packages", "/v1/a/b/1.0.0/%7f/blob",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_of_two_readings_is_refused(
    shared_server: LiveServer, method: str, path: str
) -> None:
    before = snapshot(shared_server)
    with Line(shared_server) as line:
        body = b"x" if method == "PUT" else b""
        answer = line.ask(method, path, body=body, Content_Length=str(len(body))).hear()
    assert code_of(answer) == "400 INVALID_PATH"
    assert snapshot(shared_server) == before


@pytest.mark.parametrize(
    ("coordinate", "field"),
    [
        ("-a/b/1.0.0/txt", "namespace"), ("a/b/1.0/txt", "version"), ("a/b/v1.0.0/txt", "version"),
        ("a/b/01.0.0/txt", "version"), ("a/b/1.0.0/t%20t", "variant"),
        ("a/b/1.0.0/..%20", "variant"),
        ("a" * 65 + "/b/1.0.0/txt", "namespace"), ("a/%C3%A4/1.0.0/txt", "name"),
        ("a/b%01c/1.0.0/txt", None), ("a/b/1.0.0/{x}", "variant"), ("a/$b/1.0.0/txt", "name"),
    ],
)  # fmt: skip
def test_a_name_that_breaks_its_rules_is_refused_by_field(
    shared_server: LiveServer, coordinate: str, field: str | None
) -> None:
    before = snapshot(shared_server)
    answer = shared_server.put(coordinate, b"x")
    if field is None:
        assert code_of(answer) == "400 INVALID_PATH"
    else:
        assert code_of(answer) == "400 VALIDATION_ERROR"
        failures = answer.json()["error"]["details"]["failures"]
        assert [failure["field"] for failure in failures] == [field]
    assert snapshot(shared_server) == before


def test_every_failing_field_is_named(shared_server: LiveServer) -> None:
    answer = shared_server.put("-a/$b/1/t!t", b"x")
    failures = answer.json()["error"]["details"]["failures"]
    assert {failure["field"] for failure in failures} == {"namespace", "name", "version", "variant"}


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/packages", "/v1/packages/", "/V1/a/b"])
def test_an_unknown_route_is_not_found(shared_server: LiveServer, path: str) -> None:
    assert code_of(shared_server.ask("GET", path)) == "404 ROUTE_NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/a/b/1.0.0/txt/blob", {"DELETE", "GET", "HEAD", "OPTIONS", "PUT"}),
        ("PUT", "/v1/packages", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/v1/a/b/tags/x", {"DELETE", "GET", "HEAD", "OPTIONS", "PUT"}),
        ("DELETE", "/health", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    shared_server: LiveServer, method: str, path: str, allowed: set[str]
) -> None:
    answer = shared_server.ask(method, path)
    assert code_of(answer) == "405 METHOD_NOT_ALLOWED"
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_what_a_path_can_is_told(shared_server: LiveServer) -> None:
    answer = shared_server.ask("OPTIONS", "/v1/packages")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "size=3", "limit=%ff"]
)
def test_a_query_that_does_not_fit_is_refused(shared_server: LiveServer, query: str) -> None:
    assert code_of(shared_server.ask("GET", f"/v1/packages?{query}")) == "400 INVALID_QUERY"
