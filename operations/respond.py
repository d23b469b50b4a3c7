"""Replies. Header names leave in lower case; header values are printable ASCII or are refused."""

from typing import Any

import msgspec

from errors.catalogue import CATALOGUE
from errors.problem import Problem, Refusal, refuse
from operations.context import ExecutionContext, Reply
from operations.operation import operation
from operations.types import (
    AnyValue,
    BodyBytes,
    ErrorCode,
    ErrorStatus,
    Headers,
    RedirectStatus,
    Status,
    Text,
)

_encode = msgspec.json.Encoder().encode


@operation("respond.json", effects=("reply",), errors=("VALIDATION_ERROR",))
def json(ctx: ExecutionContext, status: Status, body: AnyValue, headers: Headers = None) -> None:
    """Answer with a JSON value."""
    sent = {"content-type": "application/json"}
    if headers:
        sent.update(_checked(headers))
    ctx.reply = Reply(status, sent, _encode(body))


@operation("respond.bytes", effects=("reply",), errors=("VALIDATION_ERROR",))
def bytes_(ctx: ExecutionContext, status: Status, body: BodyBytes, headers: Headers = None) -> None:
    """Answer with stored bytes, or with a text in UTF-8."""
    sent = {"content-type": "application/octet-stream"}
    if headers:
        sent.update(_checked(headers))
    ctx.reply = Reply(status, sent, body.encode() if isinstance(body, str) else body)


@operation("respond.redirect", effects=("reply",), errors=("VALIDATION_ERROR",))
def redirect(ctx: ExecutionContext, status: RedirectStatus, location: Text) -> None:
    """Send the client to another address."""
    ctx.reply = Reply(status, _checked({"location": location}), b"")


@operation("respond.error", effects=("reply",))
def error(
    ctx: ExecutionContext,
    status: ErrorStatus,
    code: ErrorCode,
    message: Text,
    details: AnyValue = None,
) -> None:
    """Answer with an error, and abort the open transaction, if any."""
    known = CATALOGUE.get(code)
    hint = known.remedy if known is not None else None
    raise Refusal(Problem(code, message, status, hint=hint, details=details))


OPERATIONS = (json, bytes_, redirect, error)


def _checked(headers: Any) -> dict[str, str]:
    """The headers that have a value: null leaves one out."""
    sent = {}
    for name, value in headers.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else str(value)
        if not (text.isascii() and text.isprintable()):
            raise refuse(
                "VALIDATION_ERROR",
                f"the header {name} would hold a character that no header may hold",
                where=name,
                failures=[{"where": f"/{name}", "message": "is not printable ASCII"}],
            )
        sent[name.lower()] = text
    return sent
