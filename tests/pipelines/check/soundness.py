"""Small pipelines made up at random, and what no run of an accepted one may do."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from errors.problem import Refusal
from operations.context import ExecutionContext, Principal, Request
from operations.extensions import operations_for
from operations.world import UpstreamResponse
from pipelines.bind import Wrap
from pipelines.check.rules import RULES
from pipelines.compile import compile_schema
from pipelines.derive.routes import route_facts
from pipelines.load import Loaded, load
from pipelines.nodes import StepNode
from pipelines.program import Program
from pipelines.run import run
from service.scratch import scratch_world
from tests.pipelines.check.casebook import BASE, steps

OTHERS = [
    [{"op": "auth.require_scopes", "args": {"scopes": ["write"]}}, *steps(["path", "valid", "begin",
     "put item", "put row", "put note", "commit", "ok"])],
]  # fmt: skip
TEXTS = ["{name}", "{version}", "$principal.subject", "$request.path", "$request.query", "$now",
         "$query.q", "$label", "$digest", "$item.name", "$item.state", "$rows[0].version",
         "$request.headers.x_lang", "{label}", "$body.extra", "$note.text", "{tag?}"]  # fmt: skip
NUMBERS = ["$size", "$body.size", "$query.n", "$item.size", "$rows[0].size", "$answer.status", 1, 7]
OBJECTS = ["$body", "$item", "$note", "$query", "$request", "$answer", "$kept", "$rows"]
STEPS: dict[str, Callable[["Chooser"], Any]] = {
    "normalize": lambda r: {"normalize.entity": {"entity": "item"}},
    "now": lambda r: {"time.now_iso8601": {"out": "now"}},
    "query": lambda r: {"parse.query": {"out": "query", "schema": r.choice(QUERIES)}},
    "format": lambda r: {"string.format": {"template": text(r), "out": "label"}},
    "rows": lambda r: {"index.query": {"index": "items", "key": r.choice([[], [pick(r, TEXTS)]]),
                       "limit": pick(r, NUMBERS), "out": "rows"}},
    "bytes": lambda r: {"blob.get": {"store": "blobs", "digest": pick(r, ["$digest", "$item.digest",
                        "$body.label"]), "out": "bytes"}},
    "look": lambda r: {"cache.get": {"kind": "response", "key": key(r), "hit_out": "hit",
                       "value_out": "kept"}},
    "keep": lambda r: {"cache.put": {"kind": "response", "key": key(r), "value": value(r),
                       "ttl_seconds": pick(r, [9, 60, "$body.size", None])}},
    "sent": lambda r: {"respond.json": {"status": 200, "body": "$kept",
                       "when": {"equals": ["$hit", True]}}},
    "put note": lambda r: {"+put note": {"value": {"text": text(r)}}},
    "put any": lambda r: {"+put note": {"value": pick(r, OBJECTS)}},
    "swap": lambda r: {"kv.cas_put": {"doc": "note", "key": "note/{name}", "value": {"text": "x"},
                       **r.choice([{"if_absent": True}, {"if_equals": value(r)},
                                   {"if_rev": pick(r, NUMBERS)}])}},
    "gone": lambda r: {"respond.error": {"status": 404, "code": "NOT_FOUND", "message": text(r),
                       "when": {"is_null": pick(r, ["$note", "$rows[0].size", "$item.state",
                                                    "$rows[0].version", "$query.q"])}}},
    "other answer": lambda r: {"respond.error": {"status": 502, "code": "UPSTREAM_ERROR",
                               "message": "m", "when": {"not_equals": ["$answer.status", 200]}}},
}  # fmt: skip
QUERIES: list[Any] = [
    {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer"}}},
    {"type": "object", "properties": {"q": {"type": ["string", "null"], "default": None},
                                      "n": {"type": "integer", "default": 3}}},
    {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer"}},
     "required": ["q", "n"], "additionalProperties": False},
]  # fmt: skip
BLOCKS: list[list[str]] = [
    ["body", "valid body"], ["query"], ["now"], ["format"], ["get item", "no item"], ["get item"],
    ["get note", "gone"], ["get note"], ["rows", "gone"], ["rows"], ["blob", "verify"], ["look"],
    ["look", "sent"], ["keep"], ["look", "sent", "get note", "gone", "keep"], ["normalize"],
    ["begin", "put note", "commit"], ["begin", "put any", "commit"], ["begin", "swap", "commit"],
    ["begin", "get note", "put note", "commit"], ["begin", "put item", "put row", "commit"],
    ["begin", "put note", "get note", "abort"], ["begin", "put note", "event", "commit"],
    ["begin", "delete item", "delete row", "commit"], ["blob", "verify", "bytes"],
    ["fetch", "other answer"], ["begin", "get item", "put item", "put row", "event", "commit"],
]  # fmt: skip


class Chooser(Random):
    """Chooses mostly among names that are set by now; `known` are the variables."""

    known: set[str]

    def among(self, values: list[Any]) -> Any:
        rooted = [v for v in values if not isinstance(v, str) or self.has(v)]
        return self.choice(rooted if rooted and self.random() < 0.97 else values)

    def has(self, written: str) -> bool:
        if written == "{label}":
            return "body" in self.known
        found = _VARIABLE.match(written)
        return found is None or found[1] in self.known | {"principal", "request"}


_VARIABLE = re.compile(r"\$(\w+)")


def pick(random: Chooser, values: list[Any]) -> Any:
    return random.among(values)


def text(random: Chooser) -> str:
    parts = [random.among(TEXTS) for _ in range(random.choice([1, 1, 2]))]
    return random.choice(["", "a-"]) + "-".join(parts)


def key(random: Chooser) -> str:
    return random.choice(["k/{name}", "k", "k/{name}/{version}", "v/$principal.subject",
                          "q/$request.query", text(random), "w/{version}:$query.q"])  # fmt: skip


def value(random: Chooser) -> Any:
    return random.choice([text(random), {"a": text(random), "n": random.among(NUMBERS)},
                          random.among(OBJECTS), random.among(NUMBERS), None])  # fmt: skip


def guard(random: Chooser) -> Any:
    one = random.among(TEXTS + NUMBERS + OBJECTS)
    return random.choice([
        {"is_null": one}, {"is_not_null": one}, {"is_empty": one}, {"is_not_empty": one},
        {"equals": [one, random.among(["a", 1, None, *TEXTS])]}, {"gt": [one, 1]},
        {"in": [one, ["a", None]]}, {"not_equals": [one, "a"]},
        {"equals": ["$hit", True]} if "hit" in random.known else {"is_null": one},
    ])  # fmt: skip


def guards(random: Chooser) -> Any:
    return random.choice([
        guard(random), guard(random), {"not": guard(random)},
        {"any": [guard(random), guard(random)]}, {"all": [guard(random), guard(random)]},
    ])  # fmt: skip


def made_up(random: Chooser) -> list[Any]:
    """Some blocks in a row, some of their steps under guards, dropped or moved, and a reply."""
    random.known = set()
    names = [name for block in random.choices(BLOCKS, k=random.randint(1, 4)) for name in block]
    found: list[Any] = []
    seen: set[str] = set()
    shared: Any = None
    for name in names:
        written = steps([STEPS[name](random) if name in STEPS else name])[0]
        if "out" in json.dumps(written) and name in seen:
            continue
        seen.add(name)
        random.known |= (
            {v for n, v in written["args"].items() if "out" in n} if "args" in written else set()
        )
        if random.random() < 0.12:
            shared = shared if shared and random.random() < 0.6 else guards(random)
            when = shared
            written.setdefault("args", {}).setdefault("when", when)
        if random.random() > 0.04:
            found.append(written)
    if random.random() < 0.08 and len(found) > 1:
        one, other = random.sample(range(len(found)), 2)
        found[one], found[other] = found[other], found[one]
    bytes_ = {"respond.bytes": {"status": 200, "body": random.choice(["$bytes", text(random)])}}
    return [*found, *steps([random.choice([{"respond.json": {"status": 200, "body": value(random)}},
                                           bytes_, "ok"])])]  # fmt: skip


def schema(pipeline: list[Any]) -> Any:
    """A schema with a route of these steps behind the entry, and one that writes what it reads."""
    made = copy.deepcopy(BASE["schema"])
    made["ops"]["allowed"].append("string.format")
    made["ops"]["limits"]["max_pipeline_ops"] = 40
    route = {**BASE["route"], "pipeline": [*steps(BASE["entry"]), *pipeline]}
    setup = {"id": "setup", "method": "PUT", "path": "/s/{name}/{version}", "tags": ["write"]}
    made["api"]["routes"] = [route, {**setup, "pipeline": OTHERS[0]}]
    made["validation"] = {
        "load_time_checks": [{"id": "val.guards", "require": "E206", "on_fail": "warn"}]
    }
    return made


class Stream:
    """A body in one piece."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def chunks(self) -> Any:
        yield self.content


class Upstream:
    """An upstream that answers every question."""

    async def fetch(self, name: str, upstream: Any, method: str, path: str, headers: Any) -> Any:
        async def close() -> None:
            return None

        status = 404 if path.endswith("b") else 200
        return UpstreamResponse(status, {"x-a": "1"}, Stream(b"up"), close)


@dataclass
class Watched:
    """What the steps of one request did: whether writes stand open, and what broke a promise."""

    dirty: bool = False
    lost: bool = False
    broken: list[str] = field(default_factory=list)


WRITES = frozenset({"kv.write", "index.write", "event.write"})


def watching(seen: dict[int, Watched]) -> Wrap:
    def around(step: StepNode, function: Callable[..., Any]) -> Callable[..., Any]:
        effects, name = step.operation.effects, step.operation.name

        def before(ctx: ExecutionContext) -> Watched:
            watched = seen.setdefault(id(ctx), Watched())
            settles = name in ("txn.commit", "respond.json", "respond.bytes", "respond.redirect")
            if settles and set(ctx.staged) - ctx.joined:
                watched.broken.append(f"unverified bytes at {name}")
            if settles and name != "txn.commit" and (watched.dirty or watched.lost):
                watched.broken.append("a success after writes that were not committed")
            if effects & WRITES and ctx.transactions is None:
                watched.broken.append(f"{name} outside a transaction")
            if "network" in effects and ctx.transactions is not None:
                watched.broken.append("a peer is awaited inside a transaction")
            if name == "cache.put" and (watched.dirty or watched.lost):
                watched.broken.append("uncommitted writes are cached")
            return watched

        def after(watched: Watched) -> None:
            watched.lost = watched.lost or (name == "txn.abort" and watched.dirty)
            watched.dirty = bool(effects & WRITES) or (watched.dirty and "txn" not in effects)

        def call(ctx: ExecutionContext, *arguments: Any) -> Any:
            watched = before(ctx)
            found = function(ctx, *arguments)
            after(watched)
            return found

        async def wait(ctx: ExecutionContext, *arguments: Any) -> Any:
            watched = before(ctx)
            found = await function(ctx, *arguments)
            after(watched)
            return found

        return wait if step.operation.awaits else call

    return around


def asked(random: Chooser) -> dict[str, Any]:
    body = random.choice([{"label": "a", "size": 1}, {"label": "é", "size": 2.0, "extra": "b"},
                          {"label": "", "size": 10**30}, {"label": "b", "size": -1},
                          {"label": 1}])  # fmt: skip
    return {
        "params": {"name": random.choice("aaab"), "version": random.choice(["1.0.0", "2.0.0"])},
        "query": random.choice(["", "q=a", "q=b&n=2", "q=a&n=x", "q=c&n=-5", "q=a%2Fb&n=0"]),
        "headers": random.choice([{}, {"x-lang": "a"}, {"x_lang": "b"}, {}]),
        "subject": random.choice(["ann", "bob"]),
        "body": json.dumps(body).encode(),
    }  # fmt: skip


def context(world: Any, wanted: dict[str, Any], program: Program) -> ExecutionContext:
    path = f"/c/{wanted['params']['name']}/{wanted['params']['version']}"
    stream = Stream(wanted["body"])
    request = Request(
        "id", program.method, path, wanted["params"], wanted["query"], wanted["headers"], stream
    )
    return ExecutionContext(world, request, Principal(wanted["subject"], frozenset({"write"})))


def accepted(random: Chooser, *without: str) -> Loaded | None:
    """A made-up pipeline that passes the check, or the check without some rules."""
    loaded = loads(made_up(random), *without)
    return loaded if loaded.ok and loaded.schema is not None else None


def loads(pipeline: list[Any], *without: str) -> Loaded:
    rules = [rule for rule in RULES if rule.id not in without]
    return load(json.dumps(schema(pipeline)).encode(), "schema.json", rules=rules)


async def answers(loaded: Loaded, requests: list[dict[str, Any]], broken: list[str]) -> list[Any]:
    """What a fresh world answers to the requests, one after the other."""
    assert loaded.schema is not None
    seen: dict[int, Watched] = {}
    vocabulary = operations_for(loaded.schema.document.ops.allowed)
    programs = compile_schema(loaded.schema, vocabulary, watching(seen)).routes
    found: list[Any] = []
    async with scratch_world(loaded.schema, "memory", Upstream(), clock=lambda: 1e9) as world:
        for program, wanted in _asked(programs, requests):
            ctx = context(world, wanted, program)
            try:
                reply = await run(program, ctx)
                body = reply.body if isinstance(reply.body, bytes) else reply.body.digest
                found.append((reply.status, None, body))
            except Refusal as refusal:
                problem = refusal.problem
                found.append((problem.status, problem.code, problem.message))
            broken += seen.pop(id(ctx), Watched()).broken
    return found[1:]


def _asked(
    programs: tuple[Program, ...], requests: list[dict[str, Any]]
) -> Iterator[tuple[Program, dict[str, Any]]]:
    setup = {"params": {"name": "a", "version": "1.0.0"}, "query": "", "headers": {}, "body": b"",
             "subject": "root"}  # fmt: skip
    yield programs[1], setup
    for request in requests:
        yield programs[0], request


def declared(loaded: Loaded) -> frozenset[tuple[int, str | None]]:
    facts = next(route for route in route_facts(loaded) if route.id == "case")
    return frozenset((answer.status, answer.code) for answer in facts.answers)


def stores(loaded: Loaded) -> bool:
    """Whether the route writes anything but caches."""
    assert loaded.programs is not None
    names = {step.name for step in loaded.programs.routes[0].steps}
    return bool(names & {"txn.begin", "blob.put"})
