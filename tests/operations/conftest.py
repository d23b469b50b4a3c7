"""A small schema, real stores in memory, and a request around each operation."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from errors.problem import Refusal
from operations.context import ExecutionContext, Principal, Request, UpstreamResponse, World
from schema.document import Document
from schema.document_access import Upstream
from schema.entities import Entity
from schema.link import link
from schema.model import Schema
from stores.cache import LocalCache
from stores.memory import MemoryStore
from stores.memory_blobs import MemoryBlobs

NOW = 1_700_000_000.1239

TEXT = {"type": "string", "minLength": 1}
SOURCE: dict[str, Any] = {
    "schema_version": "1.0",
    "type_id": "test.packages",
    "storage": {
        "blob_stores": {
            "primary": {"kind": "memory", "limits": {"max_blob_bytes": 5000, "min_blob_bytes": 2}},
            "mirror": {"kind": "memory"},
        },
        "kv_stores": {"meta": {"kind": "memory"}},
        "documents": {
            "artifact_meta": {
                "store": "meta",
                "key_template": "artifact/{namespace}/{name}/{version}",
                "schema": "artifact_meta",
            },
        },
        "schemas": {
            "artifact_meta": {
                "type": "object",
                "properties": {
                    "namespace": TEXT,
                    "name": TEXT,
                    "version": TEXT,
                    "blob_digest": TEXT,
                    "size": {"type": "integer"},
                },
                "required": ["version"],
            },
        },
    },
    "indexes": {
        "artifact_versions": {
            "source_document": "artifact_meta",
            "keys": [
                {
                    "name": "by_version",
                    "fields": ["namespace", "name"],
                    "sort": [{"field": "version", "order": "desc"}],
                },
                {
                    "name": "releases",
                    "fields": ["namespace", "name", "version.prerelease"],
                    "sort": [{"field": "version", "order": "desc"}],
                },
            ],
        },
        "by_path": {
            "source_document": "artifact_meta",
            "keys": [{"name": "path", "fields": ["path"], "unique": True}],
        },
    },
    "auth": {
        "scopes": [
            {"name": "read", "actions": ["kv.get", "index.query"]},
            {"name": "write", "actions": ["kv.get", "kv.put"]},
            {"name": "admin", "actions": ["*"]},
        ]
    },
    "upstreams": {"origin": {"base_url": "https://origin.example"}},
    "caching": {"response_cache": {"max_entry_bytes": 200, "default_ttl_seconds": 30}},
    "ops": {
        "allowed": [],
        "limits": {"max_json_bytes": 1000, "max_kv_value_bytes": 300, "max_event_bytes": 200},
    },
    "api": {},
    "events": {
        "types": [
            {"name": "published", "schema": {"type": "object", "required": ["version"]}},
            {"name": "seen", "durable": False, "schema": {"type": "object"}},
        ]
    },
    "replication": {"log": {"store": "meta"}},
}

ENTITIES = {
    "named": {
        "artifact": {
            "fields": {
                "namespace": {"type": "string", "normalize": ["trim", "lower"]},
                "name": {"type": "string", "normalize": ["trim", "upper", "replace:_:-"]},
                "version": {"type": "version"},
                "build": {"type": "integer", "optional": True},
                "signed": {"type": "boolean", "optional": True},
            },
            "primary_key": ["namespace", "name", "version"],
            "constraints": [
                {"field": "namespace", "regex": "[a-z]+", "max_length": 10},
                {"field": "name", "regex": "[A-Z-]+", "max_length": 10},
                {"field": "version", "regex": "[0-9][0-9a-z.-]*", "max_length": 20},
            ],
        }
    },
    "versioning": {},
}


@pytest.fixture
def schema() -> Schema:
    return linked()


def linked(**changes: Any) -> Schema:
    document = msgspec.convert({**SOURCE, **changes, "entities": ENTITIES}, Document)
    return link(document, "sha256:0")


@dataclass
class Pieces:
    """A body that arrives in pieces, once, and may break off."""

    parts: list[bytes]
    fault: Exception | None = None
    reads: int = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        self.reads += 1
        parts, self.parts = self.parts, []
        for part in parts:
            yield part
        if self.fault is not None:
            raise self.fault


@dataclass
class Counts:
    """Counts what a request did to the world."""

    calls: list[str] = field(default_factory=list)
    looks: list[tuple[str, bool]] = field(default_factory=list)
    bytes_in: int = 0

    def store_call(self, effect: str) -> None:
        self.calls.append(effect)

    def cache(self, kind: str, *, hit: bool) -> None:
        self.looks.append((kind, hit))

    def blob_bytes(self, direction: str, count: int) -> None:
        assert direction == "in"
        self.bytes_in += count

    def transaction_retry(self) -> None:
        raise AssertionError("an operation never retries")


@dataclass
class Origin:
    """An upstream that answers in this process."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    asked: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    closed: int = 0

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        assert upstream.base_url == "https://origin.example"
        self.asked.append((name, method, path, dict(headers)))
        status, sent, body = self.answer
        return UpstreamResponse(status, sent, Pieces([body]), self._close)

    async def _close(self) -> None:
        self.closed += 1


@dataclass
class Small:
    """What operations may know of a program."""

    entity: Entity
    actions: frozenset[str] = frozenset()
    namespace_param: tuple[str, Entity] | None = None
    stores: tuple[str, ...] = ("meta",)
    id: str = "small"
    reads_only: bool = False

    @property
    def field_slots(self) -> dict[str, dict[str, int]]:
        return {self.entity.name: {name: at for at, name in enumerate(self.entity.fields)}}


class House:
    """Stores that outlive a request, and the requests."""

    def __init__(self) -> None:
        self.schema = linked()
        self.kv = MemoryStore()
        self.blobs = {"primary": MemoryBlobs(), "mirror": MemoryBlobs()}
        self.seconds = 0.0
        self.cache = LocalCache(
            max_bytes=10_000, max_entry_bytes=10_000, clock=lambda: self.seconds
        )
        self.meter = Counts()
        self.origin = Origin()
        self.readings = 0

    def clock(self) -> float:
        self.readings += 1
        return NOW + self.readings - 1

    def relink(self, **changes: Any) -> None:
        self.schema = linked(**changes)

    def ctx(
        self,
        *,
        scopes: tuple[str, ...] = (),
        subject: str | None = "ann",
        namespaces: tuple[str, ...] | None = None,
        tenant: str | None = None,
        params: Mapping[str, str] | None = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: list[bytes] | Pieces | None = None,
        program: Mapping[str, Any] | None = None,
    ) -> ExecutionContext:
        world = World(
            self.schema, {"meta": self.kv}, self.blobs, self.cache, self.origin, self.clock,
            self.meter, randomness=bytes,
        )  # fmt: skip
        stream = body if isinstance(body, Pieces) else Pieces(body or [])
        request = Request("r1", "PUT", "/", params or {}, query, headers or {}, stream)
        principal = Principal(subject, frozenset(scopes), namespaces, tenant)
        ctx = ExecutionContext(world, request, principal, tenant)
        entity = self.schema.entities["artifact"]
        ctx.program = Small(entity, **(program or {}))
        ctx.slots = [None] * len(entity.fields)
        return ctx


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def pieces() -> Callable[..., Pieces]:
    return Pieces


@pytest.fixture
def refused() -> Callable[..., Any]:
    """The problem that a call is refused with."""

    async def call(code: str, attempt: Any) -> Any:
        with pytest.raises(Refusal) as caught:
            result = attempt()
            if hasattr(result, "__await__"):
                await result
        assert caught.value.problem.code == code
        return caught.value

    return call
