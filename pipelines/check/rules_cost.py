"""Cost: the worst case of each route stays within ops.limits."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from operations.values import encode
from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.derive.cost import StepCosts
from pipelines.derive.json_reach import Reach, reach
from pipelines.derive.paths import Worst, worst
from pipelines.expressions import Fault
from pipelines.nodes import ArrayNode, Constant, Node, ObjectNode, Reference, StepNode
from pipelines.program import REQUEST_BODY
from pipelines.run import OPTIMISTIC_TRIES
from pipelines.scope import resolve_schema
from schema.document import Document

Json = Any


@rule("E701", lowerable=True)
def bearable_length(analysis: Analysis) -> Iterator[Fault]:
    """A pipeline has at most ops.limits.max_pipeline_ops steps."""
    limit = analysis.whole.document.ops.limits.max_pipeline_ops
    route = analysis.route
    replication = analysis.whole.document.replication
    if route is not None:
        count = len(route.pipeline)
    else:
        applied = replication.apply_pipelines if replication is not None else {}
        count = len(applied.get(analysis.pipeline.event or "", ()))
    if count > limit:
        message = f"{count} steps, and ops.limits.max_pipeline_ops is {limit}"
        yield Fault(analysis.where, message, "raise the limit, or split the route")


@rule("E702", lowerable=True)
def bearable_calls(analysis: Analysis) -> Iterator[Fault]:
    """The store calls of each path, races lost included, are within max_io_ops_per_request."""
    limit = analysis.whole.document.ops.limits.max_io_ops_per_request
    costs = StepCosts(analysis)
    every = sum(costs.calls(step) for step in analysis.pipeline.steps)
    if every * (1 + OPTIMISTIC_TRIES) <= limit:
        return
    found = worst(analysis, costs)
    if found is not None and found.tally.total().worst_calls > limit:
        hint = "raise the limit, or do less in the route"
        yield Fault(analysis.where, _calls(analysis, found, limit), hint, path=found.world.path())


@rule("E703", lowerable=True)
def bearable_bytes(whole: Whole) -> Iterator[Fault]:
    """What the declared bounds let a body, a document, an event or an entry hold, the limits do."""
    reaches = _Reaches(whole.document)
    for analysis in whole.pipelines:
        for step in analysis.pipeline.steps:
            judge = _JUDGES.get(step.operation.name)
            if judge is not None:
                yield from judge(analysis, step, reaches)


RULES = (bearable_length, bearable_calls)
SCHEMA_RULES = (bearable_bytes,)


class _Reaches:
    """How large the values of each declared JSON Schema can be, found out once for each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[tuple[str, str], Reach] = {}

    def document(self, name: str | None) -> Reach:
        """A document of that kind."""
        declared = self._document.storage.documents.get(name or "")
        return Reach(0) if declared is None else self.schema(declared.schema)

    def schema(self, schema: Json) -> Reach:
        """A value of a JSON Schema, given by its name or as it is."""
        if not isinstance(schema, str):
            return reach(schema)
        return self._once("schema", schema, resolve_schema(self._document, schema))

    def event(self, name: str) -> Reach:
        """A payload of that type."""
        declared = next((e.schema for e in self._document.events.types if e.name == name), None)
        return self._once("event", name, declared)

    def _once(self, kind: str, name: str, schema: Json) -> Reach:
        if (kind, name) not in self._known:
            self._known[kind, name] = reach(schema)
        return self._known[kind, name]


def _calls(analysis: Analysis, found: Worst, limit: int) -> str:
    total, (most, index) = found.tally.total(), found.tally.dearest
    told = f"up to {total.worst_calls} store calls"
    if total.retried:
        tries = 1 + OPTIMISTIC_TRIES
        told += (
            f" ({total.store_calls}, and {total.retried} where a transaction runs {tries} times)"
        )
    name = analysis.by_index[-index].operation.name
    return (
        f"{told}, and ops.limits.max_io_ops_per_request is {limit}; "
        f"most of them, {most}, are those of {name} in step {-index}"
    )


def _document(analysis: Analysis, step: StepNode, reaches: _Reaches) -> Iterator[Fault]:
    limit = analysis.whole.document.ops.limits.max_kv_value_bytes
    written = _node(analysis, step.dynamic.get("value"), reaches)
    allowed = reaches.document(step.static["doc"])
    told = f"a document {step.static['doc']}"
    yield from _over(step, "value", told, max(allowed, written), "max_kv_value_bytes", limit)


def _event(analysis: Analysis, step: StepNode, reaches: _Reaches) -> Iterator[Fault]:
    document = analysis.whole.document
    limit, name = document.ops.limits.max_event_bytes, "max_event_bytes"
    log = None if document.replication is None else document.replication.log
    if log is not None and log.max_event_bytes < limit:
        limit, name = log.max_event_bytes, "/replication/log/max_event_bytes"
    told, allowed = f"an event {step.static['type']}", reaches.event(step.static["type"])
    yield from _over(step, "payload", told, allowed, name, limit)


def _body(analysis: Analysis, step: StepNode, reaches: _Reaches) -> Iterator[Fault]:
    value = step.dynamic.get("value")
    bodies = {
        each.outputs.get("out")
        for each in analysis.pipeline.steps
        if each.operation.name == "parse.json"
    }
    if isinstance(value, Reference) and not value.path and value.name in bodies:
        allowed = reaches.schema(step.static.get("schema"))
        limit = analysis.whole.document.ops.limits.max_json_bytes
        yield from _over(step, "schema", "a body", allowed, "max_json_bytes", limit)


def _upload(analysis: Analysis, step: StepNode, reaches: _Reaches) -> Iterator[Fault]:
    document = analysis.whole.document
    source = step.dynamic.get("from")
    store = document.storage.blob_stores.get(step.static["store"])
    limit = document.ops.limits.max_request_body_bytes
    if store is None or not (isinstance(source, Constant) and source.value == REQUEST_BODY):
        return
    if store.limits.min_blob_bytes > limit:
        told = f"the store takes no blob under {store.limits.min_blob_bytes} bytes"
        message = f"{told}, and ops.limits.max_request_body_bytes is {limit}"
        yield Fault(step.argument("store"), message, "nothing could be sent: change one of them")


def _entry(analysis: Analysis, step: StepNode, reaches: _Reaches) -> Iterator[Fault]:
    limit = analysis.whole.document.caching.response_cache.max_entry_bytes
    kept = _node(analysis, step.dynamic.get("value"), reaches)
    where = "/caching/response_cache/max_entry_bytes"
    yield from _over(step, "value", "an entry", kept, where, limit)


def _over(
    step: StepNode, argument: str, told: str, found: Reach, name: str, limit: int
) -> Iterator[Fault]:
    if found.bytes <= limit:
        return
    limits = name if name.startswith("/") else f"ops.limits.{name}"
    message = f"{told} may have {found.bytes} bytes, and {limits} is {limit}"
    if found.part:
        message += f"; most of them, {found.share}, are those of {found.part}"
    yield Fault(step.argument(argument), message, "raise the limit, or bound the value")


def _node(analysis: Analysis, node: Node | None, reaches: _Reaches) -> Reach:
    """What a value as written can certainly reach; names count where what set them tells."""
    match node:
        case Constant(value):
            return Reach(len(encode(value)))
        case ObjectNode(items):
            parts = [(key, _node(analysis, item, reaches)) for key, item in items]
            total = 1 + sum(len(encode(key)) + 2 + part.bytes for key, part in parts)
            key, largest = max(parts, key=lambda pair: pair[1].bytes)
            return Reach(total, f"/{key}", largest.bytes)
        case ArrayNode(items):
            return Reach(1 + sum(_node(analysis, item, reaches).bytes + 1 for item in items))
        case Reference() if not node.path and node.slice is None:
            return _variable(analysis, node, reaches)
        case _:
            return Reach(0)


def _variable(analysis: Analysis, reference: Reference, reaches: _Reaches) -> Reach:
    """A document that was read, as its schema bounds it."""
    variable = analysis.scope.variables.get(reference.name) if reference.sigil == "$" else None
    maker = None if variable is None else analysis.by_index.get(variable.step)
    if variable is None or maker is None or variable.output != "out":
        return Reach(0)
    return reaches.document(maker.static.get("doc"))


_JUDGES: Mapping[str, Callable[[Analysis, StepNode, _Reaches], Iterator[Fault]]] = {
    "kv.put": _document,
    "kv.cas_put": _document,
    "emit.event": _event,
    "validate.json_schema": _body,
    "blob.put": _upload,
    "cache.put": _entry,
}
