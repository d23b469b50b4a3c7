"""What the examples of a route show of it: which steps ran, and how each guard went, both ways.

Only what can happen counts, and the checker's walk over every path knows what that is: a step that
is reached, a guard that may hold or not, and so may each comparison of a guard that has several.
Programs are watched by a second compilation; those that serve requests know nothing of it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple

from operations.operation import Operation
from pipelines.bind import BoundStep
from pipelines.check.analysis import Analysis, Whole
from pipelines.compile import compile_schema
from pipelines.evaluate import Guard, Slots
from pipelines.nodes import All, Condition, Either, Not, StepNode, Test
from pipelines.program import Programs
from pipelines.words import condition_words
from schema.model import Schema


class Goal(NamedTuple):
    """One thing that examples can show: that the step at `pointer` ran, or that the guard of that
    step, or the comparison at `pointer`, held or did not."""

    kind: Literal["step", "guard", "comparison"]
    pointer: str
    holds: bool = True


class Missing(NamedTuple):
    """What no example shows; `step` is the step's number, from 1."""

    step: int
    operation: str
    pointer: str
    message: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"step {self.step} {self.operation}{self.message}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one route its examples show. `outcomes` are those of guards and comparisons."""

    route: str
    steps: int
    steps_shown: int
    outcomes: int
    outcomes_shown: int
    missing: tuple[Missing, ...]

    @property
    def percent(self) -> float:
        """Shown of all that can be shown; 100 only when nothing is missing."""
        total = self.steps + self.outcomes
        return 100 * (self.steps_shown + self.outcomes_shown) / total if total else 100.0


def watched(schema: Schema, vocabulary: Mapping[str, Operation], seen: set[Goal]) -> Programs:
    """The programs of a schema, which put into `seen` what they come to."""

    def watch(test: Test, guard: Guard) -> Guard:
        return _noting("comparison", test.pointer, guard, seen)

    programs = compile_schema(schema, vocabulary, watch=watch)
    routes = (
        replace(program, steps=tuple(_watched(step, at, seen) for step in program.steps))
        for at, program in enumerate(programs.routes)
    )
    return replace(programs, routes=tuple(routes))


def coverage(
    schema: Schema, vocabulary: Mapping[str, Operation], seen: Collection[Goal]
) -> Iterator[Coverage]:
    """What `seen` is of each route, in the order of the schema."""
    for analysis in Whole(schema.document, vocabulary).pipelines:
        if analysis.route is not None:
            possible = frozenset(_possible(analysis))
            shown = possible & frozenset(seen)
            steps = [sum(goal.kind == "step" for goal in goals) for goals in (possible, shown)]
            yield Coverage(
                analysis.route.id,
                steps[0],
                steps[1],
                len(possible) - steps[0],
                len(shown) - steps[1],
                tuple(_missing(analysis, possible, shown)),
            )


def _watched(step: BoundStep, route: int, seen: set[Goal]) -> BoundStep:
    pointer = f"/api/routes/{route}/pipeline/{step.position}"
    ran = Goal("step", pointer)
    if step.guard is None:
        return step._replace(guard=partial(_note, seen, ran))
    guard = _noting("guard", pointer, step.guard, seen)
    return step._replace(guard=lambda slots: guard(slots) and _note(seen, ran, slots))


def _note(seen: set[Goal], goal: Goal, slots: Slots) -> bool:
    seen.add(goal)
    return True


def _noting(
    kind: Literal["guard", "comparison"], pointer: str, guard: Guard, seen: set[Goal]
) -> Guard:
    outcomes = Goal(kind, pointer, False), Goal(kind, pointer, True)

    def noting(slots: Slots) -> bool:
        holds = guard(slots)
        seen.add(outcomes[holds])
        return holds

    return noting


def _possible(analysis: Analysis) -> Iterator[Goal]:
    """Everything that some path comes to."""
    for visit in analysis.flow.visits:
        if visit.holds:
            yield Goal("step", visit.step.pointer)
        if visit.step.when is not None:
            yield Goal("guard", visit.step.pointer, visit.holds)
    for step_index, _, ask, truth in analysis.flow.asked:
        if len(_comparisons(analysis.by_index[step_index])) > 1:
            for holds in (True, False) if truth is None else (truth,):
                yield Goal("comparison", ask.test.pointer, holds)


def _missing(
    analysis: Analysis, possible: frozenset[Goal], shown: frozenset[Goal]
) -> Iterator[Missing]:
    for step in analysis.pipeline.steps:
        ran = Goal("step", step.pointer)
        outcomes = {Goal("guard", step.pointer, holds) for holds in (True, False)}
        for message in _messages(step, ran, outcomes, possible - shown, shown):
            yield Missing(step.index + 1, step.operation.name, step.pointer, message)


def _messages(
    step: StepNode,
    ran: Goal,
    outcomes: Collection[Goal],
    lacking: frozenset[Goal],
    shown: frozenset[Goal],
) -> Iterator[str]:
    reached = ran in shown or not shown.isdisjoint(outcomes)
    guard = "" if step.when is None else f"`{condition_words(step.when)}`"
    if not reached and not lacking.isdisjoint({ran, *outcomes}):
        yield " never ran: no example comes to it"
        return
    if ran in lacking:
        yield f" never ran; its guard {guard} never held"
    elif not lacking.isdisjoint(outcomes):
        yield f": its guard {guard} always held"
    for test in _comparisons(step):
        for holds, word in ((True, "never"), (False, "always")):
            if Goal("comparison", test.pointer, holds) in lacking:
                yield f": in its guard `{condition_words(test)}` {word} held"


def _comparisons(step: StepNode) -> list[Test]:
    return [] if step.when is None else list(_tests(step.when))


def _tests(condition: Condition) -> Iterator[Test]:
    match condition:
        case Test():
            yield condition
        case All(parts) | Either(parts):
            for part in parts:
                yield from _tests(part)
        case Not(inner):
            yield from _tests(inner)
