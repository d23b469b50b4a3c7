"""schema.json as a typed, frozen value: what language.md section 1 names, and nothing else.

These structs are the shape: the JSON Schema that reports wrong keys and types at load is made from
them (`schema/meta.py`). Keys that start with `x-`, and `comment`, `description` and `$schema`,
are free everywhere; they are taken out before conversion.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

from msgspec import field

from schema.document_access import Auth, Upstream
from schema.document_data import (
    Capabilities,
    Entities,
    IndexDeclaration,
    Json,
    Name,
    Part,
    PositiveInt,
    Storage,
)


class ResponseCache(Part, frozen=True):
    """Replies and values kept by key."""

    enabled: bool = True
    vary_headers: tuple[str, ...] = ()
    max_entry_bytes: PositiveInt = 1024 * 1024
    default_ttl_seconds: PositiveInt = 60
    revalidate: bool = True


class BlobCache(Part, frozen=True):
    """References to blobs kept by key."""

    enabled: bool = True
    max_bytes: PositiveInt = 64 * 1024 * 1024
    eviction: Literal["lru"] = "lru"
    pin_on_access: bool = False


class Caching(Part, frozen=True):
    """Both caches."""

    response_cache: ResponseCache = ResponseCache()
    blob_cache: BlobCache = BlobCache()


class Limits(Part, frozen=True):
    """Bounds of language.md section 7; sizes in bytes, times in milliseconds."""

    max_pipeline_ops: PositiveInt = 64
    max_request_body_bytes: PositiveInt = 5 * 1024**3
    max_json_bytes: PositiveInt = 1024 * 1024
    max_kv_value_bytes: PositiveInt = 256 * 1024
    max_cpu_ms_per_request: PositiveInt = 1000
    max_io_ops_per_request: PositiveInt = 64
    max_event_bytes: PositiveInt = 64 * 1024
    deadline_ms: PositiveInt = 3_600_000


class Ops(Part, frozen=True, kw_only=True):
    """The operations that pipelines may use."""

    closed_world: bool = True
    allowed: tuple[str, ...]
    limits: Limits = Limits()


class Step(Part, frozen=True):
    """One step as written: an operation and its arguments (`when` and outputs among them)."""

    op: str
    args: dict[str, Json] = {}
    id: str | None = None


Method = Literal["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]


class Route(Part, frozen=True, kw_only=True):
    """One URL and the pipeline that answers it. A GET route answers HEAD too."""

    id: Name
    method: Method
    path: str
    tags: tuple[str, ...] = ()
    pipeline: tuple[Step, ...]
    examples: tuple[Json, ...] = ()


class Api(Part, frozen=True):
    """The declared routes."""

    routes: tuple[Route, ...] = ()


class EventType(Part, frozen=True, kw_only=True):
    """A kind of event; `schema` is the JSON Schema of its payload."""

    name: Name
    durable: bool = True
    schema: Json


class Events(Part, frozen=True):
    """The kinds of events."""

    types: tuple[EventType, ...] = ()


class ReplicationLog(Part, frozen=True):
    """The event log: `store` is a kv store's name."""

    store: str
    key_prefix: str = "events"
    ordering: Literal["sequence"] = "sequence"
    max_event_bytes: PositiveInt = 64 * 1024


class Dedupe(Part, frozen=True):
    """Whether a follower remembers event ids; always true where events are shipped."""

    enabled: bool = True


class Batch(Part, frozen=True):
    """Bounds of one shipment."""

    max_events: PositiveInt = 500
    max_bytes: PositiveInt = 1024 * 1024


class Shipping(Part, frozen=True):
    """How events reach followers."""

    strategy: Literal["pull"] = "pull"
    dedupe: Dedupe = Dedupe()
    batch: Batch = Batch()


class Replication(Part, frozen=True, kw_only=True):
    """The event log, how it is shipped, and what a follower does with each type of event."""

    mode: Literal["off", "leader", "follower"] = "leader"
    log: ReplicationLog
    shipping: Shipping = Shipping()
    apply_pipelines: dict[str, tuple[Step, ...]] = {}


class Retention(Part, frozen=True):
    """What is kept whatever else happens."""

    immutable_after_publish: bool = True
    keep_last_n_versions: PositiveInt | None = None
    keep_tags_forever: bool = True


class Schedule(Part, frozen=True):
    """An RFC 5545 recurrence rule, in UTC."""

    rrule: str


class Sweep(Part, frozen=True):
    """When unreferenced blobs go; the grace is counted in seconds since they were stored."""

    schedule: Schedule | None = None
    sweep_unreferenced_after_seconds: PositiveInt = 7 * 24 * 3600


class MarkSource(Part, frozen=True):
    """A document and its digest-typed fields that keep blobs alive."""

    document: str
    fields: tuple[str, ...]


class Gc(Part, frozen=True):
    """Garbage collection."""

    enabled: bool = False
    retention: Retention = Retention()
    sweep: Sweep = Sweep()
    mark_sources: tuple[MarkSource, ...] = ()


class Invariant(Part, frozen=True):
    """A statement about the schema itself that has to hold (`schema/invariants.py`)."""

    id: str
    assertion: dict[str, Json] = field(name="assert")


class Invariants(Part, frozen=True):
    """Statements about the schema itself."""

    global_: tuple[Invariant, ...] = field(default=(), name="global")


class Features(Part, frozen=True):
    """Flags; one that is off is enforced."""

    mutable_tags: bool = True
    allow_overwrite_artifacts: bool = False
    proxy_enabled: bool = True
    gc_enabled: bool = False


class ValidationRule(Part, frozen=True):
    """A rule of the language by its id, and what happens when it is broken."""

    id: str
    require: str
    on_fail: Literal["reject_config", "warn", "abort_request"] = "reject_config"


class Validation(Part, frozen=True):
    """Rules that the author wants to see named."""

    load_time_checks: tuple[ValidationRule, ...] = ()
    runtime_checks: tuple[ValidationRule, ...] = ()


class Tenancy(Part, frozen=True):
    """Whether keys, blobs, caches and events are kept apart by tenant."""

    mode: Literal["off", "optional", "required"] = "off"
    header: str = "X-Tenant-ID"


class Document(Part, frozen=True, kw_only=True, dict=True):
    """The whole of schema.json, as written; what is asked for by name is looked up once."""

    schema_version: str
    type_id: str
    capabilities: Capabilities = Capabilities()
    entities: Entities
    storage: Storage
    indexes: dict[Name, IndexDeclaration] = {}
    auth: Auth
    upstreams: dict[Name, Upstream] = {}
    caching: Caching = Caching()
    ops: Ops
    api: Api
    events: Events = Events()
    replication: Replication | None = None
    gc: Gc = Gc()
    invariants: Invariants = Invariants()
    features: Features = Features()
    validation: Validation = Validation()
    tenancy: Tenancy = Tenancy()

    @cached_property
    def events_by_name(self) -> Mapping[str, EventType]:
        """The kinds of events; of two with one name the later."""
        return {event.name: event for event in self.events.types}

    @cached_property
    def scope_actions(self) -> Mapping[str, frozenset[str]]:
        """What each scope lets run; of two with one name the later."""
        return {scope.name: frozenset(scope.actions) for scope in self.auth.scopes}

    @cached_property
    def index_sources(self) -> Mapping[str, str]:
        """The source document of each index."""
        return {name: index.source_document for name, index in self.indexes.items()}

    @cached_property
    def indexes_of(self) -> Mapping[str, Sequence[str]]:
        """The indexes of each source document."""
        found: dict[str, list[str]] = {}
        for name, source in self.index_sources.items():
            found.setdefault(source, []).append(name)
        return found

    @cached_property
    def allowed(self) -> frozenset[str]:
        """The operations that pipelines may use."""
        return frozenset(self.ops.allowed)
