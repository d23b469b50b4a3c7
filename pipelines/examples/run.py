"""The `examples` of a route: requests with their outcomes, run on real stores that are empty first.

    "examples": [{
      "name": "what it shows",                          once in a route
      "given": [{…}, …],                                what there is before, in this order:
        {"upstreams": {"origin": [{"path": "/v1/…", "status": 200, "headers": {…}, "text": "…",
            "meanwhile": {"documents": {…}}}]}}         what others do while it is asked
        {"blobs": {"primary": ["text of a blob", …]}}
        {"documents": {"tag_map": {"tag/acme/hello/stable": {…}}}}    with their index rows
        {"requests": [{"route": "publish_artifact", …as below}]}      none may be refused
      "request": {                                      goes to the route itself
        "params": {"namespace": "acme"},                the path's segments, decoded; or
        "path": "/v1/acme/…",                           the path as a client writes it
        "query": {"limit": 2} or "limit=2", "headers": {"X-Checksum-Sha256": "…"},
        "json": {…} or "text": "…" or "base64": "…",    the body
        "scopes": ["read"],                             all scopes of the schema when left out
        "subject": "ann" or null,                       null: anonymous, with auth.anonymous' scopes
        "namespaces": ["acme"], "tenant": "t1"},
      "expect": {                                       what is left out is not looked at
        "status": 201, "code": "GONE" (of an error),
        "headers": {"content-type": "application/json"},      null: there is no such header
        "json": {…} or "text": "…" or "base64": "…",    the body
        "documents": {"tag_map": {"tag/…": {…} or null}},     afterwards; null: there is none
        "events": [{"type": "tag.updated", "payload": {…}}]}   those that the request emitted
    }]

In `expect`, `{"$any": "digest"}` stands for any digest (also `time`, `text`, `integer`, `boolean`,
`uuid`, `hash`), `{"$has": {…}}` for an object with at least these members. Remarks (`comment`,
`description`, `x-…`) may stand beside the names above. HTTP itself (ETag, ranges, HEAD) is not part
of an example: it runs the pipeline, as the service would.
"""

import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from msgspec import UNSET

from operations.context import World
from operations.values import decode
from pipelines.examples.ask import (
    Answered,
    Asker,
    GivenNetwork,
    NotGiven,
    OpenWorld,
    ask,
    give,
)
from pipelines.examples.format import Example, Expect, content, parse_examples
from pipelines.examples.match import Difference, differences
from pipelines.program import Program, Programs
from schema.model import Schema

_ALL_EVENTS = 1 << 40


class Outcome(NamedTuple):
    """What came of one example; it is as expected when nothing differed."""

    route: str
    name: str
    differences: tuple[Difference, ...]
    seconds: float = 0.0


async def run_examples(
    schema: Schema,
    programs: Programs,
    open_world: OpenWorld,
    routes: Collection[str] | None = None,
    names: Collection[str] | None = None,
    *,
    tested: Programs | None = None,
) -> AsyncIterator[Outcome]:
    """Run the examples of all routes (or of those named), each in a world of its own.

    With `names` only examples so called. `tested` are the programs that the examples' own requests
    run, when these are to be watched; what is given is made with `programs`.
    """
    known = {program.id: program for program in programs.routes}
    own = {program.id: program for program in (tested or programs).routes}
    for position, route in enumerate(schema.document.api.routes):
        if routes is not None and route.id not in routes:
            continue
        examples, _ = parse_examples(route, f"/api/routes/{position}", schema.document)
        for example in examples:
            if names is None or example.name in names:
                started = time.perf_counter()
                try:
                    found = await run_example(example, own[route.id], known, open_world)
                except Exception as fault:  # noqa: BLE001 - the service would answer it with 500
                    told = f"{type(fault).__name__}: {fault}"
                    found = (Difference("request", "an answer", told),)
                yield Outcome(route.id, example.name, found, time.perf_counter() - started)


async def run_example(
    example: Example,
    program: Program,
    programs: Mapping[str, Program],
    open_world: OpenWorld,
    asker: Asker = ask,
) -> tuple[Difference, ...]:
    """What differed from what the example expects."""
    network = GivenNetwork(example.given)
    tenant = example.request.tenant
    async with open_world(network) as world:
        network.others = partial(give, programs=programs, world=world, tenant=tenant, asker=asker)
        try:
            for given in example.given:
                await network.others(given)
            before = len(await _events(world, tenant))
            answered = await asker(example.request, program, world)
        except NotGiven as wrong:
            return (wrong.difference,)
        found = list(_compare(example.expect, answered))
        if example.expect.events is not None:
            emitted = (await _events(world, tenant))[before:]
            found += differences(example.expect.events, emitted, "events")
        for name, documents in example.expect.documents.items():
            for key, pattern in documents.items():
                stored = await _document(world, tenant, name, key)
                found += differences(pattern, stored, f"documents/{name}/{key}")
        return tuple(found)


def _compare(expect: Expect, answered: Answered) -> Iterator[Difference]:
    came = answered.body[:200].decode("utf-8", "replace")
    if answered.status != expect.status:
        yield Difference("status", str(expect.status), f"{answered.status}: {came}")
    if expect.code is not None and answered.code != expect.code:
        yield Difference("code", expect.code, answered.code or "no error")
    for name, pattern in expect.headers.items():
        yield from differences(pattern, answered.headers.get(name.lower()), f"headers/{name}")
    if expect.json is not UNSET:
        try:
            yield from differences(expect.json, decode(answered.body), "json")
        except ValueError:
            yield Difference("json", "JSON", f"{len(answered.body)} bytes that are none: {came}")
    if expect.text is not None or expect.base64 is not None:
        wanted = content(expect)
        if answered.body != wanted:
            told = wanted[:200].decode("utf-8", "replace")
            yield Difference(
                "body", f"{len(wanted)} bytes: {told}", f"{len(answered.body)} bytes: {came}"
            )


async def _events(world: World, tenant: str | None) -> list[dict[str, Any]]:
    log = world.schema.log
    if log is None:
        return []
    name = log.name if tenant is None else f"{tenant}\x1f{log.name}"
    found = await world.kv[log.store].events(name, after=0, limit=100_000, max_bytes=_ALL_EVENTS)
    return [
        {"type": logged.event.type, "payload": decode(logged.event.payload)} for logged in found
    ]


async def _document(world: World, tenant: str | None, name: str, key: str) -> Any:
    kind = world.schema.documents[name]
    collection = name if tenant is None else f"{tenant}\x1f{name}"
    stored = await world.kv[kind.store].get(collection, key)
    return None if stored is None else decode(stored.value)
