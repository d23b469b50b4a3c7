"""A key as a step writes it is an instance of its document's key_template: rule E501.

Checker and compiler share this one reading of a key.
"""

from collections.abc import Mapping, Sequence

from pipelines.nodes import Constant, Node, Reference, Template
from schema.fields import Field
from schema.key_proof import separator
from schema.keys import KeyTemplate
from schema.nearest import short
from schema.templates import Placeholder

Part = str | Placeholder
Bindings = tuple[tuple[Placeholder, Reference | str], ...]


def match_key(template: KeyTemplate, node: Node) -> Bindings | str:
    """Each placeholder in order with the reference or the text it is bound to.

    There is a pair for every placeholder. A text result says what does not fit. References to a
    slice are bound as they are written; the slice is the placeholder's own, so whoever renders the
    key takes the whole value.
    """
    written = _parts(node)
    if isinstance(written, str):
        return written
    found = _match(template.parts, template.fields, written)
    return found if isinstance(found, str) else _one_value_a_field(found)


def _parts(node: Node) -> tuple[str | Reference, ...] | str:
    match node:
        case Template(parts):
            return parts
        case Reference():
            return (node,)
        case Constant(value) if isinstance(value, str):
            return (value,)
    return "a key is text"


def _match(
    parts: Sequence[Part], fields: Mapping[str, Field], written: Sequence[str | Reference]
) -> Bindings | str:
    bound: list[tuple[Placeholder, Reference | str]] = []
    rest = list(written)
    for place, part in enumerate(parts):
        if isinstance(part, str):
            fault = _take(rest, part)
            if fault is not None:
                return fault
            continue
        after = parts[place + 1] if place + 1 < len(parts) else ""
        value = _bind(rest, part, str(after), fields[part.field])
        if isinstance(value, _Fault):
            return value.message
        bound.append((part, value))
    return f"{_found(rest)} follows its end" if rest else tuple(bound)


def _take(rest: list[str | Reference], literal: str) -> str | None:
    """Take a literal off the front; what stands there instead when it does not."""
    while literal:
        if not rest or isinstance(rest[0], Reference):
            return f"`{literal}` is expected, and {_found(rest)} is written"
        text = rest[0]
        shared = min(len(text), len(literal))
        if text[:shared] != literal[:shared]:
            return f"`{literal}` is expected, and {_found(rest)} is written"
        literal = literal[shared:]
        rest[:1] = [text[shared:]] if text[shared:] else []
    return None


class _Fault:
    """Why a placeholder is bound to nothing."""

    def __init__(self, message: str) -> None:
        self.message = message


def _bind(
    rest: list[str | Reference], place: Placeholder, after: str, field: Field
) -> Reference | str | _Fault:
    if not rest:
        return _Fault(f"it ends before {place}")
    value = rest.pop(0)
    if isinstance(value, Reference):
        cut = None if place.start is None else (place.start, place.length)
        if value.slice != cut:
            return _Fault(f"{place} is expected, and {value} is not that slice")
        if value.optional and not place.optional:
            return _Fault(f"{place} is expected, and {value} may be absent")
        return value
    if place.sliced:
        return _Fault(f"{place} is expected, and `{short(value)}` is written")
    mark = separator(after, field)
    end = len(value) if mark is None else value.find(mark) - after.index(mark)
    if end < 0:
        end = len(value)
    if value[end:]:
        rest.insert(0, value[end:])
    text = value[:end]
    if not field.fits(text):
        return _Fault(f"`{short(text)}` does not fit the field `{field.name}`")
    return text


def _one_value_a_field(bound: Bindings) -> Bindings | str:
    values: dict[str, Reference | str] = {}
    for place, value in bound:
        whole = value if isinstance(value, str) else _whole(value)
        if values.setdefault(place.field, whole) != whole:
            return f"`{place.field}` stands in it twice, with two different values"
    return bound


def _whole(value: Reference) -> Reference:
    return Reference(value.sigil, value.name, value.path)


def _found(rest: Sequence[str | Reference]) -> str:
    if not rest:
        return "the end"
    return str(rest[0]) if isinstance(rest[0], Reference) else f"`{short(rest[0])}`"
