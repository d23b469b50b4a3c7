"""Cost: the worst case of each route stays within ops.limits."""

from collections.abc import Iterator

from operations.values import encode
from pipelines.check.analysis import Analysis, rule
from pipelines.cost import StepCosts
from pipelines.expressions import Fault
from pipelines.json_reach import Reach, reach
from pipelines.nodes import ArrayNode, Constant, Node, ObjectNode, Reference, StepNode
from pipelines.program import REQUEST_BODY
from pipelines.run import OPTIMISTIC_TRIES
from pipelines.scope import resolve_schema
from pipelines.ways import Worst, worst


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
    found = worst(analysis)
    if found is not None and found.tally.total().worst_calls > limit:
        hint = "raise the limit, or do less in the route"
        yield Fault(analysis.where, _calls(analysis, found, limit), hint, path=found.world.path())


@rule("E703", lowerable=True)
def bearable_bytes(analysis: Analysis) -> Iterator[Fault]:
    """What the declared bounds let a body, a document, an event or an entry hold, the limits do."""
    for step in analysis.pipeline.steps:
        match step.operation.name:
            case "kv.put" | "kv.cas_put":
                yield from _document(analysis, step)
            case "emit.event":
                yield from _event(analysis, step)
            case "validate.json_schema":
                yield from _body(analysis, step)
            case "blob.put":
                yield from _upload(analysis, step)
            case "cache.put":
                yield from _entry(analysis, step)


RULES = (bearable_length, bearable_calls, bearable_bytes)


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


def _document(analysis: Analysis, step: StepNode) -> Iterator[Fault]:
    storage = analysis.whole.document.storage
    limit = analysis.whole.document.ops.limits.max_kv_value_bytes
    written = _node(analysis, step.dynamic.get("value"), step)
    declared = storage.documents.get(step.static["doc"])
    allowed = reach(storage.schemas.get(declared.schema)) if declared else Reach(0)
    told = f"a document {step.static['doc']}"
    yield from _over(step, "value", told, max(allowed, written), "max_kv_value_bytes", limit)


def _event(analysis: Analysis, step: StepNode) -> Iterator[Fault]:
    document = analysis.whole.document
    limit, name = document.ops.limits.max_event_bytes, "max_event_bytes"
    log = None if document.replication is None else document.replication.log
    if log is not None and log.max_event_bytes < limit:
        limit, name = log.max_event_bytes, "/replication/log/max_event_bytes"
    declared = next((e for e in document.events.types if e.name == step.static["type"]), None)
    allowed = reach(declared.schema) if declared else Reach(0)
    told = f"an event {step.static['type']}"
    yield from _over(step, "payload", told, allowed, name, limit)


def _body(analysis: Analysis, step: StepNode) -> Iterator[Fault]:
    value = step.dynamic.get("value")
    bodies = {
        each.outputs.get("out")
        for each in analysis.pipeline.steps
        if each.operation.name == "parse.json"
    }
    if isinstance(value, Reference) and not value.path and value.name in bodies:
        document = analysis.whole.document
        allowed = reach(resolve_schema(document, step.static.get("schema")))
        limit = document.ops.limits.max_json_bytes
        yield from _over(step, "schema", "a body", allowed, "max_json_bytes", limit)


def _upload(analysis: Analysis, step: StepNode) -> Iterator[Fault]:
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


def _entry(analysis: Analysis, step: StepNode) -> Iterator[Fault]:
    limit = analysis.whole.document.caching.response_cache.max_entry_bytes
    kept = _node(analysis, step.dynamic.get("value"), step)
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


def _node(analysis: Analysis, node: Node | None, step: StepNode) -> Reach:
    """What a value as written can certainly reach; names count where what set them tells."""
    match node:
        case Constant(value):
            return Reach(len(encode(value)))
        case ObjectNode(items):
            parts = [(key, _node(analysis, item, step)) for key, item in items]
            total = 1 + sum(len(encode(key)) + 2 + part.bytes for key, part in parts)
            key, largest = max(parts, key=lambda pair: pair[1].bytes)
            return Reach(total, f"/{key}", largest.bytes)
        case ArrayNode(items):
            return Reach(1 + sum(_node(analysis, item, step).bytes + 1 for item in items))
        case Reference() if not node.path and node.slice is None:
            return _variable(analysis, node)
        case _:
            return Reach(0)


def _variable(analysis: Analysis, reference: Reference) -> Reach:
    """A document that was read, as its schema bounds it."""
    variable = analysis.scope.variables.get(reference.name) if reference.sigil == "$" else None
    maker = None if variable is None else analysis.by_index.get(variable.step)
    if variable is None or maker is None or variable.output != "out":
        return Reach(0)
    storage = analysis.whole.document.storage
    declared = storage.documents.get(maker.static.get("doc", ""))
    return reach(storage.schemas.get(declared.schema)) if declared else Reach(0)
