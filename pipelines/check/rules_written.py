"""Steps as they are written: what could be seen while they were read."""

from collections.abc import Iterator

from operations.extensions import vocabulary_for
from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.expressions import Fault
from schema.nearest import nearest


def _found(analysis: Analysis, id: str) -> Iterator[Fault]:
    return (fault for fault in analysis.faults if fault.rule == id)


@rule("E105")
def known_operations(analysis: Analysis) -> Iterator[Fault]:
    """Every step is an operation of the vocabulary that ops.allowed lists."""
    yield from _found(analysis, "E105")


@rule("E107")
def known_names(analysis: Analysis) -> Iterator[Fault]:
    """Every document, index, entity, store, scope or event that a step names is declared."""
    yield from _found(analysis, "E107")


@rule("E108")
def fitting_arguments(analysis: Analysis) -> Iterator[Fault]:
    """Every step has the arguments that its operation declares, and well-formed texts in them."""
    yield from _found(analysis, "E108")


@rule("E109")
def usable_schemas(analysis: Analysis) -> Iterator[Fault]:
    """Every JSON Schema that is written in a step can be compiled."""
    yield from _found(analysis, "E109")


@rule("E206")
def readable_conditions(analysis: Analysis) -> Iterator[Fault]:
    """Every `when` is a condition of the language."""
    yield from _found(analysis, "E206")


@rule("E105")
def allowed_operations(whole: Whole) -> Iterator[Fault]:
    """Every operation that ops.allowed lists is one of the language, or of an extension."""
    allowed = whole.document.ops.allowed
    told = {fault.name: fault for fault in vocabulary_for(allowed).faults}
    for position, name in enumerate(allowed):
        if name not in whole.vocabulary:
            fault = told.get(name)
            close = nearest(name, whole.vocabulary)
            message = f"no operation {name!r}" if fault is None else fault.message
            meant = [f"did you mean {close}?"] if close else []
            remedy = [fault.hint] if fault is not None else []
            hint = " Or else: ".join((*meant, *remedy))
            yield Fault(f"/ops/allowed/{position}", message, hint)


RULES = (
    known_operations,
    known_names,
    fitting_arguments,
    usable_schemas,
    readable_conditions,
)
SCHEMA_RULES = (allowed_operations,)
"""The rules about the schema."""
