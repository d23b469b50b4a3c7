"""What steps and routes can answer; cases are data (`answers.json`), in the casebook's words."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config_db.accounts import USERNAME
from operations.vocabulary import VOCABULARY
from pipelines.check.analysis import Analysis, Whole
from pipelines.derive.answers import around_answers, step_answers
from pipelines.derive.parameters import parameters_of, request_of
from pipelines.derive.value_schemas import NAME
from schema.document import Document
from schema.patterns import compile_pattern
from schema.shape import document
from schema.validators import Validator
from tests.pipelines.check.casebook import BASE, merged, steps

CASES = json.loads(Path(__file__).with_name("answers.json").read_text())
OPERATIONS = {operation.name: operation for operation in VOCABULARY}


def _analysis(case: dict[str, Any]) -> Analysis:
    schema = copy.deepcopy(BASE["schema"])
    route = merged(BASE["route"], case.get("route", {}))
    route["pipeline"] = steps(case.get("only") or [*BASE["entry"], *case.get("steps", ["ok"])])
    schema["api"]["routes"] = [route]
    declared: Document = document(merged(schema, case.get("patch", {})))
    analysis = Whole(declared, OPERATIONS).pipelines[0]
    assert analysis.faults == []
    return analysis


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_a_step_answers_these_errors_and_no_others(case: dict[str, Any]) -> None:
    analysis = _analysis(case)
    named = [step for step in analysis.pipeline.steps if step.operation.name == case["of"]]
    codes = {answer.code for answer in step_answers(analysis, named[-1]) if answer.code}
    assert sorted(codes) == case["codes"]


def _around(**case: Any) -> set[tuple[int, str | None]]:
    return {(answer.status, answer.code) for answer in around_answers(_analysis(case))}


def test_conditions_are_about_states_that_are_read() -> None:
    conditional = {(304, None), (412, "PRECONDITION_FAILED")}
    assert conditional <= _around(route={"method": "GET"})
    assert conditional.isdisjoint(_around(route={"method": "POST"}))


def test_parts_are_sent_of_what_has_a_tag_of_its_own() -> None:
    tagged = {"respond.json": {"status": 200, "body": 1, "headers": {"ETag": '"x"'}}}
    parts = {(206, None), (416, "RANGE_NOT_SATISFIABLE")}
    assert parts <= _around(route={"method": "GET"}, steps=[tagged])
    assert parts.isdisjoint(_around(route={"method": "GET"}))


def test_a_route_that_is_switched_off_only_says_so() -> None:
    off = {"route": {"tags": ["proxy"]}, "patch": {"features": {"proxy_enabled": False}}}
    answers = _around(**off)
    assert (404, "ROUTE_DISABLED") in answers
    assert {status for status, _ in answers}.isdisjoint({403, 504})
    analysis = _analysis(off)
    assert all(step_answers(analysis, step) == () for step in analysis.pipeline.steps)


def test_tenants_are_told_apart_where_there_are_some() -> None:
    mismatch = (403, "TENANT_MISMATCH")
    assert mismatch not in _around()
    case: dict[str, Any] = {"patch": {"tenancy": {"mode": "optional", "header": "X-Tenant-ID"}}}
    assert mismatch in _around(**case)
    assert "X-Tenant-ID" in {parameter.name for parameter in parameters_of(_analysis(case))}


def test_store_calls_run_out_only_where_there_can_be_too_many() -> None:
    many = {"steps": ["begin", "put note", "commit", "ok"]}
    assert (503, "IO_LIMIT") not in _around(**many)
    patch = {"ops": {"limits": {"max_io_ops_per_request": 5}}}
    assert (503, "IO_LIMIT") in _around(**many, patch=patch)


# what a route takes


def _segment(normalize: list[str], regex: str, **constraint: Any) -> Any:
    fields = {"name": {"type": "string", "normalize": normalize}, "version": {"type": "version"}}
    constraints = [{"field": "name", "regex": regex, **constraint}]
    versions = {"field": "version", "regex": "[0-9A-Za-z.+-]+", "max_length": 32}
    entity = {"fields": fields, "constraints": [*constraints, versions]}
    normalizing = {"normalize.entity": {"entity": "item"}}
    case = {
        "only": ["auth", "path", normalizing, "valid", "ok"],
        "patch": {"entities": {"item": entity}},
    }
    return {parameter.name: parameter.schema for parameter in parameters_of(_analysis(case))}


@pytest.mark.parametrize(
    ("normalize", "taken", "refused"),
    [
        ([], ["ab"], ["AB", " ab", "a b"]),
        (["trim"], ["ab", " ab  "], ["AB", "a b"]),
        (["lower"], ["ab", "aB"], [" ab", "a b"]),
        (["trim", "lower", "replace: :-"], ["a b", " A-B "], ["a/b", "-", " "]),
        (["replace:b:-"], ["a-c", "abc"], ["a.c"]),
        (["replace:ab:-"], ["anything at all"], [""]),
    ],
)
def test_a_segment_is_told_as_it_may_be_written(
    normalize: list[str], taken: list[str], refused: list[str]
) -> None:
    judge = Validator(_segment(normalize, "[a-z](?:[a-z-]{0,6}[a-z])?")["name"])
    assert [text for text in taken if not judge.valid(text)] == []
    assert [text for text in refused if judge.valid(text)] == []


def test_a_length_counts_what_is_left_after_trimming() -> None:
    judge = Validator(_segment(["trim"], "[a-z]+", max_length=4)["name"])
    assert judge.valid("  abcd  ") and not judge.valid("abcde") and not judge.valid("    ")


def test_a_version_is_one_of_its_scheme() -> None:
    judge = Validator(_segment([], "[a-z]{1,4}")["version"])
    assert all(map(judge.valid, ("1.0.0", "1.0.0-rc.1+build", "0.0.0")))
    assert not any(map(judge.valid, ("1.0", "01.0.0", "1.0.0-", "v1.0.0", f"1.0.0-{'a' * 40}")))


def test_a_body_is_what_its_schema_and_the_keys_made_of_it_ask_for() -> None:
    schema = {
        "type": "object",
        "properties": {"other": {"type": "string"}, "free": {"type": "string"}},
        "required": ["other"],
    }
    validating = {"validate.json_schema": {"schema": schema, "value": "$body"}}
    case = {"steps": ["body", validating, {"+get note": {"key": "note/{other}"}}, "ok"]}
    media, body = request_of(_analysis(case))
    assert media == "application/json"
    judge = Validator(body)
    assert judge.valid({"other": "abc", "free": "../.."})
    assert not judge.valid({"other": "../.."}) and not judge.valid({})


def test_bytes_are_taken_where_a_blob_is_put() -> None:
    case = {"steps": ["blob", "verify", "ok"]}
    assert request_of(_analysis(case)) == ("application/octet-stream", None)
    assert request_of(_analysis({})) == (None, None)


def test_a_query_is_told_with_its_cursors() -> None:
    schema = {
        "type": "object",
        "properties": {"after": {"type": "string"}, "all": {"type": "boolean"}},
    }
    listing = {"index.query": {"index": "items", "key": [], "after": "$query.after", "out": "rows"}}
    case = {"steps": [{"parse.query": {"out": "query", "schema": schema}}, listing, "ok"]}
    found = {p.name: p.schema for p in parameters_of(_analysis(case)) if p.place == "query"}
    assert found["all"] == {"type": "boolean"}
    judge = Validator(found["after"])
    assert judge.valid("abc_-1") and not judge.valid("") and not judge.valid("a b")


def test_headers_that_the_route_reads_are_parameters() -> None:
    reading = {"respond.json": {"status": 200, "body": "$request.headers.x_color"}}
    names = [p.name for p in parameters_of(_analysis({"steps": [reading]})) if p.place == "header"]
    assert names == ["X-Color"]
    verified = _analysis({"steps": ["blob", "verify", "ok"]})
    assert {"Repr-Digest", "X-Checksum-Sha256"} <= {p.name for p in parameters_of(verified)}


def test_a_reply_is_told_as_the_schema_knows_it() -> None:
    body = {"ok": True, "item": "$item", "name": "{name}", "who": "$principal.subject"}
    replying = {"respond.json": {"status": 200, "body": body}}
    analysis = _analysis({"steps": ["get item", "no item", replying]})
    (reply,) = step_answers(analysis, analysis.pipeline.steps[-1])
    declared = analysis.whole.document.storage
    assert reply.media == "application/json"
    assert reply.body["properties"]["item"] == declared.schemas["item"]
    assert reply.body["properties"]["ok"] == {"const": True}
    assert Validator(reply.body["properties"]["name"]).valid("a")
    assert msgspec.json.encode(reply.body)  # It is plain JSON.


def test_a_subject_is_as_long_as_a_users_name_may_be() -> None:
    assert compile_pattern(USERNAME.pattern).extent.shortest == NAME["minLength"]
    assert compile_pattern(USERNAME.pattern).extent.longest == NAME["maxLength"]
