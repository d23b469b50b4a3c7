"""Keys of documents, as closures: each value is checked against the field it stands for."""

from collections.abc import Callable
from operator import itemgetter

from errors.problem import refuse
from pipelines.evaluate import Evaluate, Locate, Slots, reference, text
from pipelines.keys import match_key
from pipelines.nodes import Node, Reference
from schema.keys import KeyTemplate
from schema.templates import Placeholder, assemble, cut

Piece = tuple[bool, Callable[[Slots], str | None]]
"""A part of a key: whether it may be absent, and what gives its text."""


def key_closure(
    template: KeyTemplate, node: Node, locate: Locate, proved: frozenset[str]
) -> Evaluate:
    """The closure that renders a key; it raises Refusal INVALID_KEY for a value that does not fit.

    `proved` are the fields that validate.entity has checked already, which are not checked again.
    """
    bound = match_key(template, node)
    if isinstance(bound, str):
        raise ValueError(f"unchecked key: {bound}")
    fast = _fast(template, bound, locate, proved)
    return fast if fast is not None else _checked(template, bound, locate, proved)


def _fast(
    template: KeyTemplate,
    bound: tuple[tuple[Placeholder, Reference | str], ...],
    locate: Locate,
    proved: frozenset[str],
) -> Evaluate | None:
    """When every part is a proved text field of its own name: one format of one tuple."""
    slots = []
    pattern = ""
    if len(bound) < sum(not isinstance(part, str) for part in template.parts):
        return None
    values = iter(bound)
    for part in template.parts:
        if isinstance(part, str):
            pattern += part.replace("%", "%%")
            continue
        _, value = next(values)
        plain = isinstance(value, Reference) and value.sigil == "{" and value.name == part.field
        if not plain or part.field not in proved or part.start is not None or part.optional:
            return None
        assert isinstance(value, Reference)
        slots.append(locate(value)[0])
        pattern += "%s"
    if len(slots) < 2:
        return None
    get = itemgetter(*slots)
    return lambda slots: pattern % get(slots)


def _checked(
    template: KeyTemplate,
    bound: tuple[tuple[Placeholder, Reference | str], ...],
    locate: Locate,
    proved: frozenset[str],
) -> Evaluate:
    left = list(bound)
    pieces: list[str | Piece] = []
    for part in template.parts:
        if isinstance(part, str):
            pieces.append(part)
        elif left and left[0][0] is part:
            _, value = left.pop(0)
            pieces.append((part.optional, _value(template, part, value, locate, proved)))
        else:  # An optional part that the step leaves out.
            pieces.append((True, lambda slots: None))

    def render(slots: Slots) -> str:
        return assemble(
            (piece, False) if isinstance(piece, str) else (_present(piece, slots), True)
            for piece in pieces
        )

    return render


def _present(piece: Piece, slots: Slots) -> str | None:
    is_optional, value = piece
    found = value(slots)
    if found is None and not is_optional:
        raise refuse("INVALID_KEY", "a part of the key is missing")
    return found


def _value(
    template: KeyTemplate,
    part: Placeholder,
    value: Reference | str,
    locate: Locate,
    proved: frozenset[str],
) -> Callable[[Slots], str | None]:
    if isinstance(value, str):
        literal = value
        return lambda slots: literal
    whole = Reference(value.sigil, value.name, value.path)
    read = reference(whole, locate)
    checks = not (value.sigil == "{" and value.name == part.field and part.field in proved)

    def fitting(slots: Slots) -> str | None:
        found = read(slots)
        if found is None:
            return None
        if checks:
            misfit = template.misfit(part.field, found)
            if misfit is not None:
                raise refuse("INVALID_KEY", f"{value} {misfit}", where=str(value), field=part.field)
        rendered = text(found)
        return rendered if part.start is None else cut(rendered, part.start, part.length)

    return fitting
