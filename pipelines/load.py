"""The single door to a schema: text in, findings or a linked schema and its programs out.

The service at start, the command line and the compliance run all call `load`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from errors.finding import Finding
from operations.operation import Operation
from operations.vocabulary import VOCABULARY
from pipelines.compile import Program, Programs, compile_schema
from pipelines.parse import parse_apply, parse_route
from pipelines.scope import Scope
from schema import references
from schema.document import Document
from schema.invariants import invariant_findings
from schema.link import link
from schema.model import Schema
from schema.parse import parse
from schema.places import Places
from schema.shape import document, shape_findings

_REFERENCES = (
    references.document_references,
    references.index_references,
    references.entity_references,
    references.auth_references,
    references.replication_references,
    references.gc_references,
    references.validation_references,
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a schema: every finding in order of place, and the rest if none is an error."""

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


def load(source: bytes, file: str, vocabulary: Sequence[Operation] = VOCABULARY) -> Loaded:
    """Parse, check, link and compile a schema. Never raises for what stands in `source`."""
    parsed = parse(source, file)
    if parsed.findings:
        return Loaded(tuple(sorted(parsed.findings)))
    shape = shape_findings(parsed.value, parsed.places)
    if shape:
        return Loaded(tuple(sorted(shape)))
    declared = document(parsed.value)
    operations = {operation.name: operation for operation in vocabulary}
    found = set(invariant_findings(parsed.value, parsed.places))
    for rule in _REFERENCES:
        found.update(rule(declared, parsed.places))
    found.update(_pipelines(declared, operations, parsed.places))
    findings = tuple(sorted(found))
    if any(finding.severity == "error" for finding in findings):
        return Loaded(findings)
    schema = link(declared, f"sha256:{hashlib.sha256(source).hexdigest()}")
    return Loaded(findings, schema, compile_schema(schema, operations))


def _pipelines(
    declared: Document, operations: dict[str, Operation], places: Places
) -> Iterator[Finding]:
    parsed = [
        parse_route(route, f"/api/routes/{position}", declared, operations)
        for position, route in enumerate(declared.api.routes)
    ]
    if declared.replication is not None:
        for event, steps in declared.replication.apply_pipelines.items():
            pointer = f"/replication/apply_pipelines/{event}"
            parsed.append(parse_apply(event, steps, pointer, declared, operations))
    for pipeline, faults in parsed:
        for fault in (*faults, *Scope(pipeline, declared).check()):
            yield places.finding(fault.rule, fault.pointer, fault.message, fault.hint)
