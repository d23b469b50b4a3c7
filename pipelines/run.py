"""The interpreter: steps in order, until one of them replies.

On a conflict the segment since `txn.begin` is run again with the variables it started from: at
most RETRIES times, with jitter, the later tries with the store's lock taken first so that they
cannot lose again. Every exit passes `ctx.leave`, which aborts what is open.
"""

import asyncio
from time import perf_counter

from errors.problem import refuse
from operations.context import ExecutionContext, Reply
from pipelines.bind import AWAITS, BEGINS, PLAIN, BoundStep
from pipelines.compile import Program
from stores.interfaces import Conflict

RETRIES = 5
OPTIMISTIC_TRIES = 2
_JITTER_SECONDS = 0.002


async def run(program: Program, ctx: ExecutionContext) -> Reply:
    """Run a program for one request.

    Raises Refusal for everything that the pipeline or a limit refuses, after aborting. A reply
    whose body is a handle leaves that handle open; whoever sends it closes it.
    """
    program.enter(ctx)
    try:
        await _segments(program.steps, ctx)
        reply = ctx.reply
        if reply is None:
            raise RuntimeError(f"the pipeline {program.id} ended without a reply")
        return reply
    finally:
        await ctx.leave()


async def apply(program: Program, ctx: ExecutionContext) -> None:
    """Run an apply pipeline inside the transaction that the caller has opened on `ctx`."""
    program.enter(ctx)
    for step in program.steps:
        if step.kind == PLAIN:
            step.call(ctx)
        else:
            await step.call(ctx)


async def _segments(steps: tuple[BoundStep, ...], ctx: ExecutionContext) -> None:
    start = 0
    lost = 0
    saved: list[object] = []
    while True:
        position = start
        try:
            for kind, call, index, _ in steps[start:] if start else steps:
                position = index
                if kind == PLAIN:
                    call(ctx)
                elif kind == AWAITS:
                    await call(ctx)
                elif kind == BEGINS:
                    start, saved = index, ctx.slots.copy()
                    await call(ctx)
                else:
                    call(ctx)
                    if ctx.reply is not None:
                        return
                if perf_counter() > ctx.check_at:
                    ctx.check_budget()
            return
        except Conflict:
            lost += 1
            ctx.abort()
            if lost > RETRIES:
                raise refuse(
                    "TXN_CONFLICT", f"others changed the same data {lost} times", step=position
                ) from None
            ctx.world.meter.transaction_retry()
            ctx.slots[:] = saved
            ctx.exclusive = lost >= OPTIMISTIC_TRIES
            if lost > 1:
                await ctx.wait(asyncio.sleep(_JITTER_SECONDS * _fraction(ctx)))


def _fraction(ctx: ExecutionContext) -> float:
    return ctx.world.randomness(1)[0] / 256
