"""Every template is dropped into a copy of schema.json, as it stands, and serves a request."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.support.cli import larder_within
from tests.support.liar import Said, liar
from tests.support.server import ROOT, LiveServer

TEMPLATES = ROOT / "templates"
CONTENT = b"bytes"
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
COORDINATE = "acme/hello/1.0.0/txt"


def template(name: str) -> Any:
    return json.loads((TEMPLATES / f"{name}_template.json").read_text(encoding="utf-8"))


def step(op: str, **args: Any) -> dict[str, Any]:
    return {"op": op, "args": args}


def renamed(value: Any, old: str, new: str) -> Any:
    """A JSON value in which one text stands for another."""
    return json.loads(json.dumps(value).replace(f'"{old}"', f'"{new}"'))


class Schema:
    """A copy of schema.json that can be changed and served."""

    def __init__(self, folder: Path, start: StartServer) -> None:
        self.document = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
        self._file = folder / "schema.json"
        self._start = start

    def route(self, route_id: str) -> Any:
        """A copy of a declared route."""
        routes = self.document["api"]["routes"]
        return json.loads(json.dumps(next(each for each in routes if each["id"] == route_id)))

    def add(self, *routes: Any) -> None:
        """Append routes."""
        self.document["api"]["routes"] += routes

    def serve(self, **environ: str) -> LiveServer:
        """Check it, serve it."""
        self._file.write_text(json.dumps(self.document, indent=2), encoding="utf-8")
        ran = larder_within("check", str(self._file), home=self._file.parent)
        assert ran.code == 0, ran.out.decode()
        return self._start("--schema", str(self._file), environ=environ)


@pytest.fixture
def schema(tmp_path: Path, start_server: StartServer) -> Schema:
    return Schema(tmp_path, start_server)


@pytest.fixture
def upstream() -> Iterator[str]:
    with liar(Said(200, {"Content-Type": "application/json"}, CONTENT)) as url:
        yield url


def test_there_is_a_template_for_each_thing_and_a_test_for_each_template() -> None:
    tested = set(re.findall(r'template\("(\w+)"\)', Path(__file__).read_text(encoding="utf-8")))
    there = {file.name.removesuffix("_template.json") for file in TEMPLATES.iterdir()}
    assert there == tested == {
        "auth_scope", "blob_store", "entity", "pipeline", "route", "upstream",
    }  # fmt: skip


@pytest.mark.parametrize("file", sorted(TEMPLATES.iterdir()), ids=lambda file: file.name)
def test_every_template_explains_itself(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert '"comment"' in text
    assert max(len(line) for line in text.splitlines()) <= 160


def test_the_route_template_is_a_route(schema: Schema) -> None:
    schema.add(template("route"))
    server = schema.serve()
    server.put(COORDINATE, CONTENT)
    answer = server.ask("GET", f"/v1/{COORDINATE}/digest")
    assert (answer.status, answer.json()) == (200, {"digest": DIGEST, "size": len(CONTENT)})
    assert server.ask("GET", "/v1/acme/hello/2.0.0/txt/digest").status == 404
    server.ask("DELETE", f"/v1/{COORDINATE}/blob")
    assert server.ask("GET", f"/v1/{COORDINATE}/digest").json()["error"]["code"] == "GONE"


def test_the_pipeline_template_is_a_pipeline(schema: Schema) -> None:
    path = "/v1/{namespace}/{name}/tags/{tag}/latest"
    route = {"id": "tag_latest", "method": "POST", "path": path, "tags": ["package", "write"]}
    schema.add({**route, "pipeline": template("pipeline")})
    server = schema.serve()
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        server.put(f"acme/hello/{version}/txt", version.encode())
    answer = server.ask("POST", "/v1/acme/hello/tags/newest/latest")
    assert answer.json() == {"ok": True, "target_version": "1.10.0", "target_variant": "txt"}
    assert server.ask("GET", "/v1/acme/hello/tags/newest").json()["target_version"] == "1.10.0"
    refused = server.ask("POST", "/v1/acme/nothing/tags/newest/latest").json()
    assert refused["error"]["code"] == "TARGET_NOT_FOUND"


def test_the_entity_template_is_an_entity(schema: Schema) -> None:
    schema.document["entities"]["release_text"] = template("entity")
    named = {"entity": "release_text"}
    fields = ("vendor", "product", "release", "language")
    schema.add(
        {
            "id": "echo",
            "method": "GET",
            "path": "/v1/texts/{vendor}/{product}/{release}/{language}/echo",
            "tags": ["read"],
            "pipeline": [
                step("auth.require_scopes", scopes=["read", "write", "admin"]),
                step("parse.path", **named),
                step("normalize.entity", **named),
                step("validate.entity", **named),
                step("respond.json", status=200, body={name: f"{{{name}}}" for name in fields}),
            ],
        }
    )
    server = schema.serve()
    answer = server.ask("GET", "/v1/texts/ACME/big_tool/1.2.0/EN/echo")
    assert answer.json() == dict(zip(fields, ("acme", "big-tool", "1.2.0", "en"), strict=True))
    assert server.ask("GET", "/v1/texts/acme/tool/one/en/echo").status == 400


def test_the_blob_store_template_is_a_blob_store(schema: Schema) -> None:
    schema.document["storage"]["blob_stores"]["apart"] = template("blob_store")
    for route_id in ("publish_artifact", "get_blob"):
        route = renamed(schema.route(route_id), "primary", "apart")
        path = route["path"].replace("/blob", "/apart")
        schema.add({**route, "id": f"{route_id}_apart", "path": path})
    server = schema.serve(LARDER_INLINE_BLOB_BYTES="0")
    assert server.ask("PUT", f"/v1/{COORDINATE}/apart", CONTENT).status == 201
    assert server.ask("GET", f"/v1/{COORDINATE}/apart").content == CONTENT
    assert server.ask("PUT", "/v1/acme/empty/1.0.0/txt/apart", b"").status == 400
    root = template("blob_store")["root"]
    kept = [file for file in (server.data / root).rglob("*") if file.is_file()]
    assert [file.name for file in kept if len(file.name) == 64] == [DIGEST.removeprefix("sha256:")]


def test_the_auth_scope_template_is_a_scope(schema: Schema) -> None:
    scope = template("auth_scope")
    auth = schema.document["auth"]
    auth["scopes"].append(scope)
    auth["policies"].append(
        {
            "name": "auditors",
            "effect": "allow",
            "when": {"in": ["audit", "$route.tags"]},
            "require": {"scopes": [scope["name"], "admin"]},
        }
    )
    route = renamed(schema.route("get_artifact"), "read", scope["name"])
    path = f"{route['path']}/audit"
    schema.add({**route, "id": "audit_artifact", "path": path, "tags": ["audit"]})
    server = schema.serve()
    server.put(COORDINATE, CONTENT)
    auditor = token_of(server, "auditor", scope["name"])
    assert server.ask("GET", f"/v1/{COORDINATE}/audit", token=auditor).status == 200
    assert server.ask("GET", f"/v1/{COORDINATE}/blob", token=auditor).status == 403


def token_of(server: LiveServer, name: str, scope: str) -> str:
    """A session of a new user who has one scope."""
    add = ("user", "add", name, "--scopes", scope)
    stdin = b"a good long password\n"
    ran = larder_within(*add, home=server.folder, environ=server.environ, stdin=stdin)
    assert ran.code == 0, ran.err
    return server.log_in(name, "a good long password")


def test_the_upstream_template_is_an_upstream(schema: Schema, upstream: str) -> None:
    schema.document["upstreams"]["theirs"] = {
        **template("upstream"),
        "base_url": upstream,
        "allow_private": True,
    }
    fetch = step("proxy.fetch", upstream="theirs", method="GET", path="/status", out="answer")
    schema.add(
        {
            "id": "their_status",
            "method": "GET",
            "path": "/v1/theirs/status",
            "tags": ["read"],
            "pipeline": [
                step("auth.require_scopes", scopes=["read", "write", "admin"]),
                fetch,
                step("respond.json", status=200, body={"status": "$answer.status"}),
            ],
        }
    )
    assert schema.serve().ask("GET", "/v1/theirs/status").json() == {"status": 200}


def test_the_upstream_template_is_valid_as_it_stands(schema: Schema) -> None:
    schema.document["upstreams"]["theirs"] = template("upstream")
    assert schema.serve().ask("GET", "/v1/packages").status == 200
