"""JSON text to a value and the places of its parts: RFC 8259 to the letter, and nothing hostile.

Everything refused here is E101: syntax, invalid UTF-8, a byte order mark, lone surrogates, NaN and
infinities, numbers no double or 64-bit integer holds, duplicate keys, and more than `MAX_BYTES`,
`MAX_DEPTH`, `MAX_VALUES` or `MAX_NAME`. A syntax error ends the reading; of duplicate keys the
first `MAX_TWICE` are told.
The other rules of shape: E102 unknown key, E103 wrong type or value, E104 missing key,
E105 operation unknown or not allowed, E106 something twice, E107 unknown reference,
E108 bad argument, E109 bad JSON Schema, E110 bad bound, pattern or URL.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from errors.finding import Finding
from schema.nearest import short
from schema.places import Place, Places
from schema.pointers import join
from schema.quick import UNSURE, quick

Json = Any

RULE = "E101"
MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 500_000
MAX_NAME = 1024
"""Characters of a key: the pointers of findings are made of keys."""
MAX_TWICE = 100

_MAX_NUMBER = 400
_SPACE = re.compile(r"[ \t\n\r]*+")
_SPACES = re.compile(r"[ \t\n\r]+")
_TOKEN = re.compile(
    r'("[^"\\\x00-\x1f]*+(?:\\["\\/bfnrtu][^"\\\x00-\x1f]*+)*+")'
    r"|(-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)"
    r"|(true|false|null)|(\{)|(\[)"
)
_STRING, _NUMBER, _WORD, _OBJECT, _ARRAY = range(1, 6)
_WORDS = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile("[\ud800-\udfff]")
_HINTS = (
    ("'", "texts stand in double quotes"),
    ("//", "JSON has no comments; use a `comment` key"),
    ("/*", "JSON has no comments; use a `comment` key"),
    ("NaN", "JSON has no NaN"),
    ("Infinity", "JSON has no infinities"),
    ("-Infinity", "JSON has no infinities"),
    ("True", "write `true`"),
    ("False", "write `false`"),
    ("None", "write `null`"),
    ("undefined", "write `null`"),
    ("+", "a number has no plus sign"),
    (".", "a number begins with a digit"),
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text that was read: its value (None when `findings` tell of a syntax error) and places."""

    value: Json
    places: Places
    findings: tuple[Finding, ...]


class _Fault(Exception):
    def __init__(self, at: int, pointer: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.at, self.pointer, self.message, self.hint = at, pointer, message, hint


def parse(source: bytes, file: str) -> Parsed:
    """Read a JSON text. Never raises: what is wrong stands in `findings`."""
    try:
        text = _decode(source)
    except _Fault as fault:
        readable = source[: fault.at].decode("utf-8", "ignore")
        fault.at = len(readable)
        places = Places(file, readable, lambda: Place(0))
        return Parsed(None, places, (_finding(places, fault),))
    value = quick(source, MAX_DEPTH, MAX_VALUES, MAX_NAME, _MAX_NUMBER)
    if value is not UNSURE:
        return Parsed(value, Places(file, text, lambda: _Reader(text).document()[1]), ())
    return parse_text(text, file)


def parse_text(text: str, file: str) -> Parsed:
    """The same of a text, value by value: what is refused is known with its place."""
    reader = _Reader(text)
    value, root = None, Place(0)
    try:
        value, root = reader.document()
    except _Fault as fault:
        reader.faults.append(fault)
    places = Places(file, text, lambda: root)
    return Parsed(value, places, tuple(_finding(places, fault) for fault in reader.faults))


def _decode(source: bytes) -> str:
    if len(source) > MAX_BYTES:
        raise _Fault(0, "", f"the file has {len(source)} bytes, {MAX_BYTES} are allowed")
    if source.startswith(b"\xef\xbb\xbf"):
        raise _Fault(0, "", "the file begins with a byte order mark", "save it without one")
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise _Fault(fault.start, "", "the file is not UTF-8", "save it as UTF-8") from None


def _finding(places: Places, fault: _Fault) -> Finding:
    line, column = places.at(fault.at)
    return Finding(
        places.file, line, column, RULE, fault.pointer, "error", fault.message, fault.hint
    )


class _Reader:
    """Recursive descent, at most MAX_DEPTH deep; `at` is the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.count = 0
        self.path: list[str | int] = []
        self.faults: list[_Fault] = []

    def document(self) -> tuple[Json, Place]:
        self.skip()
        found = self.value()
        self.skip()
        if self.at < len(self.text):
            raise self.fault("something follows the end of the JSON value")
        return found

    def skip(self) -> None:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def fault(self, message: str, hint: str = "", at: int | None = None) -> _Fault:
        at = self.at if at is None else at
        if not hint:
            hint = next((h for start, h in _HINTS if self.text.startswith(start, at)), "")
        return _Fault(at, join("", *self.path), message, hint)

    def value(self) -> tuple[Json, Place]:
        start = self.at
        token = _TOKEN.match(self.text, start)
        if token is None:
            raise self.fault(self.unreadable())
        self.count += 1
        if self.count > MAX_VALUES:
            raise self.fault(f"more than {MAX_VALUES} values")
        self.at = token.end()
        kind = token.lastindex
        if kind == _STRING:
            return self.string(token.group(), start), Place(start)
        if kind == _NUMBER:
            return self.number(token.group(), start), Place(start)
        if kind == _WORD:
            return _WORDS[token.group()], Place(start)
        if len(self.path) >= MAX_DEPTH:
            raise self.fault(f"nested deeper than {MAX_DEPTH}", at=start)
        return self.object(start) if kind == _OBJECT else self.array(start)

    def unreadable(self) -> str:
        if self.at >= len(self.text):
            return "the text ends where a value should stand"
        if self.text[self.at] == '"':
            return "the text in quotes does not end, or holds a control character or a bad escape"
        word = _SPACES.split(self.text[self.at : self.at + 20], maxsplit=1)[0]
        return f"no value begins with `{word}`"

    def string(self, token: str, start: int) -> str:
        if "\\" not in token:
            return token[1:-1]
        try:
            text: str = json.loads(token)
        except ValueError:
            raise self.fault("a bad `\\u` escape", "four hexadecimal digits", start) from None
        if _SURROGATE.search(text):
            raise self.fault("a lone surrogate is no character", "write the pair", start)
        return text

    def number(self, token: str, start: int) -> int | float:
        if len(token) <= _MAX_NUMBER:
            if token.lstrip("-").isdigit():
                whole = int(token)
                if -(2**63) <= whole < 2**64:
                    return whole
            else:
                real = float(token)
                if math.isfinite(real):
                    return real
        raise self.fault("the number is too large", "at most 64 bits", start)

    def separator(self, close: str, what: str) -> bool:
        """Step over `,` (True) or over `close` (False)."""
        self.skip()
        char = self.text[self.at : self.at + 1]
        if char not in (",", close) or not char:
            raise self.fault(f"`,` or `{close}` expected after {what}")
        comma = self.at
        self.at += 1
        if char == close:
            return False
        self.skip()
        if self.text.startswith(close, self.at):
            raise self.fault(f"a comma before `{close}`", "take the comma away", comma)
        return True

    def array(self, start: int) -> tuple[Json, Place]:
        items: list[Json] = []
        places: list[Place] = []
        place = Place(start, items=places)
        self.skip()
        if self.text.startswith("]", self.at):
            self.at += 1
            return items, place
        self.path.append(0)
        more = True
        while more:
            self.path[-1] = len(items)
            item, where = self.value()
            items.append(item)
            places.append(where)
            more = self.separator("]", "an item")
        self.path.pop()
        return items, place

    def object(self, start: int) -> tuple[Json, Place]:
        members: dict[str, Json] = {}
        keys: dict[str, int] = {}
        places: dict[str, Place] = {}
        place = Place(start, keys, places)
        self.skip()
        if self.text.startswith("}", self.at):
            self.at += 1
            return members, place
        self.path.append("")
        more = True
        while more:
            key_at = self.at
            name = self.name()
            self.path[-1] = name
            twice = name in members
            if twice:
                self.duplicate(name, key_at)
            value, where = self.value()
            if not twice:
                members[name] = value
                keys[name], places[name] = key_at, where
            more = self.separator("}", "a member")
        self.path.pop()
        return members, place

    def duplicate(self, name: str, at: int) -> None:
        fault = self.fault(f"the key `{short(name)}` stands twice", at=at)
        if len(self.faults) >= MAX_TWICE:
            raise fault
        self.faults.append(fault)

    def name(self) -> str:
        """A member's name and its colon, with the spaces around it."""
        start = self.at
        token = _TOKEN.match(self.text, start)
        if token is None or token.lastindex != _STRING:
            raise self.fault("a key in double quotes is expected")
        self.at = token.end()
        name = self.string(token.group(), start)
        if len(name) > MAX_NAME:
            raise self.fault(f"a key of more than {MAX_NAME} characters", at=start)
        self.skip()
        if not self.text.startswith(":", self.at):
            raise self.fault("`:` expected after a key")
        self.at += 1
        self.skip()
        return name
