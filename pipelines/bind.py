"""A step becomes one callable over slots; what is known at load is known before the first request.

Arguments are passed by position, in the order the operation declares them: a call without keywords
is the cheapest there is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from operations.context import ExecutionContext
from pipelines.evaluate import Evaluate, Slots
from pipelines.nodes import StepNode

Call = Callable[[ExecutionContext], Any]

Wrap = Callable[[StepNode, Callable[..., Any]], Callable[..., Any]]
"""Puts something around an operation's function in one step: who watches, records or replaces it.
What it gives back is called with the same arguments and awaited as the function would be."""


def unwrapped(step: StepNode, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself."""
    return function


DO, SET, SPREAD, AWAIT, AWAIT_SET, AWAIT_SPREAD, REPLY, BEGIN = range(8)
"""How the interpreter treats a step: call it; call it and keep the result in a slot; call it and
keep several parts of the result; the same three awaited; call it and stop; open a segment."""


class BoundStep(NamedTuple):
    """One step, ready to run.

    `guard` is None or says whether the step is to run. `slot` takes the result of SET and
    AWAIT_SET; `spread` holds (part of the result, slot) for SPREAD and AWAIT_SPREAD.
    """

    kind: int
    call: Call
    guard: Callable[[Slots], bool] | None
    slot: int
    spread: tuple[tuple[int, int], ...]
    position: int
    name: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """An argument whose value is known at load."""

    value: Any


Argument = Fixed | Evaluate


def bind(function: Callable[..., Any], arguments: Sequence[Argument]) -> Call:
    """The call of an operation with these arguments after the context, in declared order."""
    kinds = "".join("f" if isinstance(argument, Fixed) else "d" for argument in arguments)
    values: list[Any] = [a.value if isinstance(a, Fixed) else a for a in arguments]
    if "d" not in kinds:
        return _fixed(function, tuple(values))
    shape = _SHAPES.get(kinds)
    if shape is not None:
        return shape(function, *values)
    evaluates = tuple(
        (lambda slots, value=a.value: value) if isinstance(a, Fixed) else a for a in arguments
    )
    return lambda ctx: function(ctx, *[value(ctx.slots) for value in evaluates])


def _fixed(function: Callable[..., Any], values: tuple[Any, ...]) -> Call:
    if not values:
        return function
    if len(values) == 1:
        (only,) = values
        return lambda ctx: function(ctx, only)
    return lambda ctx: function(ctx, *values)


_SHAPES: dict[str, Callable[..., Call]] = {
    "d": lambda call, a: lambda ctx: call(ctx, a(ctx.slots)),
    "fd": lambda call, a, b: lambda ctx: call(ctx, a, b(ctx.slots)),
    "dd": lambda call, a, b: lambda ctx: call(ctx, a(ctx.slots), b(ctx.slots)),
    "fdd": lambda call, a, b, c: lambda ctx: call(ctx, a, b(ctx.slots), c(ctx.slots)),
    "fdf": lambda call, a, b, c: lambda ctx: call(ctx, a, b(ctx.slots), c),
}
"""The commonest kinds of argument lists (f: fixed, d: evaluated), each without a loop."""
