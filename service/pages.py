"""What stands beside the declared routes: accounts, health, metrics, the schema in force."""

import asyncio
import shutil
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from config_db.changes import generation
from errors.problem import Refusal, refuse
from pipelines.check.rules_routes import RESERVED
from service import accounts, admin, docs_page, traces
from service.endpoint import Answer, Endpoint, request_id_of
from service.refusals import unauthorized
from service.runtime import Runtime

PROBE_SECONDS = 1.0
"""How long the answer of a readiness probe is good."""

VERSION = version("larder")


def make_pages(runtime: Runtime) -> Router:
    """The application of everything that schema.json does not declare. Raises Refusal."""
    health = _Health(runtime)
    return Router(
        routes=[
            *accounts.routes(runtime.accounts),
            Route("/health", Endpoint({"GET": health.all})),
            Route("/health/live", Endpoint({"GET": health.live})),
            Route("/health/ready", Endpoint({"GET": health.ready})),
            Route("/metrics", _Metrics(runtime)),
            Route("/schema", _Schema(runtime)),
            *admin.routes(runtime.accounts.authenticator),
            *traces.routes(runtime.tracer, runtime.accounts.authenticator),
            *docs_page.routes(lambda: runtime.serving.plan, VERSION),
        ],
        redirect_slashes=False,
        default=_nothing,
    )


def page_of(path: str) -> str:
    """What requests of that path are counted as."""
    first = path[1:].partition("/")[0]
    return first if first in RESERVED else "-"


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise refuse("ROUTE_NOT_FOUND", "no route of this service has that path")


class _Health:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._probed_at = float("-inf")
        self._reasons: list[str] = []
        self._probing = asyncio.Lock()

    async def live(self, _request: Request) -> Answer:
        """The process answers."""
        return Answer(200, {"ok": True})

    async def ready(self, _request: Request) -> Answer:
        """Everything that it needs answers."""
        reasons = await self._why_not()
        return Answer(503 if reasons else 200, {"ok": not reasons, "reasons": reasons})

    async def all(self, _request: Request) -> Answer:
        """Both, and what is running."""
        runtime = self._runtime
        reasons = await self._why_not()
        schema = runtime.serving.plan.schema
        told = {
            "ok": not reasons,
            "live": True,
            "ready": not reasons,
            "reasons": reasons,
            "version": VERSION,
            "schema": {"type_id": schema.document.type_id, "digest": schema.digest},
            "uptime_seconds": round(runtime.clock() - runtime.started_at, 3),
        }
        return Answer(503 if reasons else 200, told)

    async def _why_not(self) -> list[str]:
        loop = asyncio.get_running_loop()
        async with self._probing:
            if loop.time() - self._probed_at >= PROBE_SECONDS:
                self._reasons = await self._probe()
                self._probed_at = loop.time()
        return self._reasons

    async def _probe(self) -> list[str]:
        runtime = self._runtime
        reasons = []
        try:
            await runtime.serving.ready()
        except OSError as reason:
            runtime.log.warning("not ready", reason=str(reason))
            reasons.append("a store cannot serve")
        try:
            await runtime.accounts.calls.read(generation)
        except Refusal as refusal:
            runtime.log.warning("not ready", reason=refusal.problem.message)
            reasons.append("the account database cannot serve")
        needed = runtime.settings.min_free_bytes
        try:
            if shutil.disk_usage(runtime.settings.data).free < needed:
                reasons.append(f"the disk has less than {needed} bytes left")
        except OSError as reason:
            runtime.log.warning("not ready", reason=str(reason))
            reasons.append("the data directory is not to be had")
        return reasons


class _Metrics:
    def __init__(self, runtime: Runtime) -> None:
        self._metrics = runtime.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _only_get(scope)
        kind, text = self._metrics.page()
        await _page(scope, text, kind)(scope, receive, send)


class _Schema:
    """The text of the schema in force: for any principal, and for all where reading is free."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _only_get(scope)
        runtime = self._runtime
        principal = await runtime.accounts.authenticator.principal(scope["headers"])
        if principal.subject is None and "read" not in principal.scopes:
            raise unauthorized("the schema is shown to those who may read")
        plan = runtime.serving.plan
        answer = _page(scope, plan.source, "application/json")
        answer.headers["etag"] = f'"{plan.schema.digest}"'
        await answer(scope, receive, send)


def _only_get(scope: Scope) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        refusal = refuse("METHOD_NOT_ALLOWED", f"{scope['method']} is not for this path")
        raise Refusal(refusal.problem, {"Allow": "GET, HEAD"})


def _page(scope: Scope, body: bytes, kind: str) -> Response:
    headers: dict[str, Any] = {
        "Content-Type": kind,
        "Cache-Control": "no-store",
        "X-Request-Id": request_id_of(scope),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, headers=headers)
