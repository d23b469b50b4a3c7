"""From the bytes of a request's body to a typed value, with every mistake named."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from msgspec.structs import fields
from starlette.requests import Request

from errors.problem import refuse
from operations.json_text import NotJson, loads
from schema.pointers import join

MAX_BYTES = 64 * 1024

T = TypeVar("T", bound=msgspec.Struct)


async def read_body(request: Request, shape: type[T]) -> T:
    """The body as a `shape`.

    Raises Refusal JSON_TOO_LARGE (over 64 KiB), INVALID_JSON or VALIDATION_ERROR; what bounds the
    request's pace (`service/body.py`) adds REQUEST_TIMEOUT.
    """
    return parse(await read_bytes(request, MAX_BYTES), shape)


async def read_bytes(request: Request, limit: int) -> bytes:
    """The body as it came. Raises Refusal JSON_TOO_LARGE when it has more than `limit` bytes."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise refuse("JSON_TOO_LARGE", f"the body is over {limit} bytes", limit=limit)
    return bytes(received)


def parse(body: bytes, shape: type[T]) -> T:
    """One JSON object in UTF-8 as a `shape`. Raises Refusal INVALID_JSON or VALIDATION_ERROR."""
    try:
        value = loads(body)
    except NotJson as fault:
        raise refuse("INVALID_JSON", f"the body is not JSON: {fault}") from None
    if not isinstance(value, dict):
        raise refuse("VALIDATION_ERROR", "the body has to be a JSON object", where="")
    value = _whole(value)
    failures = list(_failures(value, shape))
    if failures:
        first = f"{failures[0]['where']}: {failures[0]['message']}"
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise refuse("VALIDATION_ERROR", first + more, failures=failures)
    return msgspec.convert(value, shape)


def _whole(value: Any) -> Any:
    """The value with 1.0 as 1: to JSON Schema both are the same integer."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _failures(value: dict[str, Any], shape: type[msgspec.Struct]) -> Iterator[dict[str, str]]:
    known = {field.encode_name: field for field in fields(shape)}
    for key in value:
        if key not in known:
            yield {"where": _pointer(key), "message": f"unknown; known are {', '.join(known)}"}
    for key, field in known.items():
        if key in value:
            try:
                msgspec.convert(value[key], field.type)
            except msgspec.ValidationError as problem:
                message, _, place = str(problem).partition(" - at `$")
                yield {"where": _pointer(key) + _inner_pointer(place), "message": message}
        elif field.required:
            yield {"where": _pointer(key), "message": "missing"}


def _pointer(key: str) -> str:
    return join("", key[:128])


def _inner_pointer(place: str) -> str:
    """`[3]` and `.name` of the library's path, as a JSON Pointer."""
    return "".join(f"/{step}" for step in re.findall(r"[\w-]+", place))
