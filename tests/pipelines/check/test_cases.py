"""Every rule refuses what it is for, where it is, and lets pass what is nearly that."""

from collections.abc import Sequence
from typing import Any

import pytest

from operations.vocabulary import VOCABULARY
from pipelines.check.analysis import Rule
from pipelines.check.rules import RULES
from pipelines.load import Loaded, load
from tests.pipelines.check.casebook import Case, cases

CASES = cases()


def loaded(case: Case, rules: Sequence[Rule[Any]] = RULES) -> list[tuple[str, str]]:
    found: Loaded = load(case.source, "schema.json", VOCABULARY, rules)
    return [(finding.rule, finding.pointer) for finding in found.findings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_the_checker_says_what_it_should_and_nothing_else(case: Case) -> None:
    found = load(case.source, "schema.json").findings
    told = sorted((finding.rule, finding.pointer) for finding in found)
    assert told == sorted(case.expect), [str(finding) for finding in found]


@pytest.mark.parametrize("rule", sorted({rule.id for rule in RULES}))
def test_each_rule_has_a_case_that_breaks_it_and_one_that_nearly_does(rule: str) -> None:
    mine = [case for case in CASES if case.rule == rule]
    assert any(rule in dict(case.expect) for case in mine)
    assert any(not case.expect for case in mine)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.id} {rule.check.__name__}")
def test_no_rule_can_be_switched_off_unseen(rule: Rule[Any]) -> None:
    without = [other for other in RULES if other is not rule]
    missed = [case for case in CASES if case.rule == rule.id and _is_missed(case, rule, without)]
    assert missed


def _is_missed(case: Case, rule: Rule[Any], without: Sequence[Rule[Any]]) -> bool:
    if rule.id not in dict(case.expect):
        return False
    try:
        found = loaded(case, without)
    except (ValueError, KeyError, TypeError, AttributeError):
        return True  # What the rule keeps out cannot be compiled.
    return any(one[0] == rule.id and one not in found for one in case.expect)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.id} {rule.check.__name__}")
def test_each_rule_says_in_one_sentence_what_it_proves(rule: Rule[Any]) -> None:
    assert rule.summary.endswith(".")
