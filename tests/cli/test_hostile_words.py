"""What a schema says is shown printable, also where programs read it, and stays what it was."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from service.console import json_text
from tests.support.cli import larder_within
from tests.support.server import ROOT

EVIL = "<b>]]>&\u202e\x9b31m\x7f\U000e0001 wide \u5bbd \u00e9"


def hostile() -> Any:
    schema = json.loads((ROOT / "schema.json").read_bytes())
    for route in schema["api"]["routes"]:
        route["description"] = EVIL
        for example in route["examples"]:
            example["name"] += EVIL
    return schema


@pytest.mark.parametrize(
    "arguments",
    [
        ("openapi", "--schema", "schema.json"),
        ("explain", "list_versions", "--format", "json", "--schema", "schema.json"),
        ("routes", "--format", "json", "--schema", "schema.json"),
        ("test", "list_versions", "--format", "json", "--schema", "schema.json"),
    ],
)
def test_json_for_programs_is_printable_and_means_the_same(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(hostile()))
    ran = larder_within(*arguments, home=tmp_path)
    assert ran.code == 0, ran.err
    assert all(each.isprintable() or each == "\n" for each in ran.out.decode())
    if arguments[0] != "routes":
        assert EVIL in texts(ran.json())


def texts(value: Any) -> str:
    """All texts in a value, one after the other."""
    if isinstance(value, dict):
        return "".join(map(texts, value.values()))
    return "".join(map(texts, value)) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_findings_for_programs_are_printable_and_mean_the_same(form: str, tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(json.dumps({EVIL: 1}))
    ran = larder_within("check", "--format", form, "schema.json", home=tmp_path)
    assert ran.code == 1
    assert all(each.isprintable() or each == "\n" for each in ran.out.decode())
    assert EVIL in texts(ran.json())


def test_json_text_is_read_back_as_it_was() -> None:
    value = {chr(code): chr(code) for code in (*range(0xD800), *range(0xE000, 0x110000, 7))}
    assert json.loads(json_text(value)) == value


def test_examples_of_a_schema_with_errors_are_a_junit_file_too(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(json.dumps({EVIL: 1}))
    ran = larder_within("test", "--format", "junit", "--schema", "schema.json", home=tmp_path)
    assert ran.code == 1
    suites = ElementTree.fromstring(ran.out)
    assert int(suites.get("failures", "0")) == len(suites.findall(".//failure")) > 0
