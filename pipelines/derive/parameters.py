"""What a client may send to a route: its parameters, each with a JSON Schema, and its body."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.check.analysis import Analysis
from pipelines.check.effects import streams
from pipelines.derive.answers import answers_state, serves_parts
from pipelines.derive.facts import ParameterFacts
from pipelines.derive.field_schemas import fitting_schema, written_schema
from pipelines.derive.memo import once
from pipelines.derive.value_schemas import expanded
from pipelines.derive.visited import VisitedStep, unproved_parts
from pipelines.expressions import Fault
from pipelines.nodes import Reference, StepNode, references
from pipelines.scope import resolve_schema
from pipelines.shapes import properties_of, required_of

Json = Any

BYTES = "application/octet-stream"
JSON = "application/json"

_REQUEST_BODY = ("root", "", "request", "body")
_OF_INDEX = "^~?[A-Za-z0-9_-]+$"
_OF_EVENTS = "^[0-9]{1,18}$"
"""The cursors that `operations/index.py` gives out."""

_CURSOR = "The cursor that the page before gave for the next one."
_TEXT: Json = {"type": "string"}
_DIGESTS = {
    "Repr-Digest": "the bytes' SHA-256 as RFC 9530 writes it: `sha-256=:BASE64:`",
    "Content-Digest": "the same as Repr-Digest, since the body is sent whole",
    "Digest": "the bytes' SHA-256 as RFC 3230 writes it: `SHA-256=BASE64`",
    "X-Checksum-Sha256": "the bytes' SHA-256, 64 hexadecimal digits",
}
_CONDITIONS = {
    "If-Match": "answer only if the state is one of these ETags, else 412",
    "If-None-Match": "answer 304 if the state is one of these ETags",
    "If-Modified-Since": "answer 304 if nothing changed since",
    "If-Unmodified-Since": "answer only if nothing changed since, else 412",
}
_PARTS = {
    "Range": "the part that is wanted: `bytes=0-1023`",
    "If-Range": "the ETag that the range is meant for; all bytes come if it is another",
}


def parameters_of(analysis: Analysis) -> tuple[ParameterFacts, ...]:
    """The route's parameters: of its path in order, of its query, of its headers by name."""
    if analysis.route is None:
        return ()
    found = [*_of_path(analysis), *_of_query(analysis)]
    headers = {parameter.name.lower(): parameter for parameter in _of_headers(analysis)}
    return (*found, *(headers[name] for name in sorted(headers)))


def request_of(analysis: Analysis) -> tuple[str | None, Json]:
    """The media type of the body that the route takes, and the JSON Schema of a JSON one.

    (None, None) for a route that reads no body.
    """
    steps = _running(analysis)
    for step in steps:
        if step.operation.name == "parse.json":
            return JSON, _body(analysis, step)
    if any(_REQUEST_BODY in streams(step, analysis.plan) for step in steps
           if "request.body" in step.operation.effects):  # fmt: skip
        return BYTES, None
    return None, None


@once
def _running(analysis: Analysis) -> tuple[StepNode, ...]:
    return tuple(step for step in analysis.pipeline.steps if VisitedStep(analysis, step).runs)


# the path


def _of_path(analysis: Analysis) -> Iterator[ParameterFacts]:
    for name in analysis.pipeline.params:
        schema, description = _segment(analysis, name)
        yield ParameterFacts(name, "path", True, schema, description)


def _segment(analysis: Analysis, name: str) -> tuple[Json, str]:
    for owner, declared in analysis.scope.entities.items():
        field = declared.fields.get(name)
        entity = analysis.whole.entities.get(owner)
        if field is None or entity is None:
            continue
        normalized = _treats(analysis, owner, "normalize.entity")
        schema = written_schema(
            entity.fields[name],
            field,
            normalized=normalized,
            validated=_treats(analysis, owner, "validate.entity"),
        )
        told = (
            f"Normalised: {', '.join(field.normalize)}." if normalized and field.normalize else ""
        )
        return schema, told
    return {"type": "string", "minLength": 1}, ""


def _treats(analysis: Analysis, entity: str, operation: str) -> bool:
    return any(
        step.operation.name == operation and step.static["entity"] == entity and step.when is None
        for step in analysis.pipeline.steps
    )


# the query


def _of_query(analysis: Analysis) -> Iterator[ParameterFacts]:
    for step in _running(analysis):
        if step.operation.name != "parse.query":
            continue
        schema = expanded(resolve_schema(analysis.whole.document, step.static.get("schema")))
        required, cursors = required_of(schema), _cursors(analysis, step)
        for name, part in properties_of(schema).items():
            told = part.get("description", "") if isinstance(part, Mapping) else ""
            if name in cursors and isinstance(part, Mapping):
                cursor = {**part, "pattern": cursors[name]}
                yield ParameterFacts(name, "query", name in required, cursor, told or _CURSOR)
            else:
                yield ParameterFacts(name, "query", name in required, part, told)


def _cursors(analysis: Analysis, parsed: StepNode) -> Mapping[str, str]:
    """The properties of the query that say where a page begins, with the pattern of cursors."""
    found: dict[str, str] = {}
    for step in _running(analysis):
        after = step.dynamic.get("after")
        if step.operation.name != "index.query" or not isinstance(after, Reference):
            continue
        if (after.sigil, after.name) == ("$", parsed.outputs.get("out")) and len(after.path) == 1:
            listed = step.static["index"] in analysis.whole.document.indexes
            found[str(after.path[0])] = _OF_INDEX if listed else _OF_EVENTS
    return found


# headers


def _of_headers(analysis: Analysis) -> Iterator[ParameterFacts]:
    document = analysis.whole.document
    if document.tenancy.mode != "off":
        told = "the tenant; without it that of the token"
        pattern = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$"}
        yield ParameterFacts(document.tenancy.header, "header", False, pattern, told)
    for step in _running(analysis):
        yield from _read_by(step)
        if step.operation.name == "blob.verify_digest" and "expected" not in step.dynamic:
            yield from _headers(_DIGESTS)
        if step.operation.name.startswith("cache.") and step.static.get("kind") == "response":
            for name in document.caching.response_cache.vary_headers:
                yield ParameterFacts(_title(name), "header", False, _TEXT, "")
        if answers_state(analysis, step):
            yield from _headers(_CONDITIONS)
        if serves_parts(analysis, step):
            yield from _headers(_PARTS)


def _headers(told: Mapping[str, str]) -> Iterator[ParameterFacts]:
    for name, description in told.items():
        yield ParameterFacts(name, "header", False, _TEXT, description)


def _read_by(step: StepNode) -> Iterator[ParameterFacts]:
    """`$request.headers.x_name` reads the header X-Name."""
    nodes = [*step.dynamic.values(), *([step.when] if step.when is not None else [])]
    for node in nodes:
        for reference in references(node):
            path = reference.path
            if reference.name == "request" and len(path) == 2 and path[0] == "headers":
                yield ParameterFacts(_title(str(path[1])), "header", False, _TEXT, "")


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.replace("_", "-").split("-"))


# the body


def _body(analysis: Analysis, parsed: StepNode) -> Json:
    """What validate.json_schema asks of the whole body, and keys of its properties."""
    variable = parsed.outputs.get("out")
    for step in analysis.pipeline.steps:
        value = step.dynamic.get("value")
        if step.operation.name != "validate.json_schema" or step.when is not None:
            continue
        if isinstance(value, Reference) and (value.sigil, value.name) == ("$", variable):
            if not value.path:
                schema = resolve_schema(analysis.whole.document, step.static.get("schema"))
                return _with_keys(analysis, expanded(schema), str(variable))
    return {}


def _with_keys(analysis: Analysis, schema: Json, variable: str) -> Json:
    """A property that is put into a key must fit the field that it stands for there."""
    properties = dict(properties_of(schema))
    for step in analysis.pipeline.steps:
        if (
            "key" not in step.dynamic
            or step.when is not None
            or not VisitedStep(analysis, step).runs
        ):
            continue
        for part, reference in unproved_parts(analysis, step):
            whole = Reference(reference.sigil, reference.name, reference.path)
            target = analysis.scope.target(whole, step.index)
            template = analysis.whole.key_of(step)
            if isinstance(target, Fault) or template is None or target.source != "variable":
                continue
            name = target.path[0] if len(target.path) == 1 else None
            if target.name != variable or name not in properties:
                continue
            properties[name] = _both(properties[name], fitting_schema(template.fields[part.field]))
    return {**schema, "properties": properties} if properties else schema


def _both(one: Json, other: Json) -> Json:
    """Both schemas of a text, in one where each word stands in one of them or is the same."""
    if not isinstance(one, Mapping):
        return one
    meets = any(one[word] != part for word, part in other.items() if word in one)
    return {**one, "allOf": [*one.get("allOf", ()), other]} if meets else {**one, **other}
