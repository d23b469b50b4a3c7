"""/openapi.json and /docs: the document of the schema in force, and Swagger UI to read it with.

Both are for everybody: whoever is to log in has to learn how. Nothing in them is secret: they tell
routes, patterns and scopes, not stores, upstreams or keys. The pages ask nobody but this service,
and their Content-Security-Policy keeps it so.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from errors.problem import Refusal, problem, refuse
from pipelines.derive.routes import route_facts
from pipelines.load import Loaded
from service.conditions import Validators, judge
from service.docs_files import FILES, INDEX, KINDS
from service.endpoint import request_id_of
from service.exchange import read_headers
from service.openapi import openapi
from service.serving import Plan

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No inline script or style, nothing from elsewhere (Content Security Policy Level 3)."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a page sends: bytes, their media type, their ETag."""

    body: bytes
    kind: str
    etag: str


class Documents:
    """The OpenAPI documents of schemas, each made once, when it is first asked for."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._made: tuple[str, Content] | None = None
        self._making = asyncio.Lock()

    async def of(self, plan: Plan) -> Content:
        """The document of a plan's schema."""
        async with self._making:
            if self._made is None or self._made[0] != plan.schema.digest:
                body = await asyncio.to_thread(document, plan, self._version)
                self._made = plan.schema.digest, _content(body, "application/json")
            return self._made[1]


def document(plan: Plan, version: str) -> bytes:
    """The OpenAPI document of a plan's schema, as JSON."""
    facts = route_facts(Loaded((), plan.schema))
    return msgspec.json.encode(openapi(facts, plan.schema, plan.source, version))


def routes(plan: Callable[[], Plan], version: str) -> list[Route]:
    """The pages; `plan` gives the one in force."""
    documents = Documents(version)

    async def openapi_json(_request: Request) -> Content:
        return await documents.of(plan())

    async def index(_request: Request) -> Content:
        return _file(INDEX)

    async def file(request: Request) -> Content:
        found = FILES.get(request.path_params["file"])
        if found is None:
            raise refuse("ROUTE_NOT_FOUND", "no route of this service has that path")
        return _file(found)

    return [
        Route("/openapi.json", _Page(openapi_json)),
        Route("/docs", _Page(index)),
        Route("/docs/{file}", _Page(file)),
    ]


class _Page:
    """An ASGI application that sends one content, or that the client has it already."""

    def __init__(self, content: Callable[[Request], Awaitable[Content]]) -> None:
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            wrong = problem("METHOD_NOT_ALLOWED", f"{scope['method']} is not for this path")
            raise Refusal(wrong, {"Allow": "GET, HEAD"})
        content = await self._content(Request(scope))
        headers = {
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-cache",
            "ETag": content.etag,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": request_id_of(scope),
        }
        verdict = judge(read_headers(scope["headers"]), Validators(content.etag, None))
        if verdict == "failed":
            raise refuse("PRECONDITION_FAILED", "this is not the state asked for")
        if verdict == "not modified":
            response = Response(status_code=304, headers=headers)
        else:
            headers["Content-Type"] = content.kind
            response = Response(content.body, headers=headers)
        await response(scope, receive, send)


@cache
def _file(file: Path) -> Content:
    return _content(file.read_bytes(), KINDS[file.suffix])


def _content(body: bytes, kind: str) -> Content:
    return Content(body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
