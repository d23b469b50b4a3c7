"""Documents: read, written, compared and swapped, removed."""

from typing import Any, Literal, NamedTuple

from errors.problem import Refusal, refuse
from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import (
    NOT_GIVEN,
    AnyValue,
    Boolean,
    Document,
    DocumentKey,
    Object,
    OptionalInteger,
)
from operations.values import decode, encode, is_digest
from schema.model import DocumentKind
from schema.predicates import json_equal
from stores.interfaces import Stored


class Found(NamedTuple):
    """A document, null when there is none, and the revision it was read at."""

    out: Document
    rev_out: OptionalInteger = None


class Deleted(NamedTuple):
    """Whether there was a document to remove."""

    existed_out: Boolean = False


@operation("kv.get", effects=("kv.read",))
async def get(ctx: ExecutionContext, doc: DocumentKind, key: DocumentKey) -> Found:
    """Read one document by key; null when there is none."""
    ctx.count_io("kv.read")
    stored = await ctx.reader(doc.store).get(ctx.scoped(doc.name), key)
    return Found(None) if stored is None else Found(decode(stored.value), stored.revision)


@operation("kv.put", effects=("kv.write",), errors=("DOCUMENT_INVALID", "VALUE_TOO_LARGE"))
def put(ctx: ExecutionContext, doc: DocumentKind, key: DocumentKey, value: Object) -> None:
    """Write one document, replacing what stands under that key."""
    ctx.count_io("kv.write")
    ctx.writer(doc.store).put(ctx.scoped(doc.name), key, _checked(ctx, doc, value))


@operation(
    "kv.cas_put",
    effects=("kv.read", "kv.write"),
    errors=("ALREADY_EXISTS", "PRECONDITION_FAILED", "DOCUMENT_INVALID", "VALUE_TOO_LARGE"),
    exclusive=(("if_absent", "if_rev", "if_equals"),),
)
async def cas_put(
    ctx: ExecutionContext,
    doc: DocumentKind,
    key: DocumentKey,
    value: Object,
    if_absent: Literal[True] | None = None,
    if_rev: OptionalInteger = NOT_GIVEN,
    if_equals: AnyValue = NOT_GIVEN,
) -> None:
    """Write one document if none is there, or if it still is what it was when it was read."""
    ctx.count_io("kv.read")
    collection = ctx.scoped(doc.name)
    writer = ctx.writer(doc.store)
    stored = await writer.get(collection, key)
    if if_absent:
        if stored is not None:
            raise _taken(key, stored)
    elif if_rev is not NOT_GIVEN:
        revision = None if stored is None else stored.revision
        if revision != if_rev:
            raise refuse(
                "PRECONDITION_FAILED",
                "the document was changed since it was read",
                key=key,
                revision=revision,
                if_rev=if_rev,
            )
    elif not json_equal(None if stored is None else decode(stored.value), if_equals):
        raise refuse("PRECONDITION_FAILED", "the document is not the one expected", key=key)
    ctx.count_io("kv.write")
    writer.put(collection, key, _checked(ctx, doc, value))


@operation("kv.delete", effects=("kv.write",))
async def delete(ctx: ExecutionContext, doc: DocumentKind, key: DocumentKey) -> Deleted:
    """Remove one document; nothing happens when there is none."""
    ctx.count_io("kv.write")
    collection = ctx.scoped(doc.name)
    writer = ctx.writer(doc.store)
    existed = await writer.get(collection, key) is not None
    if existed:
        writer.delete(collection, key)
    return Deleted(existed)


OPERATIONS = (get, put, cas_put, delete)


def _checked(ctx: ExecutionContext, doc: DocumentKind, value: Any) -> bytes:
    """The document's bytes, once its schema and the limit allow them."""
    failures = doc.validator.failures(value)
    if failures:
        first = failures[0]
        raise refuse(
            "DOCUMENT_INVALID",
            f"{doc.name}{first['where']}: {first['message']}",
            document=doc.name,
            failures=failures,
        )
    encoded = encode(value)
    limit = ctx.world.schema.limits.max_kv_value_bytes
    if len(encoded) > limit:
        raise refuse(
            "VALUE_TOO_LARGE",
            f"the document has {len(encoded)} bytes, {limit} are allowed",
            document=doc.name,
            size=len(encoded),
            limit=limit,
        )
    return encoded


def _taken(key: str, stored: Stored) -> Refusal:
    """Name what stands there, so that whoever publishes the same bytes again can see it."""
    details: dict[str, Any] = {"key": key}
    digest = _digest_in(decode(stored.value))
    if digest is not None:
        details["digest"] = digest
    return refuse("ALREADY_EXISTS", "there is a document under that key", **details)


def _digest_in(document: Any) -> str | None:
    if not isinstance(document, dict):
        return None
    candidates = (document.get("blob_digest"), document.get("digest"), *document.values())
    return next((value for value in candidates if is_digest(value)), None)
