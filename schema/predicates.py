"""Conditions over plain values: the meaning of `when`, shared by policies and by pipelines.

Equality is JSON's: true is not 1, 1 equals 1.0, null equals only null. Order exists among numbers
and among texts; every other comparison is false.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schema.nearest import hint, short

Json = Any
Test = Callable[[Callable[[Json], Json]], bool]
"""A compiled condition: given what resolves an operand, whether it holds."""


class ConditionFault(ValueError):
    """A condition is not one of the language (E206); `pointer` leads into it."""

    def __init__(self, message: str, pointer: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer
        self.hint = hint


def json_equal(left: Json, right: Json) -> bool:
    """Whether two JSON values are the same value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(json_equal(left[k], right[k]) for k in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(json_equal, left, right))
    return bool(left == right)


def json_in(item: Json, collection: Json) -> bool:
    """Whether an array holds a value; what is no array holds nothing."""
    return isinstance(collection, list | tuple) and any(json_equal(item, c) for c in collection)


def is_empty(value: Json) -> bool:
    """True for null, "", [] and {}."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def _ordered(left: Json, right: Json) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return True
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return numbers and not isinstance(left, bool) and not isinstance(right, bool)


def _texts(left: Json, right: Json) -> bool:
    return isinstance(left, str) and isinstance(right, str)


UNARY: dict[str, Callable[[Json], bool]] = {
    "is_null": lambda value: value is None,
    "is_not_null": lambda value: value is not None,
    "is_empty": is_empty,
    "is_not_empty": lambda value: not is_empty(value),
}

BINARY: dict[str, Callable[[Json, Json], bool]] = {
    "equals": json_equal,
    "not_equals": lambda left, right: not json_equal(left, right),
    "in": json_in,
    "not_in": lambda item, collection: not json_in(item, collection),
    "gt": lambda left, right: _ordered(left, right) and bool(left > right),
    "gte": lambda left, right: _ordered(left, right) and bool(left >= right),
    "lt": lambda left, right: _ordered(left, right) and bool(left < right),
    "lte": lambda left, right: _ordered(left, right) and bool(left <= right),
    "starts_with": lambda text, start: _texts(text, start) and text.startswith(start),
    "ends_with": lambda text, end: _texts(text, end) and text.endswith(end),
}

COMBINATORS = ("all", "any", "not")

OPERATORS: dict[str, Callable[..., bool]] = {**UNARY, **BINARY}
"""Every operator over values; `COMBINATORS` are over conditions."""


def compile_condition(condition: Json, pointer: str = "") -> Test:
    """Compile a condition whose operands are resolved when it is asked. Raises ConditionFault."""
    if not isinstance(condition, dict):
        raise ConditionFault("a condition is an object", pointer)
    if not condition:
        raise ConditionFault("the condition is empty", pointer, "leave out `when`")
    tests = [_operator(name, operand, pointer) for name, operand in condition.items()]
    if len(tests) == 1:
        return tests[0]
    return lambda resolve: all(test(resolve) for test in tests)


def condition_faults(condition: Json, pointer: str = "") -> Iterator[ConditionFault]:
    """The first fault of a condition, if it has one."""
    try:
        compile_condition(condition, pointer)
    except ConditionFault as fault:
        yield fault


def _operator(name: str, operand: Json, pointer: str) -> Test:
    place = f"{pointer}/{name}"
    if name in UNARY:
        check = UNARY[name]
        return lambda resolve: check(resolve(operand))
    if name in BINARY:
        if not isinstance(operand, list) or len(operand) != 2:
            raise ConditionFault(f"`{name}` takes a list of two operands", place)
        compare, (left, right) = BINARY[name], operand
        return lambda resolve: compare(resolve(left), resolve(right))
    if name == "not":
        test = compile_condition(operand, place)
        return lambda resolve: not test(resolve)
    if name not in COMBINATORS:
        known = (*OPERATORS, *COMBINATORS)
        raise ConditionFault(f"`{short(name)}` is not an operator", pointer, hint(name, known))
    if not isinstance(operand, list) or not operand:
        raise ConditionFault(f"`{name}` takes a list of conditions", place)
    tests = [compile_condition(item, f"{place}/{at}") for at, item in enumerate(operand)]
    if name == "all":
        return lambda resolve: all(test(resolve) for test in tests)
    return lambda resolve: any(test(resolve) for test in tests)


_REFERENCE = re.compile(r"\$([a-z]+(?:\.[a-z_]+)?)|\{([a-z]+(?:\.[a-z_]+)?)\}")
POLICY_NAMES = ("route.id", "route.method", "route.tags", "route.path", "tenant")
"""What a policy's `when` may speak of."""


def policy_test(when: Mapping[str, Json] | None) -> Callable[[Mapping[str, Json]], bool]:
    """Compile a policy's `when`; the result is asked with values by `POLICY_NAMES`.

    No `when` holds always. Raises ConditionFault.
    """
    if when is None:
        return lambda facts: True
    for pointer, name in policy_references(when):
        if name not in POLICY_NAMES:
            raise ConditionFault(f"a policy knows no `{name}`", pointer, hint(name, POLICY_NAMES))
    test = compile_condition(dict(when))

    def holds(facts: Mapping[str, Json]) -> bool:
        def resolve(operand: Json) -> Json:
            name = reference(operand)
            return _literal(operand) if name is None else facts.get(name)

        return test(resolve)

    return holds


def policy_references(condition: Json, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every reference in a policy's condition with its JSON Pointer."""
    name = reference(condition)
    if name is not None:
        yield pointer, name
    children: Mapping[Any, Json] = {}
    if isinstance(condition, dict):
        children = condition
    elif isinstance(condition, list):
        children = dict(enumerate(condition))
    for step, item in children.items():
        yield from policy_references(item, f"{pointer}/{step}")


def reference(operand: Json) -> str | None:
    """The name that an operand refers to (`$route.id` or `{route.id}`), None for a literal."""
    match = _REFERENCE.fullmatch(operand) if isinstance(operand, str) else None
    return (match[1] or match[2]) if match else None


def _literal(operand: Json) -> Json:
    if isinstance(operand, str):
        return operand.replace("$$", "$").replace("{{", "{").replace("}}", "}")
    return operand
