"""The rulebook is true: its wrong fragments are refused by their rule, its right ones are not."""

import ast
import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from errors.rulebook.book import FAMILIES, OWN, RULEBOOK, entry_of
from errors.rulebook.entry import Entry
from pipelines.load import load
from schema.rules import RULE_IDS
from tests.pipelines.check.casebook import BASE, merged, steps

ROOT = Path(__file__).resolve().parents[2]
CHECKED = ("schema", "pipelines")
ID = re.compile(r"[EW][0-9]{3}")
TOLD = {"inv": "inv.tags_stay", "val": "E108", "run": "E108"}
"""The rule that tells of a wrong fragment of each kind of id of a schema's own."""


def source_of(entry: Entry, fragment: str) -> bytes:
    """A schema that is sound but for the fragment."""
    if entry.place == "file":
        return fragment.encode()
    schema = copy.deepcopy(BASE["schema"])
    route = copy.deepcopy(BASE["route"]) | {"pipeline": steps([*BASE["entry"], "ok"])}
    if entry.place == "steps":
        route["pipeline"] = [*steps(BASE["entry"]), *json.loads(f"[{fragment}]")]
    elif entry.place == "route":
        route = merged(route, json.loads(f"{{{fragment}}}"))
    schema["api"]["routes"] = [route]
    if entry.place == "schema":
        schema = merged(schema, json.loads(f"{{{fragment}}}"))
    return json.dumps(schema, indent=1).encode()


def rules_told(entry: Entry, fragment: str) -> set[str]:
    return {finding.rule for finding in load(source_of(entry, fragment), "f.json").findings}


@pytest.mark.parametrize("id", RULEBOOK)
def test_the_wrong_fragment_breaks_its_rule_and_no_other(id: str) -> None:
    assert rules_told(RULEBOOK[id], RULEBOOK[id].wrong) == {id}


@pytest.mark.parametrize("id", [id for id in RULEBOOK if RULEBOOK[id].place != "file"])
def test_the_right_fragment_breaks_no_rule(id: str) -> None:
    assert rules_told(RULEBOOK[id], RULEBOOK[id].right) == set()


def test_the_right_file_is_read() -> None:
    assert "E101" not in rules_told(RULEBOOK["E101"], RULEBOOK["E101"].right)


@pytest.mark.parametrize("kind", OWN)
def test_ids_of_a_schemas_own_are_told_of_too(kind: str) -> None:
    assert rules_told(OWN[kind], OWN[kind].wrong) == {TOLD[kind]}
    assert rules_told(OWN[kind], OWN[kind].right) == set()


def test_every_rule_that_the_code_can_tell_of_is_in_the_book() -> None:
    assert ids_in_code() == set(RULEBOOK)


def test_the_ids_that_a_schema_may_require_are_those_of_the_book() -> None:
    assert list(RULE_IDS) == list(RULEBOOK)


@pytest.mark.parametrize("entry", [*RULEBOOK.values(), *OWN.values()], ids=lambda e: e.title)
def test_an_entry_is_made_of_sentences(entry: Entry) -> None:
    for text in (entry.proves, entry.why, entry.how):
        assert text.endswith(".")
        assert text[0].isupper() or text[0] == "`"
    assert not entry.title.endswith(".")
    assert entry.wrong != entry.right


def test_no_two_rules_share_a_title() -> None:
    titles = [entry.title for family in FAMILIES.values() for entry in family.values()]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize(("id", "known"), [("E310", True), ("inv.mine", True), ("E999", False)])
def test_an_entry_is_found_by_its_id(id: str, known: bool) -> None:
    assert (entry_of(id) is not None) is known


def ids_in_code() -> set[str]:
    """Every text in the checking rooms that is a rule's id and nothing else."""
    found: set[str] = set()
    for room in CHECKED:
        for file in (ROOT / room).rglob("*.py"):
            found |= {
                node.value
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.Constant) and is_id(node.value)
            }
    return found


def is_id(value: Any) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None
