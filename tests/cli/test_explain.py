"""`larder explain` and `larder routes`: for people, for programs, for pictures."""

import json
from pathlib import Path

import pytest

from tests.pipelines.explain.dot_reader import read_dot
from tests.pipelines.explain.golden_files import FOLDER, every
from tests.support.cli import larder_within
from tests.support.server import ROOT

SHIPPED = str(ROOT / "schema.json")


def test_a_route_is_explained_as_the_golden_file_says(tmp_path: Path) -> None:
    ran = larder_within("explain", "publish_artifact", "--schema", SHIPPED, home=tmp_path)
    assert ran.code == 0
    assert ran.out.decode() == (FOLDER / "publish_artifact.txt").read_text(encoding="utf-8")


def test_an_event_that_is_applied_can_be_explained(tmp_path: Path) -> None:
    ran = larder_within("explain", "tag.updated", "--schema", SHIPPED, home=tmp_path)
    assert ran.out.decode() == (FOLDER / "tag.updated.txt").read_text(encoding="utf-8")


def test_without_a_file_the_schema_is_that_of_serve(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_bytes((ROOT / "schema.json").read_bytes())
    assert larder_within("explain", "get_tag", home=tmp_path).code == 0


def test_programs_read_every_fact(tmp_path: Path) -> None:
    arguments = ("explain", "get_blob", "--schema", SHIPPED, "--format", "json")
    told = larder_within(*arguments, home=tmp_path).json()
    assert told["statuses"] == sorted(every()["get_blob"].statuses)
    assert told["steps"][4]["sets"] == [{"name": "$meta", "type": "document artifact_meta or null"}]
    assert told["cost"]["store_calls"] == told["cost"]["worst_calls"] == 2
    assert [path["status"] for path in told["paths"]] == [404, 410, 200]


def test_a_picture_is_dot_or_mermaid(tmp_path: Path) -> None:
    arguments = ("explain", "get_blob", "--schema", SHIPPED, "--format")
    picture = larder_within(*arguments, "dot", home=tmp_path).out.decode()
    assert "s8" in read_dot(picture).nodes
    flow = larder_within(*arguments, "mermaid", home=tmp_path).out.decode()
    assert flow.startswith("flowchart TD\n")


def test_an_unknown_route_is_misuse_and_the_nearest_name_is_told(tmp_path: Path) -> None:
    ran = larder_within("explain", "get_blbo", "--schema", SHIPPED, home=tmp_path)
    assert ran.code == 2
    assert "did you mean `get_blob`?" in ran.err


@pytest.mark.parametrize("command", [("explain", "get_blob"), ("routes",)])
def test_of_a_broken_schema_the_findings_are_told(tmp_path: Path, command: list[str]) -> None:
    broken = (ROOT / "schema.json").read_bytes().replace(b'"op": "kv.get"', b'"op": "kv.gett"')
    (tmp_path / "broken.json").write_bytes(broken)
    ran = larder_within(*command, "--schema", "broken.json", home=tmp_path)
    assert ran.code == 1
    assert ran.out.decode().startswith("broken.json:")
    assert "did you mean kv.get?" in ran.out.decode()


def test_a_missing_schema_cannot_be_explained(tmp_path: Path) -> None:
    assert larder_within("routes", "--schema", "no.json", home=tmp_path).code == 2


def test_routes_are_listed_in_their_order_a_line_each(tmp_path: Path) -> None:
    ran = larder_within("routes", "--schema", SHIPPED, home=tmp_path)
    lines = [line.split("\t") for line in ran.out.decode().splitlines()]
    declared = json.loads((ROOT / "schema.json").read_bytes())["api"]["routes"]
    assert [line[:3] for line in lines] == [[r["id"], r["method"], r["path"]] for r in declared]
    (get_tag,) = (line for line in lines if line[0] == "get_tag")
    assert get_tag[3:] == ["admin or read or write", "kv.read", "6", "1", "0 B", "64 KiB"]


def test_routes_for_programs_tell_the_worst_case(tmp_path: Path) -> None:
    arguments = ("routes", "--schema", SHIPPED, "--format", "json")
    told = {one["id"]: one for one in larder_within(*arguments, home=tmp_path).json()}
    assert told["publish_artifact"]["cost"]["worst_calls"] == 26
    assert told["publish_artifact"]["entrances"] == [["admin"], ["write"]]
    assert 409 in told["publish_artifact"]["statuses"]
