"""Foreign input becomes values: the path's segments, the query string, a JSON body."""

from functools import lru_cache
from typing import Any

from errors.problem import refuse
from operations.context import ExecutionContext
from operations.json_text import NotJson, loads
from operations.operation import operation
from operations.query import pairs_of, values_of
from operations.types import AnyValue, Object
from schema.entities import Entity
from schema.validators import Validator

_NO_SEGMENTS = frozenset({"", ".", ".."})

_SHORT = 256
"""Characters up to which a segment that was found harmless is remembered."""


@operation("parse.path", errors=("INVALID_PATH",))
def path(ctx: ExecutionContext, entity: Entity) -> None:
    """Set the entity's fields from the path's segments; those that the path lacks are null."""
    params = ctx.request.params
    slots = ctx.slots
    fields = entity.fields
    failures = []
    for name, slot in ctx.program.field_slots[entity.name].items():
        raw = params.get(name)
        if raw is None:
            slots[slot] = None
            continue
        try:
            text = _known(raw) if len(raw) <= _SHORT else _segment(raw)
            slots[slot] = entity.from_text(name, text) if fields[name].converted else text
        except ValueError as error:
            failures.append({"field": name, "message": str(error)})
    if failures:
        first = failures[0]
        raise refuse("INVALID_PATH", f"{first['field']}: {first['message']}", failures=failures)


@operation("parse.query", errors=("INVALID_QUERY",))
def query(ctx: ExecutionContext, schema: Validator | None = None) -> Object:
    """The query string as an object of texts, or as its JSON Schema says.

    With a schema, integers, numbers and booleans are converted, an array collects every value of a
    name, defaults are filled in, and each other property that is absent is null, so that
    `$query.limit` can always be read. A name given twice is refused unless it is an array; so is
    one that `additionalProperties: false` does not allow.
    """
    pairs = pairs_of(ctx.request.query)
    if schema is not None:
        return values_of(pairs, schema)
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise refuse("INVALID_QUERY", f"{name} is given more than once", where=name)
        values[name] = value
    return values


@operation("parse.json", effects=("request.body",), errors=("INVALID_JSON", "JSON_TOO_LARGE"))
async def json(ctx: ExecutionContext) -> AnyValue:
    """The body as one strict JSON text: UTF-8, no duplicate keys, no NaN, at most 64 levels."""
    body = ctx.request.body
    known = ctx.memo.get(id(body))
    if known is not None:
        if known[1] != "parse.json":
            raise RuntimeError(f"{known[1]} has read the body that parse.json asks for")
        return known[2]
    source = await ctx.wait(_bounded(ctx))
    try:
        value = loads(source)
    except NotJson as error:
        raise refuse("INVALID_JSON", f"the body is not JSON: {error}") from None
    ctx.memo[id(body)] = (body, "parse.json", value)
    return value


OPERATIONS = (path, query, json)


@lru_cache(maxsize=4096)
def _known(text: str) -> str:
    return _segment(text)


def _segment(text: str) -> str:
    """A segment as it came, when it can be one; a rest parameter holds several, between `/`."""
    if text in _NO_SEGMENTS or ("/" in text and not _NO_SEGMENTS.isdisjoint(text.split("/"))):
        raise ValueError("is empty, or is a dot segment")
    if "\\" in text or not text.isprintable():
        raise ValueError("holds a character that no segment may hold")
    return text


async def _bounded(ctx: ExecutionContext) -> bytes:
    limit = ctx.world.schema.limits.max_json_bytes
    received = bytearray()
    async for chunk in ctx.request.body.chunks():
        received += chunk
        if len(received) > limit:
            raise refuse("JSON_TOO_LARGE", f"the JSON body is over {limit} bytes", limit=limit)
    return bytes(received)
