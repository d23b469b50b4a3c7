"""The application: requests go to the declared routes, everything else to the pages beside them."""

import os
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Any

from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from errors.problem import Refusal, problem, refuse
from operations.context import ExecutionContext
from operations.violation import EffectViolation
from pipelines.derive.routes import route_facts
from pipelines.load import Loaded
from pipelines.program import Program
from pipelines.run import run
from service.admin import SCOPE as ADMIN
from service.body import BodyBounds, Disconnected, PacedReceive
from service.declared import AnswerWatch, Declared
from service.endpoint import REQUEST_ID
from service.exchange import make_request, read_headers, request_id_of, tenant_of
from service.head import Bounds
from service.log import Log, open_log
from service.metrics import Metrics
from service.pages import make_pages, page_of
from service.replies import Outlet, Sent, send_refusal, send_reply
from service.routing import Match
from service.runtime import Outside, Runtime, open_runtime
from service.serving import Plan, StartError, read_plan
from service.settings import Settings
from service.traces import HEADER as TRACE_HEADER

CLIENT_GONE = 499
"""What a request is logged with whose client left before it was answered."""

ALWAYS_ANSWERED = ("health", "metrics")


def create_app(settings: Settings, outside: Outside | None = None) -> "App":
    """The application that serves `settings.schema`. Raises StartError, also for a bad schema.

    `runtime.prepare` must have been called for the data directory before it starts up.
    """
    outside = outside or Outside(os.environ)
    plan = read_plan(settings.schema)
    return App(settings, plan, outside, open_log(settings.log_level, outside.clock))


class _Trace:
    """What is logged of a request once it is over."""

    __slots__ = ("principal", "route", "tenant")

    def __init__(self) -> None:
        self.route = "-"
        self.principal: str | None = None
        self.tenant: str | None = None

    def told(self) -> str:
        """The id of the declared route, or what requests of a page are counted as."""
        return self.route


class App:
    """A pure ASGI application.

    `bounds` is what its connections may cost; `failure` why it could not start, if it could not.
    """

    def __init__(self, settings: Settings, plan: Plan, outside: Outside, log: Log) -> None:
        self.bounds = Bounds.of(settings)
        self.log = log
        self.metrics = Metrics()
        self.failure: str | None = None
        self._settings = settings
        self._plan = plan
        self._outside = outside
        self._body_bounds = BodyBounds.of(settings)
        self._runtime: Runtime | None = None
        self._pages: Router | None = None
        self._expected: Declared | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start up and shut down."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise RuntimeError(f"{scope['type']} is not served")

    # a life

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            stack.callback(self.log.close)
            try:
                self._runtime = await open_runtime(
                    self._settings, self._plan, self._outside, stack,
                    metrics=self.metrics, log=self.log,
                )  # fmt: skip
            except StartError as problem:
                self.failure = str(problem)
                await send({"type": "lifespan.startup.failed", "message": self.failure})
                return
            self._pages = make_pages(self._runtime)
            if self._settings.assert_answers:
                self._expected = Declared(route_facts(Loaded((), self._plan.schema)))
            self.log.info("started", schema=self._plan.schema.digest, pid=os.getpid())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.log.info("stopped", pid=os.getpid())
        await send({"type": "lifespan.shutdown.complete"})

    # a request

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        trace = _Trace()
        request_id = scope[REQUEST_ID] = request_id_of(scope["headers"])
        if self._expected is not None:
            send = AnswerWatch(send, self._expected, self.log, scope, request_id, trace.told)
        out = Outlet(send, scope["method"], {}, request_id, self.metrics)
        self.metrics.in_flight += 1
        try:
            sent = await self._answer(scope, receive, out, trace)
        except Disconnected:
            sent = Sent(CLIENT_GONE, 0)
        except Refusal as refusal:
            if isinstance(refusal, EffectViolation):
                self.log.violation(request_id, trace.route, refusal.culprit, refusal.effect)
            sent = await _refused(out, refusal)
        except Exception as fault:  # noqa: BLE001  The last one to see it: told, never shown.
            self.log.fault(request_id, trace.route, fault)
            sent = await self._failed(out)
        finally:
            self.metrics.in_flight -= 1
        seconds = perf_counter() - started
        self.metrics.answered(trace.route, sent.status, seconds)
        if self.log.says_requests:
            self.log.request(
                {
                    "request_id": request_id,
                    "route": trace.route,
                    "principal": trace.principal,
                    "tenant": trace.tenant,
                    "method": out.method,
                    "path": scope["path"],
                    "status": sent.status,
                    "duration_ms": round(seconds * 1000, 3),
                    "bytes": sent.bytes,
                }
            )

    async def _answer(self, scope: Scope, receive: Receive, out: Outlet, trace: _Trace) -> Sent:
        runtime = self._runtime
        if runtime is None or self._pages is None:
            raise refuse("SHUTTING_DOWN", "the service is not serving")
        if scope["path"] == "*":
            return await _options(out, ("GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE"))
        raw_path = scope["raw_path"].decode("latin-1").partition("?")[0]
        found = runtime.serving.plan.table.find(out.method, raw_path)
        if isinstance(found, Match):
            self._admit()
            trace.route = found.route.id
            return await self._declared(runtime, found, scope, receive, out, trace)
        if found:
            return await _wrong_method(out, found)
        trace.route = page_of(scope["path"])
        if trace.route not in ALWAYS_ANSWERED:
            self._admit()
        return await _page(self._pages, scope, PacedReceive(receive, self._body_bounds), out)

    async def _declared(
        self,
        runtime: Runtime,
        found: Match[Program],
        scope: Scope,
        receive: Receive,
        out: Outlet,
        trace: _Trace,
    ) -> Sent:
        authenticator = runtime.accounts.authenticator
        raw_headers = scope["headers"]
        principal = authenticator.recall(raw_headers) or await authenticator.principal(raw_headers)
        trace.principal = principal.subject
        world = runtime.serving.world
        request = make_request(
            scope,
            receive,
            found.params,
            out.id,
            max_body_bytes=world.schema.limits.max_request_body_bytes,
            bounds=self._body_bounds,
        )
        trace.tenant = tenant_of(world.schema.document.tenancy, request.headers, principal)
        context = ExecutionContext(world, request, principal, trace.tenant)
        answer = Outlet(out.send, out.method, request.headers, out.id, out.meter)
        if request.headers.get(TRACE_HEADER) == "1" and ADMIN in principal.scopes:
            return await runtime.tracer.answer(found.route, context, answer)
        reply = await run(found.route, context)
        return await send_reply(answer, reply)

    def _admit(self) -> None:
        """Raises Refusal OVERLOADED."""
        if self.metrics.in_flight > self._settings.max_in_flight:
            busy = problem("OVERLOADED", "too many requests are being answered")
            raise Refusal(busy, {"Retry-After": "1"})

    async def _failed(self, out: Outlet) -> Sent:
        try:
            return await send_refusal(
                out, problem("INTERNAL", "the service met a fault of its own")
            )
        except (RuntimeError, Disconnected):
            # The reply had begun: it ends here, and the server breaks the connection off.
            return Sent(500, 0)


async def _refused(out: Outlet, refusal: Refusal) -> Sent:
    try:
        return await send_refusal(out, refusal)
    except Disconnected:
        return Sent(CLIENT_GONE, 0)


async def _wrong_method(out: Outlet, allowed: tuple[str, ...]) -> Sent:
    if out.method == "OPTIONS":
        return await _options(out, allowed)
    refusal = refuse("METHOD_NOT_ALLOWED", f"{out.method} is not for this path")
    raise Refusal(refusal.problem, {"Allow": ", ".join(allowed)})


async def _options(out: Outlet, allowed: tuple[str, ...]) -> Sent:
    headers = [(b"allow", ", ".join(allowed).encode()), (b"x-request-id", out.id.encode())]
    await out.send({"type": "http.response.start", "status": 204, "headers": headers})
    await out.send({"type": "http.response.body", "body": b""})
    return Sent(204, 0)


async def _page(pages: Router, scope: Scope, receive: Receive, out: Outlet) -> Sent:
    read_headers(scope["headers"])  # Refuses what comes twice.
    status, count = 0, 0

    async def counting(message: Any) -> None:
        nonlocal status, count
        status = message.get("status", status)
        count += len(message.get("body", b""))
        try:
            await out.send(message)
        except OSError as gone:
            raise Disconnected from gone

    await pages(scope, receive, counting)
    return Sent(status, count)
