"""Who asks: from a request's headers to a principal.

A credential that was found right is remembered for some seconds by the SHA-256 of its header, so
that the next request costs a look into a dictionary. What ends a credential raises a counter in
the database: in this process at once, in others when they next read it, which they do before they
rely on anything older than `FRESH_SECONDS`.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from config_db.accounts import Account
from config_db.calls import Calls
from config_db.changes import generation
from config_db.standing import session_standing, token_standing
from config_db.tokens import TokenRecord, note_use
from errors.problem import Refusal
from operations.context import Principal
from service import api_tokens
from service.credentials import authorization, shown
from service.refusals import unauthorized
from service.sessions import Sessions

T = TypeVar("T")
Headers = Iterable[tuple[bytes, bytes]]

FRESH_SECONDS = 0.9  # what was read longer ago is not relied on
RENEW_SECONDS = 0.4  # what was read longer ago is read again in the background
USE_SECONDS = 300  # how coarse `last_used_at` is

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """A principal, and the credential that vouched for it.

    `credential` is a session's jti or a token's id; `expires_at` in seconds since 1970.
    """

    principal: Principal
    kind: Literal["anonymous", "jwt", "api_token"]
    account: Account | None = None
    credential: str = ""
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Remembered:
    identity: Identity
    generation: int
    until: float


class Authenticator:
    """Turns headers into principals. Belongs to one event loop.

    `clock` gives seconds since 1970, `monotonic` seconds that never go back.
    """

    def __init__(
        self,
        calls: Calls,
        sessions: Sessions,
        clock: Callable[[], float],
        *,
        sources: Iterable[str] = ("jwt", "api_token", "basic"),
        anonymous_scopes: Iterable[str] = (),
        remember_seconds: float = 5.0,
        remember_count: int = 4096,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._sessions = sessions
        self._clock = clock
        self._monotonic = monotonic
        self._sources = frozenset(sources)
        self._anonymous = Identity(Principal(None, frozenset(anonymous_scopes)), "anonymous")
        self._remember_seconds = remember_seconds
        self._remember_count = remember_count
        self._memory: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._generation = 0
        self._read_at = float("-inf")
        self._renewing: asyncio.Task[None] | None = None
        self._looking_up: dict[tuple[bytes, int], asyncio.Task[Identity]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def recall(self, headers: Headers) -> Principal | None:
        """The principal if it is known without waiting; None: ask `principal`.

        Raises Refusal UNAUTHORIZED for two Authorization headers.
        """
        value = authorization(headers)
        identity = self._anonymous if value is None else self._recalled(value)
        return None if identity is None else identity.principal

    async def principal(self, headers: Headers) -> Principal:
        """The principal; without a credential the anonymous one.

        Raises Refusal UNAUTHORIZED for a credential that does not count, never taking it for none,
        and OVERLOADED when the database does not answer.
        """
        return (await self.identify(headers)).principal

    async def identify(self, headers: Headers) -> Identity:
        """The principal and its credential; raises as `principal` does."""
        value = authorization(headers)
        if value is None:
            return self._anonymous
        identity = self._recalled(value)
        if identity is None and hashlib.sha256(value).digest() in self._memory:
            # Known, but perhaps only not read about for too long: one reading serves all who wait.
            await asyncio.shield(self._renewal())
            identity = self._recalled(value)
        return identity or await self._verified(value)

    def learn(self, changed: int) -> None:
        """A change with that generation was committed: what was remembered before is void."""
        self._generation = max(self._generation, changed)

    async def close(self) -> None:
        """Wait for what runs in the background."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    # remembering

    def _recalled(self, value: bytes) -> Identity | None:
        digest = hashlib.sha256(value).digest()
        known = self._memory.get(digest)
        if known is None:
            return None
        now = self._monotonic()
        age = now - self._read_at
        if known.generation != self._generation or now >= known.until or age >= FRESH_SECONDS:
            return None
        expires_at = known.identity.expires_at
        if expires_at is not None and self._clock() >= expires_at:
            return None
        if age >= RENEW_SECONDS:
            self._renewal()
        self._memory.move_to_end(digest)
        return known.identity

    def _remember(self, value: bytes, identity: Identity, as_of: int, read_at: float) -> None:
        self.learn(as_of)
        self._read_at = max(self._read_at, read_at)
        known = _Remembered(identity, as_of, read_at + self._remember_seconds)
        digest = hashlib.sha256(value).digest()
        self._memory[digest] = known
        self._memory.move_to_end(digest)
        if len(self._memory) > self._remember_count:
            self._memory.popitem(last=False)

    def _renewal(self) -> asyncio.Task[None]:
        if self._renewing is None or self._renewing.done():
            self._renewing = self._in_background(self._renew())
        return self._renewing

    async def _renew(self) -> None:
        try:
            read_at = self._monotonic()
            self._notice_rotation()
            self.learn(await self._calls.read(generation))
            self._read_at = max(self._read_at, read_at)
        except Refusal as refusal:
            # Nothing is relied on past FRESH_SECONDS, so requests meet the same problem themselves.
            log.warning("credentials could not be checked for changes: %s", refusal)

    def _notice_rotation(self) -> None:
        if self._sessions.refresh_keys():
            self._memory.clear()

    def _in_background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # looking up

    async def _verified(self, value: bytes) -> Identity:
        # Many requests with one credential look it up once; who comes after a change looks again.
        key = (value, self._generation)
        looking_up = self._looking_up.get(key)
        if looking_up is None:
            looking_up = self._in_background(self._verify(value))
            self._looking_up[key] = looking_up
            looking_up.add_done_callback(lambda _: self._looking_up.pop(key))
        return await asyncio.shield(looking_up)

    async def _verify(self, value: bytes) -> Identity:
        kind, token = shown(value, self._sources)
        read_at = self._monotonic()
        self._notice_rotation()
        if kind == "jwt":
            identity, as_of = await self._session(token)
        else:
            identity, as_of = await self._api_token(token)
        self._remember(value, identity, as_of, read_at)
        return identity

    async def _session(self, token: str) -> tuple[Identity, int]:
        claims = self._sessions.read(token)
        standing = await self._calls.read(session_standing, claims.username, claims.jti)
        user = standing.user
        if user is None or user.disabled:
            raise unauthorized("the token's user may not come in any more")
        current = claims.stamp == user.session_stamp or claims.jti == user.kept_jti
        if standing.revoked or not current:
            raise unauthorized("the session has ended")
        scopes = frozenset[str]() if user.must_change_password else frozenset(user.scopes)
        principal = Principal(user.username, scopes, None, user.tenant)
        return Identity(principal, "jwt", user, claims.jti, claims.expires_at), standing.generation

    async def _api_token(self, token: str) -> tuple[Identity, int]:
        token_id = api_tokens.token_id(token)
        if token_id is None:
            raise unauthorized("the token is not valid here")
        standing = await self._calls.read(token_standing, token_id)
        record, owner = standing.token, standing.owner
        if record is None or not hmac.compare_digest(record.digest, api_tokens.digest(token)):
            raise unauthorized("the token is not valid here")
        if record.revoked_at is not None:
            raise unauthorized("the token has been revoked")
        now = int(self._clock())
        if record.expires_at is not None and record.expires_at <= now:
            raise unauthorized("the token has expired")
        if owner is None or owner.disabled:
            raise unauthorized("the token's user may not come in any more")
        if now - (record.last_used_at or 0) >= USE_SECONDS:
            self._in_background(self._note_use(record, now))
        scopes = frozenset(record.scopes) & frozenset(owner.scopes)
        principal = Principal(owner.username, scopes, record.namespaces, record.tenant)
        identity = Identity(principal, "api_token", owner, record.id, record.expires_at)
        return identity, standing.generation

    async def _note_use(self, record: TokenRecord, now: int) -> None:
        try:
            await self._calls.write(note_use, record.id, now=now)
        except Refusal as refusal:
            log.warning("the use of token %s was not noted: %s", record.id, refusal)
