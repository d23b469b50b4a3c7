"""The bytes of an upstream's answer, as they arrive."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from errors.problem import Refusal, refuse

MIN_RATE = 1024
"""Bytes per second that an upstream must hold on average, once its read timeout was waited."""


class UpstreamBody:
    """Whole, or an error: an answer that breaks off, stalls or drips is refused."""

    def __init__(self, name: str, answer: aiohttp.ClientResponse, read_seconds: float) -> None:
        self._name = name
        self._answer = answer
        self._read_seconds = read_seconds
        self._received = 0
        self._waited = 0.0

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces in order, each once. Raises Refusal UPSTREAM_ERROR or UPSTREAM_TIMEOUT."""
        try:
            while piece := await self._next():
                yield piece
        finally:
            self._answer.release()

    async def _next(self) -> bytes:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            piece = await self._answer.content.readany()
        except TimeoutError:
            raise self._too_slow() from None
        except (aiohttp.ClientError, OSError):
            raise refuse(
                "UPSTREAM_ERROR",
                f"upstream {self._name} broke off after {self._received} bytes",
                upstream=self._name,
            ) from None
        self._received += len(piece)
        self._waited += loop.time() - started
        if piece and self._waited > self._read_seconds:
            if self._received < MIN_RATE * self._waited:
                raise self._too_slow()
        return piece

    def _too_slow(self) -> Refusal:
        return refuse(
            "UPSTREAM_TIMEOUT",
            f"upstream {self._name} sends its answer too slowly",
            upstream=self._name,
        )
