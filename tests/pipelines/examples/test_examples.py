"""Examples of routes: what is run, what differs, what is malformed."""

import copy
import hashlib
import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from operations.vocabulary import VOCABULARY
from pipelines.examples.match import differences
from pipelines.examples.run import Outcome, run_examples
from pipelines.load import load
from service.scratch import scratch_world
from tests.support.mini import ENTRY, mini, step

PARAMS = {"name": "a", "digest": "sha256:" + "0" * 64, "count": "1", "flag": "true"}
NOTE = {"doc": "thing", "key": "thing/{name}/{count}"}
STEPS = (
    *ENTRY,
    step("kv.get", **NOTE, out="found"),
    step(
        "respond.error",
        status=404,
        code="NOT_FOUND",
        message="there is none",
        when={"is_null": "$found"},
    ),
    step("respond.json", status=200, body={"found": "$found", "who": "$principal.subject"}),
)
THERE = {"documents": {"thing": {"thing/a/1": {"value": "x"}}}}
FOUND = {"found": {"value": "x"}, "who": "example"}


def example(**changed: Any) -> dict[str, Any]:
    """An example that holds, changed."""
    holds: dict[str, Any] = {
        "name": "a thing that is there",
        "given": [THERE],
        "request": {"params": PARAMS},
        "expect": {"status": 200, "json": FOUND},
    }
    return {**copy.deepcopy(holds), **changed}


def written(*examples: Any) -> bytes:
    source = mini(*STEPS)
    source["api"]["routes"][0]["examples"] = list(examples)
    return json.dumps(source).encode()


async def outcomes(*examples: Any) -> list[Outcome]:
    loaded = load(written(*examples), "schema.json")
    assert loaded.schema is not None and loaded.programs is not None, loaded.findings
    opened = partial(scratch_world, loaded.schema, "memory")
    return [each async for each in run_examples(loaded.schema, loaded.programs, opened)]


async def told(**changed: Any) -> str:
    (outcome,) = await outcomes(example(**changed))
    return "\n".join(map(str, outcome.differences))


async def test_an_example_that_holds_has_no_differences() -> None:
    (outcome,) = await outcomes(example())
    assert outcome[:3] == ("vector", "a thing that is there", ())


async def test_examples_do_not_see_each_other() -> None:
    lost = example(name="lost", given=[], expect={"status": 404, "code": "NOT_FOUND"})
    assert [each.differences for each in await outcomes(example(), lost, example(name="c"))] == [
        (), (), (),
    ]  # fmt: skip


async def test_a_path_is_read_as_a_client_writes_it() -> None:
    path = f"/t/%61/{PARAMS['digest']}/1/true"
    assert await told(request={"path": path}) == ""


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ({"status": 404}, 'status: 200: {"found":{"value":"x"},"who":"example"}, but expected 404'),
        ({"status": 200, "code": "NOT_FOUND"}, "code: no error, but expected NOT_FOUND"),
        ({"status": 200, "json": {**FOUND, "who": "a"}}, 'json/who: "example", but expected "a"'),
        (
            {"status": 200, "json": {"who": "example"}},
            'json/found: {"value":"x"}, but expected nothing',
        ),
        ({"status": 200, "headers": {"Content-Type": "text/css"}}, "headers/Content-Type: "),
        ({"status": 200, "text": "x"}, "body: 39 bytes: {"),
        ({"status": 200, "documents": {"thing": {"thing/a/1": None}}}, "documents/thing/thing/a/1"),
        ({"status": 200, "events": [{}]}, "events: 0 items: [], but expected 1 items"),
    ],
)
async def test_what_differs_is_told(expected: Any, difference: str) -> None:
    assert (await told(expect=expected)).startswith(difference)


async def test_who_asks_is_part_of_the_request() -> None:
    anonymous = {"params": PARAMS, "subject": None}
    refused = {"status": 401, "code": "UNAUTHORIZED"}
    assert await told(request=anonymous, expect=refused) == ""
    without = {"params": PARAMS, "scopes": []}
    assert await told(request=without, expect={"status": 403, "code": "FORBIDDEN"}) == ""


async def test_what_cannot_be_given_is_told() -> None:
    invalid = {"documents": {"thing": {"thing/a/1": {"value": 1}}}}
    assert "given/documents/thing/thing/a/1: DOCUMENT_INVALID" in await told(given=[invalid])
    elsewhere = {"documents": {"thing": {"other/a": {"value": "x"}}}}
    assert "is not a key of" in await told(given=[elsewhere])
    refused = {"requests": [{"route": "vector", "params": PARAMS}]}
    assert "given/requests/vector: 404: " in await told(given=[refused])
    assert "request/path: /elsewhere, but expected a path of vector" in await told(
        request={"path": "/elsewhere"}
    )


@pytest.mark.parametrize(
    ("changed", "rule", "where"),
    [
        ({"expected": {}}, "E103", "/expected: an example knows no `expected` here"),
        ({"request": {"param": {}}}, "E103", "/request/param"),
        ({"expect": {"status": 200.0}}, "E103", ": Expected `int`, got `float` - at `$.expect"),
        (
            {
                "given": [
                    {"upstreams": {"o": [{"path": "", "meanwhile": {"requests": [{"name": 1}]}}]}}
                ]
            },
            "E103",
            "/given/0/upstreams/o/0/meanwhile/requests/0/name: an example knows no `name` here",
        ),
        ({"request": {"params": []}}, "E103", "/request/params: [] is not of type"),
        ({"expect": {}}, "E103", "/expect"),
        ({"expect": {"status": 200, "code": "NO_SUCH"}}, "E107", "/expect/code"),
        ({"given": [{"documents": {"things": {}}}]}, "E107", "/given/0/documents/things"),
        ({"given": [{"requests": [{"route": "v"}]}]}, "E107", "/given/0/requests/0/route"),
        ({"request": {"params": {"name": "a"}}}, "E108", "/request/params"),
        ({"request": {"params": PARAMS, "text": "", "json": 1}}, "E108", "/request: both"),
        ({"request": {"params": PARAMS, "base64": "!"}}, "E108", "/request/base64"),
        ({"expect": {"status": 200, "json": {"a": {"$any": "x"}}}}, "E108", "/expect/json/a"),
        ({"expect": {"status": 200, "json": [{"$has": 1}]}}, "E108", "/expect/json/0"),
    ],
)
def test_a_malformed_example_is_refused_with_its_place(changed: Any, rule: str, where: str) -> None:
    place, _, words = where.partition(": ")
    faults = [f for f in load(written(example(**changed)), "x").findings if f.severity == "error"]
    assert [(f.rule, f.pointer) for f in faults] == [(rule, f"/api/routes/0/examples/0{place}")]
    assert faults[0].message.startswith(words)


def test_two_examples_of_one_name_are_refused() -> None:
    findings = load(written(example(), example()), "x").findings
    assert ("E106", "/api/routes/0/examples/1/name") in [(f.rule, f.pointer) for f in findings]


@pytest.mark.parametrize(
    ("pattern", "value", "same"),
    [
        ({"$any": "digest"}, "sha256:" + "a" * 64, True),
        ({"$any": "digest"}, "sha256:A", False),
        ({"$any": "time"}, "2026-01-02T03:04:05.678Z", True),
        ({"$any": "time"}, "2026-01-02T03:04:05Z", False),
        ({"$any": "integer"}, 1, True),
        ({"$any": "integer"}, True, False),
        ({"$any": "text"}, "", False),
        ({"$any": "uuid"}, "01a1fa6b-4f2b-7040-a87d-1f7a5ccebd6e", True),
        ({"$has": {"a": 1}}, {"a": 1, "b": 2}, True),
        ({"$has": {"a": 1}}, {"b": 2}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, {"$any": "text"}], [1, "x"], True),
        ([1], [1, 2], False),
        (1, True, False),
        (1, 1.0, True),
    ],
)
def test_patterns(pattern: Any, value: Any, same: bool) -> None:
    assert (list(differences(pattern, value, "json")) == []) is same


async def test_blobs_are_given_to_the_tenant_that_asks() -> None:
    digest = f"sha256:{hashlib.sha256(b'bytes').hexdigest()}"
    source = mini(
        *ENTRY,
        step("blob.get", store="blobs", digest="{digest}", out="blob"),
        step("respond.bytes", status=200, body="$blob"),
    )
    request = {"params": {**PARAMS, "digest": digest}, "tenant": "t1"}
    given = [{"blobs": {"blobs": ["bytes"]}}]
    expect = {"status": 200, "text": "bytes"}
    named = {"name": "a blob", "given": given, "request": request, "expect": expect}
    source["api"]["routes"][0]["examples"] = [named]
    loaded = load(json.dumps(source).encode(), "schema.json")
    assert loaded.schema is not None, loaded.findings
    assert loaded.programs is not None
    opened = partial(scratch_world, loaded.schema, "memory")
    (outcome,) = [each async for each in run_examples(loaded.schema, loaded.programs, opened)]
    assert outcome.differences == ()


async def test_a_fault_of_an_operation_fails_its_example_alone() -> None:
    def broken(ctx: Any, doc: Any, key: str) -> Any:
        if key == "thing/b/1":
            raise RuntimeError("the disk is on fire")
        return None, None

    vocabulary = tuple(
        replace(each, function=broken, awaits=False) if each.name == "kv.get" else each
        for each in VOCABULARY
    )
    burning = example(name="burning", given=[], request={"params": {**PARAMS, "name": "b"}})
    fine = example(given=[], expect={"status": 404})
    loaded = load(written(burning, fine), "schema.json", vocabulary)
    assert loaded.schema is not None
    assert loaded.programs is not None
    opened = partial(scratch_world, loaded.schema, "memory")
    found = [each async for each in run_examples(loaded.schema, loaded.programs, opened)]
    told = [str(difference) for each in found for difference in each.differences]
    assert told == ["request: RuntimeError: the disk is on fire, but expected an answer"]
