"""The single door to a schema: text in, findings or a linked schema and its programs out.

The service at start, the command line and the compliance run all call `load`.
"""

import gc
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import chain
from typing import Any

from errors.finding import Finding
from operations.extensions import operations_for
from operations.operation import Operation
from pipelines.check.analysis import Rule, Whole
from pipelines.check.rules import RULES, analyse, check
from pipelines.check.rules_checks import severities
from pipelines.compile import compile_schema
from pipelines.examples.format import parse_examples
from pipelines.expressions import Fault
from pipelines.program import Program, Programs
from schema import check as schema_check
from schema.document import Document
from schema.invariants import invariant_findings
from schema.link import link
from schema.model import Schema
from schema.nearest import few_hints
from schema.parse import Parsed, parse
from schema.salvage import salvage
from schema.shape import document, shape_findings, typed

MOST_FINDINGS = 1000
"""Findings of one schema that are told."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a schema: all findings in order of place, and the rest if none is an error."""

    findings: tuple[Finding, ...]
    schema: Schema | None = None
    programs: Programs | None = None

    @property
    def ok(self) -> bool:
        """Whether the schema may serve: warnings do not keep it from that."""
        return self.programs is not None

    @property
    def routes(self) -> tuple[Program, ...]:
        """The programs of the declared routes; none when the schema may not serve."""
        return self.programs.routes if self.programs is not None else ()


def load(
    source: bytes,
    file: str,
    vocabulary: Sequence[Operation] | None = None,
    rules: Sequence[Rule[Any]] = RULES,
) -> Loaded:
    """Parse, check, link and compile a schema. Never raises for what stands in `source`.

    Without a `vocabulary` it is the thirty operations and those of installed extensions that the
    schema allows. `rules` are those about pipelines; a schema that breaks one that is left out may
    not compile.
    """
    with uncollected(), few_hints():
        loaded = _load(source, file, vocabulary, rules)
        if loaded.ok and gc.get_freeze_count() == 0:  # What stays is old at once.
            gc.freeze()
            gc.unfreeze()
        return loaded


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the cyclic collector out: it would look at every value again and again as they grow
    in number."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _load(
    source: bytes, file: str, vocabulary: Sequence[Operation] | None, rules: Sequence[Rule[Any]]
) -> Loaded:
    parsed = parse(source, file)
    if parsed.findings:
        return Loaded(told(parsed.findings))
    declared = typed(parsed.value)
    if declared is None:
        shape = shape_findings(parsed.value, parsed.places)
        rest = _salvaged(parsed, shape, vocabulary, rules) if len(shape) <= MOST_FINDINGS else ()
        return Loaded(told(chain(shape, rest)))
    operations = operations_for(declared.ops.allowed, vocabulary)
    whole = analyse(declared, operations)
    findings = told(_findings(parsed, whole, rules))
    scopes = [analysis.scope for analysis in whole.pipelines]
    whole.pipelines = ()  # They know each other: apart, they go without the collector.
    if any(finding.severity == "error" for finding in findings):
        return Loaded(findings)
    schema = link(declared, f"sha256:{hashlib.sha256(source).hexdigest()}")
    return Loaded(findings, schema, compile_schema(schema, operations, scopes=scopes))


def told(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in order of place, each once.

    Of more than MOST_FINDINGS the first errors, then the first warnings; the last that is told
    says that there are others.
    """
    found: set[Finding] = set()
    left_out = 0
    for finding in findings:
        found.add(finding)
        if len(found) > 2 * MOST_FINDINGS:
            left_out += MOST_FINDINGS
            found = {*nsmallest(len(found) - MOST_FINDINGS, found, _weight)}
    left_out += max(len(found) - MOST_FINDINGS, 0)
    kept = sorted(nsmallest(MOST_FINDINGS, found, _weight))
    if left_out:
        more = f"{kept[-1].message}; at least {left_out} more are not listed"
        kept[-1] = replace(kept[-1], message=more)
    return tuple(kept)


def _weight(finding: Finding) -> tuple[bool, Finding]:
    return finding.severity != "error", finding


def _salvaged(
    parsed: Parsed,
    shape: Sequence[Finding],
    vocabulary: Sequence[Operation] | None,
    rules: Sequence[Rule[Any]],
) -> Iterator[Finding]:
    """The findings of what has the right shape, in a document that has not all of it."""
    kept = salvage(parsed.value, shape)
    if kept is None or shape_findings(kept.value, parsed.places):
        return
    rest = replace(parsed, value=kept.value)
    invariants = {finding.rule for finding in invariant_findings(kept.value, parsed.places)}
    declared = document(kept.value)
    whole = analyse(declared, operations_for(declared.ops.allowed, vocabulary))
    for finding in _findings(rest, whole, rules):
        about_all = kept.broken and finding.rule in invariants
        if not about_all and not kept.covers(finding.pointer):
            yield finding
    whole.pipelines = ()


def example_faults(declared: Document) -> Iterator[Fault]:
    """What is wrong with the form of the routes' examples."""
    for position, route in enumerate(declared.api.routes):
        yield from parse_examples(route, f"/api/routes/{position}", declared)[1]


def _findings(parsed: Parsed, whole: Whole, rules: Sequence[Rule[Any]]) -> Iterator[Finding]:
    places, declared = parsed.places, whole.document
    yield from schema_check.findings(declared, places)
    for id, severity, fault in check(whole, rules):
        yield places.finding(
            id, fault.pointer, fault.message, fault.hint, severity=severity, path=fault.path
        )
    names = [invariant.id for invariant in declared.invariants.global_]
    weights = severities(declared, dict.fromkeys(names, "error"), names)
    for pipeline_fault in example_faults(declared):
        yield places.finding(
            pipeline_fault.rule, pipeline_fault.pointer, pipeline_fault.message, pipeline_fault.hint
        )
    for finding in invariant_findings(parsed.value, places):
        yield replace(finding, severity=weights.get(finding.rule, finding.severity))
