"""The OpenAPI document, its pages, and the watch that holds the service to it."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import anyio
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from pipelines.derive.facts import RouteFacts
from pipelines.derive.routes import route_facts
from pipelines.load import load
from schema.validators import Validator
from service.beside import BESIDE
from service.declared import AnswerWatch, Declared
from service.docs_files import FILES, SWAGGER
from service.docs_page import document
from service.pages import make_pages
from service.serving import read_plan
from tests.support.cli import larder_within
from tests.support.server import ROOT, LiveServer

SHIPPED = ROOT / "schema.json"


@pytest.fixture(scope="module")
def written() -> Any:
    return json.loads(document(read_plan(SHIPPED), "1.2.3"))


@pytest.fixture(scope="module")
def facts() -> dict[str, RouteFacts]:
    loaded = load(SHIPPED.read_bytes(), "schema.json")
    return {route.id: route for route in route_facts(loaded)}


# the document


def test_the_document_is_valid_openapi_3_1(written: Any) -> None:
    assert written["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(written).iter_errors()) == []


def test_every_route_and_page_is_an_operation_of_its_own(
    written: Any, facts: dict[str, RouteFacts]
) -> None:
    operations = [
        (operation["operationId"], method, path)
        for path, methods in written["paths"].items()
        for method, operation in methods.items()
    ]
    ids = [id for id, _, _ in operations]
    assert len(ids) == len(set(ids))
    for route in facts.values():
        assert (route.id, route.method.lower(), route.path) in operations
        assert (f"{route.id}.head" in ids) == (route.method == "GET")


def test_each_operation_tells_the_statuses_of_its_route_and_no_other(
    written: Any, facts: dict[str, RouteFacts]
) -> None:
    for route in facts.values():
        operation = written["paths"][route.path][route.method.lower()]
        assert {int(status) for status in operation["responses"]} == route.statuses
        assert "500" not in operation["responses"] and "default" not in operation["responses"]


def test_an_error_names_the_codes_that_its_status_can_have(written: Any) -> None:
    publish = written["paths"]["/v1/{namespace}/{name}/{version}/{variant}/blob"]["put"]
    assert _codes(written, publish, "409") == ["ALREADY_EXISTS", "TXN_CONFLICT"]
    assert _codes(written, publish, "413") == ["BODY_TOO_LARGE"]
    assert _codes(written, publish, "401") == ["UNAUTHORIZED"]


def test_a_reply_refers_to_the_schema_of_the_document_that_it_holds(written: Any) -> None:
    operation = written["paths"]["/v1/{namespace}/{name}/{version}/{variant}"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/artifact_meta"}
    listed = written["paths"]["/v1/{namespace}/{name}/versions"]["get"]["responses"]["200"]
    rows = listed["content"]["application/json"]["schema"]["properties"]["versions"]
    assert rows == {"type": "array", "items": {"$ref": "#/components/schemas/artifact_meta"}}


def test_credentials_and_scopes_are_told_of_each_route(written: Any) -> None:
    operation = written["paths"]["/v1/events"]["get"]
    assert operation["security"] == [{"bearer": []}, {"basic": []}]
    assert operation["x-required-scopes"] == [["admin"]]
    assert "`admin`" in operation["description"]
    assert written["paths"]["/health"]["get"]["security"] == []


def test_examples_fit_the_schemas_beside_them(written: Any) -> None:
    judged = 0
    components = {"components": written["components"]}
    for methods in written["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if "example" in parameter:
                    judged += 1
                    assert Validator(parameter["schema"]).valid(parameter["example"])
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (each for body in bodies for each in body.get("content", {}).values()):
                for example in content.get("examples", {}).values():
                    judged += 1
                    schema = {**content["schema"], **components}
                    assert Validator(schema).failures(example["value"]) == []
    assert judged > 40


def _codes(written: Any, operation: Any, status: str) -> list[str]:
    name = operation["responses"][status]["$ref"].rpartition("/")[2]
    schema = written["components"]["responses"][name]["content"]["application/json"]["schema"]
    codes: list[str] = schema["allOf"][1]["properties"]["error"]["properties"]["code"]["enum"]
    return codes


def test_the_table_beside_the_routes_holds_every_page(shared_server: LiveServer) -> None:
    pages = make_pages(_NoRuntime())  # type: ignore[arg-type]
    served = {getattr(route, "path", "") for route in pages.routes}
    assert served == {each.path for each in BESIDE}
    for each in BESIDE:
        path = re.sub(r"\{.*?\}", "none", each.path)
        allowed = shared_server.ask("PATCH", path).headers["allow"].split(", ")
        told = {page.method for page in BESIDE if page.path == each.path}
        assert set(allowed) - {"HEAD", "OPTIONS"} == told


class _NoRuntime:
    """The pages' paths are known before anything runs."""

    def __getattr__(self, name: str) -> Any:
        return self


# /openapi.json and the command


def test_the_document_is_served_to_everybody_and_known_by_its_tag(
    shared_server: LiveServer,
) -> None:
    first = shared_server.ask("GET", "/openapi.json", token=None)
    assert first.status == 200 and first.headers["content-type"] == "application/json"
    again = shared_server.ask(
        "GET", "/openapi.json", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert shared_server.ask("HEAD", "/openapi.json").headers["content-length"] == str(
        len(first.content)
    )


def test_the_command_prints_what_is_served(shared_server: LiveServer, tmp_path: Path) -> None:
    ran = larder_within("openapi", "--schema", str(SHIPPED), home=tmp_path)
    assert ran.code == 0
    assert json.loads(ran.out) == shared_server.ask("GET", "/openapi.json").json()


def test_the_command_tells_what_is_wrong_with_a_schema(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text("{}")
    ran = larder_within("openapi", "--schema", str(file), home=tmp_path)
    assert ran.code == 1 and "E104" in ran.err


# /docs


class _Links(HTMLParser):
    """What a page has the browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("script", "link", "img"):
            self.found.append(str(named.get("src") or named.get("href")))
        self.inline += tag == "style" or "style" in named or any(n.startswith("on") for n in named)


def test_the_pages_ask_nobody_else_for_anything(shared_server: LiveServer) -> None:
    page = shared_server.ask("GET", "/docs", token=None)
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    links = _Links()
    links.feed(page.content.decode())
    assert links.inline == 0 and len(links.found) == 4
    for link in links.found:
        assert "//" not in link
        answer = shared_server.ask("GET", f"/{link}", token=None)
        assert (
            answer.status == 200
            and answer.content == FILES[link.removeprefix("docs/")].read_bytes()
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
    styles = (SWAGGER / "swagger-ui.css").read_text()
    assert {link.partition(":")[0] for link in re.findall(r"url\([\"']?([^)\"']+)", styles)} == {
        "data"
    }


def test_the_pages_run_no_inline_script_and_connect_to_the_service_only(
    shared_server: LiveServer,
) -> None:
    for path in ("/docs", "/docs/start.js", "/openapi.json"):
        policy = shared_server.ask("GET", path, token=None).headers["content-security-policy"]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
        assert "unsafe" not in policy and "http" not in policy


def test_files_that_the_client_has_are_not_sent_again(shared_server: LiveServer) -> None:
    first = shared_server.ask("GET", "/docs/swagger-ui-bundle.js")
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    again = shared_server.ask(
        "GET", "/docs/swagger-ui-bundle.js", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status == 304 and again.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["..%2fmanifest.json", "manifest.json", "nothing.js"])
def test_nothing_but_the_pages_files_is_served(shared_server: LiveServer, name: str) -> None:
    assert shared_server.ask("GET", f"/docs/{name}").status in (400, 404)


def test_files_of_others_are_unchanged() -> None:
    manifest = json.loads((SWAGGER / "manifest.json").read_text())
    assert manifest["version"] == "5.35.0" and manifest["license"] == "Apache-2.0"
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in SWAGGER.iterdir()
        if file.name != "manifest.json"
    }
    assert found == manifest["sha256"]
    assert {"LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"} <= found.keys()


# what is not declared is not answered


class _Log:
    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, _request_id: str, _route: str, fault: BaseException) -> None:
        self.faults.append(str(fault))


def _answered(
    facts: dict[str, RouteFacts], status: int, body: bytes, method: str = "GET"
) -> tuple[int, bytes, list[str]]:
    sent: list[Any] = []
    log = _Log()

    async def send(message: Any) -> None:
        sent.append(message)

    async def answer() -> None:
        scope = {"method": method, "path": "/v1/packages"}
        watch = AnswerWatch(
            send, Declared(facts.values()), log, scope, "request", lambda: "list_packages"  # type: ignore[arg-type]
        )  # fmt: skip
        await watch({"type": "http.response.start", "status": status, "headers": []})
        await watch({"type": "http.response.body", "body": body, "more_body": False})

    anyio.run(answer)
    return sent[0]["status"], sent[1]["body"], log.faults


def test_what_is_declared_passes(facts: dict[str, RouteFacts]) -> None:
    assert _answered(facts, 200, b"{}") == (200, b"{}", [])
    refusal = b'{"ok":false,"error":{"code":"INVALID_QUERY"}}'
    assert _answered(facts, 400, refusal) == (400, refusal, [])
    assert _answered(facts, 400, b"", "HEAD") == (400, b"", [])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (201, b"{}"),
        (404, b'{"ok":false,"error":{"code":"NOT_FOUND"}}'),
        (400, b'{"ok":false,"error":{"code":"VALIDATION_ERROR"}}'),
        (400, b"not an error body"),
    ],
)
def test_a_status_or_code_that_is_not_declared_becomes_a_fault(
    facts: dict[str, RouteFacts], status: int, body: bytes
) -> None:
    answered, told, faults = _answered(facts, status, body)
    assert answered == 500
    assert json.loads(told)["error"]["code"] == "UNDECLARED_ANSWER"
    assert len(faults) == 1 and f"list_packages answers {status}" in faults[0]
