"""A few threads for work that blocks, with a bound on what may wait for them."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from errors.problem import Refusal, problem

T = TypeVar("T")


class BoundedThreads:
    """`threads` at work, `waiting` behind them; whoever comes then is sent away at once."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threading.Semaphore(threads + waiting)

    async def run(self, work: Callable[[], T]) -> T:
        """Await `work()`. Raises Refusal OVERLOADED, and what the work raises.

        A place is free again when the work is over, not when a caller stops waiting for it.
        """
        if not self._places.acquire(blocking=False):
            busy = problem("OVERLOADED", f"too much work waits for {self._name}")
            raise Refusal(busy, {"Retry-After": "1"})
        running = self._pool.submit(work)
        running.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """Drop what waits, finish what runs, end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)
