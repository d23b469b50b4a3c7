"""Every proof of the checker on the schema that is judged: a line a rule, under what it is about.

The rules and their titles are those of the rulebook; the schema's own (`inv.…`, `val.…`, `run.…`)
follow. A rule that only warns here is noted, one that could not be asked is skipped.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from errors.finding import Finding
from errors.rulebook.book import RULEBOOK
from operations.extensions import operations_for
from pipelines.check.analysis import Analysis, Whole
from pipelines.check.rules import PIPELINE_RULES, SCHEMA_RULES
from schema.shape import document, shape_findings
from tests.compliance.report import Check, Failed, Noted, Skipped
from tests.compliance.subject import Subject

_CATEGORIES = (
    (r"E105", "operation coverage"),
    (r"E108|E2\d\d", "operation semantics"),
    (r"E30[1-4]", "auth semantics"),
    (r"E314|E60[2-5]", "event log semantics"),
    (r"E30[56]|E3[123]\d|E5\d\d|E601", "storage semantics"),
    (r".*", "route compatibility"),
)
"""Which category a rule belongs to: the first whose pattern its id matches."""

_SHAPE = ("E101", "E102", "E103", "E104")
"""Where one of these is broken, the others speak of what has the right shape only."""

_ON_PIPELINES = {rule.id: rule.summary for rule in PIPELINE_RULES}
_ON_SCHEMA = {rule.id: rule.summary for rule in SCHEMA_RULES}


@dataclass
class Judged:
    """The schema, its findings, and what the rules were asked about."""

    subject: Subject

    @cached_property
    def shaped(self) -> bool:
        """Whether everything in it has the right shape."""
        places = self.subject.places
        return places is not None and not shape_findings(self.subject.value, places)

    @cached_property
    def pipelines(self) -> tuple[Analysis, ...]:
        """All pipelines of a schema of the right shape."""
        if not self.shaped:
            return ()
        declared = document(self.subject.value)
        return Whole(declared, operations_for(declared.ops.allowed)).pipelines

    @cached_property
    def values(self) -> int:
        """The JSON values of the file."""
        return _count(self.subject.value)

    def found(self, id: str) -> list[Finding]:
        """The findings of one rule."""
        return [found for found in self.subject.loaded.findings if found.rule == id]

    def places(self, id: str) -> str:
        """How many places a rule was proved at, in words."""
        if id not in _ON_PIPELINES:
            return "the schema" if id in _ON_SCHEMA else f"{self.values} values"
        read = [each for each in self.pipelines if each.pipeline.complete]
        steps = sum(len(each.pipeline.steps) for each in read)
        told = f"{len(read)} pipelines, {steps} steps"
        unread = len(self.pipelines) - len(read)
        return f"{told}; {unread} that cannot be read not" if unread else told


def checks(subject: Subject) -> Iterator[Check]:
    """One check a rule, then those that the schema declares itself, then whatever else is found."""
    judged = Judged(subject)
    titles = _titles()
    for id, title in titles.items():
        yield Check(category_of(id), f"{id} {title}", partial(_proved, judged, id))
    own = list(_own(subject))
    for id, requires, told, on_fail in own:
        check = partial(_kept, judged, requires, on_fail)
        yield Check(category_of(requires), f"{id} {told}".rstrip(), check)
    known = {*titles, *(id for id, _, _, _ in own), *(requires for _, requires, _, _ in own)}
    yield Check("route compatibility", "nothing else is found", partial(_rest, judged, known))


def category_of(id: str) -> str:
    """The category that a rule is reported under."""
    return next(category for pattern, category in _CATEGORIES if re.fullmatch(pattern, id))


def _titles() -> dict[str, str]:
    """Every rule's title: the rulebook's, or what the rule itself says that it proves."""
    ids = sorted({*RULEBOOK, *_ON_PIPELINES, *_ON_SCHEMA})
    said = {**_ON_SCHEMA, **_ON_PIPELINES, **{id: each.title for id, each in RULEBOOK.items()}}
    return {id: said[id].rstrip(".") for id in ids}


async def _proved(judged: Judged, id: str) -> str:
    found = judged.found(id)
    if any(finding.severity == "error" for finding in found):
        raise Failed("\n".join(map(str, found)))
    if found:
        raise Noted("\n".join(map(str, found)))
    if id not in _SHAPE and not judged.shaped:
        raise Skipped("not everything has the right shape; what has breaks nothing here")
    if id == "E101" or judged.subject.places is not None:
        return judged.places(id)
    raise Skipped("the file cannot be read")


async def _kept(judged: Judged, requires: str, on_fail: str) -> str:
    """A check of the schema's own holds where the rule or invariant that it requires does."""
    found = judged.found(requires)
    if found:
        raise (Noted if on_fail == "warn" else Failed)("\n".join(map(str, found)))
    if not judged.shaped:
        raise Skipped("not everything has the right shape")
    return f"{requires}: {on_fail}" if on_fail else "holds"


async def _rest(judged: Judged, known: set[str]) -> None:
    found = [each for each in judged.subject.loaded.findings if each.rule not in known]
    if found:
        raise Failed("\n".join(map(str, found)))


def _own(subject: Subject) -> Iterator[tuple[str, str, str, str]]:
    """The schema's own checks: id, the rule that it requires, description, on_fail."""
    for entry in _objects(subject.written("invariants", "global")):
        id = str(entry.get("id", "an invariant"))
        yield id, id, str(entry.get("description", "")), ""
    for name, usual in (("load_time_checks", "reject_config"), ("runtime_checks", "abort_request")):
        for entry in _objects(subject.written("validation", name)):
            id, requires = str(entry.get("id", "a check")), str(entry.get("require", ""))
            on_fail = str(entry.get("on_fail", usual))
            yield id, requires, str(entry.get("description", "")), on_fail


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _count(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value
    inner = sum(map(_count, items)) if isinstance(value, dict | list) else 0
    return 1 + inner
