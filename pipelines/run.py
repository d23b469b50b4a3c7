"""The interpreter: steps in order, until one of them replies.

On a conflict the segment since `txn.begin` is run again with the variables it started from: at
most RETRIES times and inside the deadline, with jitter, the later tries with the store's lock taken
first so that they cannot lose again. Every exit passes `ctx.leave`, which aborts what is open.
"""

import asyncio
from time import perf_counter

from errors.problem import Refusal, refuse
from operations.context import Conflict, ExecutionContext, Reply
from pipelines.bind import (
    AWAIT,
    AWAIT_SET,
    AWAIT_SPREAD,
    DO,
    REPLY,
    SET,
    SPREAD,
    BoundStep,
)
from pipelines.program import Program

RETRIES = 5
OPTIMISTIC_TRIES = 2
_JITTER_SECONDS = 0.002


async def run(program: Program, ctx: ExecutionContext) -> Reply:
    """Run a program for one request.

    Raises Refusal for everything that the pipeline or a limit refuses, after aborting. A reply
    whose body is a handle leaves that handle open; whoever sends it closes it.
    """
    program.enter(ctx)
    segment = _Segment()
    try:
        try:
            await _steps(program.steps, ctx, segment)
        except Conflict:
            await _again(program.steps, ctx, segment)
        reply = ctx.reply
        if reply is None:
            raise RuntimeError(f"the pipeline {program.id} ended without a reply")
        return reply
    finally:
        if ctx.holds_anything:
            await ctx.leave()


async def apply(program: Program, ctx: ExecutionContext) -> None:
    """Run an apply pipeline inside the transaction that the caller has opened on `ctx`."""
    program.enter(ctx)
    await _steps(program.steps, ctx, _Segment())


class _Segment:
    """Where the open segment began, and the slots as they were then."""

    __slots__ = ("saved", "start")

    def __init__(self) -> None:
        self.start = 0
        self.saved: list[object] = []


async def _again(steps: tuple[BoundStep, ...], ctx: ExecutionContext, segment: _Segment) -> None:
    """Run the segment that lost a race until it wins, has lost too often, or time is up."""
    for lost in range(1, RETRIES + 1):
        ctx.abort()
        ctx.world.meter.transaction_retry()
        ctx.slots[:] = segment.saved
        ctx.exclusive = lost >= OPTIMISTIC_TRIES
        try:
            if lost > 1:
                await ctx.wait(asyncio.sleep(_JITTER_SECONDS * _fraction(ctx)))
            return await _steps(steps[segment.start :], ctx, segment)
        except Conflict:
            continue
        except Refusal as refusal:
            if refusal.problem.code == "DEADLINE" and not ctx.committed:
                raise _conflict(lost) from None
            raise
    raise _conflict(RETRIES + 1)


def _conflict(lost: int) -> Refusal:
    return refuse("TXN_CONFLICT", f"others changed the same data, {lost} times in a row")


async def _steps(steps: tuple[BoundStep, ...], ctx: ExecutionContext, segment: _Segment) -> None:
    slots = ctx.slots
    for kind, call, guard, slot, spread, position, _ in steps:
        if guard is not None and not guard(slots):
            continue
        if kind == DO:
            call(ctx)
            continue
        if perf_counter() > ctx.check_at:
            ctx.check_budget()
        if kind == AWAIT_SPREAD:
            result = await call(ctx)
            for part, place in spread:
                slots[place] = result[part]
        elif kind == AWAIT_SET:
            slots[slot] = await call(ctx)
        elif kind == AWAIT:
            await call(ctx)
        elif kind == REPLY:
            call(ctx)
            return
        elif kind == SET:
            slots[slot] = call(ctx)
        elif kind == SPREAD:
            result = call(ctx)
            for part, place in spread:
                slots[place] = result[part]
        else:
            segment.start, segment.saved = position, slots.copy()
            await call(ctx)


def _fraction(ctx: ExecutionContext) -> float:
    return ctx.world.randomness(1)[0] / 256
