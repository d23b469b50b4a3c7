"""The proof that a key template never renders different values to the same text (E501).

No field can hold what would break a key apart (`/`, `\\`, NUL, control characters, the values `.`
and `..`) or be empty; between two placeholders stands a character that the left one cannot hold;
every field stands there in full at least once; an absent optional field leaves out one `/`, so
that the number of segments tells it from a present one.
"""

from collections.abc import Iterator, Mapping, Sequence

from schema.fields import Field
from schema.templates import Placeholder

Part = str | Placeholder
_HEX = len("sha256:")


class KeyFault(ValueError):
    """A key template cannot be used; the text says why, `hint` how to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def faults(parts: Sequence[Part], fields: Mapping[str, Field]) -> Iterator[KeyFault]:
    """Why keys of this template might not be told apart or taken apart, one by one."""
    places = [part for part in parts if isinstance(part, Placeholder)]
    used = {place.field: fields[place.field] for place in places}
    for field in used.values():
        yield from _field_faults(field)
    whole = {place.field for place in places if place.whole(used[place.field].type)}
    for name in used:
        if name not in whole:
            yield KeyFault(f"only a slice of `{name}` stands in the key", f"add {{{name}}} in full")
    for place in places:
        if place.sliced:
            yield from _slice_faults(place, used[place.field])
    yield from _literal_faults(parts)
    yield from _separator_faults(parts, used)
    yield from _optional_faults(parts, used)


def separator(literal: str, field: Field) -> str | None:
    """The first character of the literal that the field before it cannot hold."""
    pattern = field.pattern
    return next((char for char in literal if pattern and not pattern.holds(char)), None)


def _field_faults(field: Field) -> Iterator[KeyFault]:
    if field.pattern is None:
        yield KeyFault(f"`{field.name}` has no pattern", "add a constraint with a regex")
        return
    dangers = field.pattern.dangers()
    if dangers:
        yield KeyFault(
            f"the pattern of `{field.name}` lets through {', '.join(dangers)}",
            "exclude them in the constraint's regex",
        )
    if field.pattern.matches(""):
        yield KeyFault(f"`{field.name}` may be empty", "ask for a character in its regex")
    if not field.pattern.bounded:
        yield KeyFault(f"`{field.name}` has no bound", "add max_length to its constraint")


def _slice_faults(place: Placeholder, field: Field) -> Iterator[KeyFault]:
    if field.pattern is None:
        return
    shortest = field.pattern.extent.shortest - (_HEX if field.type == "digest" else 0)
    if (place.start or 0) + place.length > shortest:
        yield KeyFault(
            f"{place} may run over the end of the value",
            f"`{field.name}` is only sure to have {max(shortest, 0)} characters",
        )
    if field.pattern.holds("."):
        yield KeyFault(
            f"{place} may be `.` or `..`", f"slice a field that holds no dot, not `{field.name}`"
        )


def _literal_faults(parts: Sequence[Part]) -> Iterator[KeyFault]:
    shape = "".join(part if isinstance(part, str) else "{}" for part in parts)
    for segment in shape.split("/"):
        if segment in ("", ".", ".."):
            yield KeyFault(f"the key has the segment `{segment}`", "name every segment")
    literals = "".join(part for part in parts if isinstance(part, str))
    if "\\" in literals or not literals.isprintable():
        yield KeyFault("the key's own text holds `\\` or a control character", "leave it out")


def _separator_faults(parts: Sequence[Part], fields: Mapping[str, Field]) -> Iterator[KeyFault]:
    for left, right, after in zip(parts, parts[1:], (*parts[2:], ""), strict=False):
        if isinstance(left, str):
            continue
        if isinstance(right, Placeholder):
            yield KeyFault(f"nothing stands between {left} and {right}", "put a `/` between them")
        elif after and separator(right, fields[left.field]) is None:
            yield KeyFault(
                f"`{right}` between {left} and {after} may be part of `{left.field}`",
                f"separate them by a character that `{left.field}` cannot hold, such as `/`",
            )


def _optional_faults(parts: Sequence[Part], fields: Mapping[str, Field]) -> Iterator[KeyFault]:
    padded = ("/", *parts, "/")
    optional = 0
    for before, place, after in zip(padded, parts, padded[2:], strict=False):
        if isinstance(place, str) or not place.optional:
            continue
        optional += 1
        if not (str(before).endswith("/") and str(after).startswith("/")) or len(parts) == 1:
            yield KeyFault(f"{place} is not one segment among others", "put `/` around it")
        if not fields[place.field].optional:
            yield KeyFault(f"`{place.field}` is never absent", "leave out the `?`")
    if optional > 1:
        yield KeyFault("with two optional fields absences look alike", "keep one `?`")
