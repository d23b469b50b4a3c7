"""The rival of the declared routes: the same work written by hand on Starlette, same stores.

Same accounts, same checks of the coordinates, same transaction, same headers, same counting of
requests, same server options; only the routes are Starlette's and the steps are Python. Started by
`benchmarks.serving`.
"""

import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.model import Schema
from service.exchange import request_id_of
from service.log import open_log
from service.metrics import Metrics
from service.protocol import LarderProtocol
from service.replies import repr_digest
from service.runtime import Outside, open_runtime
from service.serving import read_plan
from service.settings import load_settings
from stores.events import canonical, uuid7
from stores.interfaces import Event, IndexEntry

FIELDS = ("namespace", "name", "version", "variant")
encode = msgspec.json.Encoder(order="deterministic").encode


class Refused(Exception):
    """An answer that is not the one hoped for."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def refused(request: Request, fault: Exception) -> Response:
    """The error body."""
    assert isinstance(fault, Refused)
    return JSONResponse({"ok": False, "error": {"code": fault.code}}, fault.status)


async def enter(request: Request, scopes: frozenset[str]) -> tuple[dict[str, str], str]:
    """Who asks, and for which coordinate."""
    state = request.app.state
    raw = request.scope["headers"]
    principal = state.authenticator.recall(raw) or await state.authenticator.principal(raw)
    if principal.scopes.isdisjoint(scopes):
        raise Refused(403 if principal.subject else 401, "FORBIDDEN")
    entity = state.schema.entities["artifact"]
    values = {name: entity.normalize(name, request.path_params[name]) for name in FIELDS}
    if entity.failures(values):
        raise Refused(400, "VALIDATION_ERROR")
    key = f"artifact/{values['namespace']}/{values['name']}/{values['version']}/{values['variant']}"
    return values, key


async def metadata(request: Request) -> Response:
    """What is known of one artifact."""
    _, key = await enter(request, frozenset({"read", "write", "admin"}))
    stored = await request.app.state.kv.get("artifact_meta", key)
    if stored is None:
        raise Refused(404, "NOT_FOUND")
    found = msgspec.json.decode(stored.value)
    if found.get("withdrawn_at"):
        raise Refused(410, "GONE")
    body = msgspec.json.encode(found)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304)
    return Response(body, media_type="application/json", headers={"etag": tag})


async def blob(request: Request) -> Response:
    """An artifact's bytes."""
    _, key = await enter(request, frozenset({"read", "write", "admin"}))
    state = request.app.state
    stored = await state.kv.get("artifact_meta", key)
    if stored is None:
        raise Refused(404, "NOT_FOUND")
    found = msgspec.json.decode(stored.value)
    if found.get("withdrawn_at"):
        raise Refused(410, "GONE")
    handle = await state.blobs.open(found["blob_digest"])
    if handle is None:
        raise Refused(404, "BLOB_NOT_FOUND")
    try:
        content = bytes(handle.read(0, handle.size))
        headers = {
            "etag": f'"{handle.digest}"',
            "repr-digest": repr_digest(handle.digest),
            "accept-ranges": "bytes",
        }
    finally:
        handle.close()
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304)
    return Response(content, media_type="application/octet-stream", headers=headers)


async def publish(request: Request) -> Response:
    """Publish one artifact."""
    values, key = await enter(request, frozenset({"write", "admin"}))
    state = request.app.state
    if await state.kv.get("artifact_meta", key) is not None:
        raise Refused(409, "ALREADY_EXISTS")
    writer = state.blobs.writer()
    async for chunk in request.stream():
        if chunk:
            await writer.write(chunk)
    staged = await writer.finish()
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    meta = {
        **values,
        "blob_digest": staged.digest,
        "size": staged.size,
        "published_at": now,
        "published_by": "bench",
    }
    txn = state.kv.begin()
    txn.join_blob(staged)
    if await txn.get("artifact_meta", key) is not None:
        raise Refused(409, "ALREADY_EXISTS")
    schema: Schema = state.schema
    checked(schema, "artifact_meta", meta)
    txn.put("artifact_meta", key, encode(meta))
    row(schema, txn, "artifact_versions", key, meta)
    releases = schema.indexes["artifact_versions"].orderings["releases"]
    prefix = releases.prefix([values["namespace"], values["name"], False], None)
    newest = await txn.scan("artifact_versions", "releases", prefix, limit=2)
    latest = msgspec.json.decode(newest[0].value)["version"] if newest else None
    home = f"package/{values['namespace']}/{values['name']}"
    package = await txn.get("package_meta", home)
    if package is None or msgspec.json.decode(package.value)["latest"] != latest:
        place = {"namespace": values["namespace"], "name": values["name"], "latest": latest}
        place["path"] = f"{values['namespace']}/{values['name']}"
        checked(schema, "package_meta", place)
        txn.put("package_meta", home, encode(place))
        row(schema, txn, "packages", home, place)
    if schema.events["artifact.published"].validator.failures(meta):
        raise Refused(422, "EVENT_INVALID")
    moment = datetime.now(UTC).timestamp()
    txn.append(
        "events",
        Event(uuid7(moment, os.urandom(10)), None, "artifact.published", now, canonical(meta)),
    )
    await txn.commit()
    return JSONResponse({"ok": True, "digest": staged.digest, "size": staged.size}, 201)


def checked(schema: Schema, kind: str, value: Any) -> None:
    """The document obeys its schema."""
    if schema.documents[kind].validator.failures(value):
        raise Refused(422, "DOCUMENT_INVALID")


def row(schema: Schema, txn: Any, index: str, key: str, value: Any) -> None:
    """Write one row in every ordering."""
    entries = []
    for ordering in schema.indexes[index].orderings.values():
        position, unique = ordering.entry(key, value)
        entries.append(IndexEntry(ordering.name, position, unique))
    txn.upsert_row(index, key, entries, encode(value))


def make_app() -> Starlette:
    """The application, on the stores that the environment's settings name."""
    settings = load_settings(os.environ)
    plan = read_plan(settings.schema)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            outside = Outside(os.environ)
            log = open_log("error", outside.clock)
            runtime = await open_runtime(settings, plan, outside, stack, metrics=metrics, log=log)
            app.state.authenticator = runtime.accounts.authenticator
            app.state.schema = plan.schema
            app.state.kv = runtime.serving.world.kv["meta"]
            app.state.blobs = runtime.serving.world.blobs["primary"]
            yield
            log.close()

    prefix = "/v1/{namespace}/{name}"
    routes = [
        Route(f"{prefix}/latest", metadata),
        Route(f"{prefix}/versions", metadata),
        Route(f"{prefix}/tags", metadata),
        Route(f"{prefix}/tags/{{tag}}", metadata),
        Route("/v1/packages", metadata),
        Route(f"{prefix}/{{version}}/{{variant}}/blob", publish, methods=["PUT"]),
        Route(f"{prefix}/{{version}}/{{variant}}/blob", blob),
        Route(f"{prefix}/{{version}}/{{variant}}", metadata),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={Refused: refused})
    app.add_middleware(Bookkeeping, metrics=metrics)
    return app


class Bookkeeping:
    """An id and a place in /metrics for every request, as the cheapest kind of middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = request_id_of(scope["headers"]).encode()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [
                    (b"x-request-id", request_id),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        self.metrics.in_flight += 1
        try:
            await self.app(scope, receive, sending)
        except ConnectionResetError:  # The load ended in the middle of a reply.
            status = 499
        finally:
            self.metrics.in_flight -= 1
            self.metrics.answered("route", status, time.perf_counter() - started)


def main() -> None:
    """Serve with the options that Larder gives uvicorn."""
    settings = load_settings(os.environ)
    uvicorn.run(
        "benchmarks.handwritten:make_app",
        factory=True,
        host="127.0.0.1",
        port=settings.port,
        loop="uvloop",
        http=LarderProtocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
