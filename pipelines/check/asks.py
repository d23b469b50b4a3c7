"""Conditions as questions to a world: answered from what is known, else both ways."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pipelines.check.domains import EMPTY, NULL, canonical
from pipelines.check.worlds import (
    MAX_WORLDS,
    Place,
    TooManyWorlds,
    Trail,
    World,
    without_null,
)
from pipelines.nodes import (
    All,
    Condition,
    Constant,
    Either,
    Node,
    Not,
    Reference,
    Test,
)
from schema.predicates import OPERATORS

_OPPOSITES = {
    "is_not_null": "is_null", "is_not_empty": "is_empty", "not_equals": "equals", "not_in": "in",
}  # fmt: skip
_SWAPPED = {"gt": "lt", "gte": "lte"}
_NULLS = frozenset({NULL})

Locate = Callable[[Reference], Place | None]


class Ask(NamedTuple):
    """One comparison in its canonical form.

    It asks whether `place` is one of `literals`, or whether `atom` holds, which compares `operands`
    (a place for each, None for what is no place); or its `answer` is known without any request.
    The comparison as written holds when the answer is `positive`.
    """

    test: Test
    positive: bool
    place: Place | None = None
    literals: frozenset[str] = frozenset()
    atom: tuple[Any, ...] | None = None
    operands: tuple[Place | None, ...] = ()
    answer: bool | None = None


class Asked(NamedTuple):
    """One comparison, asked in one world; `truth` is None when the world goes both ways."""

    step: int
    world: World
    ask: Ask
    truth: bool | None


Asks = Mapping[int, Ask]
"""By the id() of the test."""


def asks_of(condition: Condition, locate: Locate) -> Iterator[Ask]:
    """Every comparison of a condition in its canonical form."""
    match condition:
        case Test():
            yield _ask(condition, locate)
        case All(parts) | Either(parts):
            for part in parts:
                yield from asks_of(part, locate)
        case Not(inner):
            yield from asks_of(inner, locate)


def decide(
    condition: Condition, world: World, asks: Asks, step: int, asked: list[Asked]
) -> Iterator[tuple[World, bool]]:
    """The worlds that `world` becomes by asking, left to right, each with the answer.

    Raises TooManyWorlds.
    """
    match condition:
        case Test():
            ask = asks[id(condition)]
            truth = answer(ask, world)
            asked.append(Asked(step, world, ask, truth))
            if truth is not None:
                yield world, truth
            else:
                yield assumed(ask, world, holds=True), True
                yield assumed(ask, world, holds=False), False
        case Not(inner):
            for after, truth in decide(inner, world, asks, step, asked):
                yield after, not truth
        case All(parts):
            yield from _several(parts, False, world, asks, step, asked)
        case Either(parts):
            yield from _several(parts, True, world, asks, step, asked)


def _several(
    parts: tuple[Condition, ...],
    settles: bool,
    world: World,
    asks: Asks,
    step: int,
    asked: list[Asked],
) -> Iterator[tuple[World, bool]]:
    """Ask one after the other until one answer `settles` the matter, as at run time."""
    open_ = [world]
    for part in parts:
        further = []
        for one in open_:
            for after, truth in decide(part, one, asks, step, asked):
                if truth is settles:
                    yield after, settles
                else:
                    further.append(after)
            if len(further) > MAX_WORLDS:
                raise TooManyWorlds
        open_ = further
    for one in open_:
        yield one, not settles


def answer(ask: Ask, world: World) -> bool | None:
    """Whether the comparison holds there; None when it may or may not."""
    found = ask.answer
    if found is None and ask.place is not None:
        found = world.within(ask.place, ask.literals)
    elif found is None and ask.atom is not None:
        found = _atom(ask, world)
    return None if found is None else found is ask.positive


def _atom(ask: Ask, world: World) -> bool | None:
    assert ask.atom is not None
    known = world.atoms.get(ask.atom)
    if known is not None:
        return known
    nulls = [place is not None and world.shape(place).kind == NULL for place in ask.operands]
    if ask.atom[0] != "equals":
        return False if any(nulls) else None
    if all(nulls):
        return True
    if any(nulls):
        other = ask.operands[nulls.index(False)]
        return False if other is None or not world.shape(other).nullable else None
    return None


def assumed(ask: Ask, world: World, *, holds: bool) -> World:
    """The world once that comparison is known to hold or not to."""
    inner = holds is ask.positive
    world = world._replace(trail=Trail(ask.test, holds, world.trail))
    if ask.place is not None:
        return world.narrowed(ask.place, ask.literals, inside=inner)
    assert ask.atom is not None
    world = world._replace(atoms={**world.atoms, ask.atom: inner})
    places = [place for place in ask.operands if place is not None]
    if ask.atom[0] != "equals":
        for place in places if inner else ():
            world = without_null(world, place)
        return world
    if len(places) == 2:
        for one, other in (places, places[::-1]):
            shape = world.shape(one)
            if shape.kind == NULL:
                world = world.narrowed(other, _NULLS, inside=inner)
            elif inner and not shape.nullable:
                world = without_null(world, other)
    return world


def _ask(test: Test, locate: Locate) -> Ask:
    operator = _OPPOSITES.get(test.operator, test.operator)
    positive = operator == test.operator
    operands = test.operands
    if operator in _SWAPPED:
        operator, operands = _SWAPPED[operator], operands[::-1]
    values = [operand.value for operand in operands if isinstance(operand, Constant)]
    if len(values) == len(operands):
        return Ask(test, positive, answer=OPERATORS[operator](*values))
    places = tuple(_place(operand, locate) for operand in operands)
    if operator in ("is_null", "is_empty") and places[0] is not None:
        return Ask(test, positive, places[0], _NULLS if operator == "is_null" else EMPTY)
    if operator == "in" and places[0] is not None and isinstance(operands[1], Constant):
        return Ask(test, positive, places[0], frozenset(map(canonical, operands[1].value)))
    keys = [
        repr(operand) if place is None else place
        for operand, place in zip(operands, places, strict=True)
    ]
    if operator == "equals":
        for place, other in ((places[0], operands[1]), (places[1], operands[0])):
            if place is not None and isinstance(other, Constant):
                return Ask(test, positive, place, frozenset({canonical(other.value)}))
        if keys[0] == keys[1]:
            return Ask(test, positive, answer=True)
        keys.sort(key=repr)
    if operator == "in":  # A list may hold null, but must be there.
        places = (None, places[1])
    return Ask(test, positive, atom=(operator, *keys), operands=places)


def _place(node: Node, locate: Locate) -> Place | None:
    if isinstance(node, Reference) and node.slice is None:
        return locate(node)
    return None
