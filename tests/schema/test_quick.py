"""The quick reading of a text is never another one than the slow reading that knows places."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schema.parse import parse, parse_text
from schema.quick import UNSURE, quick

_LIMITS = (64, 500_000, 1024, 400)
_TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\,:[]{}'), max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
)
_PIECES = st.lists(
    st.sampled_from(
        ['"a"', '"b"', ":", ",", "{", "}", "[", "]", "1", "-", "0", "1.5", "1e9", " ", "\\", '"',
         "\\\\", '\\"', "\\u0041", "\\ud800", "null", "true", "é", "18446744073709551616"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


def agree(source: bytes) -> None:
    found = quick(source, *_LIMITS)
    if found is not UNSURE:
        slow = parse_text(source.decode(), "f")
        assert slow.findings == ()
        assert json.dumps(found) == json.dumps(slow.value)


@given(_JSON, st.booleans())
def test_values_are_read_alike(value: Any, escaped: bool) -> None:
    agree(json.dumps(value, ensure_ascii=escaped).encode())


@given(_PIECES)
@example('{"a":1,"a":2}')
@example('{"a\\"":1,"a\\"":2}')
@example('{"\\\\":"a","\\\\":"b"}')
@example('{"a":{"b":"c"},"a":"b"}')
def test_pieces_of_json_are_read_alike(text: str) -> None:
    agree(text.encode())
    agree(f'{{"a": {text}, "b": 1}}'.encode())


@pytest.mark.parametrize(
    "source",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": "b", "a": "b"}',
        b'[{"\\u0061": {}, "a": {}}]',
        b"[18446744073709551616]",
        b"[-9223372036854775809]",
        b"[" + b"1" * 401 + b"]",
        b"[0." + b"0" * 400 + b"]",
        b"[" * 65 + b"]" * 65,
        b"[" * 5000 + b"]" * 5000,
        b"[" + b"1," * 500_000 + b"1]",
        b'{"' + b"k" * 1025 + b'": 1}',
        b'["\\ud800"]',
    ],
)
def test_what_is_beyond_the_limits_is_left_to_the_slow_reading(source: bytes) -> None:
    assert quick(source, *_LIMITS) is UNSURE
    assert parse(source, "f").findings


@pytest.mark.parametrize(
    "source",
    [
        b"[" * 64 + b"]" * 64,
        b"[18446744073709551615, -9223372036854775808, 1.5, 1e9, -0]",
        b'{"' + b"k" * 1024 + b'": "a \\\\ \\" \\\\\\" b"}',
        "{\"é\": \"\\u00e9 \\ud83d\\ude00\"}".encode(),
    ],
)  # fmt: skip
def test_what_is_within_the_limits_is_read_at_once(source: bytes) -> None:
    assert quick(source, *_LIMITS) == json.loads(source)
