"""How large a value can become: an upper bound in bytes of JSON, None where nothing bounds it."""

from collections.abc import Iterable, Iterator
from typing import Any

from operations.index import DEFAULT_LIMIT, MAX_LIMIT
from operations.values import encode
from pipelines.check.analysis import Whole
from pipelines.nodes import ArrayNode, Constant, Node, ObjectNode, Reference, StepNode, Template
from pipelines.program import REQUEST_BODY
from pipelines.scope import Scope
from pipelines.shapes import Shape
from pipelines.targets import Target

_BYTES_PER_CHARACTER = 6
"""What JSON needs at most for one character of text: `\\u0000`."""

_SCALARS = {"integer": 20, "number": 25, "boolean": 5, "digest": 73, "null": 4}
_INSTANT = 26
_CURSOR_GROWTH = 3
"""A cursor holds a row's sorted values, escaped and in base64."""

_ROW_FRAME = 1024
"""Bytes of an event's row beside its payload."""


class Sizes:
    """The sizes of one pipeline's values; `steps` are those that set its variables."""

    def __init__(self, whole: Whole, scope: Scope, steps: Iterable[StepNode]) -> None:
        self._whole = whole
        self._scope = scope
        self._limits = whole.document.ops.limits
        self._by_index = {step.index: step for step in steps}

    def most(self, node: Node, step: int) -> int | None:
        """The most bytes that a node's value has as JSON in that step."""
        match node:
            case Constant(value):
                return len(encode(value))
            case Template(parts):
                sizes = (
                    len(encode(p)) if isinstance(p, str) else self._reference(p, step)
                    for p in parts
                )
                return _total(sizes)
            case Reference():
                return self._reference(node, step)
            case ArrayNode(items):
                return _total((2, *(_plus(self.most(item, step), 1) for item in items)))
            case ObjectNode(items):
                members = (
                    _plus(self.most(item, step), len(encode(key)) + 2) for key, item in items
                )
                return _total((2, *members))

    def argument(self, step: StepNode, name: str) -> int | None:
        """The same of an argument that may be left out."""
        node = step.dynamic.get(name)
        return 0 if node is None else self.most(node, step.index)

    def blob(self, store: str) -> int | None:
        """The bytes of the largest blob that a store takes."""
        declared = self._whole.document.storage.blob_stores.get(store)
        return None if declared is None else declared.limits.max_blob_bytes

    def received(self, step: StepNode) -> tuple[int | None, int | None]:
        """What a blob.put reads from outside, and what it stores."""
        source = step.dynamic.get("from")
        store = self.blob(step.static["store"])
        if isinstance(source, Constant) and source.value == REQUEST_BODY:
            most = _least(store, self._limits.max_request_body_bytes)
            return most, most
        target = self._target(source, step.index) if isinstance(source, Reference) else None
        if target is None or target.shape.kind != "stream":
            return 0, store
        if target.source == "root":
            store = _least(store, self._limits.max_request_body_bytes)
        return store, store

    def event_bytes(self) -> int:
        """The most bytes of an event's payload."""
        replication = self._whole.document.replication
        most = self._limits.max_event_bytes
        return most if replication is None else min(most, replication.log.max_event_bytes)

    def _reference(self, reference: Reference, step: int) -> int | None:
        if reference.slice is not None:
            return reference.slice[1] * _BYTES_PER_CHARACTER + 2
        target = self._target(reference, step)
        if target is None:
            return None
        known = _scalar(target.shape)
        if known is not None:
            return known
        if target.source == "field":
            return self._field(target)
        if target.source == "variable":
            return self._variable(target)
        event = target.source == "root" and target.name == "event"
        return self.event_bytes() + _ROW_FRAME if event else None

    def _target(self, reference: Node, step: int) -> Target | None:
        if not isinstance(reference, Reference):
            return None
        found = self._scope.target(reference, step)
        return found if isinstance(found, Target) else None

    def _field(self, target: Target) -> int | None:
        entity = self._whole.entities.get(target.owner)
        field = None if entity is None else entity.fields.get(target.name)
        pattern = None if field is None else field.pattern
        if pattern is None or pattern.extent.longest is None:
            return None
        return pattern.extent.longest * _BYTES_PER_CHARACTER + 2

    def _variable(self, target: Target) -> int | None:
        """By what set it; a part of a value is no larger than the whole."""
        variable = self._scope.variables[target.name]
        step = self._by_index[variable.step]
        match step.operation.name, variable.output:
            case "kv.get", "out":
                return self._limits.max_kv_value_bytes
            case "parse.json", _:
                return self._limits.max_json_bytes
            case "time.now_iso8601", _:
                return _INSTANT
            case "string.format", _:
                return self.argument(step, "template")
            case "index.query", "out":
                return self._rows(step, target)
            case "index.query", _:
                return _CURSOR_GROWTH * self._row(step)
            case "blob.get", _:
                return self.blob(step.static["store"])
            case "cache.get", "value_out":
                return self._cached(step)
            case _:
                return None

    def _row(self, step: StepNode) -> int:
        """A row of an index is taken to be as large as its document may be."""
        log = step.static["index"] not in self._whole.document.indexes
        return self.event_bytes() + _ROW_FRAME if log else self._limits.max_kv_value_bytes

    def _rows(self, step: StepNode, target: Target) -> int | None:
        """A page of rows, or one of them."""
        row = self._row(step)
        if target.path:
            return row
        node = step.dynamic.get("limit")
        limit = DEFAULT_LIMIT if node is None else MAX_LIMIT
        if isinstance(node, Constant):
            limit = max(1, min(node.value or DEFAULT_LIMIT, MAX_LIMIT))
        return 2 + limit * (row + 1)

    def _cached(self, step: StepNode) -> int | None:
        kind = step.static["kind"]
        if "handle" not in self._whole.cached.get(kind, frozenset()):
            return self._whole.document.caching.response_cache.max_entry_bytes
        sizes = [self.blob(name) for name in self._whole.document.storage.blob_stores]
        return None if None in sizes else max((size for size in sizes if size), default=0)


def _scalar(shape: Shape) -> int | None:
    return _SCALARS.get(shape.kind)


def _total(sizes: Iterable[int | None]) -> int | None:
    total = 0
    for size in sizes:
        if size is None:
            return None
        total += size
    return total


def _plus(size: int | None, more: int) -> int | None:
    return None if size is None else size + more


def _least(*sizes: Any) -> int | None:
    known: Iterator[int] = (size for size in sizes if size is not None)
    return min(known, default=None)
