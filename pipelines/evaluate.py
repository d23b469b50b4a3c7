"""Nodes and conditions become closures over slots: nothing is looked up by name per request."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from errors.problem import refuse
from pipelines.nodes import (
    All,
    ArrayNode,
    Condition,
    Constant,
    Either,
    Node,
    Not,
    ObjectNode,
    PathPart,
    Reference,
    Template,
    Test,
)
from schema.predicates import OPERATORS
from schema.templates import assemble, cut

Slots = list[Any]
Evaluate = Callable[[Slots], Any]
Place = tuple[int, tuple[PathPart, ...]]
Locate = Callable[[Reference], Place]
"""Where a reference's value lies: its slot, and the path into it."""
Guard = Callable[[Slots], bool]
Watch = Callable[[Test, Guard], Guard]
"""Puts something around one comparison of a condition: who counts how it went."""


def unwatched(test: Test, guard: Guard) -> Guard:
    """The comparison itself."""
    return guard


def evaluator(node: Node, locate: Locate) -> Evaluate:
    """The closure that gives a node's value, of its own type."""
    match node:
        case Constant(value):
            return lambda slots: value
        case Reference():
            return reference(node, locate)
        case Template(parts):
            return template(parts, locate)
        case ObjectNode(items):
            pairs = tuple((key, evaluator(item, locate)) for key, item in items)
            return lambda slots: {key: value(slots) for key, value in pairs}
        case ArrayNode(nodes):
            values = tuple(evaluator(item, locate) for item in nodes)
            return lambda slots: [value(slots) for value in values]


def reference(node: Reference, locate: Locate) -> Evaluate:
    """The closure that reads one reference; a step through nothing gives null."""
    slot, path = locate(node)
    read = _walk(slot, path)
    if node.slice is None:
        return read
    start, length = node.slice

    def sliced(slots: Slots) -> Any:
        value = read(slots)
        return None if value is None else cut(value, start, length)

    return sliced


def _walk(slot: int, path: tuple[PathPart, ...]) -> Evaluate:
    if not path:
        return itemgetter(slot)
    if len(path) == 1 and isinstance(path[0], str):
        name = path[0]

        def one(slots: Slots) -> Any:
            value = slots[slot]
            return value.get(name) if isinstance(value, Mapping) else None

        return one

    def walk(slots: Slots) -> Any:
        value = slots[slot]
        for part in path:
            if isinstance(part, str):
                value = value.get(part) if isinstance(value, Mapping) else None
            elif isinstance(value, Sequence) and not isinstance(value, str):
                value = value[part] if part < len(value) else None
            else:
                return None
        return value

    return walk


def template(parts: Sequence[str | Reference], locate: Locate) -> Evaluate:
    """The closure that joins a template's parts; values are put in, never scanned again."""
    if any(isinstance(part, Reference) and part.optional for part in parts):
        return _optional_template(parts, locate)
    inserted = [part for part in parts if isinstance(part, Reference)]
    read_all = _all_of(inserted, locate)
    pattern = "".join(part.replace("%", "%%") if isinstance(part, str) else "%s" for part in parts)

    def join(slots: Slots) -> str:
        values = read_all(slots)
        for value in values:
            if type(value) is not str:
                return pattern % tuple(map(text, values))
        return pattern % values

    return join


def _all_of(nodes: Sequence[Reference], locate: Locate) -> Callable[[Slots], tuple[Any, ...]]:
    """The closure that reads several references at once: in C where all are whole slots."""
    places = [locate(node) for node in nodes]
    if len(nodes) > 1 and not any(path for _, path in places) and not any(n.slice for n in nodes):
        return itemgetter(*(slot for slot, _ in places))
    reads = tuple(reference(node, locate) for node in nodes)
    return lambda slots: tuple([read(slots) for read in reads])


def _optional_template(parts: Sequence[str | Reference], locate: Locate) -> Evaluate:
    pieces = tuple(
        (part, False) if isinstance(part, str) else (reference(part, locate), part.optional)
        for part in parts
    )

    def join(slots: Slots) -> str:
        return assemble(
            (piece, False) if isinstance(piece, str) else (_part(piece(slots), is_optional), True)
            for piece, is_optional in pieces
        )

    return join


def _part(value: Any, is_optional: bool) -> str | None:
    return None if value is None and is_optional else text(value)


def text(value: Any) -> str:
    """A value as it is put into a template: text, or an integer in decimal.

    Raises Refusal DOCUMENT_INVALID for anything else, which a stored document of an older schema
    may still hold where the check expected text.
    """
    if type(value) is str:
        return value
    if type(value) is int or (type(value) is float and value.is_integer()):
        return str(int(value))  # JSON Schema counts 1.0 among the integers.
    raise refuse("DOCUMENT_INVALID", "a value that is neither text nor an integer stands in a name")


def condition(node: Condition, locate: Locate, watch: Watch = unwatched) -> Guard:
    """The closure that asks a condition, from left to right, and no further than needed."""
    match node:
        case All(conditions):
            every = tuple(condition(part, locate, watch) for part in conditions)
            return lambda slots: all(part(slots) for part in every)
        case Either(conditions):
            some = tuple(condition(part, locate, watch) for part in conditions)
            return lambda slots: any(part(slots) for part in some)
        case Not(inner):
            asked = condition(inner, locate, watch)
            return lambda slots: not asked(slots)
        case Test(operator, operands, _):
            asks = _test(operator, [evaluator(operand, locate) for operand in operands])
            return watch(node, asks)


def _test(operator: str, operands: list[Evaluate]) -> Guard:
    if operator == "is_null":
        (value,) = operands
        return lambda slots: value(slots) is None
    if operator == "is_not_null":
        (value,) = operands
        return lambda slots: value(slots) is not None
    ask = OPERATORS[operator]
    if len(operands) == 1:
        (value,) = operands
        return lambda slots: ask(value(slots))
    left, right = operands
    return lambda slots: ask(left(slots), right(slots))
