"""The shape of schema.json, and its conversion into the typed document.

Unknown keys are E102, wrong types and values E103, missing keys E104.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import jsonschema_rs
import msgspec

from errors.finding import Finding
from schema.document import Document
from schema.meta import FREE, at, meta_schema, strip
from schema.nearest import hint, short
from schema.places import Places
from schema.pointers import join

Json = Any

_NOUNS = {
    "object": "an object",
    "array": "an array",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_MASK = "\0"
MOST_SHAPE_FINDINGS = 10_000


def shape_findings(value: Json, places: Places) -> list[Finding]:
    """What is wrong with the shape of a parsed schema.json, in the order of the text.

    That is everything, unless more than MOST_SHAPE_FINDINGS are found.
    """
    plain = strip(value)
    every = (
        finding
        for failure in _validator().iter_errors(plain)
        for finding in _findings(failure, places)
    )
    found = list(islice(every, MOST_SHAPE_FINDINGS))
    return sorted({*found, *_reals(plain, [], places)})


def typed(value: Json) -> Document | None:
    """The typed document of a value; None for one that `shape_findings` finds something in."""
    plain = strip(value)
    if not _validator().is_valid(plain):
        return None
    try:
        return _converted(plain)
    except msgspec.ValidationError:  # A real where an integer is expected.
        return None


def document(value: Json) -> Document:
    """The typed document of a value that `shape_findings` found nothing in.

    Raises msgspec.ValidationError for one that it did.
    """
    return _converted(strip(value))


def _converted(plain: Json) -> Document:
    entities = dict(plain["entities"])
    rule = entities.pop("versioning", {})
    parted = {**plain, "entities": {"named": entities, "versioning": rule}}
    return msgspec.convert(parted, Document)


def _reals(value: Json, path: list[str | int], places: Places) -> Iterator[Finding]:
    """Integers that are written as reals (`1.0`), which JSON Schema takes for integers."""
    if isinstance(value, float) and at(path).get("type") == "integer":
        told = f"{value} stands where an integer is expected"
        yield places.finding("E103", join("", *path), told, "write it without a point")
    children: Any = value.items() if isinstance(value, dict) else ()
    for step, item in enumerate(value) if isinstance(value, list) else children:
        yield from _reals(item, [*path, step], places)


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        meta_schema(),
        registry=jsonschema_rs.Registry([]),
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        mask=_MASK,
    )


def _remedy(name: str, known: Mapping[str, Any]) -> str:
    """What to write in place of an unknown key, or where it belongs."""
    if name == "when" and {"op", "args"} <= known.keys():
        return 'a guard stands among the arguments: "args": {"when": {…}}'
    return hint(name, [*known, *FREE])


def _findings(failure: jsonschema_rs.ValidationError, places: Places) -> Iterator[Finding]:
    path = list(failure.instance_path)
    pointer = join("", *path)
    known = at(path).get("properties", {})
    kind: Any = failure.kind
    if kind.name == "additionalProperties":
        for name in kind.unexpected:
            yield places.finding(
                "E102",
                join(pointer, name),
                f"unknown key `{short(name)}`",
                _remedy(name, known),
                key=True,
            )
    elif kind.name == "required":
        yield places.finding(
            "E104", pointer, f"`{kind.property}` is missing", f"add the key `{kind.property}`"
        )
    elif kind.name == "propertyNames":
        name = str(kind.error.instance)
        yield places.finding(
            "E103",
            join(pointer, name),
            f"`{short(name)}` is not a name",
            "letters, digits, `_`, `.` and `-`, at most 64, the first a letter or `_`",
            key=True,
        )
    else:
        message, remedy = _wrong(kind, failure.instance, failure.message)
        yield places.finding("E103", pointer, message, remedy)


def _wrong(kind: Any, value: Json, message: str) -> tuple[str, str]:
    """What is wrong with a value, and a hint."""
    told = short(msgspec.json.encode(value).decode(), 60)
    if kind.name == "type":
        expected = " or ".join(_NOUNS[name] for name in kind.types)
        return f"{told} stands where {expected} is expected", ""
    if kind.name == "enum":
        options = [str(option) for option in kind.options]
        return f"{told} is not one of the values allowed here", hint(str(value), options)
    if kind.name == "pattern":
        return f"{told} is not a name", "letters, digits, `_`, `.` and `-`, first no digit"
    return short(message.replace(_MASK, told), 200), ""
