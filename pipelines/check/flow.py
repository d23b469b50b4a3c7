"""Every path through a pipeline: worlds walk from step to step, part at guards and merge again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.check.asks import Asked, decide
from pipelines.check.effects import Surroundings, advance
from pipelines.check.plan import Plan, StepPlan
from pipelines.check.worlds import MAX_WORLDS, SLOT, TooManyWorlds, Transaction, World
from pipelines.nodes import Condition, StepNode

MAX_VISITS = 50_000
"""Worlds that come to all steps of one pipeline together."""

MAX_ASKED = 250
"""Comparisons in one guard: every world remembers what it has answered."""

APPLIER = -1
"""Where the transaction of an apply pipeline began: before its first step."""


class Visit(NamedTuple):
    """A world that has come to a step and asked its guard."""

    step: StepNode
    world: World
    holds: bool


@dataclass(slots=True)
class Flow:
    """All that can happen in a pipeline.

    `ends` are the worlds that passed the last step without a reply. `exceeded` is the step at
    which there were too many worlds to follow; nothing is known of the steps behind it.
    """

    visits: list[Visit] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    ends: list[World] = field(default_factory=list)
    exceeded: StepNode | None = None
    _ran: list[Visit] = field(default_factory=list, repr=False)
    _seen: int = 0

    def runs(self) -> list[Visit]:
        """The visits in which the step does something."""
        if self._seen != len(self.visits):
            self._ran += [visit for visit in self.visits[self._seen :] if visit.holds]
            self._seen = len(self.visits)
        return self._ran


def walk(plan: Plan, around: Surroundings) -> Flow:
    """Follow every path of a pipeline."""
    flow = Flow()
    worlds = [start(plan)]
    for step_plan in plan.steps:
        try:
            worlds = _step(step_plan, worlds, flow, around, plan)
        except TooManyWorlds:
            flow.exceeded = step_plan.step
            return flow
    flow.ends = worlds
    return flow


def _step(
    step_plan: StepPlan, worlds: list[World], flow: Flow, around: Surroundings, plan: Plan
) -> list[World]:
    step = step_plan.step
    if step.when is None:
        outcomes = [(world, True) for world in worlds]
    else:
        outcomes = list(_decided(step.when, worlds, step_plan, flow))
    if len(flow.visits) + len(outcomes) > MAX_VISITS:
        raise TooManyWorlds
    following = []
    for found, holds in outcomes:
        flow.visits.append(Visit(step, found, holds))
        after = advance(step_plan, found, around, plan) if holds else found
        if after is not None:
            following.append(settle(after, step_plan))
    return merged(following)


def merged(worlds: list[World]) -> list[World]:
    """The worlds, of those that are the same the first. Raises TooManyWorlds."""
    if len(worlds) < 2:
        return worlds
    found: dict[object, World] = {}
    for world in worlds:
        found.setdefault(world.same(), world)
    if len(found) > MAX_WORLDS:
        raise TooManyWorlds
    return list(found.values())


def _decided(
    condition: Condition, worlds: list[World], step_plan: StepPlan, flow: Flow
) -> Iterator[tuple[World, bool]]:
    """The worlds that some become by asking a guard, no more than two for each that may be."""
    if len(step_plan.asks) > MAX_ASKED:
        raise TooManyWorlds
    count = 0
    for world in worlds:
        index = step_plan.step.index
        for outcome in decide(condition, world, step_plan.asks, index, flow.asked):
            count += 1
            if count > 2 * MAX_WORLDS:
                raise TooManyWorlds
            yield outcome


def start(plan: Plan) -> World:
    """Parameters of the path and the roots are there from the start."""
    given = frozenset(place for place in plan.ground.shapes if place[0] in ("param", "root"))
    world = World(plan.ground, {}, {}, given)
    if plan.pipeline.event is None:
        return world
    return world._replace(authenticated=True, transaction=Transaction(APPLIER))


def settle(world: World, step_plan: StepPlan) -> World:
    """The world behind a step, without what no later step asks for."""
    needed = step_plan.needed
    domains = world.domains
    if domains and any(place[:SLOT] not in needed for place in domains):
        domains = {place: d for place, d in domains.items() if place[:SLOT] in needed}
    atoms = world.atoms
    if atoms and any(atom not in step_plan.needed_atoms for atom in atoms):
        atoms = {atom: b for atom, b in atoms.items() if atom in step_plan.needed_atoms}
    given = world.given
    if not given <= needed:
        given = given & needed
    if domains is not world.domains or atoms is not world.atoms:
        return world._replace(domains=domains, atoms=atoms, given=given)
    return world if given is world.given else world.having(given)
