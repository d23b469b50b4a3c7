"""What is served beside the declared routes, for the OpenAPI document: one table.

A test holds it to the pages that there are, another to what they answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from service.accounts import ChangePassword, Login
from service.docs_files import FILES
from service.openapi_parts import (
    Components,
    body_schema,
    header,
    security,
    status_of,
    told_headers,
)
from service.token_routes import TOKEN_ID, NewToken

Json = Any

_ALWAYS = ("BAD_REQUEST", "HEADERS_TOO_LARGE", "REQUEST_TIMEOUT", "SHUTTING_DOWN", "URI_TOO_LONG")
"""What HTTP and the bounds of the service can refuse on every path."""

_BUSY = "OVERLOADED"
_STALE = "PRECONDITION_FAILED"
_KNOWN = ("UNAUTHORIZED", _BUSY)
_BODY = ("INVALID_JSON", "JSON_TOO_LARGE", "VALIDATION_ERROR")
_PASSWORD = ("INVALID_CREDENTIALS", "LOGIN_RATE_LIMITED")
_ADMIN = ("FORBIDDEN", *_KNOWN)


@dataclass(frozen=True, slots=True)
class Beside:
    """One operation of a page.

    `replies` are JSON Schemas by status, None for a body of `media`; `codes` those of errors, with
    _ALWAYS added; `login` tells who gets in: nobody need (`none`), whoever likes (`may`), only a
    principal (`must`). `query` and `values` are JSON Schemas of parameters. `takes_any` says
    that the body may be anything: what is wrong with it is told in the answer.
    """

    id: str
    method: Literal["GET", "POST", "DELETE"]
    path: str
    tag: str
    summary: str
    replies: Mapping[int, Json]
    codes: tuple[str, ...]
    login: Literal["none", "may", "must"] = "none"
    body: type[msgspec.Struct] | None = None
    takes_any: bool = False
    media: str = "application/json"
    query: Mapping[str, Json] = field(default_factory=dict)
    values: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> Mapping[int, Mapping[str, str]]:
        """The codes of errors by status, each with its meaning."""
        carried = ("INVALID_PATH",) if "{" in self.path else ()
        return status_of((*_ALWAYS, *carried, *self.codes))

    @property
    def statuses(self) -> frozenset[int]:
        """Every status that the operation answers."""
        return frozenset(self.replies) | frozenset(self.errors)


def _ok(**members: Json) -> Json:
    """The schema of an object of exactly these members, with `ok`."""
    properties = {"ok": {"const": True}, **members}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: Json = {"type": "string"}
_MAYBE: Json = {"type": ["string", "null"]}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_NAMES: Json = {"type": ["array", "null"], "items": _TEXT}
_TIME: Json = {"type": ["string", "null"], "format": "date-time"}
_USER: Json = {
    "type": "object",
    "properties": {
        "username": _TEXT,
        "scopes": _TEXTS,
        "must_change_password": {"const": True},
    },
    "required": ["username", "scopes"],
    "additionalProperties": False,
}
_CREDENTIAL: Json = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["jwt", "api_token"]},
        "expires_at": _TIME,
        "namespaces": _NAMES,
        "tenant": _MAYBE,
    },
    "required": ["kind", "expires_at", "namespaces", "tenant"],
    "additionalProperties": False,
}
_TOKEN = {
    "id": _TEXT,
    "name": _TEXT,
    "prefix": _TEXT,
    "scopes": _TEXTS,
    "namespaces": _NAMES,
    "tenant": _MAYBE,
    "created_at": _TIME,
    "expires_at": _TIME,
    "last_used_at": _TIME,
}
_READY: Json = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "reasons": _TEXTS},
    "required": ["ok", "reasons"],
}
_ONE_TOKEN: Json = {
    "type": "object",
    "properties": _TOKEN,
    "required": list(_TOKEN),
    "additionalProperties": False,
}
_ANY_OBJECT: Json = {"type": "object"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_FINDINGS: Json = {"type": "array", "items": _ANY_OBJECT}
_TRACES = _ok(traces={"type": "array", "items": _ANY_OBJECT}, next=_MAYBE)
_TOKEN_ID: Json = {"type": "string", "pattern": f"^{TOKEN_ID.pattern}$"}
_REVOKE: Json = {"operationId": "revoke_token", "parameters": {"id": "$response.body#/id"}}
_REQUEST: Json = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
_PAGE = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    "after": _REQUEST,
}
_STATE = {"ETag": "this state's tag"}

BESIDE: tuple[Beside, ...] = (
    Beside(
        "login", "POST", "/auth/login", "accounts",
        "Log in: a user name and a password become a session.",
        {200: _ok(token=_TEXT, expires_in={"type": "integer"}, user=_USER)},
        (*_BODY, *_PASSWORD, _BUSY), body=Login,
    ),
    Beside(
        "me", "GET", "/auth/me", "accounts", "Who asks, and with which credential.",
        {200: _ok(user=_USER, credential=_CREDENTIAL)}, _KNOWN, "must",
    ),
    Beside(
        "change_password", "POST", "/auth/change-password", "accounts",
        "Change the own password; all other sessions end.",
        {200: _ok()}, (*_BODY, *_PASSWORD, *_KNOWN, "NOT_FOUND", "PRECONDITION_FAILED"), "must",
        body=ChangePassword,
    ),
    Beside(
        "logout", "POST", "/auth/logout", "accounts",
        "End the session; an API token is refused, since it does not log out.",
        {200: _ok()}, _KNOWN, "must",
    ),
    Beside(
        "list_tokens", "GET", "/auth/tokens", "accounts", "The own API tokens, without their text.",
        {200: _ok(tokens={"type": "array", "items": _ONE_TOKEN})}, _KNOWN, "must",
    ),
    Beside(
        "create_token", "POST", "/auth/tokens", "accounts",
        "Make an API token; its text is shown this once. Its scopes and namespaces are among the "
        "own ones.",
        {201: _ok(token=_TEXT, **_TOKEN)}, (*_BODY, *_KNOWN, "FORBIDDEN"), "must", body=NewToken,
    ),
    Beside(
        "revoke_token", "DELETE", "/auth/tokens/{id}", "accounts",
        "End an API token, and those that were made with it.",
        {200: _ok()}, (*_KNOWN, "NOT_FOUND"), "must", values={"id": _TOKEN_ID},
    ),
    Beside(
        "health", "GET", "/health", "service", "Whether it is alive and ready, and what runs.",
        {200: _READY, 503: _READY}, (),
    ),
    Beside(
        "live", "GET", "/health/live", "service", "The process answers.", {200: _ok()}, (),
    ),
    Beside(
        "ready", "GET", "/health/ready", "service", "Everything that it needs answers.",
        {200: _READY, 503: _READY}, (),
    ),
    Beside(
        "metrics", "GET", "/metrics", "service", "Counters, in the text format of Prometheus.",
        {200: None}, (), media="text/plain",
    ),
    Beside(
        "schema", "GET", "/schema", "service", "The text of the schema in force.",
        {200: _ANY_OBJECT}, _KNOWN, "may", headers=_STATE,
    ),
    Beside(
        "openapi", "GET", "/openapi.json", "service", "This document.",
        {200: _ANY_OBJECT, 304: None}, (_BUSY, _STALE), headers=_STATE,
    ),
    Beside(
        "docs", "GET", "/docs", "service", "This document as pages, to read and to try out.",
        {200: None, 304: None}, (_BUSY, _STALE), media="text/html", headers=_STATE,
    ),
    Beside(
        "docs_file", "GET", "/docs/{file}", "service", "What those pages consist of.",
        {200: None, 304: None}, (_BUSY, _STALE, "ROUTE_NOT_FOUND"), media="*/*", headers=_STATE,
        values={"file": {"enum": sorted(FILES)}},
    ),
    Beside(
        "check_schema", "POST", "/admin/check", "administration",
        "Judge the schema that the body is; nothing changes.",
        {200: _ok(errors=_COUNT, warnings=_COUNT, findings=_FINDINGS)},
        (*_ADMIN, "JSON_TOO_LARGE"), "must", takes_any=True,
    ),
    Beside(
        "list_traces", "GET", "/admin/traces", "administration", "Which traces there are.",
        {200: _TRACES}, (*_ADMIN, "INVALID_QUERY", "INVALID_CURSOR"), "must", query=_PAGE,
    ),
    Beside(
        "get_trace", "GET", "/admin/traces/{name}", "administration", "The trace of one request.",
        {200: _ok(trace=_ANY_OBJECT)}, (*_ADMIN, "NOT_FOUND"), "must", values={"name": _REQUEST},
    ),
)  # fmt: skip


def beside_operations(components: Components, sources: Iterable[str]) -> dict[str, dict[str, Json]]:
    """The operations of all pages, by path and method; HEAD is answered as GET is."""
    found: dict[str, dict[str, Json]] = {}
    for each in BESIDE:
        operations = found.setdefault(each.path, {})
        operations[each.method.lower()] = _operation(each, components, sources, head=False)
        if each.method == "GET":
            operations["head"] = _operation(each, components, sources, head=True)
    return found


def _operation(each: Beside, components: Components, sources: Iterable[str], *, head: bool) -> Json:
    operation: Json = {
        "operationId": f"{each.id}.head" if head else each.id,
        "summary": each.summary,
        "tags": [each.tag],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": schema}
              for name, schema in each.values.items()),
            *({"name": name, "in": "query", "schema": schema}
              for name, schema in each.query.items()),
        ],
        "responses": _responses(each, components, head),
        "security": security(sources, anonymous=each.login == "may")
        if each.login != "none" else [],
    }  # fmt: skip
    if each.body is not None:
        content = {"application/json": {"schema": body_schema(each.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    elif each.takes_any:
        operation["requestBody"] = {"content": {"application/json": {}}}
    return operation


def _responses(each: Beside, components: Components, head: bool) -> Json:
    found: dict[str, Json] = {}
    for status in sorted(each.statuses):
        codes, replies = each.errors.get(status), status in each.replies
        if not replies and codes is not None:
            found[str(status)] = components.refused(status, codes, body=not head)
            continue
        headers = {"X-Request-Id": header("X-Request-Id"), **told_headers(each.headers)}
        response: Json = {"description": _said(each, status), "headers": headers}
        if each.id == "create_token" and status == 201:
            response["links"] = {"revoke_token": _REVOKE}
        if not head and status != 304:
            response["content"] = _content(each, status, bool(codes))
        found[str(status)] = response
    return found


def _content(each: Beside, status: int, fails: bool) -> Json:
    schema = each.replies[status]
    if schema is None:
        return {each.media: {}}
    error = {"$ref": "#/components/schemas/Error"}
    return {each.media: {"schema": {"anyOf": [schema, error]} if fails else schema}}


def _said(each: Beside, status: int) -> str:
    told = {304: "The client has this state already.", 503: "Not now; the reasons are told."}
    return told.get(status, each.summary)
