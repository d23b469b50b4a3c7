"""The ways through a pipeline: to each reply, with the decisions in words; and the worst of them.

A transaction that loses a race is run again from `txn.begin`. It can lose OPTIMISTIC_TRIES times;
then it holds the store's lock. What makes it run more often, a store that takes the lock away from
who is slow, is left to the limits at run time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import NamedTuple

from pipelines.check.analysis import Analysis
from pipelines.check.asks import decide
from pipelines.check.effects import advance
from pipelines.check.flow import settle, start
from pipelines.check.plan import StepPlan
from pipelines.check.worlds import MAX_WORLDS, TooManyWorlds, World
from pipelines.derive.cost import StepCosts
from pipelines.derive.facts import Cost, PathFacts
from pipelines.nodes import Condition, StepNode
from pipelines.run import OPTIMISTIC_TRIES
from pipelines.words import condition_words, opposite_words, part_words

MAX_PATHS = 200
_MOST_DECISIONS = 24
"""Decisions of one path that are put in words."""

_BUDGET = 20_000
"""Worlds that are followed for one pipeline's paths."""


class Tally(NamedTuple):
    """What a path has cost so far.

    `segment` are the store calls since `txn.begin`, `committed` those of the dearest transaction
    that may have lost a race. `dearest` are the most calls that one step makes in all tries, and
    that step's index.
    """

    cost: Cost = Cost()
    segment: int = 0
    committed: int = 0
    dearest: tuple[int, int] = (0, -1)

    def after(self, step: StepNode, cost: Cost, world: World) -> "Tally":
        """The tally once a step ran in that world."""
        segment, committed = self.segment, self.committed
        tries = 1
        if world.transaction is not None and world.transaction.begun >= 0:
            segment += cost.store_calls
            tries += OPTIMISTIC_TRIES
        if step.operation.name == "txn.begin":
            segment = 0
        elif step.operation.name == "txn.commit":
            committed = max(committed, segment)
        dearest = max(self.dearest, (cost.store_calls * tries, -step.index))
        return Tally(self.cost + cost, segment, committed, dearest)

    def total(self) -> Cost:
        """The cost with every race lost."""
        return replace(self.cost, retried=self.committed * OPTIMISTIC_TRIES)

    def joined(self, other: "Tally") -> "Tally":
        """The worst of both, part by part."""
        higher = max(self, other, key=lambda tally: tally.total().worst_calls)
        return Tally(
            worse(self.cost, other.cost),
            max(self.segment, other.segment),
            max(self.committed, other.committed),
            higher.dearest,
        )


_NOTHING = Tally()


class Worst(NamedTuple):
    """The worst case over all paths, and a world at the end of the one with most store calls."""

    tally: Tally
    world: World


@dataclass(frozen=True, slots=True)
class _Way:
    """A path being followed: all worlds that came this way, which the same steps made."""

    worlds: tuple[World, ...]
    ran: tuple[int, ...] = ()
    decisions: tuple[tuple[Condition, bool], ...] = ()
    tally: Tally = _NOTHING


def worst(analysis: Analysis, costs: StepCosts) -> Worst | None:
    """The worst case over all paths, each kind of cost by itself; None when nobody can follow."""
    if not analysis.pipeline.complete or analysis.flow.exceeded is not None:
        return None
    states: dict[object, Worst] = {(): Worst(Tally(), start(analysis.plan))}
    ended: list[Worst] = []
    for step_plan in analysis.plan.steps:
        following: dict[object, Worst] = {}
        for tally, world in states.values():
            for found, holds in _outcomes(step_plan, world):
                step, after, so_far = step_plan.step, found, tally
                if holds:
                    so_far = tally.after(step, costs.of(step, found), found)
                    moved = advance(step_plan, found, analysis.whole.around, analysis.plan)
                    if moved is None:
                        ended.append(Worst(so_far, found))
                        continue
                    after = moved
                _merge(following, Worst(so_far, settle(after, step_plan)))
        states = following
    return _worst_of([*ended, *states.values()])


def paths(analysis: Analysis, costs: StepCosts) -> tuple[tuple[PathFacts, ...], bool]:
    """The paths, at most MAX_PATHS, and whether these are all."""
    if not analysis.pipeline.complete or analysis.flow.exceeded is not None:
        return (), False
    found: list[PathFacts] = []
    try:
        for path in _Walk(analysis, costs).paths():
            if len(found) == MAX_PATHS:
                return tuple(found), False
            found.append(path)
    except TooManyWorlds:
        return tuple(found), False
    return tuple(found), True


class _Walk:
    """Depth first, what holds before what does not: paths come in the order of their replies."""

    def __init__(self, analysis: Analysis, costs: StepCosts) -> None:
        self._analysis = analysis
        self._costs = costs
        self._left = _BUDGET

    def paths(self) -> Iterator[PathFacts]:
        """Every path. Raises TooManyWorlds."""
        steps = self._analysis.plan.steps
        waiting = [(_Way((start(self._analysis.plan),)), 0)]
        while waiting:
            way, position = waiting.pop()
            if position == len(steps):
                yield _path(way, None)
                continue
            step_plan = steps[position]
            held, passed = self._parted(step_plan, way)
            if passed.worlds:
                waiting.append((passed, position + 1))
            if not held.worlds:
                continue
            after = self._ran(step_plan, held)
            if after.worlds:
                waiting.append((after, position + 1))
            else:
                yield _path(after, step_plan.step)

    def _parted(self, step_plan: StepPlan, way: _Way) -> tuple[_Way, _Way]:
        """The way where the step's guard holds, and where it does not."""
        worlds: dict[bool, dict[object, World]] = {True: {}, False: {}}
        for world in way.worlds:
            for found, holds in _outcomes(step_plan, world):
                self._left -= 1
                if self._left < 0:
                    raise TooManyWorlds
                worlds[holds].setdefault(found.same(), found)
        held = replace(way, worlds=tuple(worlds[True].values()))
        passed = replace(way, worlds=tuple(worlds[False].values()))
        guard = step_plan.step.when
        if guard is None or not held.worlds or not passed.worlds:
            return held, passed
        return (
            replace(held, decisions=(*way.decisions, (guard, True))),
            replace(passed, decisions=(*way.decisions, (guard, False))),
        )

    def _ran(self, step_plan: StepPlan, way: _Way) -> _Way:
        """The way behind a step that ran; no world is left once it has replied."""
        step, analysis = step_plan.step, self._analysis
        merged: dict[object, World] = {}
        for world in way.worlds:
            after = advance(step_plan, world, analysis.whole.around, analysis.plan)
            if after is not None:
                after = settle(after, step_plan)
                merged.setdefault(after.same(), after)
        cost = dearest(self._costs.of(step, world) for world in way.worlds)
        return _Way(
            tuple(merged.values()),
            (*way.ran, step.index),
            way.decisions,
            way.tally.after(step, cost, way.worlds[0]),
        )


def worse(one: Cost, other: Cost) -> Cost:
    """The greater of each kind of cost; None, which nothing bounds, is greatest."""
    return Cost(
        max(one.steps, other.steps),
        max(one.store_calls, other.store_calls),
        _greater(one.bytes_in, other.bytes_in),
        _greater(one.bytes_out, other.bytes_out),
        _greater(one.bytes_stored, other.bytes_stored),
        max(one.retried, other.retried),
    )


def dearest(costs: Iterable[Cost]) -> Cost:
    """The greatest of each kind of cost. Raises ValueError where there are none."""
    different = dict.fromkeys(costs)
    if not different:
        raise ValueError("no costs")
    return reduce(worse, different)


def _outcomes(step_plan: StepPlan, world: World) -> Iterator[tuple[World, bool]]:
    step = step_plan.step
    if step.when is None:
        return iter(((world, True),))
    return decide(step.when, world, step_plan.asks, step.index, [])


def _merge(following: dict[object, Worst], state: Worst) -> None:
    key = state.world.same()
    before = following.get(key)
    following[key] = state if before is None else _worst_of([before, state])
    if len(following) > MAX_WORLDS:
        raise TooManyWorlds


def _worst_of(states: list[Worst]) -> Worst:
    tally = states[0].tally
    for state in states[1:]:
        tally = tally.joined(state.tally)
    world = max(states, key=lambda state: state.tally.total().worst_calls).world
    return Worst(tally, world)


def _path(way: _Way, reply: StepNode | None) -> PathFacts:
    """A path that ends with that reply, or (in apply pipelines) with the last step."""
    static = {} if reply is None else reply.static
    return PathFacts(
        when=_when(way.decisions),
        steps=way.ran,
        status=static.get("status", 0),
        code=static.get("code"),
        cost=way.tally.total(),
    )


def _when(decisions: tuple[tuple[Condition, bool], ...]) -> str:
    if len(decisions) == 1:
        ((guard, holds),) = decisions
        return condition_words(guard) if holds else opposite_words(guard)
    told = [part_words(guard, holds=holds) for guard, holds in decisions[:_MOST_DECISIONS]]
    if len(decisions) > len(told):
        told.append(f"{len(decisions) - len(told)} more decisions")
    return " and ".join(told) or "always"


def _greater(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
