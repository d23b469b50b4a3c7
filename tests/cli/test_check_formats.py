"""Findings for programs: each format holds all of them, and is what its readers expect."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from errors.rulebook.book import RULEBOOK
from tests.pipelines.check.casebook import cases
from tests.support.cli import Ran, larder_within

CASE = next(case for case in cases() if case.title == "a success before the commit")
WARNED = next(case for case in cases() if case.rule == "W402" and case.expect)
SARIF = json.loads((Path(__file__).parent / "data" / "sarif.json").read_text())


def checked(form: str, tmp_path: Path, *files: str) -> Ran:
    (tmp_path / "one, two.json").write_bytes(CASE.source)
    (tmp_path / "warned.json").write_bytes(WARNED.source)
    return larder_within("check", *files, "--format", form, home=tmp_path)


def sarif(tmp_path: Path, *files: str) -> Any:
    log = checked("sarif", tmp_path, *files).json()
    jsonschema_rs.validator_for(SARIF, validate_formats=True).validate(log)
    return log["runs"][0]


def test_json_has_the_counterexample_as_data(tmp_path: Path) -> None:
    report = checked("json", tmp_path, "one, two.json").json()
    assert list(report) == ["errors", "warnings", "findings"]
    (finding,) = report["findings"]
    assert finding["path"].startswith("when equals {name} ")
    assert finding["path"] not in finding["message"]


def test_sarif_has_a_region_and_the_rule_with_its_texts(tmp_path: Path) -> None:
    run = sarif(tmp_path, "one, two.json")
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (result["ruleId"], result["level"]) == ("E311", "error")
    assert rule["id"] == "E311"
    assert rule["fullDescription"]["text"] == RULEBOOK["E311"].proves
    assert RULEBOOK["E311"].right in rule["help"]["markdown"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "one%2C%20two.json"
    region = physical["region"]
    line = CASE.source.decode().split("\n")[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "{"
    assert "when equals" in result["message"]["text"]


def test_sarif_tells_of_files_that_cannot_be_read(tmp_path: Path) -> None:
    run = sarif(tmp_path, "missing.json", "one, two.json")
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "missing.json" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert len(run["results"]) == 1


def test_sarif_of_a_clean_schema_has_no_results(tmp_path: Path) -> None:
    clean = next(case for case in cases() if not case.expect)
    (tmp_path / "clean.json").write_bytes(clean.source)
    run = sarif(tmp_path, "clean.json")
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 0}]


@pytest.mark.parametrize("name", ["/a b/ü.json", "x#y?.json", "%41.json"])
def test_sarif_names_any_file_by_an_address(tmp_path: Path, name: str) -> None:
    file = tmp_path / name.strip("/")
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"{")
    for given in (str(file), str(file.relative_to(tmp_path))):
        (result,) = sarif(tmp_path, given)["results"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/:%-]+", uri)


def test_sarif_knows_a_finding_again_on_another_line(tmp_path: Path) -> None:
    before = sarif(tmp_path, "one, two.json")["results"][0]
    (tmp_path / "moved.json").write_bytes(b"\n\n" + CASE.source)
    after = sarif(tmp_path, "moved.json")["results"][0]
    assert before["partialFingerprints"] == after["partialFingerprints"]
    assert before["locations"] != after["locations"]


def test_junit_counts_what_fails(tmp_path: Path) -> None:
    ran = checked("junit", tmp_path, "one, two.json", "warned.json", "missing.json")
    root = ElementTree.fromstring(ran.out)
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        "testsuites", "3", "1", "1",
    )  # fmt: skip
    one, warned, missing = root
    assert (one.get("name"), one.get("failures")) == ("one, two.json", "1")
    failure = one.find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "E311"
    assert "path: when equals" in str(failure.text)
    assert warned.find("testcase/failure") is None
    assert "warning W402" in str(warned.findtext("testcase/system-out"))
    assert missing.find("testcase/error") is not None


def test_junit_of_hostile_text_is_xml(tmp_path: Path) -> None:
    (tmp_path / "hostile.json").write_bytes(b'{"<a&\\u0001\\ud83d\\ude00\\uffff>": "]]>"}')
    ran = larder_within("check", "hostile.json", "--format", "junit", home=tmp_path)
    names = [str(case.get("name")) for case in ElementTree.fromstring(ran.out).iter("testcase")]
    assert "E102 /<a&\N{REPLACEMENT CHARACTER}\U0001f600\N{REPLACEMENT CHARACTER}>" in names


def test_a_github_command_has_its_place_and_escapes_what_would_end_it(tmp_path: Path) -> None:
    (line,) = checked("github", tmp_path, "one, two.json").out.decode().splitlines()
    command, message = line.split("::")[1:]
    assert command.startswith("error file=one%2C two.json,line=")
    assert command.endswith("title=E311 at /api/routes/0/pipeline/5")
    assert re.search(r",line=\d+,col=\d+,endColumn=\d+,", command)
    assert message.count("%0A") == 2
    assert "%0Apath: when equals {name} " in message
    assert "%0Ahint: " in message


def test_text_of_a_schema_adds_no_github_command(tmp_path: Path) -> None:
    (tmp_path / "hostile.json").write_bytes(b'{"x\\n::error file=a,b:c%::owned\\r": 1}')
    ran = larder_within("check", "hostile.json", "--format", "github", home=tmp_path)
    lines = [line for line in ran.out.decode().splitlines() if "owned" in line]
    assert len(lines) == 1
    title = lines[0].split("title=")[1].split("::")[0]
    assert title == "E102 at /x%0A%3A%3Aerror file=a%2Cb%3Ac%25%3A%3Aowned%0D"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_warnings_count_when_the_check_is_strict(tmp_path: Path, form: str) -> None:
    assert checked(form, tmp_path, "warned.json").code == 0
    strict = larder_within("check", "warned.json", "--strict", "--format", form, home=tmp_path)
    assert strict.code == 1


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_a_missing_file_keeps_no_other_from_being_checked(tmp_path: Path, form: str) -> None:
    ran = checked(form, tmp_path, "missing.json", "one, two.json")
    assert ran.code == 2
    assert b"E311" in ran.out
    assert "missing.json cannot be read" in ran.err
