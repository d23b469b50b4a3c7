"""Conditions over plain values: the meaning of `when`, shared by pipelines and invariants.

Equality is JSON's: true is not 1, 1 equals 1.0, null equals only null. Order exists among numbers
and among texts; every other comparison is false.
"""

from collections.abc import Callable
from typing import Any

Json = Any


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
