"""schema.json is read strictly, with the place of every part, and nothing makes the reader fail."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.parse import MAX_BYTES, MAX_TWICE, parse

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4),
)  # fmt: skip


@given(_JSON, st.booleans(), st.sampled_from([None, 1]))
def test_valid_json_is_read_as_the_standard_library_reads_it(
    value: Any, escaped: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent)
    parsed = parse(text.encode(), "f")
    assert parsed.findings == ()
    assert json.dumps(parsed.value) == json.dumps(json.loads(text))


@given(st.binary(max_size=60) | st.text('[]{}",:\\u0123eE+-.tfn \n\ud83d"', max_size=60).map(
    lambda text: text.encode("utf-8", "surrogatepass")
))  # fmt: skip
def test_arbitrary_bytes_are_read_or_refused_and_never_crash(source: bytes) -> None:
    parsed = parse(source, "f")
    if not parsed.findings:
        assert json.dumps(parsed.value) == json.dumps(json.loads(source))
    for finding in parsed.findings:
        assert finding.rule == "E101"
        assert finding.line >= 1
        assert finding.column >= 1


@pytest.mark.parametrize(
    ("source", "place", "pointer", "message"),
    [
        (b"", (1, 1), "", "ends where a value"),
        (b'{\n "a": [1,\n  NaN]}', (3, 3), "/a/1", "no value begins"),
        (b"[Infinity]", (1, 2), "/0", "no value begins"),
        (b"[1e999]", (1, 2), "/0", "too large"),
        (b"[123456789012345678901]", (1, 2), "/0", "too large"),
        (b"[1,]", (1, 3), "/0", "a comma before"),
        (b'{"a":1,}', (1, 7), "/a", "a comma before"),
        (b"[1 2]", (1, 4), "/0", "expected after an item"),
        (b'{"a" 1}', (1, 6), "", "`:` expected"),
        (b"{a: 1}", (1, 2), "", "a key in double quotes"),
        (b"[1] 2", (1, 5), "", "something follows"),
        (b"[01]", (1, 3), "/0", "expected after an item"),
        (b"['a']", (1, 2), "/0", "no value begins"),
        (b'["a\nb"]', (1, 2), "/0", "control character"),
        (b'["\\x"]', (1, 2), "/0", "bad escape"),
        (b'["\\u12g4"]', (1, 2), "/0", "escape"),
        (b'["\\ud800"]', (1, 2), "/0", "lone surrogate"),
        (b"\xef\xbb\xbf{}", (1, 1), "", "byte order mark"),
        (b'{"a":\n"\xff"}', (2, 2), "", "not UTF-8"),
        ("{\"é\": é}".encode(), (1, 7), "/é", "no value begins"),
        (b"[\x0b 1]", (1, 2), "/0", "no value begins with `\x0b`"),
        (b"[" * 65 + b"]" * 65, (1, 65), "/0" * 64, "nested deeper"),
        (b" " * (MAX_BYTES + 1), (1, 1), "", "bytes"),
        (b"[" + b"1," * 500_000 + b"1]", (1, 1_000_000), "/499999", "more than 500000 values"),
        (b'{"' + b"k" * 2000 + b'": 1}', (1, 2), "", "a key of more than"),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_with_its_place(
    source: bytes, place: tuple[int, int], pointer: str, message: str
) -> None:
    (finding,) = parse(source, "f").findings
    assert message in finding.message
    assert (finding.line, finding.column) == place
    assert (finding.rule, finding.file, finding.severity) == ("E101", "f", "error")
    assert finding.pointer in (pointer, f"{pointer}/")


def test_every_duplicate_key_is_told() -> None:
    parsed = parse(b'{"a": 1,\n "a": 2, "b": {"c": 1, "c": 1}}', "f")
    assert [(f.line, f.column, f.pointer) for f in parsed.findings] == [
        (2, 2, "/a"),
        (2, 24, "/b/c"),
    ]
    many = b"{" + b'"a":1,' * 5000 + b'"a":1}'
    assert len(parse(many, "f").findings) == MAX_TWICE + 1


def test_values_and_keys_are_found_by_pointer() -> None:
    places = parse(b'{\n  "a/b": [\n    {"~": "\xc3\xa9", "x": 1}\n  ]\n}', "f").places
    assert places.of("") == (1, 1)
    assert places.of("/a~1b", key=True) == (2, 3)
    assert places.of("/a~1b/0/x") == (3, 21)
    assert places.of("/a~1b/0/~0", key=True) == (3, 6)
    assert places.of("/a~1b/7/gone") == places.of("/a~1b")


@pytest.mark.parametrize(
    "source",
    [b"[" * 4_000_000, b"[" + b"[]," * 150_000 + b"1]", b'"' + b"\\n" * 2_000_000,
     b'{"a":0,' * 100_000, b"9" * 4_000_000],
    ids=["open", "many", "escapes", "nested", "digits"],
)  # fmt: skip
def test_hostile_texts_cost_linear_time(source: bytes) -> None:
    started = time.process_time()
    parse(source, "f")
    assert time.process_time() - started < 8


def test_a_finding_in_words_moves_no_cursor() -> None:
    (finding,) = parse(b"[\x1b[2J]", "f").findings
    assert str(finding).isprintable()
