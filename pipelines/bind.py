"""A step becomes one callable: its guard, its arguments and its outputs bound to slots."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from operations.context import ExecutionContext
from pipelines.evaluate import Evaluate, Slots

Call = Callable[[ExecutionContext], Any]

PLAIN, AWAITS, REPLIES, BEGINS = 0, 1, 2, 3


class BoundStep(NamedTuple):
    """One step, ready to run. `kind` is PLAIN, AWAITS (call gives an awaitable), REPLIES (a plain
    step after which the pipeline may be over) or BEGINS (an awaiting step that opens a segment)."""

    kind: int
    call: Call
    position: int
    name: str


def bind(
    function: Callable[..., Any],
    *,
    awaits: bool,
    constants: Mapping[str, Any],
    dynamic: tuple[tuple[str, Evaluate], ...],
    outputs: tuple[tuple[int | None, int], ...],
    guard: Callable[[Slots], bool] | None,
) -> Call:
    """The callable of one step.

    `outputs` are (position in the result, slot); position None takes the whole result.
    """
    invoke = _invoke(function, dict(constants), dynamic)
    if awaits:
        return _awaiting(invoke, outputs, guard)
    return _plain(invoke, outputs, guard)


def _invoke(
    function: Callable[..., Any],
    constants: dict[str, Any],
    dynamic: tuple[tuple[str, Evaluate], ...],
) -> Call:
    if not dynamic:
        return lambda ctx: function(ctx, **constants)
    if len(dynamic) == 1:
        ((name, value),) = dynamic
        return lambda ctx: function(ctx, **constants, **{name: value(ctx.slots)})

    def invoke(ctx: ExecutionContext) -> Any:
        slots = ctx.slots
        return function(ctx, **constants, **{name: value(slots) for name, value in dynamic})

    return invoke


def _plain(
    invoke: Call,
    outputs: tuple[tuple[int | None, int], ...],
    guard: Callable[[Slots], bool] | None,
) -> Call:
    if not outputs and guard is None:
        return invoke
    if not outputs:
        assert guard is not None
        holds = guard

        def guarded(ctx: ExecutionContext) -> None:
            if holds(ctx.slots):
                invoke(ctx)

        return guarded
    store = _storing(outputs)

    def setting(ctx: ExecutionContext) -> None:
        if guard is None or guard(ctx.slots):
            store(ctx.slots, invoke(ctx))

    return setting


def _awaiting(
    invoke: Callable[[ExecutionContext], Awaitable[Any]],
    outputs: tuple[tuple[int | None, int], ...],
    guard: Callable[[Slots], bool] | None,
) -> Call:
    if not outputs and guard is None:
        return invoke
    store = _storing(outputs)
    if guard is None:

        async def always(ctx: ExecutionContext) -> None:
            store(ctx.slots, await invoke(ctx))

        return always
    holds = guard

    async def guarded(ctx: ExecutionContext) -> None:
        if holds(ctx.slots):
            store(ctx.slots, await invoke(ctx))

    return guarded


def _storing(outputs: tuple[tuple[int | None, int], ...]) -> Callable[[Slots, Any], None]:
    if not outputs:
        return lambda slots, result: None
    if len(outputs) == 1:
        ((position, slot),) = outputs
        if position is None:

            def whole(slots: Slots, result: Any) -> None:
                slots[slot] = result

            return whole

        def one(slots: Slots, result: Any) -> None:
            slots[slot] = result[position]

        return one

    def several(slots: Slots, result: Any) -> None:
        for position, slot in outputs:
            slots[slot] = result if position is None else result[position]

    return several
