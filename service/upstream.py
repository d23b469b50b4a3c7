"""The only way out of the process: other repositories, asked over HTTP by aiohttp.

No redirect is followed and no proxy, cookie or `.netrc` of the environment is used, so credentials
go to the upstream's own address only. Unless the upstream allows private addresses, the address is
judged when the socket is made: a DNS answer cannot change after it was judged.
"""

import asyncio
import random
import socket
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aiohttp
from yarl import URL

from errors.problem import Refusal, refuse
from operations.context import UpstreamResponse
from schema.document_access import Retry, Upstream, UpstreamAuth
from service.addresses import is_public
from service.upstream_body import UpstreamBody

IDEMPOTENT = frozenset(("GET", "HEAD"))
MAX_PAUSE_SECONDS = 10.0
"""The longest pause between two tries; an upstream that asks for more is not asked again."""

_AGAIN = frozenset((429, 500, 502, 503, 504))
_HOP_BY_HOP = frozenset(
    ("authorization", "connection", "content-length", "cookie", "host", "keep-alive",
     "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade")
)  # fmt: skip
_FAULTS = (aiohttp.ClientError, OSError, ValueError)

Sleep = Callable[[float], Awaitable[None]]


class ClosedAddress(OSError):
    """The name stands for an address that the schema's author did not open."""


class UpstreamNetwork:
    """Asks upstreams. `environ` holds their credentials; `fraction` gives numbers from 0 to 1."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        fraction: Callable[[], float] = random.random,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._environ = environ
        self._fraction = fraction
        self._sleep = sleep
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """Ask an upstream, again where that may help. Raises Refusal UPSTREAM_ERROR or
        UPSTREAM_TIMEOUT."""
        url = address_of(name, upstream, path)
        secrets = self._credentials(name, upstream.auth)
        own = _HOP_BY_HOP.union(key.lower() for key in secrets)
        sent = {key: value for key, value in headers.items() if key.lower() not in own} | secrets
        tries = upstream.retry.max_attempts if method in IDEMPOTENT else 1
        for attempt in range(1, tries + 1):
            last = attempt == tries
            try:
                answer = await self._ask(name, upstream, method, url, sent)
            except Refusal:
                if last:
                    raise
                pause = self._pause(upstream.retry, attempt, None)
            else:
                if answer.status not in _AGAIN:
                    return _response(name, upstream, answer)
                answer.close()
                pause = self._pause(upstream.retry, attempt, answer.headers.get("Retry-After"))
                if last or pause > MAX_PAUSE_SECONDS:
                    raise _error(name, f"it answered {answer.status}", status=answer.status)
            await self._sleep(pause)
        raise AssertionError("max_attempts is at least one")

    async def close(self) -> None:
        """Let go of every connection."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def _ask(
        self, name: str, upstream: Upstream, method: str, url: URL, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """One try, up to the head of the answer."""
        connect = upstream.timeouts_ms.connect / 1000
        read = upstream.timeouts_ms.read / 1000
        try:
            async with asyncio.timeout(connect + read):
                return await self._session(upstream.allow_private).request(
                    method,
                    url,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(
                        total=None, connect=connect, sock_connect=connect, sock_read=read
                    ),
                )
        except TimeoutError:
            raise _late(name) from None
        except ClosedAddress:
            raise _error(name, "its address is not public") from None
        except _FAULTS as fault:
            if isinstance(fault, aiohttp.ClientConnectorError) and isinstance(
                fault.os_error, ClosedAddress
            ):
                raise _error(name, "its address is not public") from None
            raise _error(name, f"it could not be asked ({type(fault).__name__})") from None

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(allow_private)
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=100,
                ttl_dns_cache=30,
                socket_factory=_open_socket if allow_private else _public_socket,
            )
            session = self._sessions[allow_private] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                headers={"User-Agent": "larder", "Accept-Encoding": "identity"},
            )
        return session

    def _credentials(self, name: str, auth: UpstreamAuth) -> dict[str, str]:
        if auth.mode == "none":
            return {}
        if auth.mode == "basic":
            pair = (
                f"{self._secret(name, auth.username_env)}:{self._secret(name, auth.password_env)}"
            )
            return {"Authorization": f"Basic {b64encode(pair.encode()).decode('ascii')}"}
        if auth.mode == "bearer_token":
            return {"Authorization": f"Bearer {self._secret(name, auth.token_env)}"}
        return {auth.header: self._secret(name, auth.key_env)}

    def _secret(self, name: str, variable: str | None) -> str:
        secret = self._environ.get(variable or "")
        if not secret:
            raise _error(name, "the operator has not set its credentials")
        return secret

    def _pause(self, retry: Retry, attempt: int, retry_after: str | None) -> float:
        """Seconds until the next try: the backoff with jitter, or what the upstream asks for."""
        if retry_after is not None and retry_after.strip().isdecimal():
            return float(retry_after)
        pause = retry.backoff_ms / 1000
        if retry.exponential:
            pause *= 2 ** (attempt - 1)
        return min(MAX_PAUSE_SECONDS, pause) * (0.5 + self._fraction() / 2)


def address_of(name: str, upstream: Upstream, path: str) -> URL:
    """The address of `path` under the upstream's `base_url`; values in it are taken literally.

    Raises Refusal UPSTREAM_ERROR for a path that would leave it.
    """
    base = urlsplit(upstream.base_url)
    if base.scheme != "https" and not (base.scheme == "http" and upstream.allow_private):
        raise _error(name, "its base_url is not https")
    if not base.hostname or base.username is not None or base.query or base.fragment:
        raise _error(name, "its base_url is no address of a repository")
    segments = path.removeprefix("/").split("/")
    for segment in segments:
        plain = unquote(segment)
        if plain in ("", ".", "..") or "/" in plain or "\\" in plain or not plain.isprintable():
            raise _error(name, "the path would leave its base_url")
    tail = "/".join(quote(segment, safe="!$&'()*+,;=:@~") for segment in segments)
    return URL(f"{upstream.base_url.rstrip('/')}/{tail}", encoded=True)


def _response(name: str, upstream: Upstream, answer: aiohttp.ClientResponse) -> UpstreamResponse:
    if 300 <= answer.status < 400 and answer.status != 304:
        answer.close()
        raise _error(name, f"it redirects ({answer.status})", status=answer.status)

    async def close() -> None:
        answer.close()

    headers: dict[str, str] = {}
    for key, value in answer.headers.items():
        low = key.lower()
        headers[low] = f"{headers[low]}, {value}" if low in headers else value
    read = upstream.timeouts_ms.read / 1000
    return UpstreamResponse(answer.status, headers, UpstreamBody(name, answer, read), close)


def _open_socket(info: Any) -> socket.socket:
    family, kind, protocol = info[0], info[1], info[2]
    return socket.socket(family=family, type=kind, proto=protocol)


def _public_socket(info: Any) -> socket.socket:
    if not is_public(info[4][0]):
        raise ClosedAddress("the address is not public")
    return _open_socket(info)


def _error(name: str, reason: str, **facts: Any) -> Refusal:
    return refuse("UPSTREAM_ERROR", f"upstream {name}: {reason}", upstream=name, **facts)


def _late(name: str) -> Refusal:
    return refuse("UPSTREAM_TIMEOUT", f"upstream {name} did not answer in time", upstream=name)
