"""A request's body as it arrives: bounded in size, in the pauses it makes, and in slowness."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from errors.problem import refuse
from service.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Disconnected(Exception):
    """The client went away: nobody is left to be answered."""


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """Seconds, and bytes per second. `min_rate` counts once `grace_seconds` have been waited."""

    idle_seconds: float
    grace_seconds: float
    min_rate: int

    @classmethod
    def of(cls, settings: Settings) -> "BodyBounds":
        """The bounds that the settings name."""
        return cls(settings.body_idle_seconds, settings.body_grace_seconds, settings.body_min_rate)


class PacedReceive:
    """What a client sends of one request's body; whoever pauses or drips is given up."""

    __slots__ = ("_bounds", "_more", "_receive", "_waited", "received")

    def __init__(self, receive: Receive, bounds: BodyBounds) -> None:
        self.received = 0
        """Bytes of the body so far."""
        self._receive = receive
        self._bounds = bounds
        self._waited = 0.0
        self._more = True

    async def __call__(self) -> Message:
        """The next message; there is no bound once the body is whole.

        Raises Refusal REQUEST_TIMEOUT.
        """
        if not self._more:
            return await self._receive()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._bounds.idle_seconds) as idle:
                message = await self._receive()
        except TimeoutError:
            if not idle.expired():
                raise
            limit = self._bounds.idle_seconds
            raise refuse("REQUEST_TIMEOUT", f"no byte of the body came in {limit:g} s") from None
        self._more = message.get("more_body", False)
        self.received += len(message.get("body", b""))
        self._waited += loop.time() - started
        self._check_rate()
        return message

    def _check_rate(self) -> None:
        """Only the time spent waiting for the client counts."""
        bounds = self._bounds
        if self._more and self._waited > bounds.grace_seconds:
            rate = self.received / self._waited
            if rate < bounds.min_rate:
                raise refuse(
                    "REQUEST_TIMEOUT",
                    f"the body comes with {rate:.0f} bytes a second, {bounds.min_rate} are needed",
                )


class RequestBody:
    """The bytes of a request. The client is asked for them when they are first read."""

    __slots__ = ("_declared", "_limit", "_more", "_receive")

    def __init__(
        self, receive: Receive, bounds: BodyBounds, *, limit: int, declared: int | None
    ) -> None:
        """`limit` is in bytes; `declared` is the Content-Length."""
        self._receive = PacedReceive(receive, bounds)
        self._limit = limit
        self._declared = declared
        self._more = True

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces in order, each once.

        Raises Refusal BODY_TOO_LARGE and REQUEST_TIMEOUT, and Disconnected.
        """
        if self._declared is not None and self._declared > self._limit:
            raise self._too_large()
        while self._more:
            piece = await self._next()
            if piece:
                yield piece

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        piece: bytes = message.get("body", b"")
        self._more = message.get("more_body", False)
        if self._receive.received > self._limit:
            raise self._too_large()
        return piece

    def _too_large(self) -> Exception:
        return refuse(
            "BODY_TOO_LARGE",
            f"the body is over the {self._limit} bytes that a request may have",
            limit=self._limit,
        )
