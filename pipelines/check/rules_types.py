"""Types: every argument gets what it can use, and every comparison can be answered either way."""

import re
from collections.abc import Iterator

from operations.types import Dynamic
from pipelines.check.analysis import Analysis, rule
from pipelines.check.asks import Ask, answer
from pipelines.check.wording import words
from pipelines.check.worlds import World
from pipelines.expressions import Fault
from pipelines.leaves import leaves
from pipelines.nodes import ArrayNode, Constant, Node, ObjectNode, Reference, StepNode, Template
from pipelines.shapes import TEXT, Shape, of_value
from pipelines.targets import Target
from schema.pointers import join

_TEXT = ("text", "digest")
_NUMBERS = ("integer", "number")
_LISTS = ("array", "rows")
_OBJECTS = ("object", "headers")
_BYTES = ("handle", "stream")
_INSERTED = (*_TEXT, "integer")
_ACCEPTED = {
    "text": _TEXT, "digest": _TEXT, "integer": ("integer",), "boolean": ("boolean",),
    "object": _OBJECTS, "headers": _OBJECTS, "array": _LISTS, "rows": _LISTS,
    "handle": ("handle",), "stream": ("stream",),
}  # fmt: skip
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110, section 5.6.2)."""

_FRAMING = frozenset(
    ("connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_VALIDATE = "prove its type first by validate.json_schema of the whole variable"


@rule("E205")
def fitting_types(analysis: Analysis) -> Iterator[Fault]:
    """Every argument is of the type that its operation declares."""
    for step in analysis.pipeline.steps:
        for name, node in step.dynamic.items():
            parameter = step.operation.parameter(name)
            assert parameter is not None and isinstance(parameter.type, Dynamic)
            yield from _argument(analysis, step, name, node, parameter.type)


@rule("E205")
def fitting_parts(analysis: Analysis) -> Iterator[Fault]:
    """Only text, digests and integers are put into texts, and only text and digests are cut."""
    for step in analysis.pipeline.steps:
        for pointer, leaf, reference, target, _ in analysis.plan.reads[step.index]:
            if isinstance(target, Fault):
                continue
            shape = target.shape
            if reference.slice is not None and shape.kind not in _TEXT:
                yield Fault(pointer, f"{reference} cuts {noun(shape)}", _way_out(shape, "text"))
            elif isinstance(leaf, Template) and shape.kind not in _INSERTED:
                message = f"{reference} is {noun(shape)}, which cannot be put into a text"
                yield Fault(pointer, message, _way_out(shape, "text, a digest or an integer"))


@rule("E206", lowerable=True)
def answerable_comparisons(analysis: Analysis) -> Iterator[Fault]:
    """No comparison has the same answer whatever the values are."""
    for plan in analysis.plan.steps:
        if not plan.asks:
            continue
        world = World(analysis.plan.ground_at(plan.step.index), {}, {}, frozenset())
        for ask in plan.asks.values():
            fault = _incomparable(analysis, ask, plan.step) or _foregone(ask, world)
            if fault is not None:
                yield fault


@rule("E206", lowerable=True)
def guards_that_may_hold(analysis: Analysis) -> Iterator[Fault]:
    """No guard is false on every path that comes to it."""
    visits = analysis.flow.visits
    come = {visit.step.index for visit in visits if not visit.holds}
    come -= {visit.step.index for visit in visits if visit.holds}
    if not come:
        return
    told = {fault.pointer for fault in answerable_comparisons.check(analysis)}
    for step in analysis.pipeline.steps:
        where = step.argument("when")
        if step.index in come and not any(pointer.startswith(where) for pointer in told):
            message = "this never holds here: on every path the steps before have settled it"
            yield Fault(where, message, "leave the step out, or correct the guard")


RULES = (fitting_types, fitting_parts, answerable_comparisons, guards_that_may_hold)


def _argument(
    analysis: Analysis, step: StepNode, name: str, node: Node, wanted: Dynamic
) -> Iterator[Fault]:
    shape = node_shape(analysis, node, step)
    if shape is None:
        return
    pointer = step.argument(name)
    if wanted.kind == "any":
        yield from _json(analysis, step, name, node, wanted, shape)
    elif isinstance(node, Constant) and node.value is None:
        if not wanted.nullable:
            yield Fault(pointer, f"{name} needs {noun(Shape(wanted.kind))}, not null", "")
    elif shape.kind not in _ACCEPTED[wanted.kind] and shape.kind != "null":
        taken = noun(Shape(wanted.kind))
        message = f"{name} takes {taken}, and this is {noun(shape)}"
        yield Fault(pointer, message, _way_out(shape, taken))
    else:
        yield from _nested(analysis, step, name, node)
        if wanted.kind == "headers":
            yield from _headers(analysis, step, name, node)


def _headers(analysis: Analysis, step: StepNode, name: str, node: Node) -> Iterator[Fault]:
    """A header's name is one of HTTP's; its value is text or a number; null leaves it out."""
    pointer = step.argument(name)
    shape = node_shape(analysis, node, step)
    if isinstance(node, Reference) and shape is not None and shape.kind == "object":
        if not shape.closed:
            message = f"{node} may hold any name, and a header's name is a matter of HTTP"
            yield Fault(pointer, message, "name the headers that are sent, one by one")
        shapes: dict[str, Shape | None] = dict(shape.fields)
    else:
        items = dict(node.items) if isinstance(node, ObjectNode) else {}
        if isinstance(node, Constant) and isinstance(node.value, dict):
            items = {header: Constant(value) for header, value in node.value.items()}
        shapes = {header: node_shape(analysis, item, step) for header, item in items.items()}
    for header, shape in shapes.items():
        where = pointer if isinstance(node, Reference) else join(pointer, header)
        if not _TOKEN.fullmatch(header) or header.lower() in _FRAMING:
            message = f"{header!r} is no header that a step may set"
            yield Fault(where, message, "letters, digits and `-`; how bytes are framed is HTTP's")
        if shape is not None and shape.kind not in (*_INSERTED, "null", *_BYTES):
            message = f"the header {header} is text, and this is {noun(shape)}"
            yield Fault(where, message, _way_out(shape, "text or an integer"))


def _json(
    analysis: Analysis, step: StepNode, name: str, node: Node, wanted: Dynamic, shape: Shape
) -> Iterator[Fault]:
    """Bytes are no JSON value; but what is stored or sent is bytes or text, and a cache takes a
    reference to stored bytes as well."""
    if not wanted.nullable:
        if shape.kind not in (*_TEXT, *_BYTES, "any"):
            message = f"{name} takes bytes or text, and this is {noun(shape)}"
            yield Fault(step.argument(name), message, "give a handle, a stream or a text")
    elif not (shape.kind == "handle" and "cache.write" in step.operation.effects):
        yield from _nested(analysis, step, name, node)


def _nested(analysis: Analysis, step: StepNode, name: str, node: Node) -> Iterator[Fault]:
    if isinstance(node, Constant | Template) or not _reads_bytes(analysis, step):
        return
    for pointer, leaf in leaves(node, step.argument(name)):
        shape = node_shape(analysis, leaf, step) if isinstance(leaf, Reference) else None
        if shape is None:
            continue
        inside = [name for name, field in shape.fields.items() if field.kind in _BYTES]
        if shape.kind in _BYTES:
            message = f"{leaf} is {noun(shape)}, which is no part of a JSON value"
            yield Fault(pointer, message, "name its digest instead")
        elif inside:
            message = f"{leaf} has bytes in {inside[0]}, which are no part of a JSON value"
            yield Fault(pointer, message, "name the properties that are needed, one by one")


def _reads_bytes(analysis: Analysis, step: StepNode) -> bool:
    """Whether anything that a step reads is bytes, or has some among its properties."""
    for _, _, _, target, _ in analysis.plan.reads[step.index]:
        if isinstance(target, Target):
            shape = target.shape
            if shape.kind in _BYTES or any(f.kind in _BYTES for f in shape.fields.values()):
                return True
    return False


def _foregone(ask: Ask, world: World) -> Fault | None:
    known = answer(ask, world)
    if known is None:
        return None
    message = f"`{words(ask.test)}` {'always' if known else 'never'} holds"
    return Fault(ask.test.pointer, message, "leave the comparison out, or compare something else")


def _incomparable(analysis: Analysis, ask: Ask, step: StepNode) -> Fault | None:
    test = ask.test
    if len(test.operands) != 2:
        return None
    shapes = [node_shape(analysis, operand, step) for operand in test.operands]
    known = [shape for shape in shapes if shape is not None]
    if len(known) != 2:
        return None
    left, right = known
    if test.operator in ("in", "not_in"):
        right = Shape("any") if right.kind in (*_LISTS, "any") else right
        wrong = right.kind != "any"
    elif test.operator in ("equals", "not_equals"):
        wrong = _class(left) != _class(right) and "any" not in (left.kind, right.kind)
        wrong = wrong and not (left.nullable and right.nullable)
    elif test.operator in ("starts_with", "ends_with"):
        wrong = any(shape.kind not in (*_TEXT, "any") for shape in (left, right))
    else:
        ordered = all(shape.kind in (*_TEXT, *_NUMBERS, "any") for shape in (left, right))
        same = _class(left) == _class(right) or "any" in (left.kind, right.kind)
        wrong = not (ordered and same)
    if not wrong:
        return None
    message = f"{test.operator} cannot compare {noun(left)} with {noun(right)}"
    return Fault(test.pointer, message, "compare values of one type")


def _class(shape: Shape) -> str:
    for kinds in (_TEXT, _NUMBERS, _LISTS, _OBJECTS):
        if shape.kind in kinds:
            return kinds[0]
    return shape.kind


def _shape(analysis: Analysis, reference: Reference, step: StepNode) -> Shape | None:
    target = analysis.plan.target(reference, step.index)
    return None if target is None else target.shape


def node_shape(analysis: Analysis, node: Node, step: StepNode) -> Shape | None:
    """The shape of a node as a whole; None of a reference to nothing."""
    match node:
        case Reference():
            shape = _shape(analysis, node, step)
            return TEXT if shape is not None and node.slice is not None else shape
        case Constant(value):
            return of_value(value)
        case Template():
            return TEXT
        case ObjectNode():
            return Shape("object")
        case ArrayNode():
            return Shape("array")


def _way_out(shape: Shape, taken: str) -> str:
    return _VALIDATE if shape.kind == "any" else f"give {taken}"


def noun(shape: Shape) -> str:
    """A shape as a person would say it."""
    return _NOUNS.get(shape.kind, shape.kind)


_NOUNS = {
    "any": "a value of unknown type", "text": "text", "digest": "a digest",
    "integer": "an integer", "number": "a number", "boolean": "true or false",
    "object": "an object", "array": "a list", "rows": "a list of rows", "null": "null",
    "handle": "a handle on stored bytes", "stream": "a stream of bytes",
    "headers": "a set of headers",
}  # fmt: skip
