"""Schemas that nobody would write: the shipped and the cases' ones, broken as bytes and as trees.

Everything follows from one `random.Random`, so that a number is enough to see an input again.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tests.pipelines.check.casebook import cases

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "schema.json").read_bytes()

NASTY_BYTES = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"NaN",
    b"-0",
    b"1e999",
    b"1" * 400,
    b'"\\ud800"',
    b'"\\u0000"',
    b"//",
    b"'",
    b"[" * 70,
    b'{"a":' * 70,
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"9" * 20,
    b"0.1",
    b"true",
)

NASTY_TEXTS = (
    "",
    "$",
    "$$",
    "{",
    "}",
    "{{",
    "}}",
    "{a",
    "$a.",
    "$a[",
    "$a[-1]",
    "$a[99999999999]",
    "{a:0:2}",
    "{a:-1:2}",
    "{a:0:99999999}",
    "{variant?}",
    "{path*}",
    "a/../b",
    "..",
    ".",
    "\u0000",
    "\u202e",
    "\x1b[31m",
    "é",
    "\U0001d518",
    "request.body",
    "$request.body",
    "$request.headers",
    "$principal.scopes",
    "{event.payload}",
    "$route.tags",
    "(a+)+$",
    "(?=a)",
    "a{1,1000}{1,1000}",
    "[a-z]{0,60000}",
    "(a|b|c)*d",
    "\\p{L}+",
    "^$",
    "(?i)x",
    "[",
    "(" * 200 + ")" * 200,
    "FREQ=SECONDLY",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "https://[::1",
    "file:///etc/passwd",
    "x" * 70_000,
    "a/" * 5_000,
    "{name}" * 500,
    "$a" * 500,
    "constructor",
    "__class__",
    "{0.__class__}",
    "%s%s%n",
    "txn.begin",
    "txn.commit",
    "respond.json",
    "kv.put",
    "blob.put",
    "cache.put",
    "proxy.fetch",
    "E310",
    "is_null",
    "sha256:" + "0" * 64,
)

NASTY_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**64,
    10**300,
    0.5,
    -0.0,
    1e308,
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    {"$ref": "#"},
    {"$ref": "#/nowhere"},
    {"$ref": "https://example.invalid/x"},
    {"not": {}},
    {"allOf": [{"$ref": "#"}]},
    {"pattern": "(a+)+$"},
    {"enum": list(range(3000))},
    {"type": "nothing"},
    {"minLength": 5, "maxLength": 1},
    {"$dynamicRef": "#a"},
    {"properties": {f"p{i}": {} for i in range(800)}},
    {"patternProperties": {"^(a|aa)+$": {}}},
    {"all": []},
    {"any": [{"is_null": "$a"}] * 40},
    {"not": {"not": {"not": {"is_null": "$meta"}}}},
    {"is_null": None},
    {"equals": []},
    {"equals": [1, 2, 3]},
    ["read"] * 1000,
    {"x-" + "y" * 3000: 1},
    {"comment": {"deep": [[[[[[1]]]]]]}},
)


class Mutator:
    """Gives one broken schema after the other."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        shipped = json.loads(SHIPPED)
        small = [case.schema for case in cases()]
        self.trees: list[Any] = [shipped, *small]
        self.texts = [SHIPPED, *(json.dumps(tree, indent=1).encode() for tree in small)]
        self.parts = [part for tree in self.trees for part in _parts(tree)]

    def next(self) -> bytes:
        """One schema as bytes."""
        kind = self.random.random()
        if kind < 0.35:
            return self._bytes()
        tree = copy.deepcopy(self._source(self.trees))
        for _ in range(self.random.choice((1, 1, 1, 2, 3, 6))):
            self._break(tree)
        text = json.dumps(tree, indent=self.random.choice((None, 1))).encode()
        return text if kind < 0.9 else self._scratch(text)

    def _source(self, among: list[Any]) -> Any:
        """The shipped one a quarter of the time: it holds most, and costs most."""
        return among[0] if self.random.random() < 0.25 else self.random.choice(among[1:])

    # bytes

    def _bytes(self) -> bytes:
        text: bytes = self._source(self.texts)
        for _ in range(self.random.choice((1, 1, 2, 4, 16))):
            text = self._scratch(text)
        return text

    def _scratch(self, text: bytes) -> bytes:
        random = self.random
        at = random.randrange(len(text) + 1)
        span = min(len(text) - at, int(random.expovariate(0.05)))
        kind = random.randrange(7)
        if kind == 0:
            return text[:at] + text[at + span :]
        if kind == 1:
            return text[:at] + random.choice(NASTY_BYTES) + text[at:]
        if kind == 2:
            return text[:at] + random.choice(NASTY_BYTES) + text[at + span :]
        if kind == 3:
            return text[: at + span] + text[at:]
        if kind == 4:
            return text[:at] + bytes(random.randrange(256) for _ in range(span)) + text[at + span :]
        if kind == 5:
            return text[:at]
        other = random.choice(self.texts)
        start = random.randrange(len(other))
        return text[:at] + other[start : start + span * 8] + text[at:]

    # trees

    def _break(self, tree: Any) -> None:
        places = list(_places(tree))
        if not places:
            return
        parent, at = self.random.choice(places)
        self.random.choice(_BREAKS)(self, parent, at)

    def _nasty(self, parent: Any, at: Any) -> None:
        parent[at] = copy.deepcopy(self.random.choice(NASTY_VALUES))

    def _text(self, parent: Any, at: Any) -> None:
        parent[at] = self.random.choice(NASTY_TEXTS)

    def _cross(self, parent: Any, at: Any) -> None:
        parent[at] = copy.deepcopy(self.random.choice(self.parts))

    def _remove(self, parent: Any, at: Any) -> None:
        del parent[at]

    def _rename(self, parent: Any, at: Any) -> None:
        if isinstance(parent, dict):
            parent[self.random.choice(NASTY_TEXTS)[:200]] = parent.pop(at)
        else:
            parent.insert(self.random.randrange(len(parent)), parent.pop(at))

    def _again(self, parent: Any, at: Any) -> None:
        if isinstance(parent, list):
            times = self.random.choice((1, 2, 30))
            parent[at:at] = [copy.deepcopy(parent[at]) for _ in range(times)]
        else:
            parent[f"{at}_again"[:300]] = copy.deepcopy(parent[at])

    def _deeper(self, parent: Any, at: Any) -> None:
        for _ in range(self.random.choice((1, 5, 61))):
            parent[at] = self.random.choice(
                ([parent[at]], {"not": parent[at]}, {"all": [parent[at]]}, {"items": parent[at]})
            )

    def _shuffle(self, parent: Any, at: Any) -> None:
        if isinstance(parent[at], list):
            self.random.shuffle(parent[at])
        else:
            self._text(parent, at)


_BREAKS: tuple[Callable[[Mutator, Any, Any], None], ...] = (
    Mutator._nasty,
    Mutator._text,
    Mutator._text,
    Mutator._cross,
    Mutator._cross,
    Mutator._remove,
    Mutator._remove,
    Mutator._rename,
    Mutator._again,
    Mutator._deeper,
    Mutator._shuffle,
)


def _places(tree: Any) -> Any:
    items: Any = ()
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list):
        items = enumerate(tree)
    for at, item in items:
        yield tree, at
        yield from _places(item)


def _parts(tree: Any) -> Any:
    for parent, at in _places(tree):
        if isinstance(parent[at], dict | list) and len(json.dumps(parent[at])) < 2000:
            yield parent[at]
