"""From the document to the linked schema: every name becomes what it stands for."""

from collections.abc import Mapping
from types import MappingProxyType

from schema.document import Document
from schema.document_data import IndexDeclaration, Versioning
from schema.entities import Entity, compile_entity
from schema.fields import Field
from schema.indexes import compile_ordering
from schema.keys import compile_key
from schema.model import (
    BlobStoreKind,
    DocumentKind,
    EventKind,
    EventLog,
    Index,
    Schema,
    UpstreamKind,
)
from schema.validators import Validator


def link(document: Document, digest: str) -> Schema:
    """Link a document that the checker found no error in; `digest` names its source text.

    Raises ValueError (a fault of a pattern, key, JSON Schema) for one that it did.
    """
    declared = document.entities
    entities = {
        name: compile_entity(name, entity, declared.versioning)
        for name, entity in declared.named.items()
    }
    schemas = {name: Validator(schema) for name, schema in document.storage.schemas.items()}
    documents = _documents(document, key_fields(entities), schemas)
    versions = version_fields(entities)
    indexes = {
        name: _index(name, index, documents, declared.versioning, versions)
        for name, index in document.indexes.items()
    }
    upstreams = {
        name: UpstreamKind(name, upstream) for name, upstream in document.upstreams.items()
    }
    actions = {scope.name: frozenset(scope.actions) for scope in document.auth.scopes}
    return Schema(
        document=document,
        digest=digest,
        entities=MappingProxyType(entities),
        documents=MappingProxyType(documents),
        indexes=MappingProxyType(indexes),
        blob_stores=MappingProxyType(_blob_stores(document)),
        kv_stores=MappingProxyType(dict(document.storage.kv_stores)),
        schemas=MappingProxyType(schemas),
        events=MappingProxyType(_events(document)),
        upstreams=MappingProxyType(upstreams),
        actions=MappingProxyType(actions),
        log=_log(document),
        limits=document.ops.limits,
    )


def key_fields(entities: Mapping[str, Entity]) -> dict[str, Field]:
    """Every field by name over all entities; those that share a name agree on their pattern."""
    fields: dict[str, Field] = {}
    for entity in entities.values():
        for name, field in entity.fields.items():
            known = fields.setdefault(name, field)
            # A key may leave the field out only where every entity may.
            if known.optional and not field.optional:
                fields[name] = field
    return fields


def version_fields(entities: Mapping[str, Entity]) -> frozenset[str]:
    """The names of all fields of type version."""
    return frozenset(
        name
        for entity in entities.values()
        for name, field in entity.fields.items()
        if field.type == "version"
    )


def _documents(
    document: Document, fields: Mapping[str, Field], schemas: Mapping[str, Validator]
) -> dict[str, DocumentKind]:
    return {
        name: DocumentKind(
            name, kind.store, compile_key(kind.key_template, fields), schemas[kind.schema]
        )
        for name, kind in document.storage.documents.items()
    }


def _events(document: Document) -> dict[str, EventKind]:
    return {
        event.name: EventKind(event.name, event.durable, Validator(event.schema))
        for event in document.events.types
    }


def _index(
    name: str,
    declared: IndexDeclaration,
    documents: Mapping[str, DocumentKind],
    versioning: Versioning,
    versions: frozenset[str],
) -> Index:
    orderings = {
        key.name: compile_ordering(name, key, versioning, versions) for key in declared.keys
    }
    first = orderings[declared.keys[0].name]
    return Index(name, documents[declared.source_document], MappingProxyType(orderings), first)


def _blob_stores(document: Document) -> dict[str, BlobStoreKind]:
    return {
        name: BlobStoreKind(name, store, store.limits.max_blob_bytes, store.limits.min_blob_bytes)
        for name, store in document.storage.blob_stores.items()
    }


def _log(document: Document) -> EventLog | None:
    if document.replication is not None:
        log = document.replication.log
        most = min(log.max_event_bytes, document.ops.limits.max_event_bytes)
        return EventLog(log.store, log.key_prefix, most)
    store = next(iter(document.storage.kv_stores), None)
    if store is None or not document.events.types:
        return None
    return EventLog(store, "events", document.ops.limits.max_event_bytes)
