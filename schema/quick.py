"""The quick way to read a JSON text that nothing is wrong with.

The decoder of msgspec accepts RFC 8259 and a little more than `schema/parse.py` does. What it gives
is taken only when that little more is ruled out; every other text is left to the reader that knows
places, and refused there or not.
"""

import re
from typing import Any, Final

import msgspec

Json = Any
UNSURE: Final[Any] = object()
"""What `quick` gives for a text that might be refused."""

_LOWEST, _HIGHEST = -(2**63), 2**64 - 1


def quick(source: bytes, depth: int, values: int, name: int, number: int) -> Json:
    """The value of a text within the limits of `schema/parse.py`; UNSURE when it may be beyond.

    A value is the first one, or stands behind `,`, `[` or `{`, so that counting these bounds the
    number of values before any is made.
    """
    marks = source.count(b",") + source.count(b"[") + source.count(b"{")
    if marks >= values:
        return UNSURE
    try:
        value = msgspec.json.decode(source)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return UNSURE
    found = _Walk(value, depth)
    texts, rest = divmod(_quotes(source), 2)
    sound = found.ended and found.fits and texts == found.texts and not rest
    if not sound or max(map(len, found.names), default=0) > name:
        return UNSURE
    if found.reals and re.search(rb"[-+.0-9eE]{%d}" % (number + 1), source):
        return UNSURE
    return value


def _quotes(source: bytes) -> int:
    """The quotes that begin and end texts; escapes are read from the left."""
    plain = source.replace(rb"\\", b"")
    return plain.count(b'"') - plain.count(rb"\"")


class _Walk:
    """One look at every value, level by level.

    `texts` counts the strings, keys included: a key that stood twice was written once more.
    `fits` tells that all integers have 64 bits, `ended` that nothing is nested deeper than `depth`.
    """

    def __init__(self, value: Json, depth: int) -> None:
        self.names: set[str] = set()
        self.texts = 0
        self.reals = False
        self.fits = True
        level = [value]
        for _ in range(depth):
            level = self._below(level)
        self.ended = not any(isinstance(value, dict | list) for value in level)
        self._below(level)

    def _below(self, level: list[Json]) -> list[Json]:
        below: list[Json] = []
        texts = 0
        for value in level:
            kind = type(value)
            if kind is str:
                texts += 1
            elif kind is dict:
                texts += len(value)
                self.names.update(value)
                below += value.values()
            elif kind is list:
                below += value
            elif kind is int:
                self.fits = self.fits and _LOWEST <= value <= _HIGHEST
            elif kind is float:
                self.reals = True
        self.texts += texts
        return below
