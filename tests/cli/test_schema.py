"""`larder schema`: the schema in use, and the schema that editors read it by."""

import json
from pathlib import Path

import pytest

from tests.support.cli import larder_within
from tests.support.server import ROOT


def test_the_schema_in_use_is_printed_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_bytes(b'{"a":\n1}')
    ran = larder_within("schema", home=tmp_path, environ={"LARDER_SCHEMA": "own.json"})
    assert (ran.code, ran.out) == (0, b'{"a":\n1}')


def test_without_a_schema_it_is_the_one_that_comes_with_larder(tmp_path: Path) -> None:
    ran = larder_within("schema", home=tmp_path)
    assert ran.out == (ROOT / "schema.json").read_bytes()


def test_a_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_bytes(b"{}")
    assert larder_within("schema", "other.json", home=tmp_path).out == b"{}"


def test_meta_prints_the_schema_that_editors_read(tmp_path: Path) -> None:
    ran = larder_within("schema", "--meta", home=tmp_path)
    assert ran.code == 0
    assert ran.out == (ROOT / "schema" / "meta_schema.json").read_bytes()
    assert json.loads(ran.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.usefixtures("installed")
def test_meta_knows_the_extensions_that_the_file_lists(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('{"ops": {"allowed": ["kv.get", "acme.shout"]}}')
    printed = larder_within("schema", "--meta", "own.json", home=tmp_path).json()
    rules = {each["if"]["properties"]["op"]["const"] for each in printed["$defs"]["Step"]["allOf"]}
    assert "acme.shout" in rules
    assert len(rules) == 31


@pytest.mark.parametrize("text", ["", "[]", '{"ops": 1}', '{"ops": {"allowed": [1]}}'])
def test_meta_is_printed_for_a_file_that_is_no_schema_yet(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.json").write_text(text)
    ran = larder_within("schema", "--meta", "own.json", home=tmp_path)
    assert ran.out == (ROOT / "schema" / "meta_schema.json").read_bytes()


def test_a_file_that_cannot_be_read_exits_with_2(tmp_path: Path) -> None:
    assert larder_within("schema", "missing.json", home=tmp_path).code == 2
