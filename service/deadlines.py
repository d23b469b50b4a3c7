"""Deadlines of a connection: plain timers of the event loop, no tasks."""

import asyncio
from collections.abc import Callable


class Deadline:
    """At most one thing that will happen. Delays are seconds."""

    __slots__ = ("_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether something will happen."""
        return self._handle is not None

    def set(self, delay: float, then: Callable[[], None]) -> None:
        """Do `then` after `delay`, and nothing else."""
        self.clear()
        self._handle = self._loop.call_later(delay, self._reached, then)

    def clear(self) -> None:
        """Do nothing."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _reached(self, then: Callable[[], None]) -> None:
        self._handle = None
        then()


class ReaderWatch:
    """Cuts off a client that takes fewer than `min_bytes` of what waits for it in `seconds`."""

    __slots__ = ("_deadline", "_min_bytes", "_seconds", "_transport", "_waiting")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        seconds: float,
        min_bytes: int,
    ) -> None:
        self._deadline = Deadline(loop)
        self._transport = transport
        self._seconds = seconds
        self._min_bytes = min_bytes
        self._waiting = 0

    def start(self) -> None:
        """Bytes wait for the client."""
        self._waiting = self._transport.get_write_buffer_size()
        self._deadline.set(self._seconds, self._judge)

    def stop(self) -> None:
        """The client has taken them, or is gone."""
        self._deadline.clear()

    def _judge(self) -> None:
        taken = self._waiting - self._transport.get_write_buffer_size()
        if taken < self._min_bytes:
            self._transport.abort()
        else:
            self.start()
