"""Every template is dropped into a copy of schema.json, as it stands, and serves a request."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from errors.finding import Finding
from pipelines.load import load
from tests.support.cli import larder_within
from tests.support.liar import Said, liar
from tests.support.server import ROOT, LiveServer

TEMPLATES = ROOT / "templates"
CONTENT = b"bytes"
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
APART = b"bytes that lie apart"
TEXT_FIELDS = ("vendor", "product", "release", "language")
Json = Any


def template(name: str) -> Any:
    return json.loads((TEMPLATES / f"{name}_template.json").read_text(encoding="utf-8"))


def step(op: str, **args: Any) -> dict[str, Any]:
    return {"op": op, "args": args}


def renamed(value: Any, old: str, new: str) -> Any:
    """A JSON value in which one text stands for another."""
    return json.loads(json.dumps(value).replace(f'"{old}"', f'"{new}"'))


def declared(schema: Json, route_id: str) -> Json:
    """A copy of a declared route."""
    routes = schema["api"]["routes"]
    return json.loads(json.dumps(next(each for each in routes if each["id"] == route_id)))


def add_pipeline(schema: Json) -> None:
    schema["api"]["routes"].append(template("pipeline"))


def add_entity(schema: Json) -> None:
    """The entity, and a route that answers its fields."""
    schema["entities"]["release_text"] = template("entity")
    named = {"entity": "release_text"}
    pipeline = [
        step("auth.require_scopes", scopes=["read", "write", "admin"]),
        step("parse.path", **named),
        step("normalize.entity", **named),
        step("validate.entity", **named),
        step("respond.json", status=200, body={name: f"{{{name}}}" for name in TEXT_FIELDS}),
    ]
    path = "/v1/texts/{vendor}/{product}/{release}/{language}/echo"
    schema["api"]["routes"].append(
        {"id": "echo", "method": "GET", "path": path, "tags": ["read"], "pipeline": pipeline}
    )


def add_blob_store(schema: Json) -> None:
    """The store, and routes that publish to it and fetch from it."""
    schema["storage"]["blob_stores"]["apart"] = template("blob_store")
    for route_id in ("publish_artifact", "get_blob"):
        route = renamed(declared(schema, route_id), "primary", "apart")
        path = route["path"].replace("/blob", "/apart")
        schema["api"]["routes"].append({**route, "id": f"{route_id}_apart", "path": path})


def add_auth_scope(schema: Json) -> None:
    """The scope, a policy that lets it in, and a route that asks for it."""
    scope = template("auth_scope")
    schema["auth"]["scopes"].append(scope)
    when = {"in": ["audit", "$route.tags"]}
    require = {"scopes": [scope["name"], "admin"]}
    policy = {"name": "auditors", "effect": "allow", "when": when, "require": require}
    schema["auth"]["policies"].append(policy)
    route = declared(schema, "get_artifact")
    route["pipeline"][0] = step("auth.require_scopes", **require)
    path = f"{route['path']}/audit"
    schema["api"]["routes"].append({**route, "id": "audit", "path": path, "tags": ["audit"]})


def add_upstream(schema: Json, url: str) -> None:
    """The upstream as it stands, the same with an address that answers, and a route that asks."""
    schema["upstreams"]["example"] = template("upstream")
    theirs = {**template("upstream"), "base_url": url, "allow_private": True}
    schema["upstreams"]["theirs"] = theirs
    pipeline = [
        step("auth.require_scopes", scopes=["read", "write", "admin"]),
        step("proxy.fetch", upstream="theirs", method="GET", path="/status", out="answer"),
        step("respond.json", status=200, body={"status": "$answer.status"}),
    ]
    route = {"id": "their_status", "method": "GET", "path": "/v1/theirs/status"}
    schema["api"]["routes"].append({**route, "tags": ["read"], "pipeline": pipeline})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A service of schema.json and of every template."""
    folder = tmp_path_factory.mktemp("templates")
    schema = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
    with liar(Said(200, {"Content-Type": "application/json"}, CONTENT)) as url:
        schema["api"]["routes"].append(template("route"))
        for add in (add_pipeline, add_entity, add_blob_store, add_auth_scope):
            add(schema)
        add_upstream(schema, url)
        file = folder / "schema.json"
        file.write_text(json.dumps(schema, indent=2), encoding="utf-8")
        ran = larder_within("check", str(file), home=folder)
        assert ran.code == 0, ran.out.decode()
        environ = {"LARDER_INLINE_BLOB_BYTES": "0"}
        with LiveServer(folder, environ, "--schema", str(file)) as started:
            yield started


def alone(add: Callable[[Json], None]) -> tuple[Finding, ...]:
    """What the check finds when nothing but one template is added."""
    schema = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
    add(schema)
    return load(json.dumps(schema).encode(), "schema.json").findings


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


@pytest.mark.parametrize(
    "add",
    [
        lambda schema: schema["api"]["routes"].append(template("route")),
        add_pipeline,
        lambda schema: schema["entities"].update(release_text=template("entity")),
        lambda schema: schema["storage"]["blob_stores"].update(apart=template("blob_store")),
        lambda schema: schema["auth"]["scopes"].append(template("auth_scope")),
        lambda schema: schema["upstreams"].update(theirs=template("upstream")),
    ],
)
def test_every_template_is_valid_as_it_stands(add: Callable[[Json], None]) -> None:
    assert [str(finding) for finding in alone(add)] == []


@pytest.mark.parametrize("name", ["route", "pipeline"])
def test_the_examples_of_a_template_show_all_of_it(name: str, tmp_path: Path) -> None:
    file = str(TEMPLATES / f"{name}_template.json")
    schema = str(ROOT / "schema.json")
    asked = ("test", "--route", file, "--schema", schema, "--cover", "100", "--format", "json")
    ran = larder_within(*asked, home=tmp_path)
    (route,) = ran.json()["routes"]
    assert (ran.code, route["ok"], route["coverage"]["percent"]) == (0, True, 100)
    assert len(route["examples"]) >= 2


def test_the_route_template_is_a_route(server: LiveServer) -> None:
    server.put("acme/route/1.0.0/txt", CONTENT)
    answer = server.ask("GET", "/v1/acme/route/1.0.0/txt/digest")
    assert (answer.status, answer.json()) == (200, {"digest": DIGEST, "size": len(CONTENT)})
    assert server.ask("GET", "/v1/acme/route/2.0.0/txt/digest").status == 404
    server.ask("DELETE", "/v1/acme/route/1.0.0/txt/blob")
    gone = server.ask("GET", "/v1/acme/route/1.0.0/txt/digest")
    assert (gone.status, gone.json()["error"]["code"]) == (410, "GONE")


def test_the_pipeline_template_is_a_pipeline(server: LiveServer) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        server.put(f"acme/hello/{version}/txt", version.encode())
    answer = server.ask("POST", "/v1/acme/hello/tags/newest/latest")
    assert answer.json() == {"ok": True, "target_version": "1.10.0", "target_variant": "txt"}
    assert server.ask("GET", "/v1/acme/hello/tags/newest").json()["target_version"] == "1.10.0"
    refused = server.ask("POST", "/v1/acme/nothing/tags/newest/latest").json()
    assert refused["error"]["code"] == "TARGET_NOT_FOUND"


def test_the_entity_template_is_an_entity(server: LiveServer) -> None:
    answer = server.ask("GET", "/v1/texts/ACME/big_tool/1.2.0/EN/echo")
    assert answer.json() == dict(zip(TEXT_FIELDS, ("acme", "big-tool", "1.2.0", "en"), strict=True))
    assert server.ask("GET", "/v1/texts/acme/tool/one/en/echo").status == 400


def test_the_blob_store_template_is_a_blob_store(server: LiveServer) -> None:
    assert server.ask("PUT", "/v1/acme/apart/1.0.0/txt/apart", APART).status == 201
    assert server.ask("GET", "/v1/acme/apart/1.0.0/txt/apart").content == APART
    assert server.ask("PUT", "/v1/acme/empty/1.0.0/txt/apart", b"").status == 400
    folder = server.data / template("blob_store")["root"]
    kept = [file.read_bytes() for file in folder.rglob("*") if len(file.name) == 64]
    assert kept == [APART]


def test_the_auth_scope_template_is_a_scope(server: LiveServer) -> None:
    server.put("acme/audited/1.0.0/txt", CONTENT)
    auditor = token_of(server, "auditor", template("auth_scope")["name"])
    audited = "/v1/acme/audited/1.0.0/txt"
    assert server.ask("GET", f"{audited}/audit", token=auditor).json()["blob_digest"] == DIGEST
    assert server.ask("GET", f"{audited}/blob", token=auditor).status == 403


def test_the_upstream_template_is_an_upstream(server: LiveServer) -> None:
    assert server.ask("GET", "/v1/theirs/status").json() == {"status": 200}


def token_of(server: LiveServer, name: str, scope: str) -> str:
    """A session of a new user who has one scope."""
    add = ("user", "add", name, "--scopes", scope)
    stdin = b"a good long password\n"
    ran = larder_within(*add, home=server.folder, environ=server.environ, stdin=stdin)
    assert ran.code == 0, ran.err
    return server.log_in(name, "a good long password")
