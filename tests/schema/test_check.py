"""A schema broken in one way is refused by that rule, at that place; the whole one by none."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import schema.check
from errors.finding import Finding
from schema.check import RULES, findings
from schema.invariants import invariant_findings
from schema.link import link
from schema.meta import strip
from schema.parse import parse
from schema.pointers import join, steps
from schema.shape import document, shape_findings

CASES = Path(__file__).parent / "cases"
BASE = json.loads((CASES / "base.json").read_text())
REFUSED = json.loads((CASES / "refused.json").read_text())
PASSED = json.loads((CASES / "passed.json").read_text())


def check(value: Any) -> list[Finding]:
    parsed = parse(json.dumps(value, indent=1).encode(), "schema.json")
    found = [*parsed.findings, *shape_findings(parsed.value, parsed.places)]
    if not found:
        found += findings(document(parsed.value), parsed.places)
        found += invariant_findings(parsed.value, parsed.places)
    return found


def changed(pointer: str, to: Any) -> Any:
    value = copy.deepcopy(BASE)
    *way, last = steps(pointer)
    place = value
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[int(last) if isinstance(place, list) else last] = to
    return value


def test_the_base_has_no_findings_and_links() -> None:
    assert check(BASE) == []
    linked = link(document(BASE), "digest")
    assert linked.documents["meta"].key.render({"name": "a", "version": "1.0.0"}) == (
        "artifact/a/1.0.0"
    )
    assert linked.indexes["versions"].default.name == "by_name"
    assert linked.indexes["versions"].document is linked.documents["meta"]
    assert linked.actions == {"read": {"kv.get"}, "admin": {"*"}}
    assert linked.log is not None
    assert (linked.log.store, linked.log.name) == ("meta", "events")
    assert linked.blob_stores["primary"].min_bytes == 0
    assert linked.events["done"].validator.valid({})
    assert linked.upstreams["origin"].declaration.base_url == "https://example.org/x"


@pytest.mark.parametrize("case", REFUSED, ids=[case["name"] for case in REFUSED])
def test_a_broken_schema_is_refused(case: dict[str, Any]) -> None:
    found = [f for f in check(changed(case["at"], case["to"])) if f.rule == case["rule"]]
    assert case["pointer"] in [finding.pointer for finding in found]
    finding = next(f for f in found if f.pointer == case["pointer"])
    assert finding.severity == ("warning" if case["rule"].startswith("W") else "error")
    assert case.get("hint", "") in finding.hint
    assert finding.line > 1 or case["pointer"] == ""


@pytest.mark.parametrize("case", PASSED, ids=[case["name"] for case in PASSED])
def test_what_is_nearly_broken_is_not(case: dict[str, Any]) -> None:
    assert check(changed(case["at"], case["to"])) == []


def test_each_rule_has_a_case_that_breaks_it_and_one_that_nearly_does() -> None:
    assert {case["rule"] for case in REFUSED} == {case["rule"] for case in PASSED}


@pytest.mark.parametrize("rule", RULES, ids=[rule.__name__ for rule in RULES])
def test_no_rule_can_be_switched_off_unseen(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema.check, "RULES", [other for other in RULES if other is not rule])
    assert any(
        case["pointer"] not in [f.pointer for f in found if f.rule == case["rule"]]
        for case in REFUSED
        if (found := check(changed(case["at"], case["to"]))) is not None
    )


def test_all_findings_come_in_one_run() -> None:
    value = changed("/storage/documents/meta/store", "mata")
    value["gc"]["mark_sources"][0]["document"] = "x"
    value["api"]["routes"][1]["id"] = "one"
    assert sorted(finding.rule for finding in check(value)) == ["E106", "E107", "E107"]


def test_a_finding_stands_on_the_line_of_its_key() -> None:
    source = b'{\n "schema_version": "1",\n  "featurs": {}\n}'
    parsed = parse(source, "f.json")
    found = next(f for f in shape_findings(parsed.value, parsed.places) if f.rule == "E102")
    assert str(found).startswith("f.json:3:3: error E102 at /featurs: unknown key `featurs`")


@pytest.mark.parametrize(
    "value", [None, [], 1, "x", True, {}, {"entities": []}, {"api": {"routes": 1}}]
)
def test_any_json_value_is_checked_without_a_crash(value: Any) -> None:
    assert {f.rule for f in check(value)} <= {"E103", "E104"}
    assert check(value)


def test_a_single_wrong_value_anywhere_never_crashes_the_check() -> None:
    def pointers(value: Any, at: str = "") -> list[str]:
        children: dict[Any, Any] = {}
        if isinstance(value, dict):
            children = value
        elif isinstance(value, list):
            children = dict(enumerate(value))
        below = [p for step, item in children.items() for p in pointers(item, join(at, step))]
        return [at, *below] if at else below

    for pointer in pointers(BASE):
        for wrong in (None, [], {}, "\0", -1):
            assert isinstance(check(changed(pointer, wrong)), list)


def test_free_keys_are_free_in_parts_and_kept_in_free_json() -> None:
    stripped = strip(BASE)
    assert "comment" not in stripped["storage"]["documents"]
    assert "comment" not in stripped["entities"]["versioning"]
    assert "x-note" not in stripped["api"]["routes"][0]
    assert stripped["api"]["routes"][0]["pipeline"][1]["args"] == {"comment": "kept"}
    assert "keep_last_n_versions" not in stripped["gc"]["retention"]
