import asyncio
import threading

import pytest

from config_db.threads import BoundedThreads
from errors.problem import Refusal


async def test_whoever_comes_when_too_many_wait_is_sent_away_until_there_is_room():
    threads, gate = BoundedThreads("the test", threads=1, waiting=1), threading.Event()
    running = [asyncio.ensure_future(threads.run(gate.wait)) for _ in range(2)]
    await asyncio.sleep(0)  # lets both take their places
    with pytest.raises(Refusal) as refused:
        await threads.run(gate.wait)
    assert refused.value.problem.code == "OVERLOADED"
    gate.set()
    assert await asyncio.gather(*running) == [True, True]
    assert await threads.run(gate.wait)
    threads.close()


async def test_a_caller_that_stops_waiting_frees_no_place_before_the_work_is_over():
    threads, gate = BoundedThreads("the test", threads=1, waiting=0), threading.Event()
    started = threading.Event()

    def work() -> None:
        started.set()
        gate.wait()

    running = asyncio.ensure_future(threads.run(work))
    await asyncio.to_thread(started.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(Refusal):
        await threads.run(work)
    gate.set()
    threads.close()
