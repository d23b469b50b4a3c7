"""The whole application, without a network: what each path answers, and what is told of it."""

import asyncio
import base64
import io
import json
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from service.app import App
from service.log import open_log
from service.runtime import Outside, prepare
from service.serving import SchemaRefused, StartError, read_plan
from service.settings import load_settings

SCHEMA = Path(__file__).resolve().parents[2] / "schema.json"
PASSWORD = "correct horse battery staple"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        error = self.json()["error"]
        assert error["request_id"] == self.headers["x-request-id"]
        return error["code"]


class Asgi:
    """Asks an application as a server would."""

    def __init__(self, app, log):
        self.app = app
        self.log = log

    async def ask(self, method, path, body=b"", disconnect=False, pieces=None, **headers):
        pending = [{"type": "http.request", "body": body, "more_body": disconnect}]
        messages = []

        async def at_once():
            return pending.pop() if pending else {"type": "http.disconnect"}

        async def send(message):
            messages.append(message)

        raw = [(b"host", b"h"), (b"content-length", b"%d" % len(body))]
        raw += [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        bare, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": bare, "raw_path": bare.encode(), "root_path": "",
            "query_string": query.encode(), "headers": raw, "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }  # fmt: skip
        await self.app(scope, pieces or at_once, send)
        if not messages:
            return None
        named = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        content = b"".join(bytes(message.get("body", b"")) for message in messages[1:])
        return Answer(messages[0]["status"], named, content)

    async def login(self):
        given = json.dumps({"username": "admin", "password": PASSWORD}).encode()
        answer = await self.ask("POST", "/auth/login", given, content_type="application/json")
        return f"Bearer {answer.json()['token']}"


@asynccontextmanager
async def alive(app):
    """Start the application up and shut it down; yields the message it started with."""
    to_app, from_app = asyncio.Queue(), asyncio.Queue()
    task = asyncio.ensure_future(app({"type": "lifespan"}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    yield await from_app.get()
    await to_app.put({"type": "lifespan.shutdown"})
    await task


@asynccontextmanager
async def serving(folder, **changed):
    facts = {
        "data": folder, "schema": SCHEMA, "admin_password": PASSWORD, "bcrypt_cost": 4,
        "min_free_bytes": 0,
    }  # fmt: skip
    settings = load_settings({}, **facts | changed)
    outside = Outside({})
    prepare(settings, outside.clock)
    log = io.StringIO()
    app = App(settings, read_plan(settings.schema), outside, open_log("info", outside.clock, log))
    async with alive(app) as started:
        assert started["type"] == "lifespan.startup.complete", started
        yield Asgi(app, log)


@pytest.fixture
async def asgi(tmp_path):
    async with serving(tmp_path) as made:
        yield made


BLOB = "/v1/acme/hello/1.0.0/any/blob"


async def test_an_artifact_is_published_and_fetched(asgi):
    who = await asgi.login()
    published = await asgi.ask("PUT", BLOB, b"bytes", authorization=who)
    assert (published.status, published.json()["size"]) == (201, 5)
    fetched = await asgi.ask("GET", BLOB, authorization=who)
    assert (fetched.status, fetched.content) == (200, b"bytes")
    assert fetched.headers["etag"] == f'"{published.json()["digest"]}"'


async def test_basic_with_a_token_as_the_password_is_a_principal_too(asgi):
    token = (await asgi.login()).removeprefix("Bearer ")
    basic = base64.b64encode(f"anyone:{token}".encode()).decode()
    assert (await asgi.ask("GET", "/v1/packages", authorization=f"Basic {basic}")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/packages", 401, "UNAUTHORIZED"),
        ("GET", "/nowhere", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/v1/packages/", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/health/", 404, "ROUTE_NOT_FOUND"),
        ("DELETE", "/v1/packages", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/metrics", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/health", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/a%2Fb/c", 400, "INVALID_PATH"),
        ("GET", "/schema", 401, "UNAUTHORIZED"),
    ],
)
async def test_what_is_not_answered_is_refused_in_one_shape(asgi, method, path, status, code):
    answer = await asgi.ask(method, path)
    assert (answer.status, answer.code) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_options_tells_the_methods(asgi):
    answer = await asgi.ask("OPTIONS", "/v1/packages")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/v1/packages", "/schema"])
async def test_a_header_that_comes_twice_is_refused(asgi, path):
    who = await asgi.login()
    answer = await asgi.ask("GET", path, authorization=who, content_length="0")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_a_request_keeps_the_id_it_came_with(asgi):
    assert (await asgi.ask("GET", "/nowhere", x_request_id="mine")).headers[
        "x-request-id"
    ] == "mine"
    assert (await asgi.ask("GET", "/health", x_request_id="mine")).headers["x-request-id"] == "mine"


async def test_health_tells_what_runs(asgi):
    assert (await asgi.ask("GET", "/health/live")).json() == {"ok": True}
    assert (await asgi.ask("GET", "/health/ready")).json() == {"ok": True, "reasons": []}
    told = (await asgi.ask("GET", "/health")).json()
    assert (told["ok"], told["schema"]["type_id"]) == (True, "larder.repository")
    assert told["uptime_seconds"] >= 0


async def test_a_full_disk_is_not_ready(tmp_path):
    async with serving(tmp_path, min_free_bytes=1 << 49) as asgi:
        answer = await asgi.ask("GET", "/health/ready")
        assert answer.status == 503
        assert "disk" in answer.json()["reasons"][0]
        assert (await asgi.ask("GET", "/health/live")).status == 200


async def test_a_service_whose_data_was_deleted_is_not_ready(tmp_path):
    async with serving(tmp_path) as asgi:
        shutil.rmtree(tmp_path)
        answer = await asgi.ask("GET", "/health/ready")
        assert answer.status == 503
        told = {"a store cannot serve", "the data directory is not to be had"}
        assert told <= set(answer.json()["reasons"])
        tmp_path.mkdir()


async def test_the_schema_in_force_is_shown_to_principals(asgi):
    answer = await asgi.ask("GET", "/schema", authorization=await asgi.login())
    assert (answer.status, answer.content) == (200, SCHEMA.read_bytes())


async def test_requests_are_counted_by_route_and_status(asgi):
    await asgi.ask("GET", "/v1/packages")
    answer = await asgi.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    expected = b'larder_request_seconds_count{route="list_packages",status="401"} 1.0'
    assert expected in answer.content


async def test_requests_beyond_the_bound_are_sent_away_but_health_answers(tmp_path):
    async with serving(tmp_path, max_in_flight=1) as asgi:
        asgi.app.metrics.in_flight += 1
        answer = await asgi.ask("GET", "/v1/packages")
        assert (answer.status, answer.code) == (503, "OVERLOADED")
        assert answer.headers["retry-after"] == "1"
        assert (await asgi.ask("GET", "/health/live")).status == 200
        asgi.app.metrics.in_flight -= 1
        assert (await asgi.ask("GET", "/v1/packages")).status == 401


async def test_a_client_that_leaves_in_mid_upload_leaves_nothing(asgi, tmp_path):
    who = await asgi.login()
    answer = await asgi.ask("PUT", BLOB, b"half", disconnect=True, authorization=who)
    assert answer is None
    assert (await asgi.ask("GET", BLOB, authorization=who)).status == 404
    assert not [path for path in tmp_path.glob("blobs/staging/*/*") if path.name != "lock"]
    assert asgi.app.metrics.in_flight == 0


async def stalling():
    """A client that promises a body and sends none of it."""
    await asyncio.Event().wait()


async def dripping():
    """A client that sends its body byte by byte, never pausing for long."""
    await asyncio.sleep(0.005)
    return {"type": "http.request", "body": b" ", "more_body": True}


@pytest.mark.parametrize("path", ["/auth/login", "/auth/tokens", "/auth/change-password"])
@pytest.mark.parametrize("pieces", [stalling, dripping])
async def test_a_slow_body_of_an_account_page_is_given_up(tmp_path, path, pieces):
    bounds = {"body_idle_seconds": 0.1, "body_grace_seconds": 0.05, "body_min_rate": 10_000}
    async with serving(tmp_path, **bounds) as asgi:
        who = {"authorization": await asgi.login()}
        async with asyncio.timeout(5):
            answer = await asgi.ask("POST", path, pieces=pieces, **who)
        assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
        assert asgi.app.metrics.in_flight == 0


async def test_each_request_is_logged_without_its_secrets(tmp_path):
    async with serving(tmp_path) as asgi:
        who = await asgi.login()
        await asgi.ask("GET", "/v1/packages?prefix=hidden", authorization=who, x_request_id="r7")
    lines = [json.loads(line) for line in asgi.log.getvalue().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "r7"]
    assert (line["route"], line["principal"], line["status"]) == ("list_packages", "admin", 200)
    assert line["duration_ms"] > 0
    assert who.removeprefix("Bearer ") not in asgi.log.getvalue()
    assert "hidden" not in asgi.log.getvalue()


async def test_a_fault_is_logged_and_not_shown(asgi, monkeypatch):
    async def broken(*_arguments):
        raise RuntimeError("the secret plan")

    monkeypatch.setattr("service.app.run", broken)
    answer = await asgi.ask("GET", "/v1/packages", authorization=await asgi.login())
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert b"secret plan" not in answer.content
    asgi.app.log.close()
    assert "the secret plan" in asgi.log.getvalue()


async def test_a_page_that_meets_an_error_of_the_system_is_a_fault_and_no_client_gone(
    asgi, monkeypatch
):
    def broken():
        raise OSError("the disk is gone")

    monkeypatch.setattr(asgi.app.metrics, "page", broken)
    answer = await asgi.ask("GET", "/metrics")
    assert (answer.status, answer.code) == (500, "INTERNAL")


def test_a_refused_schema_comes_with_its_findings(tmp_path):
    broken = tmp_path / "schema.json"
    broken.write_text('{"schema_version": "1.0",}')
    with pytest.raises(SchemaRefused) as refused:
        read_plan(broken)
    assert refused.value.findings[0].line == 1
    with pytest.raises(StartError, match=r"absent\.json"):
        read_plan(tmp_path / "absent.json")


async def test_a_store_that_cannot_be_opened_ends_the_start(tmp_path):
    settings = load_settings({}, data=tmp_path, schema=SCHEMA, store_url="postgresql://nowhere/x")
    prepare(settings, lambda: 0.0)
    app = App(
        settings, read_plan(SCHEMA), Outside({}), open_log("error", lambda: 0.0, io.StringIO())
    )
    async with alive(app) as started:
        assert started["type"] == "lifespan.startup.failed"
        assert "LARDER_STORE_URL" in app.failure


def test_a_weak_first_password_is_refused(tmp_path):
    settings = load_settings({}, data=tmp_path, admin_password="short", bcrypt_cost=4)
    with pytest.raises(StartError, match="8 to"):
        prepare(settings, lambda: 0.0)
