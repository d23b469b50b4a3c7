"""What a step can refuse with: the codes its operation declares, less what its arguments and the
paths that lead to it rule out, plus what its arguments bring about while they are evaluated.
"""

from collections.abc import Callable, Iterator

from pipelines.check.effects import SUBJECT, streams
from pipelines.check.plan import place_of
from pipelines.check.wording import node_words
from pipelines.derive.json_bounds import most_bytes
from pipelines.derive.surely_valid import surely_valid
from pipelines.derive.uniqueness import can_conflict
from pipelines.derive.visited import VisitedStep, unproved_parts, was_stored
from pipelines.nodes import Reference, StepNode, Template, references
from pipelines.policies import admission
from pipelines.scope import resolve_schema
from pipelines.validated import validated_fields

_REQUEST_BODY = ("root", "", "request", "body")
_NULL = "null"


def codes(at: VisitedStep) -> Iterator[str]:
    """The codes of errors that the step can end the request with, some of them twice."""
    refine = _REFINED.get(at.step.operation.name)
    yield from refine(at) if refine else at.step.operation.errors
    yield from _of_arguments(at)


def _of_arguments(at: VisitedStep) -> Iterator[str]:
    step = at.step
    if "request.body" in step.operation.effects:
        yield from _of_stream(at)
    key = step.dynamic.get("key")
    if key is not None and any(p.key_of is not None for p in step.operation.parameters):
        if any(True for _ in unproved_parts(at.analysis, step)):
            yield "INVALID_KEY"
    for read in at.analysis.plan.reads[step.index]:
        if isinstance(read.leaf, Template) and was_stored(at, read.reference):
            yield "DOCUMENT_INVALID"  # pipelines/evaluate.py text(): text was expected there.


def _of_stream(at: VisitedStep) -> Iterator[str]:
    """What can happen to bytes while they arrive."""
    for place in streams(at.step, at.analysis.plan):
        if place == _REQUEST_BODY:
            yield from ("BODY_TOO_LARGE", "REQUEST_TIMEOUT")
        else:
            yield from ("UPSTREAM_ERROR", "UPSTREAM_TIMEOUT")


def _entered(at: VisitedStep) -> Iterator[str]:
    """Whoever is refused by the policies already never gets here; a token for other namespaces
    does."""
    route = at.analysis.route
    anonymous = at.analysis.whole.around.anonymous
    allowed = () if route is None else admission(route, at.analysis.whole.document).allow
    wanted = frozenset(at.step.static["scopes"])
    every = at.step.static.get("mode") == "all"
    enough = anonymous >= wanted if every else bool(anonymous & wanted)
    if not enough and any(rule.satisfied(anonymous) for rule in allowed):
        yield "UNAUTHORIZED"
    yield "FORBIDDEN"


def _path(at: VisitedStep) -> Iterator[str]:
    if _carried(at):
        yield "INVALID_PATH"


def _carried(at: VisitedStep) -> list[str]:
    """The fields of the step's entity that the path carries."""
    declared = at.analysis.scope.entities.get(at.step.static["entity"])
    params = at.analysis.pipeline.params
    return [] if declared is None else [name for name in declared.fields if name in params]


def _entity(at: VisitedStep) -> Iterator[str]:
    entity = at.analysis.whole.entities.get(at.step.static["entity"])
    fields = [entity.fields[name] for name in _carried(at)] if entity else []
    if any(f.pattern or f.max_length is not None or f.type == "version" for f in fields):
        yield "VALIDATION_ERROR"


def _json(at: VisitedStep) -> Iterator[str]:
    yield "INVALID_JSON"
    limits = at.analysis.whole.document.ops.limits
    if limits.max_json_bytes < limits.max_request_body_bytes:
        yield "JSON_TOO_LARGE"


def _json_schema(at: VisitedStep) -> Iterator[str]:
    schema = resolve_schema(at.analysis.whole.document, at.step.static.get("schema"))
    if schema is not True and schema != {}:
        yield "VALIDATION_ERROR"


def _committed(at: VisitedStep) -> Iterator[str]:
    yield "TXN_CONFLICT"
    opened = [world.transaction for world in at.worlds]
    if not opened or any(transaction is None or transaction.wrote for transaction in opened):
        yield "STORAGE_FULL"


def _written(at: VisitedStep) -> Iterator[str]:
    document = at.analysis.whole.document
    declared = document.storage.documents.get(at.step.static["doc"])
    schema = document.storage.schemas.get(declared.schema) if declared else None
    if not surely_valid(at, at.step.dynamic["value"], schema):
        yield "DOCUMENT_INVALID"
    most = most_bytes(schema)
    if most is None or most > document.ops.limits.max_kv_value_bytes:
        yield "VALUE_TOO_LARGE"


def _swapped(at: VisitedStep) -> Iterator[str]:
    """What the same transaction has read does not change before its own writes."""
    if "if_absent" in at.step.static:
        if not any(_is_absent(at, read) for read in _read_before(at)):
            yield "ALREADY_EXISTS"
    elif not any(_is_as_read(at, read) for read in _read_before(at)):
        yield "PRECONDITION_FAILED"
    yield from _written(at)


def _read_before(at: VisitedStep) -> Iterator[StepNode]:
    """Sure reads of the same document in the same transaction, with no write of its kind since."""
    begun = {world.transaction.begun for world in at.worlds if world.transaction is not None}
    if not at.inside or len(begun) != 1:
        return
    key = node_words(at.step.dynamic["key"])
    for step in reversed(at.analysis.pipeline.steps[: at.step.index]):
        if step.index <= min(begun) or step.operation.name in ("parse.path", "normalize.entity"):
            return
        if step.static.get("doc") != at.step.static["doc"]:
            continue
        if "kv.write" in step.operation.effects:
            return
        if step.operation.name == "kv.get" and step.when is None:
            if node_words(step.dynamic["key"]) == key:
                yield step


def _is_absent(at: VisitedStep, read: StepNode) -> bool:
    name = read.outputs.get("out")
    if name is None:
        return False
    place = ("variable", "", name)
    return all(world.shape(place).kind == _NULL for world in at.worlds)


def _is_as_read(at: VisitedStep, read: StepNode) -> bool:
    for argument, output in (("if_rev", "rev_out"), ("if_equals", "out")):
        node = at.step.dynamic.get(argument)
        if isinstance(node, Reference) and node.sigil == "$" and not node.path:
            if node.name == read.outputs.get(output):
                return True
    return False


def _received(at: VisitedStep) -> Iterator[str]:
    document = at.analysis.whole.document
    store = document.storage.blob_stores.get(at.step.static["store"])
    limits = store.limits if store else None
    from_request = streams(at.step, at.analysis.plan) == {_REQUEST_BODY}
    most = document.ops.limits.max_request_body_bytes
    if limits is None or not from_request or limits.max_blob_bytes < most:
        yield "BLOB_TOO_LARGE"
    if limits is None or limits.min_blob_bytes > 0:
        yield "BLOB_TOO_SMALL"
    yield "STORAGE_FULL"


def _verified(at: VisitedStep) -> Iterator[str]:
    yield "DIGEST_MISMATCH"
    if not at.inside:  # The bytes are made durable here.
        yield "STORAGE_FULL"
        if at.analysis.whole.document.tenancy.mode != "off":
            yield "TXN_CONFLICT"


def _queried(at: VisitedStep) -> Iterator[str]:
    """Every value has its place in an order, so that only a cursor can be wrong."""
    if at.given("after") is not None:
        yield "INVALID_CURSOR"


def _upserted(at: VisitedStep) -> Iterator[str]:
    if can_conflict(at.analysis.whole, at.step.static["index"]):
        yield "INDEX_CONFLICT"


def _emitted(at: VisitedStep) -> Iterator[str]:
    document = at.analysis.whole.document
    event = next((e for e in document.events.types if e.name == at.step.static["type"]), None)
    if event is None or not surely_valid(at, at.step.dynamic["payload"], event.schema):
        yield "EVENT_INVALID"
    most = None if event is None else most_bytes(event.schema)
    limit = document.ops.limits.max_event_bytes
    if document.replication is not None:
        limit = document.replication.log.max_event_bytes
    if most is None or most > limit:
        yield "EVENT_TOO_LARGE"


def _replied(at: VisitedStep) -> Iterator[str]:
    """A header's value that is not printable ASCII is refused; respond.error names its own."""
    for name in ("headers", "location"):
        node = at.step.dynamic.get(name)
        for reference in references(node) if node is not None else ():
            if not _is_ascii(at, reference):
                yield "VALIDATION_ERROR"


def _is_ascii(at: VisitedStep, reference: Reference) -> bool:
    target = at.analysis.plan.target(reference, at.step.index)
    if target is None:
        return False
    if target.shape.kind in ("digest", "integer", "boolean"):
        return True
    if target.source == "field" and target.name in validated_fields(
        at.analysis.scope, at.step.index
    ):
        entity = at.analysis.whole.entities.get(target.owner)
        pattern = entity.fields[target.name].pattern if entity else None
        return pattern is not None and all(
            low >= ord(" ") and high <= ord("~") for low, high in pattern.extent.alphabet
        )
    return place_of(target) in (SUBJECT, ("root", "", "request", "id"))


_REFINED: dict[str, Callable[[VisitedStep], Iterator[str]]] = {
    "auth.require_scopes": _entered,
    "parse.path": _path,
    "parse.json": _json,
    "validate.entity": _entity,
    "validate.json_schema": _json_schema,
    "txn.commit": _committed,
    "kv.put": _written,
    "kv.cas_put": _swapped,
    "blob.put": _received,
    "blob.verify_digest": _verified,
    "index.query": _queried,
    "index.upsert": _upserted,
    "emit.event": _emitted,
    "respond.json": _replied,
    "respond.bytes": _replied,
    "respond.redirect": _replied,
}
