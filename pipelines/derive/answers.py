"""What each step of a pipeline can answer, and what the service answers around it.

Every answer that can be sent is told, and none that the schema proves impossible. 500 INTERNAL is
not among them: no request brings it about, it is a fault of the service and promises nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from errors.catalogue import CATALOGUE
from pipelines.check.analysis import Analysis
from pipelines.derive.facts import Answer
from pipelines.derive.refusals import codes
from pipelines.derive.value_schemas import ValueSchemas
from pipelines.derive.visited import VisitedStep
from pipelines.nodes import Constant, Node, ObjectNode, Reference, StepNode
from pipelines.run import RETRIES
from schema.document import Route

BYTES = "application/octet-stream"
JSON = "application/json"

_CALLS = {"kv.cas_put": 2, "cache.get": 2, "index.query": 2}
"""Store calls of those that may make more than one for each of their effects."""

_VALIDATORS = {"ETag": "this state's tag, for conditional requests"}
_BLOB = {
    **_VALIDATORS,
    "Last-Modified": "when the bytes were stored",
    "Repr-Digest": "the SHA-256 of all of the bytes (RFC 9530)",
    "Accept-Ranges": "`bytes`: parts can be asked for",
}
_RANGE = {"Content-Range": "the part's place in the whole, and its size"}


def step_answers(analysis: Analysis, step: StepNode) -> tuple[Answer, ...]:
    """Every answer that the step can cause: its refusals, and its reply. None if it never runs."""
    at = VisitedStep(analysis, step)
    if not at.runs or _switched_off(analysis):
        return ()
    refused = [_error(code, CATALOGUE[code].meaning, step.index) for code in codes(at)]
    return _once([*refused, *_replies(at)])


def around_answers(analysis: Analysis) -> tuple[Answer, ...]:
    """Every answer to the route's requests that no step gives. None for an apply pipeline."""
    route = analysis.route
    if route is None:
        return ()
    answers = [*_heads(), *_entrance(analysis, route)]
    if _switched_off(analysis):
        answers.append(_error("ROUTE_DISABLED", "the route's feature is switched off"))
        return _once(answers)
    answers += [
        _error("FORBIDDEN", "no policy lets the principal in"),
        _error("CPU_LIMIT", "the request needs more than max_cpu_ms_per_request"),
        _error("DEADLINE", "the request needs more than deadline_ms"),
    ]
    if _may_run_out(analysis):
        answers.append(_error("IO_LIMIT", "the request needs more than max_io_ops_per_request"))
    for step in analysis.pipeline.steps:
        answers += _conditional(analysis, step)
    return _once(answers)


def answers_state(analysis: Analysis, step: StepNode) -> bool:
    """Whether the step replies with a thing's state, which conditional requests are about."""
    replies = step.operation.name in ("respond.json", "respond.bytes")
    return (
        replies
        and analysis.pipeline.method in ("GET", "HEAD")
        and step.static.get("status") == 200
        and VisitedStep(analysis, step).runs
    )


def serves_parts(analysis: Analysis, step: StepNode) -> bool:
    """Whether the step's reply may be asked for in parts: stored bytes, or what has an ETag."""
    if not answers_state(analysis, step) or analysis.pipeline.method != "GET":
        return False
    return _is_stored(analysis, step) or "etag" in _headers(step)


# around the steps


def _heads() -> Iterator[Answer]:
    """What HTTP itself and the bounds of the service can refuse, whatever the route."""
    yield _error("BAD_REQUEST", "the request breaks HTTP, or names a header twice")
    yield _error("REQUEST_TIMEOUT", "the request's head does not arrive in time")
    yield _error("URI_TOO_LONG", "the address is too long")
    yield _error("HEADERS_TOO_LARGE", "the headers are too many or too large")
    yield _error("OVERLOADED", "the service is at its bound of work")
    yield _error("SHUTTING_DOWN", "the service is not serving yet, or no longer")


def _entrance(analysis: Analysis, route: Route) -> Iterator[Answer]:
    if "{" in route.path:
        yield _error("INVALID_PATH", "a segment is empty, a dot segment, or holds a slash")
    yield _error("UNAUTHORIZED", "the credential does not count, or the policies ask for one")
    if analysis.whole.document.tenancy.mode != "off":
        yield _error("TENANT_MISMATCH", "the request names another tenant than its token")


def _switched_off(analysis: Analysis) -> bool:
    proxies = analysis.route is not None and "proxy" in analysis.route.tags
    return proxies and not analysis.whole.document.features.proxy_enabled


def _may_run_out(analysis: Analysis) -> bool:
    """Whether the store calls of all steps, with every try of a transaction, are over the limit."""
    owning = analysis.whole.document.tenancy.mode != "off"
    tenants = len(analysis.whole.document.storage.kv_stores) if owning else 0
    calls, tries = 0, 1
    for step in analysis.pipeline.steps:
        name, effects = step.operation.name, step.operation.effects
        if name == "txn.begin":
            tries = RETRIES + 1
        elif "txn" in effects:
            tries = 1
        touched = len(effects - {"txn", "reply", "request.body", "clock", "auth"})
        calls += tries * (_CALLS.get(name, touched) + (tenants if "blob.read" in effects else 0))
    return calls > analysis.whole.document.ops.limits.max_io_ops_per_request


def _conditional(analysis: Analysis, step: StepNode) -> Iterator[Answer]:
    """RFC 9110, section 13: what becomes of a reply when the request sets conditions."""
    if not answers_state(analysis, step):
        return
    headers = _validators(analysis, step)
    yield Answer(304, None, None, "the client has this state already", None, headers=headers)
    yield _error("PRECONDITION_FAILED", "this is not the state that was asked for")
    if serves_parts(analysis, step):
        for reply in _replies(VisitedStep(analysis, step)):
            told = {**reply.headers, **_RANGE}
            yield Answer(206, None, None, "a part was asked for", reply.media, headers=told)
        outside = "the part asked for lies outside the bytes"
        yield _error("RANGE_NOT_SATISFIABLE", outside, headers=_RANGE)


# replies


def _replies(at: VisitedStep) -> Iterator[Answer]:
    step = at.step
    name = step.operation.name
    if name == "respond.error":
        status, code = step.static["status"], step.static["code"]
        yield Answer(status, code, step.index, _message(step))
    elif "reply" in step.operation.effects and "status" in step.static:
        status = step.static["status"]
        media, body = _body(at)
        headers = _validators(at.analysis, step) if answers_state(at.analysis, step) else {}
        headers |= {name: "" for name in _named(step) if name.lower() != "content-type"}
        if name == "respond.redirect":
            media, headers = None, {"Location": "where to go"}
        why = f"`{name}` replies"
        yield Answer(status, None, step.index, why, media, body, headers)


def _body(at: VisitedStep) -> tuple[str | None, object]:
    """Media type and JSON Schema of what respond.json or respond.bytes sends."""
    step = at.step
    if step.static["status"] in (204, 304):
        return None, None
    stated = _headers(step).get("content-type")
    is_json = step.operation.name == "respond.json"
    media = JSON if is_json else BYTES
    if isinstance(stated, Constant) and isinstance(stated.value, str):
        media = stated.value
    if not is_json:
        return media, None
    return media, ValueSchemas(at.analysis, step, at.worlds).of(step.dynamic["body"])


def _headers(step: StepNode) -> dict[str, Node]:
    """The headers that the step names, by lower-case name."""
    return {name.lower(): value for name, value in _named(step).items()}


def _named(step: StepNode) -> dict[str, Node]:
    node = step.dynamic.get("headers")
    if isinstance(node, Constant) and isinstance(node.value, dict):
        return {name: Constant(value) for name, value in node.value.items()}
    return dict(node.items) if isinstance(node, ObjectNode) else {}


def _validators(analysis: Analysis, step: StepNode) -> dict[str, str]:
    if _is_stored(analysis, step):
        return dict(_BLOB)
    tagged = step.operation.name == "respond.json" or "etag" in _headers(step)
    return dict(_VALIDATORS) if tagged else {}


def _is_stored(analysis: Analysis, step: StepNode) -> bool:
    """Whether the body may be a handle on stored bytes."""
    body = step.dynamic.get("body")
    if step.operation.name != "respond.bytes" or not isinstance(body, Reference):
        return False
    target = analysis.plan.target(body, step.index)
    return target is None or target.shape.kind in ("handle", "any")


def _message(step: StepNode) -> str:
    message = step.dynamic.get("message")
    if isinstance(message, Constant) and isinstance(message.value, str):
        return message.value
    return CATALOGUE[step.static["code"]].meaning if step.static["code"] in CATALOGUE else ""


# answers


def _error(
    code: str, why: str, step: int | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> Answer:
    return Answer(CATALOGUE[code].status, code, step, why, headers=headers)


def _once(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """In order of status; of those with one status, code and media type the first."""
    kept: dict[tuple[int, str, str], Answer] = {}
    for answer in answers:
        kept.setdefault((answer.status, answer.code or "", answer.media or ""), answer)
    return tuple(kept[key] for key in sorted(kept))
