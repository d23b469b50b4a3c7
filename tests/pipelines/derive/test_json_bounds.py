"""The most bytes that a JSON Schema allows: none that it allows is larger."""

from typing import Any

import pytest

from operations.values import encode
from pipelines.derive.json_bounds import most_bytes
from schema.validators import Validator

TEXT = {"type": "string", "maxLength": 3}
OBJECT = {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}
WIDE = "\x1f" * 3

BOUNDED: list[tuple[Any, Any]] = [
    (TEXT, WIDE),
    ({"type": ["integer", "string"], "maxLength": 3}, WIDE),
    ({"type": "array", "maxItems": 2, "items": TEXT}, [WIDE, WIDE]),
    (OBJECT, {"a": WIDE}),
    ({"enum": ["a", {"b": "\x1f"}]}, {"b": "\x1f"}),
    ({"$ref": "#/$defs/a", "$defs": {"a": TEXT}}, WIDE),
    ({"type": "boolean"}, False),
]
UNBOUNDED: list[Any] = [
    {},
    True,
    {"type": "string"},
    {"type": ["string", "null"]},
    {"type": "array", "items": TEXT},
    {"type": "array", "maxItems": 2},
    {"type": "array", "maxItems": 2, "items": TEXT, "prefixItems": [{"type": "string"}]},
    {"type": "object", "properties": {"a": TEXT}},
    {**OBJECT, "patternProperties": {"^b": {"type": "string"}}},
    {**OBJECT, "properties": {"a": {"$ref": "#"}}},
]


@pytest.mark.parametrize(("schema", "large"), BOUNDED)
def test_what_fits_is_within_the_bound(schema: Any, large: Any) -> None:
    bound = most_bytes(schema)
    assert Validator(schema).valid(large)
    assert bound is not None
    assert bound >= len(encode(large))


@pytest.mark.parametrize("schema", UNBOUNDED)
def test_what_may_grow_has_no_bound(schema: Any) -> None:
    assert most_bytes(schema) is None
