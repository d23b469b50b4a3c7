"""A pipeline made ready for the walk: what each step reads and sets, which facts stay needed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.check.asks import Ask, Asks, asks_of
from pipelines.check.domains import NULL
from pipelines.check.worlds import SLOT, Ground, Link, Place
from pipelines.expressions import Fault
from pipelines.leaves import Leaf, argument_leaves, condition_leaves, read_in
from pipelines.nodes import Pipeline, Reference, StepNode
from pipelines.scope import Scope
from pipelines.shapes import Shape
from pipelines.targets import Target

_NULLS = frozenset({NULL})
_TRUE = frozenset({"true"})
_LINKED = {"cache.get": ("hit_out", _TRUE, "value_out"), "kv.get": ("rev_out", None, "out")}
"""Operations with two outputs that tell of each other: the one is among the literals (None: is not
null) exactly when the other is not null; of a cache only where nobody puts null into it."""


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step: its comparisons, the slots it sets, the slots and atoms that later steps need.

    `proves` is what holds of all slots behind a validation.
    """

    step: StepNode
    asks: Asks
    sets: frozenset[Place]
    needed: frozenset[Place]
    needed_atoms: frozenset[tuple[Any, ...]]
    proves: Ground | None


class Read(NamedTuple):
    """One reference that a step reads: in which leaf, at which pointer, what it means.

    `asked` tells that it stands in the step's guard.
    """

    pointer: str
    leaf: Leaf
    reference: Reference
    meaning: Target | Fault
    asked: bool


class Plan:
    """All steps of one pipeline, and what its references mean.

    `null_caches` are the kinds of caches that may hold null; `reads` holds what each step reads,
    by its index, its guard first, `slots` where that lies.
    """

    def __init__(
        self, pipeline: Pipeline, scope: Scope, null_caches: frozenset[str] = frozenset()
    ) -> None:
        self.pipeline = pipeline
        self.scope = scope
        self._null_caches = null_caches
        self.reads = {step.index: tuple(self._reads(step)) for step in pipeline.steps}
        self.slots = {index: _slots_of(reads) for index, reads in self.reads.items()}
        asks = [self._asks(step) for step in pipeline.steps]
        shapes = dict(self._shapes())
        self.ground = Ground(shapes, dict(self._links()))
        self._proved = dict(self._grounds())
        self.steps = tuple(self._plans(asks))

    def target(self, reference: Reference, step: int) -> Target | None:
        """What a reference means in a step; None when that is a fault of its own."""
        found = self.scope.target(reference, step)
        return None if isinstance(found, Fault) else found

    def place(self, reference: Reference, step: int) -> Place | None:
        """Where a reference's value lies."""
        target = self.target(reference, step)
        return None if target is None else target.place

    def ground_at(self, step: int) -> Ground:
        """What holds of all slots in a step, whatever the path."""
        before = [index for index in self._proved if index < step]
        return self._proved[max(before)] if before else self.ground

    def _asks(self, step: StepNode) -> dict[int, Ask]:
        if step.when is None:
            return {}
        found = asks_of(step.when, lambda reference: self.place(reference, step.index))
        return {id(ask.test): ask for ask in found}

    def _reads(self, step: StepNode) -> Iterator[Read]:
        target, index = self.scope.target, step.index
        if step.when is not None:
            for pointer, leaf in condition_leaves(step.when):
                for reference in read_in(leaf):
                    yield Read(pointer, leaf, reference, target(reference, index), True)
        for pointer, leaf in argument_leaves(step):
            for reference in read_in(leaf):
                yield Read(pointer, leaf, reference, target(reference, index), False)

    def _shapes(self) -> Iterator[tuple[Place, Shape]]:
        """The shape of each slot as it is before any validation; the first reading decides."""
        known: set[Place] = set()
        for variable in self.scope.variables.values():
            slot = ("variable", "", variable.name)
            known.add(slot)
            yield slot, variable.shape
        for reads in self.reads.values():
            for read in reads:
                target = read.meaning
                if isinstance(target, Target) and target.slot not in known:
                    known.add(target.slot)
                    yield target.slot, target.base

    def _links(self) -> Iterator[tuple[Place, tuple[Link, ...]]]:
        for step in self.pipeline.steps:
            linked = _LINKED.get(step.operation.name)
            if linked is None or not {linked[0], linked[2]} <= step.outputs.keys():
                continue
            if step.static.get("kind") in self._null_caches:
                continue
            tells, literals, value = linked
            one = ("variable", "", step.outputs[tells])
            other = ("variable", "", step.outputs[value])
            these = _NULLS if literals is None else literals
            there = literals is not None
            yield (
                one,
                (
                    Link(these, there, other, _NULLS, False),
                    Link(these, not there, other, _NULLS, True),
                ),
            )
            yield (
                other,
                (
                    Link(_NULLS, False, one, these, there),
                    Link(_NULLS, True, one, these, not there),
                ),
            )

    def _grounds(self) -> Iterator[tuple[int, Ground]]:
        """What is known of the slots behind each step that validates a whole variable."""
        shapes = self.ground.shapes
        for proof in self.scope.proofs:
            slot: Place = ("variable", "", proof.variable)
            if shapes[slot].kind == "any":
                shapes = {**shapes, slot: proof.shape}
                yield proof.step, Ground(shapes, self.ground.links)

    def _plans(self, asks: list[dict[int, Ask]]) -> Iterator[StepPlan]:
        needed: frozenset[Place] = frozenset()
        atoms: frozenset[tuple[Any, ...]] = frozenset()
        backwards = []
        for step, asked in zip(reversed(self.pipeline.steps), reversed(asks), strict=True):
            sets = frozenset(("variable", "", name) for name in step.outputs.values())
            proves = self._proved.get(step.index)
            backwards.append(StepPlan(step, asked, sets, needed, atoms, proves))
            needed |= self.slots[step.index]
            if asked:
                atoms |= {ask.atom for ask in asked.values() if ask.atom is not None}
            if "cache.write" in step.operation.effects:  # E332 asks for the answers' statuses.
                answers = self._answers
                needed |= answers
                atoms |= {atom for atom in _atoms(asks) if not _slots(atom).isdisjoint(answers)}
        yield from reversed(backwards)

    @property
    def _answers(self) -> frozenset[Place]:
        """The slots that hold upstreams' answers."""
        fetches = (s for s in self.pipeline.steps if "network" in s.operation.effects)
        return frozenset(("variable", "", name) for s in fetches for name in s.outputs.values())


def _slots_of(reads: tuple[Read, ...]) -> frozenset[Place]:
    return frozenset(read.meaning.slot for read in reads if isinstance(read.meaning, Target))


def _atoms(asks: Iterable[Mapping[int, Ask]]) -> Iterator[tuple[Any, ...]]:
    """Every atom that some step asks for."""
    return (ask.atom for asked in asks for ask in asked.values() if ask.atom is not None)


def _slots(atom: tuple[Any, ...]) -> frozenset[Place]:
    return frozenset(key[:SLOT] for key in atom[1:] if isinstance(key, tuple))


def place_of(target: Target) -> Place:
    """Where a target's value lies."""
    return target.place
