"""`larder check --rule`, `--rules`, `--explain`: what a rule proves, why, and how to satisfy it."""

import json
from pathlib import Path

import pytest

from errors.rulebook.book import RULEBOOK
from tests.support.cli import larder_within
from tests.support.server import ROOT

SCHEMA = str(ROOT / "schema.json")


def test_a_rule_is_explained_with_a_wrong_and_a_right_fragment(tmp_path: Path) -> None:
    ran = larder_within("check", "--rule", "E311", "--explain", home=tmp_path)
    text = ran.out.decode()
    assert ran.code == 0
    assert text.startswith("E311: success only after the commit (error)\n")
    assert [word for word in ("Proves:", "Why:", "How:", "Wrong:", "Right:") if word in text] == [
        "Proves:", "Why:", "How:", "Wrong:", "Right:",
    ]  # fmt: skip
    assert all(f"    {line}\n" in text for line in RULEBOOK["E311"].right.splitlines())


@pytest.mark.parametrize("id", RULEBOOK)
def test_every_rule_can_be_explained_within_the_width_of_a_page(tmp_path: Path, id: str) -> None:
    lines = larder_within("check", "--rule", id, home=tmp_path).out.decode().splitlines()
    assert lines[0].startswith(f"{id}: ")
    assert max(map(len, lines)) <= 110


@pytest.mark.parametrize(
    ("id", "hint"),
    [("E3111", "did you mean E311?"), ("e401", "did you mean E401?"), ("x", "--rules` lists")],
)
def test_an_unknown_rule_is_told_with_the_nearest(tmp_path: Path, id: str, hint: str) -> None:
    ran = larder_within("check", "--rule", id, home=tmp_path)
    assert ran.code == 2
    assert hint in ran.err


def test_a_schemas_own_invariant_is_explained_from_the_schema(tmp_path: Path) -> None:
    ran = larder_within("check", SCHEMA, "--rule", "inv.artifacts_immutable", home=tmp_path)
    text = ran.out.decode()
    assert text.startswith("inv.artifacts_immutable: What is published is never replaced.\n")
    assert '"/features/allow_overwrite_artifacts"' in text


def test_a_schemas_own_check_is_explained_by_the_rule_that_it_requires(tmp_path: Path) -> None:
    text = larder_within("check", SCHEMA, "--rule", "val.one_reply", home=tmp_path).out.decode()
    assert text.startswith("val.one_reply: Every path answers once.\n")
    assert "E401: one reply on every path (error)" in text


def test_a_schemas_own_rule_is_looked_for_in_the_schema_that_is_served(tmp_path: Path) -> None:
    assert larder_within("check", "--rule", "run.reads_do_not_write", home=tmp_path).code == 0
    (tmp_path / "schema.json").write_bytes(b"{}")
    ran = larder_within("check", "--rule", "run.reads_do_not_write", home=tmp_path)
    assert ran.code == 2


@pytest.mark.parametrize(
    "hostile", [b"{", b"[]", b'{"invariants": {"global": [1, {"id": 1}, {}]}, "validation": []}']
)
def test_a_broken_schema_has_no_rules_of_its_own(tmp_path: Path, hostile: bytes) -> None:
    (tmp_path / "s.json").write_bytes(hostile)
    ran = larder_within("check", "s.json", "--rules", "--json", home=tmp_path)
    assert [rule["rule"] for rule in ran.json()] == list(RULEBOOK)


def test_all_rules_are_listed_in_one_line_each(tmp_path: Path) -> None:
    lines = larder_within("check", SCHEMA, "--rules", home=tmp_path).out.decode().splitlines()
    told = [line.split()[0] for line in lines if line.startswith("  ")]
    own = [id for id in told if "." in id]
    assert [id for id in told if id not in own] == list(RULEBOOK)
    assert "inv.artifacts_immutable" in own


def test_the_rules_of_findings_are_explained_once_behind_them(tmp_path: Path) -> None:
    broken = json.loads(Path(SCHEMA).read_text())
    broken["features"]["mutable_tagz"] = broken["features"]["gc_enable"] = True
    (tmp_path / "broken.json").write_text(json.dumps(broken, indent=1))
    ran = larder_within("check", "broken.json", "--explain", home=tmp_path)
    text = ran.out.decode()
    assert ran.code == 1
    assert text.count("error E102:") == 2
    assert text.count("E102: known keys (error)") == 1


@pytest.mark.parametrize(
    "options",
    [("--explain", "--json"), ("--rule", "E311", "--json"), ("--rules", "--format", "sarif")],
)
def test_what_has_no_such_form_is_wrong_usage(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert larder_within("check", *options, home=tmp_path).code == 2
