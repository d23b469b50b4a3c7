"""Schemas that are large in one way: each is judged soon, by findings or programs."""

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.load import load
from schema.nearest import MOST_COMPARED, few_hints, nearest
from tests.pipelines.check.test_robustness import SHIPPED

Change = Callable[[dict[str, Any]], Any]
SECONDS = 20


def guarded(when: Any) -> Change:
    return lambda schema: schema["api"]["routes"][3]["pipeline"][5]["args"].update(when=when)


def body(value: Any) -> Change:
    return lambda schema: schema["api"]["routes"][3]["pipeline"][-1]["args"].update(body=value)


SHAPES: list[tuple[str, Change]] = [
    ("a guard of many literals", guarded(
        {"any": [{"equals": ["$meta.variant", f"v{i}"]} for i in range(20_000)]})),
    ("a guard of many comparisons", guarded(
        {"any": [{"equals": [f"$request.headers.a{i}", f"$request.headers.b{i}"]}
                 for i in range(15_000)]})),
    ("a text of many references", body("{name}" * 1_000_000)),
    ("a text of many braces", body("{" * 4_000_000)),
    ("a body of many unknown names", body({f"k{i}": "{nam}" for i in range(40_000)})),
    ("many unknown keys", lambda schema: schema.update({f"y{i}": 1 for i in range(60_000)})),
    ("many unknown operations", lambda schema: schema["ops"]["allowed"].extend(
        f"a{i}" for i in range(60_000))),
    ("many properties", lambda schema: schema["storage"]["schemas"]["artifact_meta"]["properties"]
        .update({f"p{i}": {"type": "string"} for i in range(20_000)})),
    ("many event types, none of which is emitted", lambda schema: (
        schema["events"]["types"].extend(
            {"name": f"e{i}", "schema": True, "durable": False} for i in range(6_000)),
        schema["api"]["routes"][3]["pipeline"].extend(
            {"op": "emit.event", "args": {"type": "nope", "payload": {}}} for _ in range(6_000)))),
]  # fmt: skip


@pytest.mark.parametrize(("title", "change"), SHAPES, ids=[title for title, _ in SHAPES])
def test_a_schema_that_is_large_in_one_way_is_judged_soon(title: str, change: Change) -> None:
    schema = copy.deepcopy(SHIPPED)
    change(schema)
    source = json.dumps(schema).encode()
    started = time.process_time()
    loaded = load(source, "schema.json")
    assert loaded.ok or any(finding.severity == "error" for finding in loaded.findings)
    assert time.process_time() - started < SECONDS


def test_hints_end_where_they_would_take_too_long() -> None:
    known = [f"name{i}" for i in range(1000)]
    with few_hints():
        found = [nearest("name1x", known) for _ in range(MOST_COMPARED // 1000 + 1)]
    assert found[0] is not None
    assert found[-1] is None
    assert nearest("name1x", known) == found[0]


@pytest.mark.parametrize("scopes", [True, 1, None, "write", {"write": 1}, [["write"]]])
def test_scopes_that_are_no_list_are_told_beside_the_invariants_about_them(scopes: Any) -> None:
    schema = copy.deepcopy(SHIPPED)
    schema["api"]["routes"][0]["pipeline"][0]["args"]["scopes"] = scopes
    found = load(json.dumps(schema).encode(), "schema.json").findings
    assert any("/api/routes/0/pipeline/0/args/scopes" in finding.pointer for finding in found)
