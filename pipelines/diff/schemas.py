"""What one JSON Schema takes and another does not: the places where values are refused.

Every value that fits the old schema and not the new one breaks at one of the places that are told.
Some places may be told though no value breaks there: words that say more than a type, a bound, a
pattern, properties, items and choices are compared as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from pipelines.derive.value_schemas import expanded
from pipelines.diff.languages import Language, language, lost
from pipelines.diff.schema_words import (
    ABOVE,
    BELOW,
    WHOLE,
    finite,
    flat,
    item_of,
    kind_of,
    kinds_of,
    looser_bound,
    property_of,
)
from schema.alphabet import UnreadablePattern
from schema.nearest import short
from schema.pointers import join
from schema.predicates import json_equal
from schema.validators import SchemaFault, Validator

Json = Any

MOST_DEEP = 40
"""Levels that are compared; a schema that refers to itself is taken to go on as it began."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why values are refused at a place of the value; `word` is that of JSON Schema.

    `closed` is the word for a property that has no place any more.
    """

    where: str
    word: str
    message: str


def refusals(old: Json, new: Json) -> tuple[Refused, ...]:
    """Why values that fit `old` may not fit `new`; nothing when they all do."""
    return tuple(dict.fromkeys(_Comparison().compare(expanded(old), expanded(new), "")))


class _Comparison:
    """Two schemas side by side, `depth` levels down."""

    def __init__(self) -> None:
        self.depth = 0

    def compare(self, old: Json, new: Json, where: str) -> Iterator[Refused]:
        if self.depth >= MOST_DEEP or old is False or new is True or json_equal(old, new):
            return
        if isinstance(old, dict) and any(json_equal(part, new) for part in old.get("allOf", ())):
            return
        self.depth += 1
        try:
            yield from self._compare(old, new, where)
        finally:
            self.depth -= 1

    def _compare(self, old: Json, new: Json, where: str) -> Iterator[Refused]:
        if isinstance(new, dict) and "allOf" in new:
            yield from self.compare(
                old, {word: part for word, part in new.items() if word != "allOf"}, where
            )
            for part in new["allOf"]:
                yield from self.compare(old, part, where)
            return
        mine, theirs = flat(old), flat(new)
        if mine is False:
            return
        if theirs is False:
            yield Refused(where, "false", "no value is taken here any more")
            return
        for word in ("anyOf", "oneOf"):
            if word in mine and mine.get(word) != theirs.get(word):
                rest = {name: part for name, part in mine.items() if name != word}
                for option in mine[word]:
                    yield from self.compare({"allOf": [rest, option]}, new, where)
                return
        values = finite(mine)
        if values is not None:
            yield from self._listed(mine, theirs, values, where)
            return
        yield from self._asserted(mine, theirs, where)

    def _asserted(self, old: Json, new: Json, where: str) -> Iterator[Refused]:
        kinds = kinds_of(old)
        taken = kinds_of(new)
        if kinds - taken:
            told = ", ".join(sorted(kinds - taken))
            yield Refused(where, "type", f"{told} is not taken any more")
        if ("enum" in new or "const" in new) and finite(old) is None and kinds & taken:
            yield Refused(where, "enum", f"only {_told(finite(new))} is taken")
        for word in ("anyOf", "oneOf"):
            if word in new and new[word] != old.get(word):
                fits = [not list(self.compare(old, option, where)) for option in new[word]]
                if not any(fits):
                    yield Refused(where, word, "what was taken fits none of the choices")
        for word in WHOLE:
            if word in new and new[word] != old.get(word):
                yield Refused(where, word, f"`{word}` says something else")
        kinds &= taken
        if kinds & {"integer", "fraction"}:
            yield from self._numbers(old, new, where)
        if "text" in kinds:
            yield from _texts(old, new, where)
        if "array" in kinds:
            yield from self._arrays(old, new, where)
        if "object" in kinds:
            yield from self._objects(old, new, where)

    def _listed(self, old: Json, new: Json, values: list[Json], where: str) -> Iterator[Refused]:
        try:
            before, after = Validator(old), Validator(new)
        except SchemaFault:
            yield from self._asserted(old, new, where)
            return
        for value in values:
            if before.valid(value) and not after.valid(value):
                word = "enum" if kind_of(value) in kinds_of(new) else "type"
                yield Refused(where, word, f"{_told(value)} is not taken any more")

    def _numbers(self, old: Json, new: Json, where: str) -> Iterator[Refused]:
        yield from _bounds(old, new, where, ("minimum", "maximum"))
        step, before = new.get("multipleOf"), old.get("multipleOf")
        if step is not None and step != before and (before is None or before % step != 0):
            yield Refused(where, "multipleOf", f"only multiples of {step} are taken")

    def _arrays(self, old: Json, new: Json, where: str) -> Iterator[Refused]:
        yield from _bounds(old, new, where, ("minItems", "maxItems"))
        if new.get("uniqueItems") and not old.get("uniqueItems"):
            yield Refused(where, "uniqueItems", "no item may stand twice")
        first = max(len(old.get("prefixItems", ())), len(new.get("prefixItems", ())))
        for place in range(first):
            yield from self.compare(item_of(old, place), item_of(new, place), join(where, place))
        yield from self.compare(old.get("items", True), new.get("items", True), f"{where}/*")

    def _objects(self, old: Json, new: Json, where: str) -> Iterator[Refused]:
        yield from _bounds(old, new, where, ("minProperties", "maxProperties"))
        for name in new.get("required", ()):
            if name not in old.get("required", ()):
                yield Refused(join(where, name), "required", f"`{short(name)}` has to be there")
        names = [*old.get("properties", {}), *new.get("properties", {})]
        for name in dict.fromkeys(names):
            before, after = property_of(old, name), property_of(new, name)
            if after is False and before is not False:
                told = f"`{short(name)}` has no place any more"
                yield Refused(join(where, name), "closed", told)
            else:
                yield from self.compare(before, after, join(where, name))
        others, rest = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if rest is False and others is not False:
            yield Refused(where, "closed", "properties that are not named have no place any more")
        else:
            yield from self.compare(others, rest, f"{where}/*")


def _bounds(old: Json, new: Json, where: str, words: tuple[str, str]) -> Iterator[Refused]:
    for word, names in zip(words, (ABOVE[words[0]], BELOW[words[1]]), strict=True):
        after, before = looser_bound(new, names, word), looser_bound(old, names, word)
        if after is None or (before is not None and not _tighter(word, after, before)):
            continue
        if after == (0, False) and word in ("minLength", "minItems", "minProperties"):
            continue  # Nothing has less than none.
        told = f"{'over' if after[1] else 'from'} {after[0]}"
        if word.startswith("max"):
            told = f"{'under' if after[1] else 'up to'} {after[0]}"
        yield Refused(where, word, f"{word}: only {told} is taken")


def _tighter(word: str, one: tuple[float, bool], other: tuple[float, bool]) -> bool:
    if one[0] == other[0]:
        return one[1] and not other[1]
    return one[0] > other[0] if word.startswith("min") else one[0] < other[0]


def _texts(old: Json, new: Json, where: str) -> Iterator[Refused]:
    yield from _bounds(old, new, where, ("minLength", "maxLength"))
    if "format" in new and new["format"] != old.get("format"):
        yield Refused(where, "format", f"only the format {new['format']} is taken")
    if "pattern" not in new or new["pattern"] == old.get("pattern"):
        return
    try:
        mine = _language(old.get("pattern", ""), old.get("maxLength"))
        missed = lost(mine, _language(new["pattern"], None))
    except UnreadablePattern as fault:
        yield Refused(where, "pattern", f"the pattern changed and cannot be compared: {fault}")
        return
    if missed.text is not None:
        told = "" if missed.proved else " (found by drawing texts)"
        yield Refused(where, "pattern", f"{_told(missed.text)} is not taken any more{told}")
    elif not missed.proved:
        yield Refused(where, "pattern", "the pattern changed; too large to be compared in full")


def _language(pattern: str, longest: int | None) -> Language:
    return language(pattern, longest, search=True)


def _told(value: Json) -> str:
    return short(msgspec.json.encode(value).decode(), 80)
