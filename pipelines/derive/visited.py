"""A step seen with everything that is known of the paths that lead to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pipelines.check.analysis import Analysis
from pipelines.check.worlds import World
from pipelines.derive.memo import once
from pipelines.keys import match_key
from pipelines.nodes import Constant, Node, Reference, StepNode
from pipelines.validated import validated_fields
from schema.templates import Placeholder

_KEPT = ("kv.get", "index.query", "cache.get")
"""Operations that give what was stored, perhaps under an older schema."""


@dataclass(frozen=True)
class VisitedStep:
    """A step in its pipeline. `worlds` are those in which it runs."""

    analysis: Analysis
    step: StepNode

    @cached_property
    def worlds(self) -> tuple[World, ...]:
        """Empty also where too many paths lead to the step to follow them."""
        return _worlds(self.analysis).get(self.step.index, ())

    @property
    def runs(self) -> bool:
        """Whether some path runs the step; True where paths could not be followed."""
        flow = self.analysis.flow
        beyond = flow.exceeded is not None and flow.exceeded.index <= self.step.index
        return bool(self.worlds) or beyond or not self.analysis.pipeline.complete

    def given(self, name: str) -> Node | None:
        """The node of an argument; None where it is left out or written as null."""
        node = self.step.dynamic.get(name)
        return None if isinstance(node, Constant) and node.value is None else node

    @property
    def inside(self) -> bool:
        """Whether an open transaction is sure."""
        return bool(self.worlds) and all(world.transaction is not None for world in self.worlds)


@once
def _worlds(analysis: Analysis) -> Mapping[int, tuple[World, ...]]:
    """The worlds in which each step runs, by its index."""
    found: dict[int, list[World]] = {}
    for visit in analysis.flow.runs():
        found.setdefault(visit.step.index, []).append(visit.world)
    return {index: tuple(worlds) for index, worlds in found.items()}


def unproved_parts(analysis: Analysis, step: StepNode) -> Iterator[tuple[Placeholder, Reference]]:
    """The parts of the step's key that are judged when the key is made, each with its value."""
    template = analysis.whole.key_of(step)
    bound = match_key(template, step.dynamic["key"]) if template is not None else ""
    if isinstance(bound, str):  # No instance of its template: E501 refuses it.
        return
    proved = validated_fields(analysis.scope, step.index)
    for part, value in bound:
        if isinstance(value, Reference):
            own = value.sigil == "{" and value.name == part.field
            if not own or part.field not in proved:
                yield part, value


def was_stored(at: VisitedStep, reference: Reference) -> bool:
    """Whether the value was written before, perhaps under another schema."""
    target = at.analysis.plan.target(reference, at.step.index)
    if target is None or target.source != "variable":
        return False
    setter = at.analysis.scope.variables[target.name].step
    return at.analysis.by_index[setter].operation.name in _KEPT
