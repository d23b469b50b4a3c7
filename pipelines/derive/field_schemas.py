"""A field of an entity as JSON Schema: as it is stored, and as a client may write it in a path.

Patterns are given for ECMA-262 and anchored. What a normaliser makes of a value is undone in them,
so that they tell exactly which texts the service takes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial, reduce
from typing import Any

from schema.alphabet import Ranges, atoms, complement, merge, read
from schema.document_data import EntityField
from schema.fields import Field
from schema.versions import MAX_VERSION, RULES

Json = Any
Change = Callable[[str], str]

_LARGEST = 10**19 - 1
_LAST = 0x10FFFF
_LAST_CASED = 0x1F000
_LAST_TO_ASCII = 0x2200
"""No letter beyond the first has two cases, none beyond the second a case in ASCII."""

_SYNTAX = frozenset("^$\\.*+?()[]{}|/-")

_NAME = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_RELEASE = r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}"
_BUILD = r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_SEMVER = rf"{_RELEASE}(?:-{_NAME}(?:\.{_NAME})*)?{_BUILD}"
"""The grammar of Semantic Versioning 2.0.0; without its middle that of its releases."""


def stored_schema(field: Field) -> Json:
    """The schema of the field's values once they were validated."""
    if field.type in ("integer", "boolean"):
        return {"type": field.type}
    return _text(field, ())


def fitting_schema(field: Field) -> Json:
    """The schema of the texts that fit the field where they stand in a key."""
    if field.pattern is None:
        return {"type": "string"}
    schema: dict[str, Json] = {"type": "string", "pattern": f"^(?:{_ecma(field.pattern.source)})$"}
    if field.max_length is not None and not _bounds_itself(field, field.max_length):
        schema["maxLength"] = field.max_length
    return schema


def written_schema(
    field: Field, declared: EntityField, *, normalized: bool, validated: bool
) -> Json:
    """The schema of the segments that the field takes; one that nothing judges may be any text."""
    if field.type == "boolean":
        return {"type": "boolean"}
    if field.type == "integer":
        return {"type": "integer", "minimum": -_LARGEST, "maximum": _LARGEST}
    changes = [_undo(action) for action in declared.normalize] if normalized else []
    if not validated or None in changes:
        return {"type": "string", "minLength": 1}
    return _text(field, [change for change in changes if change is not None])


def _text(field: Field, changes: Sequence[Change]) -> Json:
    patterns = [field.pattern.source] if field.pattern else []
    if field.type == "version" and field.versions is RULES["semver"]:
        # First what is narrowest: whoever makes values up from the first fits the others.
        patterns.insert(0, _SEMVER if field.allow_prerelease else f"{_RELEASE}{_BUILD}")
    schema: dict[str, Json] = {"type": "string"}
    most = field.max_length or (MAX_VERSION if field.type == "version" else None)
    if most is not None and not _bounds_itself(field, most):
        if _trim in changes:
            patterns.append(f"(?:[^ ].{{0,{most - 2}}})?[^ ]" if most > 1 else "[^ ]")
        else:
            schema["maxLength"] = most
    written = [f"^(?:{_ecma(reduce(_changed, reversed(changes), p))})$" for p in patterns]
    if written:
        schema["pattern"] = written[0]
    if len(written) > 1:
        schema["allOf"] = [{"pattern": pattern} for pattern in written[1:]]
    return schema


@lru_cache(maxsize=1024)
def _changed(pattern: str, change: Change) -> str:
    return change(pattern)


def _bounds_itself(field: Field, most: int) -> bool:
    """Whether the pattern as written lets nothing longer through."""
    if field.pattern is None:
        return False
    longest = _longest(field.pattern.source)
    return longest is not None and longest <= most


@lru_cache(maxsize=256)
def _longest(source: str) -> int | None:
    return read(source).longest


# what the normalisers make of a text, backwards


@lru_cache(maxsize=256)
def _undo(action: str) -> Change | None:
    """From the pattern of what comes out to that of what may go in; None where no pattern tells."""
    if action == "trim":
        return _trim
    if action in ("lower", "upper"):
        return partial(_each, change=partial(_cased, upper=action == "upper"))
    parts = action.split(":")
    if len(parts) != 3 or len(parts[1]) != 1 or len(parts[2]) != 1 or "\\" in action:
        return None
    return partial(_each, change=partial(_replaced, old=ord(parts[1]), new=ord(parts[2])))


def _trim(pattern: str) -> str:
    """A path holds no other white space than blanks."""
    return f" *(?:{pattern}) *"


@lru_cache(maxsize=256)
def _cased(ranges: Ranges, upper: bool) -> Ranges:
    kept: list[tuple[int, int]] = []
    plain = all(high < 128 for _, high in ranges)
    table = _cases(upper, _LAST_TO_ASCII if plain else _LAST_CASED)
    start = 0
    for moved in sorted(code for codes in table.values() for code in codes):
        kept.append((start, moved - 1))
        start = moved + 1
    kept.append((start, _LAST))
    fixed = _both(ranges, tuple(pair for pair in kept if pair[0] <= pair[1]))
    more = [(c, c) for to, codes in table.items() if _holds(ranges, to) for c in codes]
    return merge((*fixed, *more))


@lru_cache(maxsize=4)
def _cases(upper: bool, last: int) -> dict[int, list[int]]:
    """Each letter of the case aimed at, with those up to `last` that become it."""
    table: dict[int, list[int]] = {}
    for code in range(last):
        cased = chr(code).upper() if upper else chr(code).lower()
        if cased != chr(code):
            table.setdefault(ord(cased) if len(cased) == 1 else -1, []).append(code)
    return table


def _replaced(ranges: Ranges, old: int, new: int) -> Ranges:
    without = _both(ranges, complement(((old, old),)))
    return merge((*without, (old, old))) if _holds(ranges, new) else without


def _both(one: Ranges, other: Ranges) -> Ranges:
    return complement(merge((*complement(one), *complement(other))))


def _holds(ranges: Ranges, code: int) -> bool:
    return any(low <= code <= high for low, high in ranges)


# patterns as text


def _each(pattern: str, change: Callable[[Ranges], Ranges]) -> str:
    """The pattern with every atom of one character changed."""
    out, at = [], 0
    for start, end, ranges in atoms(pattern):
        out += [pattern[at:start], _class(change(ranges))]
        at = end
    return "".join([*out, pattern[at:]])


def _class(ranges: Ranges) -> str:
    negated = bool(ranges) and ranges[-1][1] == _LAST
    shown = complement(ranges) if negated else ranges
    if not negated and len(shown) == 1 and shown[0][0] == shown[0][1]:
        return _char(shown[0][0])
    inner = "".join(map(_span, shown))
    return f"[{'^' if negated else ''}{inner}]"


def _span(span: tuple[int, int]) -> str:
    low, high = span
    if high - low < 2:
        return "".join(map(_char, range(low, high + 1)))
    return f"{_char(low)}-{_char(high)}"


def _char(code: int) -> str:
    char = chr(code)
    if char.isascii() and not char.isprintable():
        return f"\\x{code:02x}"
    return f"\\{char}" if char in _SYNTAX else char


def _ecma(pattern: str) -> str:
    """RE2's own ways to write groups and ends, as ECMA-262 has them."""
    return pattern.replace("(?P<", "(?<").replace("\\A", "").replace("\\z", "")
