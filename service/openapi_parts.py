"""The parts that all operations of the OpenAPI document share: errors, headers, credentials."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from errors.catalogue import CATALOGUE
from service.passwords import MIN_LENGTH

Json = Any

ERROR_MEDIA = "application/json"

ERROR: Json = {
    "type": "object",
    "description": "Every error, whatever its cause.",
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "Never changes its meaning."},
                "message": {"type": "string"},
                "details": {"type": "object"},
                "request_id": {"type": "string"},
            },
            "required": ["code", "message", "request_id"],
            "additionalProperties": False,
        },
    },
    "required": ["ok", "error"],
    "additionalProperties": False,
}

HEADERS: Mapping[str, Json] = {
    "X-Request-Id": {
        "description": "The request's id: the client's own where it sent one, else a new one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "WWW-Authenticate": {
        "description": "The kinds of credentials that are understood.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 0},
    },
}

_WAITS = frozenset({"OVERLOADED", "LOGIN_RATE_LIMITED"})

CREDENTIALS: Mapping[str, Json] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A session of POST /auth/login, or an API token.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "Any user name, with a session or an API token as the password.",
    },
}


class Components:
    """What is referred to by name, gathered while operations are written."""

    def __init__(self, schemas: Mapping[str, Json]) -> None:
        self.schemas: dict[str, Json] = {**schemas, "Error": ERROR}
        self.responses: dict[str, Json] = {}
        self._names = [(name, schema) for name, schema in schemas.items() if schema]

    def refer(self, schema: Json) -> Json:
        """The schema with every part that has a name written as a reference to it."""
        for name, known in self._names:
            if schema == known:
                return {"$ref": f"#/components/schemas/{name}"}
        if isinstance(schema, list):
            return [self.refer(item) for item in schema]
        if isinstance(schema, Mapping):
            return {word: self.refer(part) for word, part in schema.items()}
        return schema

    def refused(self, status: int, codes: Mapping[str, str], *, body: bool = True) -> Json:
        """A reference to the response of errors with that status."""
        name = "-".join([str(status), *sorted(codes), *([] if body else ["head"])])
        if name not in self.responses:
            self.responses[name] = _refusal(status, codes, body)
        return {"$ref": f"#/components/responses/{name}"}

    def written(self) -> Json:
        """The document's `components`."""
        return {
            "schemas": self.schemas,
            "responses": dict(sorted(self.responses.items())),
            "headers": dict(HEADERS),
            "securitySchemes": dict(CREDENTIALS),
        }


def header(name: str) -> Json:
    """A reference to one of the shared headers."""
    return {"$ref": f"#/components/headers/{name}"}


def told_headers(told: Mapping[str, str]) -> dict[str, Json]:
    """Headers that a reply may carry, with what they tell."""
    return {
        name: {"schema": {"type": "string"}, **({"description": text} if text else {})}
        for name, text in told.items()
    }


def security(sources: Iterable[str], *, anonymous: bool) -> list[Json]:
    """The credentials of which one is enough; nothing at all is one where nobody need log in."""
    kinds = ["bearer"] if {"jwt", "api_token"} & set(sources) else []
    kinds += ["basic"] if "basic" in sources else []
    return [*([{}] if anonymous else []), *({kind: []} for kind in kinds)]


def _refusal(status: int, codes: Mapping[str, str], body: bool) -> Json:
    headers = {"X-Request-Id": header("X-Request-Id")}
    if status == 401:
        headers["WWW-Authenticate"] = header("WWW-Authenticate")
    if _WAITS & codes.keys():
        headers["Retry-After"] = header("Retry-After")
    reasons = [f"- `{code}`: {_sentence(codes[code])}" for code in sorted(codes)]
    response: Json = {"description": "\n".join(reasons), "headers": headers}
    if body:
        named = {"properties": {"error": {"properties": {"code": {"enum": sorted(codes)}}}}}
        schema = {"allOf": [{"$ref": "#/components/schemas/Error"}, named]}
        response["content"] = {ERROR_MEDIA: {"schema": schema}}
    return response


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def meaning(codes: Iterable[str]) -> dict[str, str]:
    """Codes with their meaning in the catalogue."""
    return {code: CATALOGUE[code].meaning for code in codes}


def status_of(codes: Sequence[str]) -> dict[int, dict[str, str]]:
    """Codes by the status that each is answered with."""
    found: dict[int, dict[str, str]] = {}
    for code, why in meaning(codes).items():
        found.setdefault(CATALOGUE[code].status, {})[code] = why
    return found


def body_schema(shape: type[msgspec.Struct]) -> Json:
    """The JSON Schema of a body as `service/bodies.py` reads it: unknown members are refused."""
    written = msgspec.json.schema(shape)
    schema = written["$defs"][shape.__name__] if "$defs" in written else written
    schema = {**_ecma(schema), "additionalProperties": False}
    if "new_password" in schema["properties"]:  # service/passwords.py judges it.
        schema["properties"]["new_password"]["minLength"] = MIN_LENGTH
    return schema


def _ecma(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_ecma(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: re.sub(r"\\Z", "$", part)
        if word == "pattern" and isinstance(part, str)
        else _ecma(part)
        for word, part in schema.items()
    }
