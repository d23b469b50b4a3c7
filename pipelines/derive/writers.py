"""Which steps write what, over all pipelines of a schema."""

from collections.abc import Iterable, Iterator, Mapping

from pipelines.check.analysis import Analysis, Whole
from pipelines.derive.memo import once
from pipelines.nodes import StepNode

_PUTS = ("kv.put", "kv.cas_put")
_ROWS = ("index.upsert",)


def documents_put(whole: Whole, document: str) -> Iterator[tuple[Analysis, StepNode]]:
    """The steps that put documents of that kind, each with its pipeline."""
    return _with_pipelines(whole, _written(whole, _PUTS, "doc").get(document, ()))


def rows_put(whole: Whole, index: str) -> Iterator[tuple[Analysis, StepNode]]:
    """The steps that put rows into that index, each with its pipeline."""
    return _with_pipelines(whole, _written(whole, _ROWS, "index").get(index, ()))


def _with_pipelines(
    whole: Whole, found: Iterable[tuple[int, StepNode]]
) -> Iterator[tuple[Analysis, StepNode]]:
    return ((whole.pipelines[position], step) for position, step in found)


@once
def _written(
    whole: Whole, operations: tuple[str, ...], argument: str
) -> Mapping[str, list[tuple[int, StepNode]]]:
    """The steps of those operations by an argument of theirs, with the position of the pipeline."""
    found: dict[str, list[tuple[int, StepNode]]] = {}
    for position, analysis in enumerate(whole.pipelines):
        for step in analysis.pipeline.steps:
            if step.operation.name in operations and argument in step.static:
                found.setdefault(step.static[argument], []).append((position, step))
    return found
