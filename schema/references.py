"""Names that must be declared elsewhere in schema.json and are not (E107), outside pipelines."""

from collections.abc import Collection, Iterator

from errors.finding import Finding
from schema.document import Document
from schema.facts import Reader
from schema.indexes import PRERELEASE
from schema.nearest import hint, short
from schema.places import Places
from schema.pointers import join
from schema.rules import RULE_IDS


def _unknown(
    places: Places, pointer: str, what: str, name: str, known: Collection[str]
) -> Iterator[Finding]:
    if name not in known:
        yield places.finding("E107", pointer, f"no {what} `{short(name)}`", hint(name, known))


def document_references(document: Document, places: Places) -> Iterator[Finding]:
    """A document's store and schema."""
    storage = document.storage
    for name, kind in storage.documents.items():
        base = join("/storage/documents", name)
        yield from _unknown(places, f"{base}/store", "kv store", kind.store, storage.kv_stores)
        yield from _unknown(places, f"{base}/schema", "schema", kind.schema, storage.schemas)


def index_references(document: Document, places: Places) -> Iterator[Finding]:
    """An index's source document, and the properties its keys name."""
    kinds = document.storage.documents
    for name, index in document.indexes.items():
        base = join("/indexes", name)
        source = index.source_document
        yield from _unknown(places, f"{base}/source_document", "document", source, kinds)
        known = _rows_properties(document, source)
        if known is None:
            continue
        for at, key in enumerate(index.keys):
            place = join(base, "keys", at)
            for number, field in enumerate(key.fields):
                pointer = join(place, "fields", number)
                yield from _unknown(places, pointer, "property", field, known)
            for number, sort in enumerate(key.sort):
                pointer = join(place, "sort", number, "field")
                yield from _unknown(places, pointer, "property", sort.field, known)


def _rows_properties(document: Document, source: str) -> set[str] | None:
    """What a key may name: the document's properties, and what is derived from its versions."""
    names = _properties(document, source)
    if names is None:
        return None
    versions = {
        field
        for entity in document.entities.named.values()
        for field, declared in entity.fields.items()
        if declared.type == "version"
    }
    return names | {name + PRERELEASE for name in names & versions}


def _properties(document: Document, kind: str) -> set[str] | None:
    """The properties of a document's schema, None where there is no such document or schema."""
    declared = document.storage.documents.get(kind)
    schema = document.storage.schemas.get(declared.schema) if declared else None
    if not isinstance(schema, dict):
        return None
    try:
        facts = Reader(schema).facts(())
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # The schema is broken, which E109 tells.
    return set(facts.names) if facts else set()


def entity_references(document: Document, places: Places) -> Iterator[Finding]:
    """An entity's primary key and the fields its constraints speak of."""
    for name, entity in document.entities.named.items():
        base = join("/entities", name)
        for at, field in enumerate(entity.primary_key):
            pointer = join(base, "primary_key", at)
            yield from _unknown(places, pointer, "field", field, entity.fields)
        for at, constraint in enumerate(entity.constraints):
            pointer = join(base, "constraints", at, "field")
            yield from _unknown(places, pointer, "field", constraint.field, entity.fields)


def auth_references(document: Document, places: Places) -> Iterator[Finding]:
    """The scopes of policies and of anonymous requests, and the operations of scopes."""
    auth = document.auth
    scopes = [scope.name for scope in auth.scopes]
    for at, name in enumerate(auth.anonymous.scopes):
        yield from _unknown(places, join("/auth/anonymous/scopes", at), "scope", name, scopes)
    for at, policy in enumerate(auth.policies):
        for number, name in enumerate(policy.require.scopes if policy.require else ()):
            pointer = join("/auth/policies", at, "require", "scopes", number)
            yield from _unknown(places, pointer, "scope", name, scopes)
    allowed = [*document.ops.allowed, "*"]
    for at, scope in enumerate(auth.scopes):
        for number, action in enumerate(scope.actions):
            pointer = join("/auth/scopes", at, "actions", number)
            yield from _unknown(places, pointer, "allowed operation", action, allowed)


def replication_references(document: Document, places: Places) -> Iterator[Finding]:
    """The event log's store, and the event types that are applied."""
    if document.replication is None:
        return
    stores = document.storage.kv_stores
    store = document.replication.log.store
    yield from _unknown(places, "/replication/log/store", "kv store", store, stores)
    events = [event.name for event in document.events.types]
    for name in document.replication.apply_pipelines:
        pointer = join("/replication/apply_pipelines", name)
        yield from _unknown(places, pointer, "event type", name, events)


def gc_references(document: Document, places: Places) -> Iterator[Finding]:
    """The documents that blobs are marked from, and their fields."""
    kinds = document.storage.documents
    for at, source in enumerate(document.gc.mark_sources):
        base = join("/gc/mark_sources", at)
        yield from _unknown(places, f"{base}/document", "document", source.document, kinds)
        known = _properties(document, source.document)
        for number, field in enumerate(source.fields if known is not None else ()):
            pointer = join(base, "fields", number)
            yield from _unknown(places, pointer, "property", field, known or ())


def validation_references(document: Document, places: Places) -> Iterator[Finding]:
    """The rules that `validation` asks for."""
    known = [*RULE_IDS, *(invariant.id for invariant in document.invariants.global_)]
    checks = document.validation
    for name, rules in (
        ("load_time_checks", checks.load_time_checks),
        ("runtime_checks", checks.runtime_checks),
    ):
        for at, rule in enumerate(rules):
            pointer = join("/validation", name, at, "require")
            yield from _unknown(places, pointer, "rule", rule.require, known)


RULES = (
    document_references,
    index_references,
    entity_references,
    auth_references,
    replication_references,
    gc_references,
    validation_references,
)
