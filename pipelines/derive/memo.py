"""What is derived of a schema or a pipeline once, and asked for again and again."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

Of = TypeVar("Of")
Others = ParamSpec("Others")
T = TypeVar("T")


def once(derive: Callable[Concatenate[Of, Others], T]) -> Callable[Concatenate[Of, Others], T]:
    """The function, which keeps what it gave for as long as its first argument lives.

    The others are hashable, and given by their place. What is given must not hold the first, or
    both would live for ever.
    """
    known: WeakKeyDictionary[Of, dict[Any, T]] = WeakKeyDictionary()

    @wraps(derive)
    def kept(of: Of, /, *others: Others.args, **named: Others.kwargs) -> T:
        found = known.setdefault(of, {})
        if others not in found:
            found[others] = derive(of, *others, **named)
        return found[others]

    return kept
