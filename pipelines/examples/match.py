"""How what came of an example is compared with what was expected.

A pattern is JSON that has to be equal, but for two objects in it: `{"$any": KIND}` stands for any
value of that kind (see KINDS), and `{"$has": {…}}` for an object with at least these members.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from operations.values import encode, is_digest
from schema.nearest import nearest, short
from schema.pointers import join
from schema.predicates import json_equal

Json = Any

ANY, HAS = "$any", "$has"

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HASH = re.compile(r"[0-9a-f]{64}")

KINDS: dict[str, Callable[[Json], bool]] = {
    "digest": is_digest,
    "time": lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
    "text": lambda value: isinstance(value, str) and value != "",
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "uuid": lambda value: isinstance(value, str) and _UUID.fullmatch(value) is not None,
    "hash": lambda value: isinstance(value, str) and _HASH.fullmatch(value) is not None,
}

_KNOWN = ", ".join(KINDS)


class Difference(NamedTuple):
    """One place in which something else came than was expected, both in words."""

    place: str
    expected: str
    found: str

    def __str__(self) -> str:
        """One line for logs."""
        return f"{self.place}: {self.found}, but expected {self.expected}"


def malformed(pattern: Json, pointer: str) -> Iterator[tuple[str, str, str]]:
    """Every placeholder of a pattern that means nothing, as (JSON Pointer, message, hint)."""
    if isinstance(pattern, dict):
        if ANY in pattern and (len(pattern) > 1 or pattern[ANY] not in list(KINDS)):
            yield pointer, _placeholder(pattern), f'write {{"{ANY}": KIND}}; KIND: {_KNOWN}'
        if HAS in pattern and (len(pattern) > 1 or not isinstance(pattern[HAS], dict)):
            yield pointer, f"`{HAS}` stands alone, with an object", f'write {{"{HAS}": {{…}}}}'
        for name, item in pattern.items():
            yield from malformed(item, join(pointer, name))
    elif isinstance(pattern, list | tuple):
        for number, item in enumerate(pattern):
            yield from malformed(item, join(pointer, number))


def differences(pattern: Json, value: Json, where: str) -> Iterator[Difference]:
    """What differs, place by place, each beginning with `where`."""
    if isinstance(pattern, dict):
        if ANY in pattern:
            if not KINDS[pattern[ANY]](value):
                yield Difference(where, f"any {pattern[ANY]}", told(value))
        elif HAS in pattern:
            yield from _members(pattern[HAS], value, where, closed=False)
        else:
            yield from _members(pattern, value, where, closed=True)
    elif isinstance(pattern, list | tuple):
        if not isinstance(value, list):
            yield Difference(where, "a list", told(value))
            return
        if len(pattern) != len(value):
            yield Difference(where, f"{len(pattern)} items", f"{len(value)} items: {told(value)}")
        for number, (wanted, item) in enumerate(zip(pattern, value, strict=False)):
            yield from differences(wanted, item, f"{where}/{number}")
    elif not json_equal(pattern, value):
        yield Difference(where, told(pattern), told(value))


def told(value: Json) -> str:
    """A value as JSON, cut short."""
    return short(encode(value).decode(), 200)


def _placeholder(pattern: dict[str, Json]) -> str:
    if len(pattern) > 1:
        return f"`{ANY}` stands alone"
    kind = pattern[ANY]
    match = nearest(kind, KINDS) if isinstance(kind, str) else None
    meant = f"; did you mean `{match}`?" if match else ""
    return f"`{ANY}` knows no {told(kind)}{meant}"


def _members(
    pattern: dict[str, Json], value: Json, where: str, *, closed: bool
) -> Iterator[Difference]:
    if not isinstance(value, dict):
        yield Difference(where, "an object", told(value))
        return
    for name, wanted in pattern.items():
        if name not in value:
            yield Difference(join(where, name), told(wanted), "nothing")
        else:
            yield from differences(wanted, value[name], join(where, name))
    if closed:
        for name in sorted(value.keys() - pattern.keys()):
            yield Difference(join(where, name), "nothing", told(value[name]))
