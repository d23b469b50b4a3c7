"""The state of one request: its limits, its waiting, its way out."""

import asyncio
import time
from typing import Any

import pytest

from operations.operation import operation
from operations.types import Text
from operations.violation import EffectViolation


async def test_a_wait_beyond_the_deadline_is_refused(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    ctx.deadline = time.perf_counter() + 0.01
    await refused("DEADLINE", lambda: ctx.wait(asyncio.Event().wait()))


async def test_a_timeout_of_the_awaited_itself_is_not_the_deadline(house: Any) -> None:
    async def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await house.ctx().wait(fail())


async def test_what_others_compute_meanwhile_is_not_counted(house: Any) -> None:
    async def burn() -> None:
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass

    ctx = house.ctx()
    before, check_at = ctx.cpu_started, ctx.check_at
    await ctx.aside(burn())
    assert ctx.cpu_started - before >= 0.05
    assert ctx.check_at - check_at >= 0.05


async def test_processor_time_beyond_the_limit_is_refused(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    ctx.check_budget()
    ctx.cpu_started -= 2
    await refused("CPU_LIMIT", ctx.check_budget)
    ctx.deadline = 0.0
    await refused("DEADLINE", ctx.check_budget)


async def test_a_write_outside_a_transaction_is_stopped(house: Any) -> None:
    with pytest.raises(EffectViolation) as stopped:
        house.ctx().writer("meta")
    assert (stopped.value.culprit, stopped.value.effect[-6:]) == ("small", "(E310)")


async def test_a_write_in_a_route_that_only_reads_is_stopped(house: Any) -> None:
    ctx = house.ctx(program={"reads_only": True})
    await ctx.begin(("meta",))
    with pytest.raises(EffectViolation) as stopped:
        ctx.writer("meta")
    assert (stopped.value.culprit, stopped.value.effect[-6:]) == ("small", "(E304)")


async def test_an_exclusive_transaction_keeps_others_out_until_it_ends(house: Any) -> None:
    ctx = house.ctx()
    ctx.exclusive = True
    await ctx.begin(("meta",))
    ctx.writer("meta").put("c", "k", b"1")
    other = house.ctx()
    await other.begin(("meta",))
    other.writer("meta").put("c", "k", b"2")
    waiting = asyncio.create_task(other.commit())
    await asyncio.sleep(0)
    await ctx.commit()
    await waiting
    assert (await house.kv.get("c", "k")).value == b"2"


async def test_everything_that_was_opened_is_closed_on_the_way_out(house: Any) -> None:
    closed = []

    async def close() -> None:
        closed.append(True)

    ctx = house.ctx()
    ctx.on_exit.append(close)
    await ctx.begin(("meta",))
    await ctx.leave()
    await ctx.leave()
    assert closed == [True]
    assert ctx.transactions is None


def test_a_declaration_that_the_language_cannot_say_is_refused() -> None:
    def undocumented(ctx: Any) -> None: ...

    def mistyped(ctx: Any, key: str) -> None:
        """An argument without a type of the language."""

    def misreturned(ctx: Any) -> str:
        """An output without a type of the language."""
        return ""

    def fine(ctx: Any, from_: Text = "x") -> Text:
        """Documented.

        More."""
        return from_

    def named_only(ctx: Any, *, key: Text) -> None:
        """An argument that the compiler cannot pass by position."""

    for function in (undocumented, mistyped, misreturned, named_only):
        with pytest.raises(TypeError):
            operation("test.op")(function)
    declared = operation("test.op")(fine)
    assert declared.summary == "Documented."
    assert declared.parameter("from") == declared.parameters[0]
    assert declared.parameter("from_") is None
    assert declared.output("out") == declared.outputs[0]
    assert declared.output("rev_out") is None
