"""Keys and blob paths: templates that different values never render to the same text.

What makes that so is proved at load, in `schema/key_proof.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schema.fields import Field
from schema.key_proof import KeyFault, faults, separator
from schema.nearest import hint, short
from schema.templates import Placeholder, assemble, cut, parse_template


class Misfit(ValueError):
    """A value cannot stand in a key: `field` names it, the text says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class KeyTemplate:
    """A compiled template. `parts` are literals and placeholders in order.

    `fields` holds each field that occurs, in order of first occurrence.
    """

    source: str
    parts: tuple[str | Placeholder, ...]
    fields: Mapping[str, Field]

    def misfit(self, name: str, value: Any) -> str | None:
        """Why a value cannot stand for that field, in words; None when it can."""
        if type(value) is int and self.fields[name].type == "integer":
            value = str(value)
        if not isinstance(value, str):
            return "is missing" if value is None else "must be text"
        if not self.fields[name].fits(value):
            return f"`{short(value)}` does not fit its pattern"
        return None

    def render(self, values: Mapping[str, Any]) -> str:
        """The key of these values; an optional field may be absent or None. Raises Misfit."""
        return assemble(
            (part, False) if isinstance(part, str) else (self._part(part, values), True)
            for part in self.parts
        )

    def _part(self, part: Placeholder, values: Mapping[str, Any]) -> str | None:
        value = values.get(part.field)
        if value is None and part.optional:
            return None
        message = self.misfit(part.field, value)
        if message is not None:
            raise Misfit(part.field, message)
        return str(value) if part.start is None else cut(str(value), part.start, part.length)

    def parse(self, key: str) -> dict[str, str]:
        """The values that render to `key`; an absent optional field is left out.

        Raises ValueError for a text that is no key of this template.
        """
        for parts in self._readings(key):
            values = _read(parts, self.fields, key)
            if values is not None and self._renders(values, key):
                return values
        raise ValueError(f"`{short(key)}` is not a key of `{self.source}`")

    def _renders(self, values: Mapping[str, str], key: str) -> bool:
        try:
            return self.render(values) == key
        except Misfit:
            return False

    def _readings(self, key: str) -> Iterator[tuple[str | Placeholder, ...]]:
        yield self.parts
        place = next(
            (i for i, p in enumerate(self.parts) if isinstance(p, Placeholder) and p.optional), None
        )
        if place is not None:
            yield _without(self.parts, place)


def compile_key(source: str, fields: Mapping[str, Field]) -> KeyTemplate:
    """Compile a template over the known fields and prove it. Raises TemplateFault or KeyFault."""
    for fault in key_faults(source, fields):
        raise fault
    parts = parse_template(source)
    used = {p.field: fields[p.field] for p in parts if isinstance(p, Placeholder)}
    return KeyTemplate(source, parts, used)


def key_faults(source: str, fields: Mapping[str, Field]) -> Iterator[KeyFault]:
    """Everything that is wrong with a template (E501). Raises TemplateFault for a malformed one."""
    parts = parse_template(source)
    unknown = [p.field for p in parts if isinstance(p, Placeholder) and p.field not in fields]
    for name in unknown:
        yield KeyFault(f"no entity has a field `{name}`", hint(name, fields))
    if not unknown:
        yield from faults(parts, fields)


def _without(parts: tuple[str | Placeholder, ...], place: int) -> tuple[str | Placeholder, ...]:
    """The parts when the optional one at `place` is absent: its neighbouring `/` goes with it."""
    before, after = list(parts[:place]), list(parts[place + 1 :])
    if before and str(before[-1]).endswith("/"):
        before[-1] = str(before[-1])[:-1]
    elif after and str(after[0]).startswith("/"):
        after[0] = str(after[0])[1:]
    joined: list[str | Placeholder] = []
    for part in (*before, *after):
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)


def _read(
    parts: tuple[str | Placeholder, ...], fields: Mapping[str, Field], key: str
) -> dict[str, str] | None:
    """The whole values in `key` read from left to right, None when it does not fit the parts."""
    values: dict[str, str] = {}
    at = 0
    for part, after in zip(parts, (*parts[1:], ""), strict=True):
        if isinstance(part, str):
            if not key.startswith(part, at):
                return None
            at += len(part)
            continue
        end = _end(part, str(after), fields[part.field], key, at)
        if end is None:
            return None
        if not part.sliced:
            values[part.field] = key[at:end]
        elif part.whole(fields[part.field].type):
            values[part.field] = f"sha256:{key[at:end]}"
        at = end
    return values if at == len(key) else None


def _end(part: Placeholder, after: str, field: Field, key: str, at: int) -> int | None:
    """Where the placeholder that begins at `at` ends, given the literal that follows it."""
    if part.sliced:
        return at + part.length
    mark = separator(after, field)
    if mark is None:
        return len(key) - len(after)
    found = key.find(mark, at)
    return None if found < 0 else found - after.index(mark)
