"""What passes the check keeps its promises: made-up pipelines run on stores, watched step by step.

Each reply has a status and a code that the schema declares, writes are committed before success,
bytes are verified, and a cache answers as an empty one would.
"""

from typing import Any

import pytest

from pipelines.load import Loaded
from tests.pipelines.check.casebook import steps
from tests.pipelines.check.soundness import (
    Chooser,
    accepted,
    answers,
    asked,
    declared,
    loads,
    stores,
)

SEEDS = range(100)
REQUESTS = 5
BODY = b'{"label": "a", "size": 2.0}'
ASKED = {"params": {"name": "a", "version": "1.0.0"}, "query": "", "headers": {}, "subject": "ann"}


async def broken_by(loaded: Loaded, random: Chooser) -> list[Any]:
    """The promises that a few requests see broken."""
    broken: list[Any] = []
    requests = [asked(random) for _ in range(REQUESTS)]
    found = await answers(loaded, requests, broken)
    broken += {answer[:2] for answer in found} - declared(loaded)
    if not stores(loaded):
        alone = [(await answers(loaded, [request], []))[0] for request in requests]
        broken += [pair for pair in zip(found, alone, strict=True) if pair[0] != pair[1]]
    return broken


@pytest.mark.anyio
async def test_what_is_accepted_never_breaks_a_promise() -> None:
    ran = 0
    for seed in SEEDS:
        random = Chooser(seed)
        loaded = accepted(random)
        if loaded is not None:
            ran += 1
            assert (seed, await broken_by(loaded, random)) == (seed, [])
    assert ran > len(SEEDS) / 6


KEPT: list[Any] = [
    {"cache.get": {"kind": "response", "key": "k", "hit_out": "hit", "value_out": "kept"}},
    {"respond.json": {"status": 200, "body": "$kept", "when": {"equals": ["$hit", True]}}},
    {"cache.put": {"kind": "response", "key": "k", "ttl_seconds": 9, "value": "{version}"}},
    "ok",
]
UNSAFE: dict[str, list[Any]] = {
    "E310": ["put note", "ok"],
    "E311": ["begin", "put note", "abort", "ok"],
    "E320": ["blob", "ok"],
    "E330": KEPT,
}


@pytest.mark.anyio
@pytest.mark.parametrize("rule", UNSAFE)
async def test_without_a_rule_a_promise_is_seen_broken(rule: str) -> None:
    unsafe = steps(UNSAFE[rule])
    assert {f.rule for f in loads(unsafe).findings if f.severity == "error"} == {rule}
    assert await broken_by(loads(unsafe, rule), Chooser(0))


@pytest.mark.anyio
async def test_an_integer_with_a_fraction_of_nothing_is_an_integer() -> None:
    loaded = loads(steps([
        "body", "valid body",
        {"index.query": {"index": "items", "limit": "$body.size", "out": "rows"}},
        {"respond.json": {"status": 200, "body": ["$rows[0].name", "$body.size rows"]}},
    ]))  # fmt: skip
    assert await answers(loaded, [{**ASKED, "body": BODY}], []) == [(200, None, b'["a","2 rows"]')]


@pytest.mark.anyio
async def test_no_header_poses_as_another() -> None:
    loaded = loads(steps([{"respond.json": {"status": 200, "body": "$request.headers.x_lang"}}]))
    posing = {**ASKED, "headers": {"x-lang": "a", "x_lang": "b"}, "body": b""}
    assert await answers(loaded, [posing], []) == [(200, None, b'"a"')]
