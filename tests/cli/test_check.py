"""`larder check`: all findings at once, for people and for programs."""

from pathlib import Path

import pytest

from tests.support.cli import larder_within
from tests.support.server import ROOT

KEYS = ["rule", "severity", "pointer", "file", "line", "column", "message", "hint", "path"]
SHIPPED = (ROOT / "schema.json").read_bytes()
BROKEN = SHIPPED.replace(b'"op": "kv.get"', b'"op": "kv.gett"')


def test_a_clean_schema_exits_with_0(tmp_path: Path) -> None:
    assert larder_within("check", str(ROOT / "schema.json"), home=tmp_path).code == 0


def test_findings_for_programs_have_every_key(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_bytes(BROKEN)
    ran = larder_within("check", "broken.json", "--format", "json", home=tmp_path)
    report = ran.json()
    assert ran.code == 1
    assert report["errors"] == sum(f["severity"] == "error" for f in report["findings"])
    assert report["warnings"] == len(report["findings"]) - report["errors"]
    assert all(list(finding) == KEYS for finding in report["findings"])


def test_every_place_is_told_not_only_the_first(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_bytes(BROKEN)
    findings = larder_within("check", "broken.json", "--json", home=tmp_path).json()["findings"]
    places = {finding["line"] for finding in findings if "kv.gett" in finding["message"]}
    assert len(places) == BROKEN.count(b"kv.gett")


def test_findings_for_people_start_with_file_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_bytes(b'{\n  "type_id": }')
    ran = larder_within("check", "broken.json", home=tmp_path)
    assert ran.code == 1
    assert ran.out.decode().startswith("broken.json:2:14: error ")


def test_standard_input_is_a_file_too(tmp_path: Path) -> None:
    assert larder_within("check", "-", home=tmp_path, stdin=SHIPPED).code == 0
    ran = larder_within("check", "-", "--json", home=tmp_path, stdin=BROKEN)
    assert {finding["file"] for finding in ran.json()["findings"]} == {"<stdin>"}


def test_several_files_are_one_report(tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_bytes(b"{")
    report = larder_within("check", "one.json", "two.json", "--json", home=tmp_path).json()
    assert {finding["file"] for finding in report["findings"]} == {"one.json", "two.json"}


@pytest.mark.parametrize("file", ["missing.json", "."])
def test_a_file_that_cannot_be_read_exits_with_2(tmp_path: Path, file: str) -> None:
    assert larder_within("check", file, home=tmp_path).code == 2


def test_without_a_file_the_schema_of_the_settings_is_checked(tmp_path: Path) -> None:
    environ = {"LARDER_SCHEMA": str(tmp_path / "mine.json")}
    assert larder_within("check", home=tmp_path, environ=environ).code == 2
    (tmp_path / "mine.json").write_bytes(BROKEN)
    assert larder_within("check", home=tmp_path, environ=environ).code == 1


def test_where_there_is_no_schema_it_is_the_one_that_comes_with_larder(tmp_path: Path) -> None:
    ran = larder_within("check", home=tmp_path)
    assert ran.code == 0
    assert "comes with Larder" in ran.err
