"""What changed is found, graded and placed; what only looks changed is not."""

import copy
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.vocabulary import VOCABULARY
from pipelines.diff.compare import compare
from pipelines.diff.kinds import KINDS
from pipelines.load import load
from schema.pointers import MISSING, follow
from tests.pipelines.diff.changes import SHIPPED, Case, cases, changed, loaded

CASES = cases()
OUTPUTS = {each.name: [output.name for output in each.outputs] for each in VOCABULARY}


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_a_change_is_graded(case: Case) -> None:
    found = compare(loaded(case.old), loaded(case.new))
    told = [f"{each.kind} {each.old} {each.new}: {each.message}" for each in found]
    assert sorted(f"{each.grade} {each.kind}" for each in found) == case.expect, told
    assert any(case.says in line for line in told) or not told
    for each in found:
        for value, pointer in ((case.old, each.old), (case.new, each.new)):
            # A key that is left out stands where it would stand.
            around = "" if pointer is None else pointer.rpartition("/")[0]
            assert follow(value, around) is not MISSING, each


def test_every_kind_is_shown_by_a_case() -> None:
    shown = {line.partition(" ")[2] for case in CASES for line in case.expect}
    assert KINDS.keys() - shown == set()


def test_every_kind_has_a_meaning_and_what_is_not_safe_a_hint() -> None:
    for name, kind in KINDS.items():
        assert kind.meaning.endswith("."), name
        assert kind.hint or kind.grade == "safe", name


def test_the_gravest_come_first() -> None:
    new = changed(SHIPPED, {"/api/routes/@list_tags": {"$gone": True}, "/type_id": "other"})
    new["upstreams"]["second"] = {"base_url": "https://second.invalid"}
    grades = [each.grade for each in compare(loaded(SHIPPED), loaded(new))]
    assert grades == ["breaking", "risky", "safe"]


def test_only_schemas_that_may_serve_are_compared() -> None:
    with pytest.raises(ValueError, match="may serve"):
        compare(loaded(SHIPPED), load(b"{}", "schema.json"))


# What is no difference: text, order, remarks, names of variables.


def shuffled(value: Any, random: Random) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        items = [(name, shuffled(item, random)) for name, item in value.items()]
        random.shuffle(items)
        return dict(items)
    return [shuffled(item, random) for item in value] if isinstance(value, list) else value


def remarked(value: Any, random: Random) -> Any:
    """The same with other descriptions, and remarks where they are free."""
    value = copy.deepcopy(value)
    for part in (value, value["gc"], value["features"], *value["api"]["routes"]):
        part["description"] = f"about {random.random()}"
        part["x-note"] = [random.random()]
    for route in value["api"]["routes"]:
        for step in route["pipeline"]:
            step["comment"] = f"because {random.random()}"
            step["id"] = f"step_{random.randrange(10**9)}"
    return value


def reworded(value: Any, random: Random) -> Any:
    """The same with other messages of errors."""
    value = copy.deepcopy(value)
    for route in value["api"]["routes"]:
        for step in route["pipeline"]:
            if step["op"] == "respond.error":
                step["args"]["message"] = f"no: {random.random()}"
    return value


def revariabled(value: Any, random: Random) -> Any:
    """The same with every variable under another name."""
    value = copy.deepcopy(value)
    pipelines = [route["pipeline"] for route in value["api"]["routes"]]
    pipelines += value["replication"]["apply_pipelines"].values()
    for pipeline in pipelines:
        names = {}
        for step in pipeline:
            for output in OUTPUTS[step["op"]]:
                if output in step.get("args", {}):
                    new = f"v{random.randrange(10**6)}_{len(names)}"
                    names[step["args"][output]] = step["args"][output] = new
        for step in pipeline:
            step["args"] = _renamed(step.get("args", {}), names)
    return value


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, str):
        return re.sub(r"\$(\w+)", lambda m: f"${names.get(m[1], m[1])}", value)
    return value


def reordered(value: Any, random: Random) -> Any:
    """The same with routes, scopes, events, documents and allowed operations in another order."""
    value = copy.deepcopy(value)
    lists = (value["auth"]["scopes"], value["events"]["types"], value["ops"]["allowed"],
             value["gc"]["mark_sources"], value["invariants"]["global"],
             value["validation"]["load_time_checks"])  # fmt: skip
    for each in (*lists, value["api"]["routes"]):
        random.shuffle(each)
    return value


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("change", [shuffled, remarked, reworded, revariabled, reordered])
def test_what_changes_nothing_is_no_difference(
    change: Callable[[Any, Random], Any], seed: int
) -> None:
    new = change(SHIPPED, Random(seed))
    assert new != SHIPPED or list(new) != list(SHIPPED)
    assert compare(loaded(SHIPPED), loaded(new)) == ()


@settings(max_examples=5)
@given(seed=st.integers(0, 10**9), indent=st.sampled_from([None, 1, 8]))
def test_all_of_that_at_once_is_no_difference(seed: int, indent: int | None) -> None:
    new = SHIPPED
    for change in (reordered, remarked, reworded, revariabled, shuffled):
        new = change(new, Random(seed))
    source = json.dumps(new, indent=indent, ensure_ascii=indent is None).encode()
    assert compare(loaded(SHIPPED), load(source, "schema.json")) == ()


@pytest.mark.parametrize("case", CASES[::12], ids=lambda case: case.title)
def test_a_change_is_found_behind_all_that_too(case: Case) -> None:
    new = shuffled(remarked(case.new, Random(1)), Random(2))
    assert sorted(f"{e.grade} {e.kind}" for e in compare(loaded(case.old), loaded(new))) == (
        case.expect
    )
