"""Steps as they are written: what could be seen while they were read."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, rule
from pipelines.expressions import Fault


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


RULES = (
    known_operations,
    known_names,
    fitting_arguments,
    usable_schemas,
    readable_conditions,
)
