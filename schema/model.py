"""The schema with its names resolved: what the compiler and the operations hold in their hands.

`link` is for a document that the checker found no error in; everything here is immutable.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schema.document import Document, Limits
from schema.document_access import Upstream
from schema.document_data import BlobStoreDeclaration, KvStoreDeclaration
from schema.entities import Entity
from schema.indexes import Ordering
from schema.keys import KeyTemplate
from schema.validators import Validator


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document: the kv store it lives in, its keys, its validator."""

    name: str
    store: str
    key: KeyTemplate
    validator: Validator


@dataclass(frozen=True, slots=True)
class Index:
    """An index: the kv store of its source document, and its orderings, the first by default."""

    name: str
    document: DocumentKind
    orderings: Mapping[str, Ordering]
    default: Ordering


@dataclass(frozen=True, slots=True)
class BlobStoreKind:
    """A blob store by name; sizes in bytes."""

    name: str
    declaration: BlobStoreDeclaration
    max_bytes: int
    min_bytes: int


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event and the validator of its payload."""

    name: str
    durable: bool
    validator: Validator


@dataclass(frozen=True, slots=True)
class UpstreamKind:
    """An upstream by name."""

    name: str
    declaration: Upstream


@dataclass(frozen=True, slots=True)
class EventLog:
    """Where events go: a kv store's name, the log's name in it, and how large one may be there."""

    store: str
    name: str
    max_event_bytes: int


@dataclass(frozen=True, slots=True)
class Schema:
    """Everything that schema.json declares, linked. A change is a new Schema."""

    document: Document
    digest: str
    entities: Mapping[str, Entity]
    documents: Mapping[str, DocumentKind]
    indexes: Mapping[str, Index]
    blob_stores: Mapping[str, BlobStoreKind]
    kv_stores: Mapping[str, KvStoreDeclaration]
    schemas: Mapping[str, Validator]
    events: Mapping[str, EventKind]
    upstreams: Mapping[str, UpstreamKind]
    actions: Mapping[str, frozenset[str]]
    """Scope name → the operations it lets run; `*` stands for all."""
    log: EventLog | None
    limits: Limits

    def allows(self, scopes: frozenset[str], operations: frozenset[str]) -> frozenset[str]:
        """The operations among `operations` that none of `scopes` lets run (empty: all may)."""
        granted: frozenset[str] = frozenset().union(
            *(self.actions.get(scope, frozenset()) for scope in scopes)
        )
        return frozenset() if "*" in granted else operations - granted
