"""What is stored, compared: documents and their keys, indexes and their orders, stores."""

from collections.abc import Iterator, Mapping

from pipelines.diff.difference import Difference, pairs
from pipelines.diff.schemas import refusals
from schema.document import Document
from schema.document_data import BlobStoreDeclaration, DocumentDeclaration, IndexKey
from schema.pointers import join
from schema.templates import Placeholder, parse_template


def storage_differences(old: Document, new: Document) -> Iterator[Difference]:
    """Every difference between what two schemas store, and where."""
    for name, was, now in pairs(old.storage.documents, new.storage.documents):
        where = join("/storage/documents", name)
        if was is None:
            yield Difference("document-added", None, where, f"the document `{name}` is new")
        elif now is None:
            told = f"the document `{name}` is gone, and with it {_held(name, was, old)}"
            yield Difference("document-removed", where, None, told)
        else:
            yield from _document(name, (old, was), (new, now))
    yield from _indexes(old, new)
    yield from _kv_stores(old, new)
    yield from _blob_stores(old, new)


def _held(name: str, kind: DocumentDeclaration, document: Document) -> str:
    """What lies under a document's keys, in words."""
    rows = [index for index, each in document.indexes.items() if each.source_document == name]
    marked = any(source.document == name for source in document.gc.mark_sources)
    told = f"what lies under `{kind.key_template}`"
    if rows:
        told += f", the rows of {', '.join(f'`{row}`' for row in rows)}"
    return f"{told}, and the blobs that it names" if marked else told


Declared = tuple[Document, DocumentDeclaration]


def _document(name: str, old: Declared, new: Declared) -> Iterator[Difference]:
    (before, was), (after, now) = old, new
    where = join("/storage/documents", name)
    if _shape(was.key_template) != _shape(now.key_template):
        told = (
            f"keys of `{name}` are `{now.key_template}`; out of reach is {_held(name, was, before)}"
        )
        yield Difference("key-changed", f"{where}/key_template", f"{where}/key_template", told)
    if was.store != now.store:
        told = f"`{name}` is kept in `{now.store}`; out of reach is {_held(name, was, before)}"
        yield Difference("document-moved", f"{where}/store", f"{where}/store", told)
    places = [join("/storage/schemas", kind.schema) for kind in (was, now)]
    schemas = before.storage.schemas[was.schema], after.storage.schemas[now.schema]
    stricter = refusals(*schemas)
    for refused in stricter:
        told = f"`{name}` {refused.where or 'as a whole'}: {refused.message}"
        yield Difference("document-stricter", places[0], places[1], told)
    if not stricter and refusals(schemas[1], schemas[0]):
        yield Difference("document-looser", places[0], places[1], f"`{name}` may hold more")


def _shape(template: str) -> tuple[object, ...]:
    """A key template however its parts are written."""
    return tuple(
        (part.field, part.start, part.length, part.optional)
        if isinstance(part, Placeholder)
        else part
        for part in parse_template(template)
    )


def _indexes(old: Document, new: Document) -> Iterator[Difference]:
    for name, was, now in pairs(old.indexes, new.indexes):
        where = join("/indexes", name)
        if was is None and now is not None:
            if now.source_document in old.storage.documents:
                told = f"the index `{name}` of `{now.source_document}` is new and empty"
                yield Difference("index-added", None, where, told)
        elif was is not None and now is None:
            told = f"the index `{name}` of `{was.source_document}` is gone"
            yield Difference("index-removed", where, None, told)
        elif was is not None and now is not None:
            if was.source_document != now.source_document:
                place = f"{where}/source_document"
                told = f"the rows of `{name}` are those of `{now.source_document}`"
                yield Difference("index-source-changed", place, place, told)
            yield from _orderings(where, name, was.keys, now.keys)


def _orderings(
    where: str, index: str, old: tuple[IndexKey, ...], new: tuple[IndexKey, ...]
) -> Iterator[Difference]:
    before = {key.name: (f"{where}/keys/{at}", key) for at, key in enumerate(old)}
    after = {key.name: (f"{where}/keys/{at}", key) for at, key in enumerate(new)}
    for name, was, now in pairs(before, after):
        told = f"the ordering `{name}` of `{index}`"
        if was is None and now is not None:
            yield Difference("ordering-added", None, now[0], f"{told} is new")
        elif now is None and was is not None:
            yield Difference("ordering-removed", was[0], None, f"{told} is gone")
        elif was is not None and now is not None:
            if (was[1].fields, was[1].sort) != (now[1].fields, now[1].sort):
                changed = f"{told} goes by other properties, or in another direction"
                yield Difference("ordering-changed", was[0], now[0], changed)
            if was[1].unique != now[1].unique:
                kind = "ordering-unique" if now[1].unique else "ordering-not-unique"
                yield Difference(kind, was[0], now[0], f"{told}: unique is {now[1].unique}")
    if old[0].name != new[0].name:
        told = f"`{index}` is listed by `{new[0].name}` where no ordering is named"
        yield Difference("ordering-default", f"{where}/keys/0", f"{where}/keys/0", told)


def _kv_stores(old: Document, new: Document) -> Iterator[Difference]:
    """Stores that nothing lives in matter to nobody."""
    for name, was, now in pairs(old.storage.kv_stores, new.storage.kv_stores):
        where = join("/storage/kv_stores", name)
        held = [doc for doc, kind in old.storage.documents.items() if kind.store == name]
        if was is None or not held or was == now:
            continue
        told = f"`{name}` is {'gone' if now is None else 'another place'}; it holds {_names(held)}"
        yield Difference("kv-store-moved", where, None if now is None else where, told)


def _blob_stores(old: Document, new: Document) -> Iterator[Difference]:
    for name, was, now in pairs(old.storage.blob_stores, new.storage.blob_stores):
        where = join("/storage/blob_stores", name)
        if was is None:
            yield Difference("blob-store-added", None, where, f"the blob store `{name}` is new")
        elif now is None:
            told = f"the blob store `{name}` is gone, with all of its bytes"
            yield Difference("blob-store-removed", where, None, told)
        else:
            yield from _blob_store(where, name, was, now)


def _blob_store(
    where: str, name: str, old: BlobStoreDeclaration, new: BlobStoreDeclaration
) -> Iterator[Difference]:
    parts: Mapping[str, tuple[object, object]] = {
        "kind": (old.kind, new.kind),
        "root": (old.root, new.root),
        "addressing": (old.addressing, new.addressing),
    }
    for key, (was, now) in parts.items():
        if was != now:
            told = f"`{name}`: another {key}"
            yield Difference("blob-store-moved", f"{where}/{key}", f"{where}/{key}", told)
    sizes = (
        ("max_blob_bytes", old.limits.max_blob_bytes, new.limits.max_blob_bytes, 1),
        ("min_blob_bytes", old.limits.min_blob_bytes, new.limits.min_blob_bytes, -1),
    )
    for key, before, after, sign in sizes:
        if before != after:
            kind = "limit-raised" if sign * after > sign * before else "limit-lowered"
            place = f"{where}/limits/{key}"
            yield Difference(kind, place, place, f"`{name}`: {key} is {after}, and was {before}")


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
