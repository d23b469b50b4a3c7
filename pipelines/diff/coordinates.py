"""Entities compared: which coordinates are taken, and what becomes of them."""

from collections.abc import Iterator

from pipelines.diff.difference import Difference, pairs
from pipelines.diff.languages import language, lost, samples
from schema.alphabet import UnreadablePattern
from schema.entities import Entity
from schema.fields import Field
from schema.model import Schema
from schema.nearest import short
from schema.pointers import join

_SAMPLES = 200
"""Values of a field whose normal forms are compared."""

_RAW = ("A", "b C", " d ", "e_F", "G-h", "i.J", "K l-m_n.O")
"""Beside them, what clients may write."""


def coordinate_differences(old: Schema, new: Schema) -> Iterator[Difference]:
    """Every difference between entities that both have, and between the rules of versions."""
    for name, was, now in pairs(old.entities, new.entities):
        if was is not None and now is not None:
            yield from _entity(name, was, now)
    yield from _versions(old, new)


def _entity(name: str, old: Entity, new: Entity) -> Iterator[Difference]:
    where = join("/entities", name)
    if old.primary_key[:1] != new.primary_key[:1]:
        told = f"the first of `{name}` is {new.primary_key[0]}, and was {old.primary_key[0]}"
        place = f"{where}/primary_key/0"
        yield Difference("namespace-changed", place, place, told)
    for field, was, now in pairs(old.fields, new.fields):
        if was is not None and now is not None:
            place = join(where, "fields", field)
            for kind, message in _field(was, now):
                yield Difference(kind, place, place, f"`{field}` of `{name}`: {message}")


def _field(old: Field, new: Field) -> Iterator[tuple[str, str]]:
    if old.type != new.type:
        yield "field-type-changed", f"a {old.type} is a {new.type} now"
    if old.optional and not new.optional:
        yield "field-required", "it has to be there"
    if new.optional and not old.optional:
        yield "field-optional", "it may be absent"
    yield from _patterns(old, new)
    for text in (*_values(old), *_RAW):
        before, after = old.normalize(text), new.normalize(text)
        if before != after and old.fits(before):
            told = f"`{short(text)}` becomes `{short(after)}`, and became `{short(before)}`"
            yield "normal-form-changed", told
            return


def _values(field: Field) -> list[str]:
    """Some values of a field as they are stored."""
    if field.pattern is None:
        return []
    try:
        return samples(language(field.pattern.source, field.max_length), _SAMPLES)
    except UnreadablePattern:
        return []


def _patterns(old: Field, new: Field) -> Iterator[tuple[str, str]]:
    was, now = _source(old), _source(new)
    if was == now:
        if new.max_length is not None and _shorter(old, new):
            yield "length-lowered", f"at most {new.max_length} characters are taken"
        elif old.max_length is not None and _shorter(new, old):
            yield "pattern-widened", "longer values are taken"
        return
    try:
        before = language(was, old.max_length)
        after = language(now, new.max_length)
    except UnreadablePattern as fault:
        yield "pattern-unclear", f"the pattern changed and cannot be compared: {fault}"
        return
    missed = lost(before, after)
    if missed.text is not None:
        told = "" if missed.proved else " (found by drawing values of the old pattern)"
        yield "pattern-narrowed", f"`{short(missed.text)}` is not taken any more{told}"
    elif not missed.proved:
        told = "the pattern is too large to be compared in full; no drawn value is refused"
        yield "pattern-unclear", told
    elif lost(after, before).text is not None:
        yield "pattern-widened", "more values are taken"


def _shorter(old: Field, new: Field) -> bool:
    """Whether the new bound is one that a value of the old pattern is over."""
    try:
        return lost(
            language(_source(old), old.max_length), language(_source(new), new.max_length)
        ).text is not None  # fmt: skip
    except UnreadablePattern:
        return old.max_length is None or (new.max_length or 0) < old.max_length


def _source(field: Field) -> str:
    return r"(?:.|\n)*" if field.pattern is None else field.pattern.source


def _versions(old: Schema, new: Schema) -> Iterator[Difference]:
    was, now = old.document.entities.versioning, new.document.entities.versioning
    where = "/entities/versioning"
    changes = (
        ("scheme", was.scheme, now.scheme, "version-scheme-changed"),
        ("ordering", was.ordering, now.ordering, "version-order-changed"),
        ("latest_policy", was.latest_policy, now.latest_policy, "latest-changed"),
    )
    for name, before, after, kind in changes:
        if before != after:
            place = f"{where}/{name}"
            told = f"{name} is {after}, and was {before}" if isinstance(after, str) else name
            yield Difference(kind, place, place, told)
    if was.allow_prerelease != now.allow_prerelease:
        kind = "prereleases-allowed" if now.allow_prerelease else "prereleases-refused"
        place = f"{where}/allow_prerelease"
        yield Difference(kind, place, place, f"allow_prerelease is {now.allow_prerelease}")
