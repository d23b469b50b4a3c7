"""What is derived of a route's cost is what requests are counted to cost."""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from operations.context import ExecutionContext, Principal, Request
from pipelines.derive.facts import Cost, RouteFacts
from pipelines.derive.routes import route_facts
from pipelines.examples import ask as example_ask
from pipelines.examples.format import parse_examples
from pipelines.examples.run import run_example
from pipelines.load import Loaded, load
from pipelines.run import run
from service.scratch import scratch_world
from tests.pipelines.conftest import Bytes
from tests.pipelines.explain.golden_files import SOURCE, shipped

LOADED = shipped()
FACTS = {facts.id: facts for facts in route_facts(LOADED)}
SLACK = {"get_proxied_blob": 1}
"""Store calls by which the bound is over what any request makes: a cached handle is opened again
only where the reply follows at once, which no analysis of `hit` alone can tell."""


def used(ctx: ExecutionContext) -> int:
    """The store calls that a request made."""
    return ctx.world.schema.limits.max_io_ops_per_request - ctx.io_left


def costs(contexts: list[ExecutionContext]) -> list[tuple[str, int]]:
    """Each request's route and its store calls."""
    return [(ctx.program.id, used(ctx)) for ctx in contexts if ctx.program is not None]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ExecutionContext]]:
    """The contexts of all requests that examples make."""
    made: list[ExecutionContext] = []

    class Recorded(ExecutionContext):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(example_ask, "ExecutionContext", Recorded)
    yield made


async def run_examples_of(route: str) -> None:
    schema, programs = LOADED.schema, LOADED.programs
    assert schema is not None and programs is not None
    known = {program.id: program for program in programs.routes}
    position = next(i for i, r in enumerate(schema.document.api.routes) if r.id == route)
    declared = schema.document.api.routes[position]
    examples, faults = parse_examples(declared, f"/api/routes/{position}", schema.document)
    assert not faults
    for example in examples:
        opened = partial(scratch_world, schema, "memory")
        assert await run_example(example, known[route], known, opened) == ()


@pytest.mark.parametrize("route", FACTS)
async def test_no_request_of_an_example_costs_more_than_its_route(
    route: str, asked: list[ExecutionContext]
) -> None:
    await run_examples_of(route)
    made = [(name, calls) for name, calls in costs(asked) if name in FACTS]
    assert route in dict(made)
    assert [(name, calls) for name, calls in made if calls > bound(name)] == []


@pytest.mark.parametrize("route", FACTS)
async def test_some_example_costs_nearly_as_much_as_its_route_may(
    route: str, asked: list[ExecutionContext]
) -> None:
    await run_examples_of(route)
    dearest = max(calls for name, calls in costs(asked) if name == route)
    assert dearest == bound(route) - SLACK.get(route, 0)


async def test_a_race_that_is_lost_costs_no_more_than_the_retries_that_are_told() -> None:
    schema = LOADED.schema
    assert schema is not None and LOADED.programs is not None
    program = next(each for each in LOADED.programs.routes if each.id == "publish_artifact")
    async with scratch_world(schema, "disk") as world:
        contexts = [
            ExecutionContext(world, publication(f"1.0.{n}"), Principal("ann", frozenset({"write"})))
            for n in range(20)
        ]
        replies = await asyncio.gather(*(run(program, ctx) for ctx in contexts))
        retries = getattr(world.meter, "retries", 0)
    cost = FACTS["publish_artifact"].cost
    assert {reply.status for reply in replies} == {201}
    assert retries > 0
    assert cost.store_calls < max(map(used, contexts)) <= cost.worst_calls


def publication(version: str) -> Request:
    params = {"namespace": "acme", "name": "hello", "version": version, "variant": "any"}
    return Request(version, "PUT", "/", params, "", {}, Bytes(version.encode()))


def bound(route: str) -> int:
    return FACTS[route].cost.store_calls


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
def test_the_cost_of_a_route_is_that_of_its_dearest_path(facts: RouteFacts) -> None:
    assert facts.complete
    calls = {path.cost.store_calls for path in facts.paths}
    assert facts.cost.store_calls == max(calls)
    assert facts.cost.worst_calls == max(path.cost.worst_calls for path in facts.paths)
    assert facts.cost.steps == max(len(path.steps) for path in facts.paths)


def test_costs_add_up_and_what_nothing_bounds_stays_unbounded() -> None:
    both = Cost(1, 2, None, 4, 5, 6) + Cost(1, 1, 1, 1, None, 1)
    assert both == Cost(2, 3, None, 5, None, 7)
    assert both.worst_calls == 10


def changed(change: Callable[[Any], None]) -> Loaded:
    """The shipped schema, changed."""
    written = json.loads(SOURCE.read_bytes())
    change(written)
    return load(json.dumps(written).encode(), "schema.json")


def test_a_limit_that_is_too_low_names_the_dearest_step_and_the_path() -> None:
    def lower(schema: Any) -> None:
        schema["ops"]["limits"]["max_io_ops_per_request"] = 25

    found = [finding for finding in changed(lower).findings if finding.rule == "E702"]
    assert found[0].message.startswith(
        "up to 26 store calls (10, and 16 where a transaction runs 3 times), "
        "and ops.limits.max_io_ops_per_request is 25; "
        "most of them, 6, are those of kv.cas_put in step 10"
    )
    assert found[0].path == "when is_not_null $existing is false and is_null $package is true"


def test_an_event_has_no_more_bytes_than_its_log_takes() -> None:
    def lower(schema: Any) -> None:
        schema["replication"]["log"]["max_event_bytes"] = 5000

    facts = {each.id: each for each in route_facts(changed(lower))}
    (emitted,) = (s for s in facts["publish_artifact"].steps if s.operation == "emit.event")
    assert emitted.cost.bytes_stored == 5000
