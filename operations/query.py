"""The query string: decoded strictly, and converted as a JSON Schema says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from errors.problem import Refusal, refuse
from operations.json_text import NotJson, loads
from schema.validators import Validator

Pairs = Sequence[tuple[str, str]]

_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,32})?(?:[eE][+-]?[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schema says of each name: (type of one value, whether values are collected).

    `closed` tells that no other names are allowed; `required` and `defaults` are the schema's.
    """

    names: dict[str, tuple[str, bool]]
    closed: bool
    required: frozenset[str]
    defaults: dict[str, Any]


def pairs_of(query: str) -> Pairs:
    """Names and values in order; `+` is a space. Raises Refusal INVALID_QUERY."""
    if not query:
        return ()
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_decoded(name), _decoded(value)))
    return pairs


def values_of(pairs: Pairs, schema: Validator) -> dict[str, Any]:
    """The object that the schema describes. Raises Refusal INVALID_QUERY, naming all that is wrong.

    Each declared property that is neither given, required, nor has a default is null.
    """
    plan = plan_of(schema)
    values: dict[str, Any] = {}
    failures = []
    for name, text in pairs:
        if name not in plan.names and plan.closed:
            failures.append({"where": f"/{name}", "message": "is not a parameter of this route"})
            continue
        kind, collects = plan.names.get(name, ("string", False))
        try:
            value = _converted(kind, text)
        except ValueError as error:
            failures.append({"where": f"/{name}", "message": str(error)})
            continue
        if collects:
            values.setdefault(name, []).append(value)
        elif name in values:
            failures.append({"where": f"/{name}", "message": "is given more than once"})
        else:
            values[name] = value
    for name, value in plan.defaults.items():
        values.setdefault(name, value)
    failures = failures or schema.failures(values)
    if failures:
        raise _refusal(failures)
    for name in plan.names.keys() - values.keys() - plan.required:
        values[name] = None
    return values


@lru_cache(maxsize=256)
def plan_of(schema: Validator) -> Plan:
    """Read a schema's `properties`, once."""
    declared: dict[str, Any] = schema.schema if isinstance(schema.schema, dict) else {}
    properties = {
        name: part if isinstance(part, dict) else {}
        for name, part in declared.get("properties", {}).items()
    }
    return Plan(
        names={name: _shape(part) for name, part in properties.items()},
        closed=declared.get("additionalProperties") is False,
        required=frozenset(declared.get("required", ())),
        defaults={name: part["default"] for name, part in properties.items() if "default" in part},
    )


def _shape(part: dict[str, Any]) -> tuple[str, bool]:
    kind = _kind(part)
    if kind != "array":
        return kind, False
    items = part.get("items")
    return (_kind(items) if isinstance(items, dict) else "string"), True


def _kind(part: dict[str, Any]) -> str:
    """The type of a value that is written as text; null cannot be written."""
    kinds = part.get("type", "string")
    if isinstance(kinds, str):
        return kinds
    return next((kind for kind in kinds if kind != "null"), "string")


def _converted(kind: str, text: str) -> Any:
    if kind == "integer":
        if not _INTEGER.fullmatch(text):
            raise ValueError("must be an integer")
        return int(text)
    if kind == "number":
        if not _NUMBER.fullmatch(text):
            raise ValueError("must be a number")
        try:
            return loads(text.encode())
        except NotJson:
            raise ValueError("must be a number that a double can hold") from None
    if kind == "boolean":
        if text not in ("true", "false"):
            raise ValueError("must be true or false")
        return text == "true"
    return text


def _decoded(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    if _STRAY_PERCENT.search(text):
        raise _refusal([{"where": "", "message": "holds a % that is no percent-encoding"}])
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise _refusal([{"where": "", "message": "is not UTF-8"}]) from None


def _refusal(failures: list[dict[str, str]]) -> Refusal:
    first = failures[0]
    place = first["where"].removeprefix("/") or "the query string"
    return refuse("INVALID_QUERY", f"{place} {first['message']}", failures=failures)
