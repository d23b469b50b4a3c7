"""Guards are answered in worlds as they are at run time: no path that can be taken is missed."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.check.asks import Asked, asks_of, decide
from pipelines.check.domains import Domain, canonical
from pipelines.check.worlds import Ground, Place, World
from pipelines.conditions import parse_condition
from pipelines.evaluate import condition as compiled
from pipelines.nodes import Condition, Reference
from pipelines.shapes import ANY, Shape

VALUES: list[Any] = [None, "", "a", "b", 0, 1, True, [], ["a"], {}, {"p": None}, {"p": "a"}]
NAMES = ("x", "y")
SLOTS: dict[str, Place] = {name: ("variable", "", name) for name in NAMES}
GROUND = Ground(dict.fromkeys(SLOTS.values(), ANY), {})

OPERANDS = st.sampled_from(["$x", "$y", "$x.p", "$x[0]", None, "", "a", 1, True, []])
TESTS = st.one_of(
    st.builds(
        lambda op, a: {op: a},
        st.sampled_from(["is_null", "is_not_null", "is_empty", "is_not_empty"]),
        st.sampled_from(["$x", "$y", "$x.p", "$x[0]"]),
    ),
    st.builds(
        lambda op, a, b: {op: [a, b]},
        st.sampled_from(["equals", "not_equals", "gt", "gte", "lt", "lte", "starts_with"]),
        OPERANDS,
        OPERANDS,
    ),
    st.builds(
        lambda op, a, b: {op: [a, b]},
        st.sampled_from(["in", "not_in"]),
        OPERANDS,
        st.just("$y") | st.lists(st.sampled_from([None, "a", 1, []]), max_size=3),
    ),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)


def parsed(written: Any) -> Condition:
    condition = parse_condition(written, "/when", [])
    assert condition is not None
    return condition


def place(reference: Reference) -> Place:
    return (*SLOTS[reference.name], *reference.path)


def predicted(conditions: list[Condition]) -> list[tuple[tuple[bool, ...], World]]:
    """Every way through the guards, one after the other, with the world at its end."""
    ways: list[tuple[tuple[bool, ...], World]] = [
        ((), World(GROUND, {}, {}, frozenset(SLOTS.values())))
    ]
    for step, condition in enumerate(conditions):
        asks = {id(ask.test): ask for ask in asks_of(condition, place)}
        asked: list[Asked] = []
        ways = [
            ((*told, truth), after)
            for told, world in ways
            for after, truth in decide(condition, world, asks, step, asked)
        ]
    return ways


def actual(conditions: list[Condition], values: list[Any]) -> tuple[bool, ...]:
    def locate(reference: Reference) -> Any:
        return NAMES.index(reference.name), reference.path

    return tuple(compiled(condition, locate)(values) for condition in conditions)


def fits(world: World, values: list[Any]) -> bool:
    """Whether the values are among those that the world's facts leave."""
    found = dict(zip(SLOTS.values(), values, strict=True))
    return all(
        in_domain(domain, value_at(found[at[:3]], at[3:])) for at, domain in world.domains.items()
    )


def value_at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        if isinstance(part, str):
            value = value.get(part) if isinstance(value, dict) else None
        else:
            value = value[part] if isinstance(value, list) and part < len(value) else None
    return value


def in_domain(domain: Domain, value: Any) -> bool:
    text = canonical(value)
    return text not in domain.never if domain.only is None else text in domain.only


@settings(max_examples=300, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=3))
def test_every_outcome_that_can_happen_is_foreseen_with_facts_that_hold(written: list[Any]) -> None:
    conditions = [parsed(one) for one in written]
    ways = predicted(conditions)
    for values in map(list, itertools.product(VALUES, repeat=len(NAMES))):
        outcome = actual(conditions, values)
        assert any(told == outcome and fits(world, values) for told, world in ways)


def test_a_condition_asked_twice_has_one_answer() -> None:
    condition = parsed({"any": [{"is_null": "$x"}, {"gt": ["$x", "$y"]}]})
    assert {told for told, _ in predicted([condition, condition])} == {(True, True), (False, False)}


def test_what_is_greater_is_there() -> None:
    holds = next(world for told, world in predicted([parsed({"gt": ["$x.p", 1]})]) if told[0])
    assert not holds.shape((*SLOTS["x"], "p")).nullable
    assert not holds.shape(SLOTS["x"]).nullable


def test_the_first_item_of_a_list_that_is_not_empty_is_there() -> None:
    rows: Place = ("variable", "", "rows")
    ground = Ground({rows: Shape("array", item=Shape("object"))}, {})
    world = World(ground, {}, {}, frozenset({rows}))
    filled = world.narrowed(rows, frozenset({"[]", "null", '""', "{}"}), inside=False)
    assert world.shape((*rows, 0)).nullable
    assert not filled.shape((*rows, 0)).nullable
    assert filled.shape((*rows, 1)).nullable


def test_an_item_of_an_empty_list_is_null() -> None:
    rows: Place = ("variable", "", "rows")
    ground = Ground({rows: Shape("array", item=Shape("object"))}, {})
    world = World(ground, {}, {}, frozenset({rows}))
    empty = world.narrowed(rows, frozenset({"[]", "null", '""', "{}"}), inside=True)
    assert empty.shape((*rows, 0, "name")).kind == "null"


def test_literals_that_are_one_json_value_are_one() -> None:
    assert canonical(1) == canonical(1.0)
    assert canonical({"b": 1, "a": [2.0]}) == canonical({"a": [2], "b": 1})
    assert canonical(True) != canonical(1)
