"""HTTP becomes values here, and nowhere else: requests, ids, headers, tenants; and headers back."""

import random
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from config_db.accounts import TENANT
from errors.problem import refuse
from operations.context import Principal, Request
from schema.document import Tenancy
from service.body import BodyBounds, Receive, RequestBody

Scope = Mapping[str, Any]
RawHeaders = list[tuple[bytes, bytes]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_JOINED = {
    **dict.fromkeys(
        (
            "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control",
            "connection", "content-digest", "content-encoding", "content-language", "digest",
            "forwarded", "if-match", "if-none-match", "keep-alive", "link", "pragma", "prefer",
            "repr-digest", "te", "trailer", "upgrade", "vary", "via", "want-content-digest",
            "want-digest", "want-repr-digest", "warning", "x-forwarded-for", "x-forwarded-host",
            "x-forwarded-proto",
        ),
        ", ",
    ),
    "cookie": "; ",
}  # fmt: skip


def make_request(
    scope: Scope,
    receive: Receive,
    params: Mapping[str, str],
    request_id: str,
    *,
    max_body_bytes: int,
    bounds: BodyBounds,
) -> Request:
    """The request as a pipeline sees it. Raises Refusal BAD_REQUEST."""
    headers = read_headers(scope["headers"])
    if scope["method"] == "PUT" and "content-range" in headers:
        # RFC 9110, section 14.5: a part would be kept as if it were the whole.
        raise refuse("BAD_REQUEST", "a PUT brings all of its bytes", where="content-range")
    declared = headers.get("content-length")
    body = RequestBody(
        receive,
        bounds,
        limit=max_body_bytes,
        declared=int(declared) if declared is not None and declared.isdecimal() else None,
    )
    return Request(
        id=request_id,
        method=scope["method"],
        path=scope["path"],
        params=params,
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
    )


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; a list that came in several lines is joined.

    Raises Refusal BAD_REQUEST when any other header came twice: peers would choose differently.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        if name in headers:
            joint = _JOINED.get(name)
            if joint is None:
                raise refuse("BAD_REQUEST", f"the header {name} is given twice", where=name)
            value = headers[name] + joint + value
        headers[name] = value
    return headers


def new_request_id() -> str:
    """An id that no other request has."""
    return f"{random.getrandbits(64):016x}"


def request_id_of(raw: Iterable[tuple[bytes, bytes]]) -> str:
    """The client's X-Request-Id where it is harmless, else a new one."""
    for name, value in raw:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return new_request_id()


def tenant_of(tenancy: Tenancy, headers: Mapping[str, str], principal: Principal) -> str | None:
    """The tenant that the request works in; None where there are none.

    Raises Refusal BAD_REQUEST for a malformed or missing tenant, and TENANT_MISMATCH when the
    header names another than the principal's and the principal is no administrator.
    """
    if tenancy.mode == "off":
        return None
    named = headers.get(tenancy.header.lower())
    if named is None:
        if principal.tenant is None and tenancy.mode == "required":
            raise refuse("BAD_REQUEST", "a tenant is needed", where=tenancy.header)
        return principal.tenant
    if TENANT.fullmatch(named) is None:
        raise refuse("BAD_REQUEST", "that cannot be a tenant", where=tenancy.header)
    if named != principal.tenant and "admin" not in principal.scopes:
        raise refuse("TENANT_MISMATCH", "the request names another tenant than its token")
    return named


@lru_cache(maxsize=256)
def _raw_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def raw_headers(headers: Mapping[str, str], length: int | None = None) -> RawHeaders:
    """Headers as ASGI sends them, with a Content-Length where `length` is given."""
    raw = [(_raw_name(name), value.encode("latin-1")) for name, value in headers.items()]
    if length is not None:
        raw.append((b"content-length", b"%d" % length))
    return raw
