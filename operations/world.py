"""What a request and the process around it look like to an operation."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from schema.document_access import Upstream
from schema.entities import Entity
from schema.model import Schema
from stores.interfaces import BlobHandle, BlobStore, Cache, KvStore


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `subject` is None for an anonymous request.

    `namespaces` are shell patterns that the first field of an entity's primary key must match;
    None means all of them.
    """

    subject: str | None
    scopes: frozenset[str]
    namespaces: tuple[str, ...] | None = None
    tenant: str | None = None


@runtime_checkable
class ByteStream(Protocol):
    """Bytes that arrive."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The pieces in order, each at most once; raises Refusal when they break off or run over.

        A request's own limits (bytes, deadline) are enforced while the pieces come.
        """
        ...


@dataclass(slots=True)
class Request:
    """What a pipeline may know of the request. Header names are lower case; no duplicates.

    The values of `params` are decoded once and hold no `\\`, NUL or control character; only that of
    a rest parameter holds `/`, between its segments.
    """

    id: str
    method: str
    path: str
    params: Mapping[str, str]
    query: str
    headers: Mapping[str, str]
    body: ByteStream


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """An upstream's answer; header names are lower case. `body` must be read or closed."""

    status: int
    headers: Mapping[str, str]
    body: ByteStream
    close: Callable[[], Awaitable[None]]


class Network(Protocol):
    """The only way out of the process."""

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """Ask an upstream. Raises Refusal UPSTREAM_ERROR or UPSTREAM_TIMEOUT."""
        ...


@dataclass(slots=True)
class Reply:
    """The answer, before HTTP: `body` is bytes or a handle on stored bytes.

    Header names are lower case; names and values are printable ASCII.
    """

    status: int
    headers: dict[str, str]
    body: bytes | BlobHandle


class Meter(Protocol):
    """Counts what happens, for /metrics."""

    def store_call(self, effect: str) -> None:
        """One call of a store."""
        ...

    def cache(self, kind: str, *, hit: bool) -> None:
        """One look into a cache."""
        ...

    def blob_bytes(self, direction: str, count: int) -> None:
        """Bytes `in` or `out`."""
        ...

    def transaction_retry(self) -> None:
        """One segment was run again."""
        ...


class Program(Protocol):
    """What operations may know of the compiled pipeline that they run in."""

    @property
    def id(self) -> str:
        """The route's id."""
        ...

    @property
    def reads_only(self) -> bool:
        """Whether nothing may be written but caches: a GET route that fills nothing."""
        ...

    @property
    def field_slots(self) -> Mapping[str, Mapping[str, int]]:
        """Entity name → field name → the slot that holds the field's value."""
        ...

    @property
    def actions(self) -> frozenset[str]:
        """The operations of the pipeline that one of the principal's scopes must list."""
        ...

    @property
    def namespace_param(self) -> tuple[str, Entity] | None:
        """The path's parameter that is the first field of an entity's primary key, if any."""
        ...

    @property
    def stores(self) -> tuple[str, ...]:
        """The kv stores that a transaction of the pipeline covers."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """What a process hands to each request: stores, network, clock, meter. Made once a schema.

    `randomness` gives that many unpredictable bytes. `denials` remembers, per set of actions and
    set of scopes, the actions that those scopes do not let run.
    """

    schema: Schema
    kv: Mapping[str, KvStore]
    blobs: Mapping[str, BlobStore]
    cache: Cache
    network: Network
    clock: Callable[[], float]
    meter: Meter
    randomness: Callable[[int], bytes] = os.urandom
    denials: dict[tuple[frozenset[str], frozenset[str]], frozenset[str]] = field(
        default_factory=dict
    )
