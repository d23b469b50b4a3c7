"""The interpreter: segments, retries, limits, and what is left behind on every exit."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from errors.problem import Refusal
from operations.context import ExecutionContext
from pipelines.run import RETRIES, run
from stores.interfaces import Conflict
from stores.memory import MemoryStore
from tests.support.mini import DIGEST, ENTRY, mini, step

FIELDS = {"name": "widget", "digest": DIGEST, "count": "7", "flag": "true"}
KEY = "thing/{name}/{count}"
BEGIN = step("txn.begin", isolation="serializable")
COMMIT = step("txn.commit")
OK = step("respond.json", status=200, body={"ok": True})
REFUSED = step("respond.error", status=409, code="TAKEN", message="it is taken")
PUT = step("kv.put", doc="thing", key=KEY, value={"value": "{name}"})

Make = Callable[..., Any]


async def stored(made: Any) -> object:
    return await made.world.kv["meta"].get("thing", "thing/widget/7")


async def refusal(made: Any, body: bytes = b"", **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await made.ask(FIELDS, body, **more)
    return caught.value


async def test_a_committed_write_is_there(bench: Make) -> None:
    made = bench(mini(*ENTRY, BEGIN, PUT, COMMIT, OK))
    made.open()
    assert (await made.ask(FIELDS)).status == 200
    assert await stored(made) is not None


async def test_a_refusal_inside_a_transaction_leaves_nothing(bench: Make) -> None:
    error = step("respond.error", status=418, code="TEAPOT", message="no")
    made = bench(mini(*ENTRY, BEGIN, PUT, error))
    made.open()
    found = await refusal(made)
    assert (found.problem.code, found.problem.status) == ("TEAPOT", 418)
    assert await stored(made) is None


async def test_an_abort_leaves_nothing(bench: Make) -> None:
    made = bench(mini(*ENTRY, BEGIN, PUT, step("txn.abort"), REFUSED))
    made.open()
    assert (await refusal(made)).problem.status == 409
    assert await stored(made) is None


async def test_a_guard_that_does_not_hold_skips_the_step_and_its_arguments(bench: Make) -> None:
    made = bench(
        mini(
            *ENTRY,
            step("parse.json", out="body"),
            step("respond.json", status=201, body="$body", when={"equals": ["{count}", 8]}),
            OK,
        )
    )
    made.open()
    assert (await made.ask(FIELDS, b"{}")).status == 200


class Contended(MemoryStore):
    """A store in which somebody else always wins the first `losses` races."""

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.losses = losses
        self.begun = 0
        self.exclusive = 0

    def begin(self) -> Any:
        self.begun += 1
        return self._losing(super().begin())

    async def begin_exclusive(self) -> Any:
        self.exclusive += 1
        return self._losing(await super().begin_exclusive())

    def _losing(self, transaction: Any) -> Any:
        commit = transaction.commit

        async def lose_first() -> None:
            if self.losses:
                self.losses -= 1
                transaction.abort()
                raise Conflict
            await commit()

        transaction.commit = lose_first
        return transaction


def contended(bench: Make, losses: int, *steps: Any) -> tuple[Any, Contended]:
    made = bench(mini(*ENTRY, *steps))
    world = made.open()
    store = Contended(losses)
    world.kv["meta"] = store
    return made, store


@pytest.mark.parametrize("losses", range(RETRIES + 1))
async def test_a_lost_race_is_run_again_by_itself(losses: int, bench: Make) -> None:
    made, store = contended(bench, losses, BEGIN, PUT, COMMIT, OK)
    assert (await made.ask(FIELDS)).status == 200
    assert made.meter.retries == losses
    assert store.begun == min(losses + 1, 2)
    assert store.exclusive == max(0, losses - 1)


async def test_a_race_lost_six_times_is_a_conflict(bench: Make) -> None:
    made, _ = contended(bench, RETRIES + 1, BEGIN, PUT, COMMIT, OK)
    found = await refusal(made)
    assert (found.problem.code, found.problem.status) == ("TXN_CONFLICT", 409)
    assert await stored(made) is None


async def test_a_segment_run_again_keeps_its_blob_and_its_time(bench: Make) -> None:
    made, _ = contended(
        bench, 3,
        step("blob.put", store="blobs", from_="request.body", out="blob", out_size="size"),
        BEGIN,
        step("blob.verify_digest", digest="$blob"),
        step("time.now_iso8601", out="now"),
        PUT, COMMIT,
        step("respond.json", status=200, body={"size": "$size", "digest": "$blob"}),
    )  # fmt: skip
    reply = await made.ask(FIELDS, b"twelve bytes")
    answer = json.loads(reply.body)
    assert answer["size"] == 12
    assert await made.world.blobs["blobs"].open(answer["digest"]) is not None


async def test_one_clock_reading_a_request(bench: Make) -> None:
    made = bench(
        mini(
            *ENTRY,
            step("time.now_iso8601", out="first"),
            step("time.now_iso8601", out="second"),
            step("respond.json", status=200, body=["$first", "$second"]),
        )
    )
    world = made.open()
    ticks = iter([1_700_000_000.25, 1_800_000_000.0])
    object.__setattr__(world, "clock", lambda: next(ticks))
    reply = await made.ask(FIELDS)
    assert json.loads(reply.body) == ["2023-11-14T22:13:20.250Z"] * 2


async def test_store_calls_are_bounded(bench: Make) -> None:
    reads = [step("kv.get", doc="thing", key=KEY, out=f"x{i}") for i in range(4)]
    schema = mini(*ENTRY, *reads, OK)
    schema["ops"]["limits"] = {"max_io_ops_per_request": 4}
    made = bench(schema)
    made.open()
    assert (await made.ask(FIELDS)).status == 200
    context = made.context(FIELDS)
    context.io_left = 3
    with pytest.raises(Refusal) as caught:
        await run(made.loaded.programs.routes[0], context)
    assert (caught.value.problem.code, caught.value.problem.status) == ("IO_LIMIT", 503)


def slow(made: Any, **changes: float) -> ExecutionContext:
    context: ExecutionContext = made.context(FIELDS)
    for name, value in changes.items():
        setattr(context, name, value)
    return context


async def test_processor_time_is_bounded(bench: Make) -> None:
    made = bench(mini(*ENTRY, step("kv.get", doc="thing", key=KEY, out="x"), OK))
    made.open()
    context = slow(made, cpu_started=-1e6, check_at=0.0)
    with pytest.raises(Refusal) as caught:
        await run(made.loaded.programs.routes[0], context)
    assert (caught.value.problem.code, caught.value.problem.status) == ("CPU_LIMIT", 503)


async def test_the_deadline_holds_between_steps(bench: Make) -> None:
    made = bench(mini(*ENTRY, step("kv.get", doc="thing", key=KEY, out="x"), OK))
    made.open()
    context = slow(made, deadline=0.0, check_at=0.0)
    with pytest.raises(Refusal) as caught:
        await run(made.loaded.programs.routes[0], context)
    assert (caught.value.problem.code, caught.value.problem.status) == ("DEADLINE", 504)


async def test_the_deadline_holds_while_waiting(bench: Make) -> None:
    made = bench(mini(*ENTRY, OK))
    made.open()
    context = made.context(FIELDS)
    context.deadline = context.check_at = asyncio.get_running_loop().time() * 0
    with pytest.raises(Refusal) as caught:
        await context.wait(asyncio.Event().wait())
    assert caught.value.problem.code == "DEADLINE"


async def test_waiting_is_not_counted_as_processor_time(bench: Make) -> None:
    made = bench(mini(*ENTRY, OK))
    made.open()
    context = made.context(FIELDS)
    before = context.check_at
    await context.wait(asyncio.sleep(0.02))
    assert context.check_at - before >= 0.015


async def test_every_exit_drops_what_was_staged(bench: Make) -> None:
    made = bench(
        mini(
            *ENTRY,
            step("blob.put", store="blobs", from_="request.body", out="blob", out_size="size"),
            step("respond.error", status=400, code="NO", message="no"),
        )
    )
    made.open()
    await refusal(made, b"some bytes")
    stats = await made.world.blobs["blobs"].stats()
    assert stats.blobs == 0


async def test_a_cancelled_request_changes_nothing(bench: Make) -> None:
    made, store = contended(bench, 0, BEGIN, PUT, COMMIT, OK)
    reached, never = asyncio.Event(), asyncio.Event()
    begin = store.begin

    def stuck() -> Any:
        transaction = begin()

        async def wait() -> None:
            reached.set()
            await never.wait()

        transaction.commit = wait
        return transaction

    store.begin = stuck  # type: ignore[method-assign]
    task = asyncio.create_task(made.ask(FIELDS))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stored(made) is None
