"""Schemas that would lose, leak or let in: each is refused by the rule that is there for it."""

import json

import pytest

from pipelines.load import load
from tests.pipelines.unsafe.edits import Unsafe, base, unsafe

CASES = unsafe()


def refused_by(source: bytes) -> set[str]:
    findings = load(source, "schema.json").findings
    return {finding.rule for finding in findings if finding.severity == "error"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_an_unsafe_schema_is_refused_by_the_right_rule(case: Unsafe) -> None:
    assert refused_by(case.source) == case.expect


def test_what_the_unsafe_schemas_are_made_from_is_safe() -> None:
    assert load(json.dumps(base()).encode(), "schema.json").ok


def test_there_are_at_least_sixty_and_each_is_its_own() -> None:
    assert len({json.dumps(case.schema) for case in CASES}) == len(CASES) >= 60
