"""What a watched operation may reach, and for how long."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from errors.problem import Refusal, refuse
from operations.context import ExecutionContext
from operations.monitor import watching
from operations.operation import operation
from operations.types import AnyValue
from operations.violation import EffectViolation

pytestmark = pytest.mark.anyio


@operation("acme.reads", effects=("kv.read",), errors=("NOT_FOUND",))
async def reads(ctx: ExecutionContext) -> AnyValue:
    """Declares reading, and one error."""


@operation("acme.thinks", errors=("NOT_FOUND",))
def thinks(ctx: ExecutionContext) -> AnyValue:
    """Declares nothing but an error, and waits for nothing."""


def run(function: Callable[[Any], Awaitable[Any]], house: Any) -> Awaitable[Any]:
    done: Awaitable[Any] = watching(reads, function)(house.ctx())
    return done


async def test_what_was_declared_is_done(house: Any) -> None:
    async def read(ctx: Any) -> Any:
        ctx.count_io("kv.read")
        return await ctx.reader("meta").get(ctx.scoped("thing"), "thing/none")

    assert await run(read, house) is None


async def test_a_door_is_shut_when_the_step_is_over(house: Any) -> None:
    kept: list[Any] = []

    async def keep(ctx: Any) -> None:
        kept.extend((ctx.reader("meta").get, ctx))

    await run(keep, house)
    with pytest.raises(EffectViolation) as stopped:
        await kept[0]("thing", "thing/none")
    assert stopped.value.effect == "kv.read after its step"
    with pytest.raises(EffectViolation):
        kept[1].time()


async def test_what_is_caught_ends_the_request_all_the_same(house: Any) -> None:
    async def hide(ctx: Any) -> str:
        try:
            ctx.time()
        except Refusal:
            return "nobody saw it"
        return "it worked"

    with pytest.raises(EffectViolation) as stopped:
        await run(hide, house)
    assert (stopped.value.culprit, stopped.value.effect) == ("acme.reads", "clock")


@pytest.mark.parametrize(
    ("reach", "effect"),
    [
        (lambda ctx: ctx.writer("meta"), "a write outside a transaction (E310)"),
        (lambda ctx: ctx.reader("meta").commit(), "reader(meta).commit"),
        (lambda ctx: ctx.world.kv["meta"].begin(), "kv[meta].begin"),
        (lambda ctx: ctx.world.blobs["primary"].open("x"), "blob.read"),
        (lambda ctx: ctx.world.cache.get("blob", "x"), "cache.read"),
        (lambda ctx: ctx.world.clock(), "world.clock"),
        (lambda ctx: ctx.world.denials, "world.denials"),
        (lambda ctx: ctx.staged, "blob.write"),
        (lambda ctx: ctx.leave(), "ctx.leave"),
        (lambda ctx: setattr(ctx, "principal", None), "ctx.principal ="),
        (lambda ctx: ctx.count_io("kv.write"), "kv.write"),
    ],
)
async def test_every_other_door_is_shut(
    house: Any, reach: Callable[[Any], Any], effect: str
) -> None:
    async def other(ctx: Any) -> Any:
        return reach(ctx)

    with pytest.raises(EffectViolation) as stopped:
        await run(other, house)
    assert stopped.value.effect == effect


async def test_a_declared_error_and_one_of_the_engine_pass(house: Any) -> None:
    for code in ("NOT_FOUND", "DEADLINE"):

        def end(ctx: Any, code: str = code) -> None:
            raise refuse(code, "it ends")

        with pytest.raises(Refusal) as refused:
            watching(thinks, end)(house.ctx())
        assert refused.value.problem.code == code


async def test_an_error_that_was_not_declared_is_told_to_nobody(house: Any) -> None:
    def end(ctx: Any) -> None:
        raise refuse("GONE", "it ends")

    with pytest.raises(EffectViolation) as stopped:
        watching(thinks, end)(house.ctx())
    assert stopped.value.effect == "the error GONE"
    assert stopped.value.problem.status == 500
