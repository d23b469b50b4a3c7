"""The requests of examples, and what is there before them: run as the service would, sans HTTP."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, unquote, urlencode

from errors.problem import Problem, Refusal, error_body, refuse
from operations import index, kv, tenancy
from operations.context import ExecutionContext, Principal, Request, UpstreamResponse, World
from operations.values import encode
from operations.world import Network
from pipelines.examples.format import Answer, Ask, Given, Others, content
from pipelines.examples.match import Difference
from pipelines.program import Program
from pipelines.run import run
from schema.document_access import Upstream

OpenWorld = Callable[[Network], AbstractAsyncContextManager[World]]
"""Opens empty stores for one example, around the network that it is given."""

REQUEST_ID = "example"

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\*?)\}")


class Answered(NamedTuple):
    """An answer before HTTP; header names are lower case, `code` is an error's."""

    status: int
    code: str | None
    headers: Mapping[str, str]
    body: bytes


class NotGiven(Exception):
    """What an example presupposes cannot be made, or its request cannot be asked."""

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(f"{place}: {found}")
        self.difference = Difference(place, expected, found)


class Asker(Protocol):
    """How a request reaches a route: `ask`, or another way to the same pipelines."""

    async def __call__(self, asked: Ask, program: Program, world: World, /) -> Answered:
        """The answer. Raises NotGiven for a path that is not the route's."""
        ...


class Content:
    """A body that is already there."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it at once."""
        if self._content:
            yield self._content


@dataclass(frozen=True, slots=True)
class _Giving:
    """What is given is written by no pipeline: this stands where operations look for one."""

    id: str = "given"
    reads_only: bool = False
    field_slots: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    actions: frozenset[str] = frozenset()
    namespace_param: None = None
    stores: tuple[str, ...] = ()


class GivenNetwork:
    """The upstreams as an example gives them; any other question is refused.

    `others` does what happens while an upstream is asked; it is set once there is a world.
    """

    def __init__(self, several: Sequence[Given]) -> None:
        self.others: Callable[[Others], Awaitable[None]] = _alone
        self._answers: dict[tuple[str, str], Answer] = {
            (name, answer.path): answer
            for given in several
            for name, answers in given.upstreams.items()
            for answer in answers
        }

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """The answer that the example gives. Raises Refusal UPSTREAM_ERROR for none."""
        answer = self._answers.get((name, path))
        if answer is None:
            raise refuse("UPSTREAM_ERROR", f"upstream {name} has no answer to {method} {path}")
        await self.others(answer.meanwhile)
        sent = {key.lower(): value for key, value in answer.headers.items()}
        return UpstreamResponse(answer.status, sent, Content(content(answer)), _nothing)


async def give(
    others: Others,
    programs: Mapping[str, Program],
    world: World,
    tenant: str | None,
    asker: Asker,
) -> None:
    """Make what others have put there. Raises NotGiven."""
    for store, texts in others.blobs.items():
        for text in texts:
            await _keep(world, tenant, store, text)
    for name, documents in others.documents.items():
        for key, value in documents.items():
            await _store(world, tenant, name, key, value)
    for asked in others.requests:
        answered = await asker(asked, programs[asked.route or ""], world)
        if answered.status >= 400:
            told = f"{answered.status}: {answered.body[:200].decode('utf-8', 'replace')}"
            raise NotGiven(f"given/requests/{asked.route}", "a status below 400", told)


async def ask(asked: Ask, program: Program, world: World) -> Answered:
    """Run a route's program for a request. Raises NotGiven for a path that is not the route's."""
    ctx = ExecutionContext(
        world, request_of(asked, program), principal_of(asked, world), asked.tenant
    )
    try:
        reply = await run(program, ctx)
    except Refusal as refusal:
        return _refused(refusal.problem, refusal.headers)
    if isinstance(reply.body, bytes):
        return Answered(reply.status, None, reply.headers, reply.body)
    try:
        body = bytes(reply.body.read(0, reply.body.size))
    finally:
        reply.body.close()
    return Answered(reply.status, None, reply.headers, body)


async def _keep(world: World, tenant: str | None, store: str, text: str) -> None:
    """Keep one blob as the tenant's own."""
    writer = world.blobs[store].writer()
    await writer.write(text.encode())
    staged = await writer.finish()
    await world.blobs[store].keep(staged)
    await tenancy.own_at_once(_context(world, tenant), store, staged.digest)


async def _store(world: World, tenant: str | None, name: str, key: str, value: Any) -> None:
    """Write one document as a pipeline would, with its rows."""
    kind = world.schema.documents[name]
    ctx = _context(world, tenant)
    try:
        kind.key.parse(key)
        await ctx.begin((kind.store,))
        kv.put.function(ctx, kind, key, value)
        for each in world.schema.indexes.values():
            if each.document is kind:
                index.upsert.function(ctx, each, key, value)
        await ctx.commit()
    except (Refusal, ValueError) as wrong:
        place = f"given/documents/{name}/{key}"
        raise NotGiven(place, "a document that can be stored", str(wrong)) from wrong
    finally:
        await ctx.leave()


def _context(world: World, tenant: str | None) -> ExecutionContext:
    """What is done by nobody in particular."""
    request = Request(REQUEST_ID, "PUT", "/", {}, "", {}, Content(b""))
    ctx = ExecutionContext(world, request, Principal(None, frozenset()), tenant)
    ctx.program = _Giving()
    return ctx


def request_of(asked: Ask, program: Program) -> Request:
    """The request as the pipeline reads it. Raises NotGiven for a path that is not the route's."""
    params = _params(asked, program)
    path = _PARAMETER.sub(lambda found: quote(params[found[1]]), program.path)
    query = asked.query if isinstance(asked.query, str) else urlencode(_texts(asked.query))
    headers = {name.lower(): value for name, value in asked.headers.items()}
    return Request(REQUEST_ID, program.method, path, params, query, headers, Content(asked.body()))


def _params(asked: Ask, program: Program) -> dict[str, str]:
    if asked.path is None:
        return dict(asked.params)
    parts = _PARAMETER.split(program.path)
    pattern = re.escape(parts[0])
    for name, star, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += f"(?P<{name}>{'.+' if star else '[^/]+'}){re.escape(literal)}"
    found = re.fullmatch(pattern, asked.path)
    if found is None:
        raise NotGiven("request/path", f"a path of {program.id}, {program.path}", asked.path)
    return {name: unquote(text) for name, text in found.groupdict().items()}


def _texts(query: Mapping[str, str | int | bool]) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
    }


def principal_of(asked: Ask, world: World) -> Principal:
    """Who asks, as the service would know them."""
    auth = world.schema.document.auth
    scopes = asked.scopes
    if asked.subject is None:
        scopes = auth.anonymous.scopes
    elif scopes is None:
        scopes = tuple(scope.name for scope in auth.scopes)
    return Principal(asked.subject, frozenset(scopes), asked.namespaces, asked.tenant)


def _refused(problem: Problem, headers: Mapping[str, str]) -> Answered:
    sent = {"content-type": "application/json"} | {n.lower(): v for n, v in headers.items()}
    return Answered(problem.status, problem.code, sent, encode(error_body(problem, REQUEST_ID)))


async def _alone(others: Others) -> None:
    """Nobody else is there."""


async def _nothing() -> None:
    """An answer that is given needs no closing."""
