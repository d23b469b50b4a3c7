"""The shipped schema: nothing to find in it, and everything that is planted in it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.load import load

SOURCE = (Path(__file__).parents[3] / "schema.json").read_bytes()
SHIPPED = json.loads(SOURCE)
Plant = Callable[[dict[str, Any]], None]


def test_nothing_is_found_in_the_shipped_schema() -> None:
    loaded = load(SOURCE, "schema.json")
    assert loaded.findings == ()
    assert loaded.ok


def test_every_shipped_route_and_apply_pipeline_becomes_a_program() -> None:
    programs = load(SOURCE, "schema.json").programs
    assert programs is not None
    assert len(programs.routes) == len(SHIPPED["api"]["routes"])
    assert set(programs.apply) == set(SHIPPED["replication"]["apply_pipelines"])


def position(id: str) -> int:
    return next(i for i, route in enumerate(SHIPPED["api"]["routes"]) if route["id"] == id)


def where(id: str, op: str) -> int:
    steps = SHIPPED["api"]["routes"][position(id)]["pipeline"]
    return next(i for i, step in enumerate(steps) if step["op"] == op)


def steps(schema: dict[str, Any], id: str) -> Any:
    return schema["api"]["routes"][position(id)]["pipeline"]


def at(id: str, op: str, rest: str = "") -> str:
    return f"/api/routes/{position(id)}/pipeline/{where(id, op)}{rest}"


def without(id: str, op: str) -> Plant:
    return lambda schema: steps(schema, id).pop(where(id, op))


def with_argument(id: str, op: str, name: str, value: Any) -> Plant:
    def plant(schema: dict[str, Any]) -> None:
        steps(schema, id)[where(id, op)]["args"][name] = value

    return plant


def with_operation(id: str, op: str, other: str) -> Plant:
    def plant(schema: dict[str, Any]) -> None:
        steps(schema, id)[where(id, op)]["op"] = other

    return plant


def with_value(section: str, name: str, value: Any) -> Plant:
    return lambda schema: schema[section].update({name: value})


PLANTED: list[tuple[str, Plant, str, str]] = [
    (
        "an operation misspelt",
        with_operation("get_tag", "kv.get", "kv.gte"),
        "E105",
        at("get_tag", "kv.get", "/op"),
    ),
    (
        "an unverified upload",
        without("publish_artifact", "blob.verify_digest"),
        "E320",
        at("publish_artifact", "blob.put"),
    ),
    (
        "a document that may not be there",
        without("get_blob", "respond.error"),
        "E204",
        f"/api/routes/{position('get_blob')}/pipeline/{where('get_blob', 'blob.get') - 1}"
        "/args/digest",
    ),
    (
        "a variable nobody sets",
        with_argument("get_latest", "respond.json", "body", "$newst[0]"),
        "E201",
        at("get_latest", "respond.json", "/args/body"),
    ),
    (
        "a transaction without a commit",
        without("set_tag", "txn.commit"),
        "E311",
        f"/api/routes/{position('set_tag')}/pipeline/{where('set_tag', 'respond.json') - 1}",
    ),
    (
        "a route that readers may write with",
        with_argument("delete_tag", "auth.require_scopes", "scopes", ["read", "write", "admin"]),
        "E303",
        at("delete_tag", "kv.delete"),
    ),
    (
        "a key of another document",
        with_argument("list_versions", "kv.get", "key", "tag/{namespace}/{name}"),
        "E501",
        at("list_versions", "kv.get", "/args/key"),
    ),
    (
        "a broken invariant",
        with_value("features", "allow_overwrite_artifacts", True),
        "inv.artifacts_immutable",
        "/invariants/global/0/assert",
    ),
    (
        "an index without its document",
        lambda schema: schema["indexes"]["tags"].update({"source_document": "tag_mpa"}),
        "E107",
        "/indexes/tags/source_document",
    ),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted[0])
def test_a_planted_fault_is_found_where_it_is(planted: tuple[str, Plant, str, str]) -> None:
    schema = copy.deepcopy(SHIPPED)
    planted[1](schema)
    loaded = load(json.dumps(schema).encode(), "schema.json")
    assert not loaded.ok
    assert (planted[2], planted[3]) in [(f.rule, f.pointer) for f in loaded.findings]


def test_all_planted_faults_are_found_in_one_run() -> None:
    schema = copy.deepcopy(SHIPPED)
    for _, plant, _, _ in PLANTED:
        plant(schema)
    found = {(f.rule, f.pointer) for f in load(json.dumps(schema).encode(), "x").findings}
    assert {(rule, pointer) for _, _, rule, pointer in PLANTED} <= found


def test_a_finding_names_file_line_and_column_and_a_hint() -> None:
    text = SOURCE.decode().replace('"$newest[0]"}}', '"$newst[0]"}}')
    offset = text.index('"$newst[0]"')
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    (finding,) = load(text.encode(), "my.json").findings
    assert (finding.file, finding.line, finding.column) == ("my.json", line, column)
    assert finding.hint == "did you mean $newest?"
    assert str(finding).startswith(f"my.json:{line}:{column}: error E201 at /api/routes/")


def test_a_counterexample_is_told_as_a_path() -> None:
    schema = copy.deepcopy(SHIPPED)
    without("get_blob", "respond.error")(schema)
    found = [f for f in load(json.dumps(schema).encode(), "x").findings if f.rule == "E204"]
    assert "$meta.blob_digest may be null here, and digest needs a value" in found[0].message
    assert found[0].path == "when is_not_null $meta.withdrawn_at is false"


def test_findings_stand_in_the_order_of_the_text_and_once_each() -> None:
    schema = copy.deepcopy(SHIPPED)
    for _, plant, _, _ in PLANTED:
        plant(schema)
    findings = load(json.dumps(schema, indent=1).encode(), "x").findings
    assert list(findings) == sorted(findings)
    assert len(set(findings)) == len(findings)


def test_a_schema_whose_checks_only_warn_is_served_with_warnings() -> None:
    schema = copy.deepcopy(SHIPPED)
    schema["ops"]["limits"]["max_pipeline_ops"] = 12
    check = {"id": "val.length", "require": "E701", "on_fail": "warn"}
    schema["validation"]["load_time_checks"].append(check)
    loaded = load(json.dumps(schema).encode(), "x")
    assert loaded.ok
    assert {(f.rule, f.severity) for f in loaded.findings} == {("E701", "warning")}
