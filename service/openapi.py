"""The OpenAPI 3.1 document of a schema: its routes, and the pages beside them.

What a route takes and answers comes from its facts (`pipelines/derive/routes.py`), so that the
document tells every status that a route can answer and no other. 500 is left out on purpose: no
request brings it about, it is a fault of the service, and its body is an Error like any other.
https://spec.openapis.org/oas/v3.1.1
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pipelines.derive.facts import Answer, ParameterFacts, RouteFacts
from pipelines.derive.value_schemas import expanded
from schema.model import Schema
from service.beside import BESIDE, beside_operations
from service.openapi_examples import Examples
from service.openapi_parts import Components, header, security, told_headers

Json = Any

OPENAPI = "3.1.1"
BYTES = "application/octet-stream"

_REST = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\*\}")
_FAULTS = (
    "Every error has the same body (`Error`); its `code` never changes its meaning. A status of "
    "500 is not among those declared: it means a fault of the service, which no request can "
    "bring about. A method that a path does not have is answered 405 with `Allow`; OPTIONS is "
    "answered 204 with `Allow`."
)


def openapi(facts: Sequence[RouteFacts], schema: Schema, source: bytes, version: str) -> Json:
    """The document, as JSON; `source` is the schema's text, `version` that of the service."""
    written = msgspec.json.decode(source)
    document = schema.document
    names = {name: expanded(part) for name, part in document.storage.schemas.items()}
    components = Components(names)
    routes = _Routes(written, schema, components, facts)
    paths: dict[str, Json] = {}
    for route in facts:
        operations = paths.setdefault(_REST.sub(r"{\1}", route.path), {})
        operations[route.method.lower()] = routes.operation(route)
    for route in facts:
        operations = paths[_REST.sub(r"{\1}", route.path)]
        if route.method == "GET":
            operations.setdefault("head", routes.operation(route, head=True))
    tags = sorted({tag for route in facts for tag in route.tags})
    for path, operations in beside_operations(components, document.auth.principals.source).items():
        paths.setdefault(path, {}).update(operations)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": document.type_id,
            "version": document.schema_version,
            "description": " ".join(filter(None, [written.get("description"), _FAULTS])),
            "x-larder": {"version": version, "schema": schema.digest},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in (*tags, *sorted({each.tag for each in BESIDE}))],
        "paths": paths,
        "components": components.written(),
    }


class _Routes:
    """Writes the operations of declared routes."""

    def __init__(
        self, written: Json, schema: Schema, components: Components, facts: Sequence[RouteFacts]
    ) -> None:
        self._components = components
        named = [(route, _path_names(route)) for route in facts]
        self._linked = [pair for pair in named if pair[0].method in ("GET", "DELETE") and pair[1]]
        self._sources = schema.document.auth.principals.source
        self._written = {route["id"]: route for route in written["api"]["routes"]}
        self._fields = _field_descriptions(written)
        self._examples = Examples(schema.document)

    def operation(self, route: RouteFacts, *, head: bool = False) -> Json:
        written = self._written[route.id]
        operation: Json = {
            "operationId": f"{route.id}.head" if head else route.id,
            "summary": route.id.replace("_", " "),
            "description": _description(written.get("description", ""), route),
            "tags": list(route.tags),
            "parameters": [self._parameter(route, p) for p in route.parameters if not (
                head and p.name in ("Range", "If-Range"))],
            "responses": self._responses(route, head),
            "security": security(self._sources, anonymous=route.anonymous),
            "x-required-scopes": [list(entrance) for entrance in route.entrances],
        }  # fmt: skip
        if route.request_media is not None:
            operation["requestBody"] = self._body(route)
        return operation

    def _parameter(self, route: RouteFacts, parameter: ParameterFacts) -> Json:
        about = [self._fields.get(parameter.name, ""), parameter.description]
        rest = parameter.place == "path" and f"{{{parameter.name}*}}" in route.path
        if rest:
            about.append("One or more segments, with `/` between them.")
        found: Json = {"name": parameter.name, "in": parameter.place}
        if any(about):
            found["description"] = " ".join(filter(None, about))
        if parameter.required:
            found["required"] = True
        found["schema"] = self._components.refer(parameter.schema)
        example = self._examples.parameter(route.id, parameter)
        return found if example is None else {**found, "example": example}

    def _body(self, route: RouteFacts) -> Json:
        if route.request_media == BYTES:
            return {"required": True, "content": {BYTES: {}}}
        content = {"schema": self._components.refer(route.request_body)}
        examples = self._examples.bodies(route.id, route.request_body)
        if examples:
            content["examples"] = examples
        return {"required": True, "content": {route.request_media: content}}

    def _responses(self, route: RouteFacts, head: bool) -> Json:
        found: dict[str, Json] = {}
        statuses = route.statuses - ({206, 416} if head else set())
        for status in sorted(statuses):
            answers = [answer for answer in route.answers if answer.status == status]
            refusals = {answer.code: answer.why for answer in reversed(answers) if answer.code}
            replies = [answer for answer in answers if answer.code is None]
            if not replies:
                found[str(status)] = self._components.refused(status, refusals, body=not head)
            else:
                found[str(status)] = self._reply(route, status, replies, head)
        return found

    def _reply(self, route: RouteFacts, status: int, replies: Sequence[Answer], head: bool) -> Json:
        told: dict[str, str] = {}
        for answer in replies:
            told |= answer.headers
        headers = {"X-Request-Id": header("X-Request-Id"), **told_headers(told)}
        why = " Or: ".join(dict.fromkeys(_words(answer) for answer in replies))
        response: Json = {"description": why, "headers": headers}
        content = dict(_content(replies, self._components))
        if content and not head:
            examples = self._examples.replies(route.id, status)
            if examples and "application/json" in content:
                content["application/json"]["examples"] = examples
            response["content"] = content
        links = dict(self._links(route)) if route.method in ("PUT", "POST") else {}
        return {**response, "links": links} if links and status in (200, 201) else response

    def _links(self, route: RouteFacts) -> Iterator[tuple[str, Json]]:
        """What was just written can be read, and removed, by the routes of the same coordinates."""
        given = _path_names(route)
        for other, names in self._linked:
            if names <= given and (other.method == "GET" or names == given):
                parameters = {name: f"$request.path.{name}" for name in sorted(names)}
                yield other.id, {"operationId": other.id, "parameters": parameters}


def _path_names(route: RouteFacts) -> frozenset[str]:
    return frozenset(p.name for p in route.parameters if p.place == "path")


def _content(replies: Sequence[Answer], components: Components) -> Iterator[tuple[str, Json]]:
    """Each media type with the schema of what is sent in it."""
    for media in dict.fromkeys(answer.media for answer in replies):
        if media is None:
            continue
        bodies: list[Json] = []
        for answer in replies:
            if answer.media == media and answer.body is not None and answer.body not in bodies:
                bodies.append(answer.body)
        if not bodies:
            yield media, {}
        else:
            schema = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
            yield media, {"schema": components.refer(schema)}


def _words(answer: Answer) -> str:
    known = {200: "As asked for.", 201: "Created.", 204: "Done; there is nothing to tell."}
    if answer.step is not None:
        return known.get(answer.status, "Answered.")
    return answer.why[:1].upper() + answer.why[1:] + "."


def _description(text: str, route: RouteFacts) -> str:
    if route.anonymous:
        return text
    ways = [" and ".join(f"`{scope}`" for scope in way) for way in route.entrances]
    needs = f"Needs the scope {' or '.join(ways)}." if ways else ""
    return " ".join(filter(None, [text, needs]))


def _field_descriptions(written: Json) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entity in written["entities"].values():
        for name, field in entity.get("fields", {}).items():
            found.setdefault(name, field.get("description", ""))
    return found
