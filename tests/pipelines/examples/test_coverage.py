"""What examples show of a route: only what can happen counts, and what is lacking is told."""

import copy
import json
from typing import Any

import pytest

from operations.vocabulary import VOCABULARY
from pipelines.examples.coverage import Coverage
from pipelines.load import load
from service.example_runs import run_all
from tests.support.mini import ENTRY, mini, step
from tests.support.server import ROOT

PARAMS = {"name": "a", "digest": "sha256:" + "0" * 64, "count": "1", "flag": "true"}
NOTE = {"doc": "thing", "key": "thing/{name}/{count}"}
MISSING = step(
    "respond.error", status=404, code="NOT_FOUND", message="none", when={"is_null": "$found"}
)
SPECIAL = step(
    "respond.json",
    status=200,
    body={"special": True},
    when={"any": [{"equals": ["{name}", "a"]}, {"equals": ["$found.value", "x"]}]},
)
STEPS = (
    *ENTRY,
    step("kv.get", **NOTE, out="found"),
    MISSING,
    SPECIAL,
    step("respond.json", status=200, body={"found": "$found"}),
)


def asking(title: str, status: int, stored: str | None, **params: str) -> dict[str, Any]:
    """An example in which a thing of that value is stored, or none."""
    changed = {**PARAMS, **params}
    key = f"thing/{changed['name']}/{changed['count']}"
    given = [] if stored is None else [{"documents": {"thing": {key: {"value": stored}}}}]
    request = {"params": changed}
    return {"name": title, "given": given, "request": request, "expect": {"status": status}}


NONE = asking("none", 404, None)
NAMED = asking("named a", 200, "y")
VALUED = asking("valued x", 200, "x", name="b")
PLAIN = asking("plain", 200, "y", name="b")


async def shown(*examples: dict[str, Any], steps: Any = STEPS) -> Coverage:
    """The coverage of one route by these examples, which have to pass."""
    source = mini(*steps)
    source["api"]["routes"][0]["examples"] = copy.deepcopy(list(examples))
    loaded = load(json.dumps(source).encode(), "schema.json")
    assert loaded.ok, loaded.findings
    (tested,) = await run_all(loaded, "memory")
    assert tested.coverage is not None
    assert not tested.failed, tested.outcomes
    return tested.coverage


def missing(coverage: Coverage) -> list[str]:
    return [str(each) for each in coverage.missing]


async def test_all_steps_and_outcomes_are_a_hundred_percent() -> None:
    found = await shown(NONE, NAMED, VALUED, PLAIN)
    assert (found.steps, found.steps_shown) == (7, 7)
    assert (found.outcomes, found.outcomes_shown) == (8, 8)
    assert (found.percent, found.missing) == (100, ())


async def test_a_guard_that_never_held_is_told() -> None:
    found = await shown(NAMED, VALUED, PLAIN)
    assert missing(found) == [
        "step 5 respond.error never ran; its guard `is_null $found` never held"
    ]
    assert found.missing[0].pointer == "/api/routes/0/pipeline/4"
    assert found.percent < 100


async def test_a_step_that_no_example_comes_to_is_told() -> None:
    assert missing(await shown(NONE)) == [
        "step 5 respond.error: its guard `is_null $found` always held",
        "step 6 respond.json never ran: no example comes to it",
        "step 7 respond.json never ran: no example comes to it",
    ]


async def test_each_comparison_of_a_guard_counts_for_itself() -> None:
    assert missing(await shown(NONE, NAMED, PLAIN)) == [
        'step 6 respond.json: in its guard `equals $found.value "x"` never held'
    ]
    assert missing(await shown(NONE, VALUED, NAMED)) == [
        'step 6 respond.json: its guard `equals {name} "a" or equals $found.value "x"` always held',
        'step 6 respond.json: in its guard `equals $found.value "x"` always held',
        "step 7 respond.json never ran: no example comes to it",
    ]


async def test_without_examples_nothing_is_shown() -> None:
    found = await shown()
    assert (found.percent, len(found.missing)) == (0, 7)


async def test_what_cannot_happen_is_not_asked_for() -> None:
    again = step("respond.json", status=200, body={}, when={"is_not_null": "$found"})
    found = await shown(NONE, NAMED, steps=(*STEPS[:5], again))
    assert (found.outcomes, found.percent) == (3, 100)


async def test_what_is_given_shows_nothing() -> None:
    given = [{"requests": [{"route": "vector", "params": PARAMS}]}]
    request = {"params": PARAMS, "subject": None}
    example = {"name": "c", "given": given, "request": request, "expect": {"status": 401}}
    found = await shown(
        example, steps=(*ENTRY, STEPS[3], step("respond.json", status=200, body={}))
    )
    assert (found.steps_shown, found.steps) == (0, 5)


async def test_every_shipped_route_is_shown_in_full() -> None:
    loaded = load((ROOT / "schema.json").read_bytes(), "schema.json")
    tested = await run_all(loaded, "memory", vocabulary=VOCABULARY)
    assert len(tested) == len(loaded.routes) >= 14
    for each in tested:
        assert each.coverage is not None
        assert (each.route, each.failed, missing(each.coverage)) == (each.route, 0, [])
        assert each.coverage.percent == 100


@pytest.mark.parametrize("backend", ["memory", "disk"])
async def test_examples_run_by_name_have_no_coverage(backend: Any) -> None:
    loaded = load((ROOT / "schema.json").read_bytes(), "schema.json")
    (tested,) = await run_all(
        loaded, backend, {"set_tag"}, {"a target that was withdrawn is refused"}
    )
    assert (tested.coverage, len(tested.outcomes), tested.failed) == (None, 1, 0)
