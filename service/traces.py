"""Traces of single requests, for administrators: asked for, kept for a while, read again.

A request with `X-Larder-Trace: 1` and the scope `admin` is run by a traced program. Its reply
carries `Server-Timing` (W3C Server Timing, one metric a step) and, in `X-Larder-Trace`, the name
under which the trace is kept: the request's id, or a new one where that is taken.

Each process keeps its own traces, in memory: the latest `MOST_TRACES`, in at most `MOST_BYTES`.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from errors.problem import Refusal, refuse
from operations.context import ExecutionContext
from operations.extensions import operations_for
from pipelines.program import Program
from pipelines.run import run
from pipelines.trace.programs import recording, traced_programs, watched_world
from pipelines.trace.recorder import Recorder
from schema.model import Schema
from service.admin import admit
from service.endpoint import Answer, Endpoint
from service.exchange import new_request_id
from service.masks import preview_for
from service.replies import Outlet, Sent, send_reply
from service.times import iso_seconds
from service.tokens import Authenticator

HEADER = "x-larder-trace"
MOST_TRACES = 100
MOST_BYTES = 4 * 1024 * 1024
MOST_TIMING = 4096
"""Characters of a `Server-Timing` header."""
PAGE = 20

_NO_TOKEN = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")


class Kept:
    """Traces by name, the latest `most` of them, in at most `most_bytes` of JSON."""

    def __init__(self, most: int = MOST_TRACES, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._traces: OrderedDict[str, tuple[bytes, dict[str, Any]]] = OrderedDict()
        self._bytes = 0

    def add(self, summary: dict[str, Any], trace: Mapping[str, Any]) -> str:
        """Keep a trace under its request's id, or under a new name where that is taken."""
        request_id = str(summary["request_id"])
        name = request_id if request_id not in self._traces else new_request_id()
        named = {"trace": name, **summary}
        encoded = msgspec.json.encode({**named, **trace})
        self._traces[name] = encoded, named
        self._bytes += len(encoded)
        while len(self._traces) > self._most or self._bytes > self._most_bytes:
            _, (oldest, _) = self._traces.popitem(last=False)
            self._bytes -= len(oldest)
        return name

    def find(self, name: str) -> bytes:
        """A trace as JSON. Raises Refusal NOT_FOUND."""
        found = self._traces.get(name)
        if found is None:
            raise refuse(
                "NOT_FOUND",
                "no trace of that request is kept",
                hint=f"A process keeps its own latest {self._most} traces, in its memory. Where "
                "several processes serve, another may have it: ask again, on a new connection.",
            )
        return found[0]

    def latest(self, limit: int, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Summaries, the newest first, older than the trace `after`; and the next `after`.

        Raises Refusal INVALID_CURSOR for one that is not kept (any more).
        """
        names = list(reversed(self._traces))
        if after is not None:
            if after not in self._traces:
                raise refuse("INVALID_CURSOR", "no such trace is kept any more", where="after")
            names = names[names.index(after) + 1 :]
        page = names[:limit]
        more = page[-1] if page and len(names) > limit else None
        return [self._traces[name][1] for name in page], more


class Tracer:
    """Runs requests traced; `kept` are their traces. Belongs to one event loop.

    `clock` gives seconds since the epoch; `environ` holds the upstreams' credentials, to hide them.
    """

    def __init__(self, clock: Callable[[], float], environ: Mapping[str, str]) -> None:
        self.kept = Kept()
        self._environ = environ
        self._clock = clock
        self._schema: Schema | None = None
        self._programs: dict[str, Program] = {}
        self._compiling = asyncio.Lock()

    async def answer(self, program: Program, ctx: ExecutionContext, out: Outlet) -> Sent:
        """Run and answer a request as it would be without a trace, and keep its trace.

        Raises what the pipeline raises, after keeping the trace.
        """
        started = time.perf_counter()
        traced = await ctx.aside(self._traced(program, ctx.world.schema))
        ctx.deadline += time.perf_counter() - started
        recorder = Recorder(preview_for(ctx.world.schema, self._environ))
        recorder.preview.learn_request(ctx.request)
        ctx.world = watched_world(ctx.world, recorder)
        try:
            with recording(recorder):
                reply = await run(traced, ctx)
        except Refusal as refusal:
            recorder.refused(refusal.problem)
            refusal.headers.update(self._keep(recorder, ctx, traced))
            raise
        except BaseException:
            self._keep(recorder, ctx, traced)
            raise
        recorder.replied(reply)
        return await send_reply(_adding(out, self._keep(recorder, ctx, traced)), reply)

    async def _traced(self, program: Program, schema: Schema) -> Program:
        """The traced twin of a program; those of a schema are compiled when one is asked for."""
        async with self._compiling:
            if self._schema is not schema:
                operations = operations_for(schema.document.ops.allowed)
                compiled = await asyncio.to_thread(traced_programs, schema, operations)
                self._schema, self._programs = schema, compiled
            return self._programs[program.id]

    def _keep(self, recorder: Recorder, ctx: ExecutionContext, program: Program) -> dict[str, str]:
        """Remember a trace; the headers that tell of it."""
        request, preview = ctx.request, recorder.preview
        summary = {
            "request_id": request.id,
            "at": iso_seconds(int(self._clock())),
            "route": program.id,
            "method": request.method,
            "path": preview.text(request.path),
            "principal": ctx.principal.subject,
            "tenant": ctx.tenant,
            "status": None if recorder.reply is None else recorder.reply["status"],
        }
        query = {"query": preview.query(request.query)}
        name = self.kept.add(summary, {**query, **recorder.as_json()})
        return {"Server-Timing": server_timing(recorder), "X-Larder-Trace": name}


def server_timing(recorder: Recorder) -> str:
    """The steps that ran as metrics: `4-kv.get;dur=0.031`, those that do not fit as one `rest`.

    W3C Server Timing: names are tokens, durations milliseconds. `desc` tells of a further try.
    """
    ran = [step for step in recorder.steps if step.outcome != "skipped"]
    total = sum(step.microseconds for step in ran) / 1000
    metrics = [f"total;dur={total:.3f}"]
    length, rest = len(metrics[0]), 0.0
    for step in ran:
        again = f';desc="try {step.attempt}"' if step.attempt > 1 else ""
        name = _NO_TOKEN.sub("_", f"{step.index}-{step.operation}")
        metric = f"{name};dur={step.microseconds / 1000:.3f}{again}"
        length += len(metric) + 2
        if length > MOST_TIMING - 40:
            rest += step.microseconds / 1000
        else:
            metrics.append(metric)
    if length > MOST_TIMING - 40:
        metrics.append(f"rest;dur={rest:.3f}")
    return ", ".join(metrics)


def routes(tracer: Tracer, authenticator: Authenticator) -> list[Route]:
    """The pages, for principals with the scope `admin` that are not bound to namespaces."""
    pages = _Pages(tracer, authenticator)
    return [
        Route("/admin/traces", Endpoint({"GET": pages.latest})),
        Route("/admin/traces/{name}", Endpoint({"GET": pages.one})),
    ]


class _Pages:
    def __init__(self, tracer: Tracer, authenticator: Authenticator) -> None:
        self._tracer = tracer
        self._authenticator = authenticator

    async def one(self, request: Request) -> Answer:
        """One trace."""
        await admit(self._authenticator, request)
        found = self._tracer.kept.find(request.path_params["name"])
        return Answer(200, {"ok": True, "trace": msgspec.Raw(found)})

    async def latest(self, request: Request) -> Answer:
        """Which traces there are, the newest first."""
        await admit(self._authenticator, request)
        limit = request.query_params.get("limit", str(PAGE))
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:4]) <= MOST_TRACES):
            told = f"limit is a whole number from 1 to {MOST_TRACES}"
            raise refuse("INVALID_QUERY", told, where="limit")
        traces, more = self._tracer.kept.latest(int(limit), request.query_params.get("after"))
        return Answer(200, {"ok": True, "traces": traces, "next": more})


def _adding(out: Outlet, named: dict[str, str]) -> Outlet:
    """The same way out, for replies that carry these headers too."""
    raw = [(name.lower().encode(), value.encode()) for name, value in named.items()]

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *raw]}
        await out.send(message)

    return out._replace(send=send)
