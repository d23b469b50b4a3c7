"""Examples asked of a real server over HTTP, each in a tenant of its own: none sees another.

What is `given` without a request is written into the server's own stores, and what is expected of
documents and events is read from there, as a second process of the service would.
"""

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from sqlalchemy import Engine
from yarl import URL

from config_db.accounts import Account, create_user
from config_db.engine import default_url, open_database, writing
from config_db.tokens import TokenRecord, create_token
from errors.problem import Refusal
from operations.context import World
from operations.world import Network
from pipelines.examples.ask import Answered, request_of
from pipelines.examples.format import Ask, Example, Expect, parse_examples
from pipelines.examples.match import Difference
from pipelines.examples.run import run_example
from pipelines.load import Loaded, load
from pipelines.program import Program
from service.api_tokens import mint
from service.metrics import Metrics
from service.scratch import NoNetwork
from service.serving import open_serving, read_plan
from service.settings import Settings
from tests.support.server import ROOT, LiveServer

Json = Any
SUBJECT = "example"


class Origin:
    """The upstream `origin` over HTTP: it answers what the running example gives it."""

    def __init__(self) -> None:
        self.network: Network = NoNetwork()
        self.loaded: Loaded | None = None

    async def answer(self, request: web.Request) -> web.Response:
        """What the example says, or a connection that breaks off."""
        assert self.loaded is not None
        assert self.loaded.schema is not None
        declared = self.loaded.schema.document.upstreams["origin"]
        try:
            found = await self.network.fetch("origin", declared, request.method, request.path, {})
        except Refusal:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=502)
        body = b"".join([piece async for piece in found.body.chunks()])
        return web.Response(status=found.status, headers=dict(found.headers), body=body)


class Served:
    """A server of a schema, its stores opened beside it, and the owner of all tokens."""

    def __init__(
        self, server: LiveServer, loaded: Loaded, world: World, origin: Origin, engine: Engine
    ) -> None:
        self.loaded = loaded
        self._url = server.url
        self._world = world
        self._origin = origin
        self._engine = engine
        self._owner = self._make_owner()
        self._tokens: dict[Any, str] = {}
        self._count = 0
        self._programs = {program.id: program for program in loaded.routes}

    def examples(self) -> list[tuple[str, Example]]:
        """All examples of the schema, with their routes."""
        assert self.loaded.schema is not None
        document = self.loaded.schema.document
        return [
            (route.id, example)
            for route in document.api.routes
            for example in parse_examples(route, "", document)[0]
        ]

    async def differences(self, route: str, example: Example) -> tuple[Difference, ...]:
        """What differs when the example is asked over HTTP."""
        assert example.request.tenant is None, "the tenant is how examples are kept apart here"
        self._count += 1
        tenant = f"t{self._count}"
        apart = msgspec.structs.replace(
            example,
            request=msgspec.structs.replace(example.request, tenant=tenant),
            expect=msgspec.convert(_within(msgspec.to_builtins(example.expect), tenant), Expect),
        )
        async with aiohttp.ClientSession(auto_decompress=False) as session:

            async def asker(asked: Ask, program: Program, world: World, /) -> Answered:
                return await self._ask(session, asked, program, tenant)

            program = self._programs[route]
            return await run_example(apart, program, self._programs, self._opened, asker)

    @asynccontextmanager
    async def _opened(self, network: Network) -> AsyncIterator[World]:
        self._origin.network = network
        yield self._world

    async def _ask(
        self, session: aiohttp.ClientSession, asked: Ask, program: Program, tenant: str
    ) -> Answered:
        made = request_of(asked, program)
        path = made.path if asked.path is None else asked.path
        url = URL(f"{self._url}{path}?{made.query}".rstrip("?"), encoded=True)
        headers = dict(made.headers)
        if asked.subject is not None:
            headers["Authorization"] = f"Bearer {self._token(asked, tenant)}"
        async with session.request(
            made.method, url, data=asked.body() or None, headers=headers, allow_redirects=False
        ) as response:
            body = await response.read()
            named = {name.lower(): value for name, value in response.headers.items()}
            code = json.loads(body)["error"]["code"] if response.status >= 400 else None
            return Answered(response.status, code, named, body)

    def _token(self, asked: Ask, tenant: str) -> str:
        """A token with just these scopes, namespaces and tenant."""
        assert asked.subject == SUBJECT, "every example is asked by the same user here"
        scopes = self._owner.scopes if asked.scopes is None else asked.scopes
        facts = (tuple(scopes), asked.namespaces, tenant)
        if facts not in self._tokens:
            minted, now = mint(), int(time.time())
            record = TokenRecord(
                minted.id, self._owner.id, None, tenant, minted.prefix, minted.digest,
                facts[0], asked.namespaces, tenant, now, None,
            )  # fmt: skip
            with writing(self._engine) as session:
                create_token(session, record)
            self._tokens[facts] = minted.text
        return self._tokens[facts]

    def _make_owner(self) -> Account:
        assert self.loaded.schema is not None
        scopes = [scope.name for scope in self.loaded.schema.document.auth.scopes]
        with writing(self._engine) as session:
            return create_user(session, SUBJECT, "no password fits", scopes, now=int(time.time()))


def _within(value: Json, tenant: str) -> Json:
    """A pattern in which what says that there is no tenant says which."""
    if isinstance(value, list | tuple):
        return [_within(item, tenant) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: tenant if name == "tenant" and item is None else _within(item, tenant)
        for name, item in value.items()
    }


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """The shipped schema and templates, served with tenants and an upstream that is there."""
    async with AsyncExitStack() as stack:
        origin = Origin()
        port = await _listen(origin, stack)
        file = folder / "schema.json"
        schema = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
        for name in ("route", "pipeline"):
            template = ROOT / "templates" / f"{name}_template.json"
            schema["api"]["routes"].append(json.loads(template.read_text(encoding="utf-8")))
        schema["tenancy"]["mode"] = "optional"
        once = {"base_url": f"http://127.0.0.1:{port}", "allow_private": True}
        schema["upstreams"]["origin"] |= {**once, "retry": {"max_attempts": 1}}
        file.write_text(json.dumps(schema), encoding="utf-8")
        loaded = origin.loaded = load(file.read_bytes(), str(file))
        server = stack.enter_context(LiveServer(folder, None, "--schema", str(file)))
        engine = open_database(default_url(server.data))
        stack.callback(engine.dispose)
        serving = await open_serving(
            read_plan(file), Settings(data=server.data), stack,
            network=NoNetwork(), meter=Metrics(), clock=time.time,
        )  # fmt: skip
        yield Served(server, loaded, serving.world, origin, engine)


async def _listen(origin: Origin, stack: AsyncExitStack) -> int:
    """Answer on a free port until the stack ends."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", origin.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    return int(port)
