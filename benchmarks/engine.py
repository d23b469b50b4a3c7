"""What the engine adds to each operation: compiled steps over operations that do nothing.

    python -m benchmarks.engine

The rival is the same stubs awaited by hand in one function. Printed: nanoseconds per operation of
both, their difference (the engine) and the ratio. Target: at most 400 ns per operation.
"""

import asyncio
import gc
import time
from typing import Any, cast

from operations.context import ExecutionContext
from pipelines.bind import AWAIT_SET, DO, REPLY, BoundStep, Fixed, bind
from pipelines.evaluate import evaluator
from pipelines.nodes import ObjectNode, Reference, Template
from pipelines.run import run

ROUNDS = 40_000
TRIES = 7


async def read(ctx: Any, doc: object, key: str) -> dict[str, object]:
    """A stub with the signature of kv.get."""
    return _FOUND


def check(ctx: Any, entity: object) -> None:
    """A stub with the signature of validate.entity."""


def reply(ctx: Any, status: int, body: object) -> None:
    """A stub with the signature of respond.json."""
    ctx.reply = body


_FOUND: dict[str, object] = {"digest": "d"}


class Bare:
    """As much of a context as the interpreter touches."""

    def __init__(self) -> None:
        self.slots: list[object] = ["ns", "name", None, None]
        self.check_at = time.perf_counter() + 1e9
        self.reply: object = None
        self.holds_anything = False

    async def leave(self) -> None:
        """Nothing is open."""


class Stub:
    """A program of stub steps."""

    id = "stub"

    def __init__(self, steps: tuple[BoundStep, ...]) -> None:
        self.steps = steps

    def enter(self, ctx: Any) -> None:
        """Slots are there already."""


def locate(node: Reference) -> tuple[int, tuple[str | int, ...]]:
    """namespace, name, found, missing: slots 0 to 3."""
    return {"namespace": 0, "name": 1, "found": 2}.get(node.name, 3), node.path


def program() -> Stub:
    """Twelve steps such as a metadata route has: plain, awaiting, guarded, one reply."""
    key = evaluator(
        Template(("a/", Reference("{", "namespace"), "/", Reference("{", "name"))), locate
    )
    body = evaluator(ObjectNode((("digest", Reference("$", "found", ("digest",))),)), locate)
    get = bind(read, (Fixed(1), key))
    validate = bind(check, (Fixed(1),))
    steps = [
        BoundStep(AWAIT_SET, get, None, 2, (), position, "kv.get")
        if position % 2
        else BoundStep(DO, validate, None, 0, (), position, "validate.entity")
        for position in range(11)
    ]
    respond = bind(reply, (Fixed(200), body))
    return Stub((*steps, BoundStep(REPLY, respond, None, 0, (), 11, "respond.json")))


async def by_hand(ctx: Any) -> object:
    """The same calls as a person would write them."""
    slots = ctx.slots
    for _ in range(5):
        check(ctx, entity=1)
        slots[2] = await read(ctx, doc=1, key=f"a/{slots[0]}/{slots[1]}")
    check(ctx, entity=1)
    reply(ctx, status=200, body={"digest": slots[2]["digest"]})
    return ctx.reply


async def measure() -> None:
    """Print both, the better of TRIES runs each, taken in turn."""
    made = program()
    ctx = Bare()
    engine, hand = [], []
    gc.disable()
    for _ in range(TRIES):
        started = time.perf_counter()
        for _ in range(ROUNDS):
            ctx.reply = None
            await run(cast(Any, made), cast(ExecutionContext, ctx))
        engine.append((time.perf_counter() - started) / ROUNDS / 12 * 1e9)
        started = time.perf_counter()
        for _ in range(ROUNDS):
            await by_hand(ctx)
        hand.append((time.perf_counter() - started) / ROUNDS / 12 * 1e9)
    ours, theirs = min(engine), min(hand)
    print(f"engine   {ours:7.0f} ns per operation")
    print(f"by hand  {theirs:7.0f} ns per operation")
    print(f"added    {ours - theirs:7.0f} ns per operation (target: at most 400)")
    print(f"ratio    {ours / theirs:7.2f}")


def main() -> None:
    """Measure in a loop of its own."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
