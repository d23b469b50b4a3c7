"""Hints can be pasted, and neither they nor messages list everything there is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from errors.finding import Finding
from operations.vocabulary import VOCABULARY
from pipelines.load import load
from tests.pipelines.check.casebook import BASE, Case, cases, steps

CASES = [case for case in cases() if case.expect]
OPERATIONS = {operation.name: operation for operation in VOCABULARY}
MOST_NAMES = 10


def told_of(route_steps: list[Any], **patch: Any) -> list[Finding]:
    schema = json.loads(json.dumps(BASE["schema"])) | patch
    route = {**BASE["route"], "pipeline": [*steps(BASE["entry"]), *steps(route_steps)]}
    schema["api"]["routes"] = [route]
    return list(load(json.dumps(schema).encode(), "s.json").findings)


def shown_steps(text: str) -> Iterator[Any]:
    """Every JSON object with an `op` in a text."""
    at = text.find('{"op"')
    while at >= 0:
        step, end = json.JSONDecoder().raw_decode(text, at)
        yield step
        at = text.find('{"op"', end)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_a_step_that_a_hint_shows_is_one_of_the_language(case: Case) -> None:
    for finding in load(case.source, "s.json").findings:
        for step in shown_steps(finding.hint):
            operation = OPERATIONS[step["op"]]
            arguments = step.get("args", {})
            known = {each.name for each in (*operation.parameters, *operation.outputs)}
            assert arguments.keys() <= known | {"when"}
            assert {each.name for each in operation.parameters if each.required} <= set(arguments)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_nothing_lists_all_that_there_is(case: Case) -> None:
    for finding in load(case.source, "s.json").findings:
        assert finding.message.count(", ") < MOST_NAMES
        assert finding.hint.count(", ") < MOST_NAMES


@pytest.mark.parametrize(
    ("step", "message", "hint"),
    [
        ({"kv.gte": {}}, "no operation 'kv.gte'", "did you mean kv.get?"),
        ({"zzz": {}}, "no operation 'zzz'", "see OPERATIONS.md for all of them"),
        ({"+get item": {"otu": "x"}}, "kv.get has no argument 'otu'", "did you mean out?"),
    ],
)
def test_an_unknown_word_is_told_with_its_operation_and_the_nearest(
    step: Any, message: str, hint: str
) -> None:
    found = told_of([step, "ok"])
    assert [(one.message, one.hint) for one in found if one.message == message] == [(message, hint)]


def test_of_many_documents_eight_are_named() -> None:
    kinds = {f"kind{n}": BASE["schema"]["storage"]["documents"]["note"] for n in range(30)}
    storage = {**BASE["schema"]["storage"], "documents": kinds}
    (finding,) = [
        one
        for one in told_of(
            [{"kv.get": {"doc": "x", "key": "x", "out": "x"}}, "ok"], storage=storage
        )
        if one.pointer == "/api/routes/0/pipeline/3/args/doc"
    ]
    assert finding.hint == f"declared are {', '.join(list(kinds)[:8])}, …"


@pytest.mark.parametrize(
    ("names", "pointer", "hint"),
    [
        (["body", "valid body"], "{extra}", "write $body.extra, which may be absent"),
        (["body"], "{label}", "validate.json_schema of the whole $body gives its properties names"),
        ([], "{nmae}", "did you mean {name}?"),
        (["get item"], "{item}", "write $item: that is a variable"),
        ([], "$zzz", 'set it, by "out": "zzz" of a step'),
    ],
)
def test_a_name_of_nothing_is_told_with_what_was_meant(
    names: list[str], pointer: str, hint: str
) -> None:
    found = told_of([*names, {"respond.json": {"status": 200, "body": pointer}}])
    assert [one.hint for one in found if one.rule == "E201"] == [hint]


def test_the_entrance_that_a_hint_shows_asks_for_the_routes_scopes() -> None:
    schema = json.loads(json.dumps(BASE["schema"]))
    late = steps(["path", "valid", "get note", "auth", "ok"])
    schema["api"]["routes"] = [{**BASE["route"], "pipeline": late}]
    (finding,) = load(json.dumps(schema).encode(), "s.json").findings
    assert list(shown_steps(finding.hint)) == steps(["auth"])


def test_an_extension_that_is_not_installed_is_told_beside_what_may_be_meant() -> None:
    allowed = [*BASE["schema"]["ops"]["allowed"], "cahe.get"]
    found = told_of(["ok"], ops={"allowed": allowed})
    (hint,) = (one.hint for one in found if one.pointer == f"/ops/allowed/{len(allowed) - 1}")
    assert hint.startswith("did you mean cache.get? Or else: install the package that offers cahe")


@pytest.mark.parametrize(
    ("tags", "hint"),
    [
        (["note", "reads"], "its tags are note, reads; did you mean read?"),
        ([], 'its tags are none; policies let in "tags": ["read"]'),
    ],
)
def test_a_route_that_nobody_may_enter_is_told_the_tags_that_policies_ask_for(
    tags: list[str], hint: str
) -> None:
    schema = json.loads(json.dumps(BASE["schema"]))
    readers = {"in": ["read", "$route.tags"]}
    schema["auth"]["policies"] = [
        {"name": "readers", "effect": "allow", "when": readers, "require": {"scopes": ["write"]}}
    ]
    route = {**BASE["route"], "tags": tags, "pipeline": steps([*BASE["entry"], "ok"])}
    schema["api"]["routes"] = [route]
    found = load(json.dumps(schema).encode(), "s.json").findings
    assert [one.hint for one in found if one.rule == "E302"] == [hint]
