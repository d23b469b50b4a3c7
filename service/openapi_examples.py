"""Examples of the OpenAPI document: the requests and replies of the routes' own examples."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pipelines.derive.facts import ParameterFacts
from pipelines.examples.format import Example, parse_examples
from pipelines.examples.match import ANY, HAS
from schema.document import Document
from schema.validators import Validator

Json = Any

_MOST = 3
"""Examples of one body; more are no help."""

_SAMPLES: Mapping[str, Json] = {
    "digest": "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "time": "2026-01-31T12:00:00.000Z",
    "text": "text",
    "integer": 1,
    "boolean": True,
    "uuid": "019c0c2e-5a00-7000-8000-000000000000",
    "hash": "0" * 64,
}
"""What stands for a value that differs each time."""


class Examples:
    """The examples of a schema's routes, by route."""

    def __init__(self, document: Document) -> None:
        self._by_route = {
            route.id: parse_examples(route, "", document)[0] for route in document.api.routes
        }

    def parameter(self, route: str, parameter: ParameterFacts) -> Json:
        """A value of the first request that is answered as asked for; None without one."""
        judge: Validator | None = None  # Most routes have no example of most parameters.
        for example in self._good(route):
            asked = example.request
            if parameter.place == "path":
                value: Json = asked.params.get(parameter.name)
            elif parameter.place == "query":
                value = asked.query.get(parameter.name) if isinstance(asked.query, dict) else None
            else:
                named = {name.lower(): text for name, text in asked.headers.items()}
                value = named.get(parameter.name.lower())
            if value is None:
                continue
            judge = judge or Validator(parameter.schema)
            if judge.valid(value):
                return value
        return None

    def bodies(self, route: str, schema: Json) -> dict[str, Json]:
        """The JSON bodies of requests that are answered as asked for, by the example's name."""
        judge = Validator(schema)
        found = (
            (example.name, example.request.json)
            for example in self._good(route)
            if example.request.json is not msgspec.UNSET and judge.valid(example.request.json)
        )
        return _named(found)

    def replies(self, route: str, status: int) -> dict[str, Json]:
        """The JSON bodies that are answered with a status, by the example's name."""
        found = (
            (example.name, _sampled(example.expect.json))
            for example in self._by_route[route]
            if example.expect.status == status
            and example.expect.json is not msgspec.UNSET
            and not _is_open(example.expect.json)
        )
        return _named(found)

    def _good(self, route: str) -> Iterator[Example]:
        return (e for e in self._by_route[route] if e.expect.status < 300)


def _named(found: Iterator[tuple[str, Json]]) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    for name, value in found:
        if len(shown) < _MOST and all(known["value"] != value for known in shown.values()):
            shown[name] = {"value": value}
    return shown


def _sampled(pattern: Json) -> Json:
    """The pattern with a value in each place where any value of a kind may stand."""
    if isinstance(pattern, list):
        return [_sampled(item) for item in pattern]
    if not isinstance(pattern, dict):
        return pattern
    if pattern.keys() == {ANY}:
        return _SAMPLES[pattern[ANY]]
    return {name: _sampled(item) for name, item in pattern.items()}


def _is_open(pattern: Json) -> bool:
    """Whether it tells only some members of an object."""
    if isinstance(pattern, list):
        return any(map(_is_open, pattern))
    return isinstance(pattern, dict) and (
        pattern.keys() == {HAS} or any(map(_is_open, pattern.values()))
    )
