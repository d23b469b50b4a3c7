"""Operations that do what they did not declare, in a real server: stopped, undone, logged."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.inside import snapshot
from tests.support.mini import step
from tests.support.server import EXTENSION, ROOT, Answer, LiveServer

ITEM = "/{namespace}/{name}/{version}/{variant}"
KEY = "proxied/{namespace}/{name}/{version}/{variant}"
ENTRY = [
    step("auth.require_scopes", scopes=["admin"]),
    step("parse.path", entity="artifact"),
    step("validate.entity", entity="artifact"),
    step("time.now_iso8601", out="now"),
]
VALUE = {
    **{name: f"{{{name}}}" for name in ("namespace", "name", "version", "variant")},
    "blob_digest": f"sha256:{'0' * 64}", "size": 1, "fetched_at": "$now",
}  # fmt: skip
DONE = step("respond.json", status=200, body={"out": "$out"})
PLACE = {"doc": "proxied_meta", "key": KEY}
LIES = {
    "reads_and_writes": (PLACE, "kv.write"),
    "hides": (PLACE, "kv[meta].begin"),
    "calls_out": ({}, "network"),
    "refuses": ({}, "the error GONE"),
    "listens": ({}, "request.body"),
    "watches_the_clock": ({}, "clock"),
    "replies": ({}, "reply"),
}
"""A liar of tests/support/extension → its arguments, and what it does beyond its declaration."""


def lying(name: str, method: str) -> dict[str, Any]:
    """A route in which a liar runs; with PUT, behind an honest write that its lie undoes."""
    liar = step(f"acme.{name}", **LIES[name][0], out="out")
    steps = [liar, DONE]
    if method == "PUT":
        put = step("kv.cas_put", **PLACE, value=VALUE, if_absent=True)
        begin = step("txn.begin", isolation="serializable")
        steps = [begin, put, liar, step("txn.commit"), DONE]
    return {
        "id": f"{name}_{method.lower()}", "method": method, "path": f"/{name}{ITEM}",
        "tags": ["admin"], "pipeline": [*ENTRY, *steps],
    }  # fmt: skip


def honest() -> list[dict[str, Any]]:
    shout = step("acme.shout", text="{name}", out="out")
    size = step("acme.size", **PLACE, out="out")
    return [
        {"id": name, "method": "GET", "path": f"/{name}{ITEM}", "tags": ["admin"],
         "pipeline": [*ENTRY, asked, DONE]}
        for name, asked in (("shout", shout), ("size", size))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The shipped schema with routes that run the operations of an installed extension."""
    schema = copy.deepcopy(json.loads((ROOT / "schema.json").read_bytes()))
    routes = [lying(name, method) for name in LIES for method in ("GET", "PUT")] + honest()
    schema["api"]["routes"] += routes
    schema["ops"]["allowed"] += sorted(
        {each["op"] for route in routes for each in route["pipeline"]}
        - set(schema["ops"]["allowed"])
    )
    folder = tmp_path_factory.mktemp("extended")
    file = folder / "extended.json"
    file.write_text(json.dumps(schema), encoding="utf-8")
    environ = {"LARDER_SCHEMA": str(file), "PYTHONPATH": str(EXTENSION)}
    with LiveServer(folder, environ) as started:
        yield started


def logged(log: Path, request_id: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("request_id") == request_id]


def ask(server: LiveServer, name: str, method: str = "GET") -> Answer:
    return server.ask(method, f"/{name}/acme/tool/1.0.0/any", b"{}" if method == "PUT" else None)


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("name", LIES)
def test_an_operation_that_lies_is_stopped_and_nothing_is_kept(
    server: LiveServer, name: str, method: str
) -> None:
    before = snapshot(server)
    answer = ask(server, name, method)
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (500, "EFFECT_VIOLATION")
    assert "acme" not in answer.content.decode()
    assert snapshot(server) == before


def test_the_log_names_the_operation_and_what_it_did(server: LiveServer) -> None:
    asked = {name: ask(server, name, "PUT").headers["x-request-id"] for name in LIES}
    server.stop()
    for name, request_id in asked.items():
        (told,) = [
            line for line in logged(server.log, request_id) if line["event"] == "effect violation"
        ]
        assert (told["level"], told["route"]) == ("error", f"{name}_put")
        assert (told["operation"], told["effect"]) == (f"acme.{name}", LIES[name][1])
    server.start()


def test_an_honest_operation_does_its_work(server: LiveServer) -> None:
    assert ask(server, "shout").json() == {"out": "TOOL"}
    missing = ask(server, "size")
    assert (missing.status, missing.json()["error"]["code"]) == (404, "NOT_FOUND")
