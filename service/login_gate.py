"""How often somebody may guess: failed logins are counted by address and by user name.

Each process counts for itself.
"""

import asyncio
import hashlib
import ipaddress
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from errors.problem import Refusal, problem

PRUNE_ABOVE = 4096
MAX_WAITING = 256


class Attempt:
    """One guess; `failed` has to be called when it was wrong."""

    def __init__(self) -> None:
        self.wrong = False

    def failed(self) -> None:
        """Count it."""
        self.wrong = True


class LoginGate:
    """At most `failures` in any `window_seconds`, for each name that an attempt counts under."""

    def __init__(self, failures: int = 10, window_seconds: int = 60) -> None:
        self._limit = RateLimitItemPerSecond(failures, window_seconds)
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._under_way: Counter[str] = Counter()
        self._waiting: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def attempt(self, *names: str) -> AsyncIterator[Attempt]:
        """Let one guess in. Raises Refusal LOGIN_RATE_LIMITED, OVERLOADED.

        Guesses under way count as failed until they are settled, so that many at once gain nothing;
        one that finds no room because of them waits.
        """
        await self._enter(names)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            self._leave(names, attempt.wrong)

    async def _enter(self, names: tuple[str, ...]) -> None:
        while True:
            for name in names:
                if not self._limiter.test(self._limit, name):
                    raise self._refusal(name)
            if all(self._has_room(name) for name in names):
                self._under_way.update(names)
                return
            await self._wait()

    async def _wait(self) -> None:
        if len(self._waiting) >= MAX_WAITING:
            busy = problem("OVERLOADED", "too many logins wait")
            raise Refusal(busy, {"Retry-After": "1"})
        settled = asyncio.get_running_loop().create_future()
        self._waiting.add(settled)
        try:
            await settled
        finally:
            self._waiting.discard(settled)

    def _leave(self, names: tuple[str, ...], wrong: bool) -> None:
        for name in names:
            self._under_way[name] -= 1
            if not self._under_way[name]:
                del self._under_way[name]
            if wrong:
                self._limiter.hit(self._limit, name)
        self._prune()
        for settled in self._waiting:
            if not settled.done():
                settled.set_result(None)

    def _has_room(self, name: str) -> bool:
        return self._limiter.test(self._limit, name, cost=self._under_way[name] + 1)

    def _refusal(self, name: str) -> Refusal:
        reset_at = self._limiter.get_window_stats(self._limit, name).reset_time
        wait = max(1, math.ceil(reset_at - time.time()))
        limited = problem("LOGIN_RATE_LIMITED", "too many failed logins", retry_after_seconds=wait)
        return Refusal(limited, {"Retry-After": str(wait)})

    def _prune(self) -> None:
        # The library keeps an empty list for every name that was ever counted.
        if len(self._storage.events) > PRUNE_ABOVE:
            for key in [key for key, entries in self._storage.events.items() if not entries]:
                self._storage.clear(key)


def address_name(address: str | None) -> str:
    """What attempts from an address count under; an IPv6 client owns at least a /64."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "address:unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address:{parsed.ipv4_mapped}"
        return f"address:{ipaddress.IPv6Network((int(parsed), 64), strict=False)}"
    return f"address:{parsed}"


def user_name(username: str) -> str:
    """What attempts on a user count under, of bounded length."""
    return "user:" + hashlib.sha256(username.encode()).hexdigest()
