"""Conditions, values and types as a person would say them."""

from pipelines.check.wording import node_words
from pipelines.nodes import All, Condition, Either, Node, Not, Reference, Test
from pipelines.outputs import ANSWER, EVENT_ROW
from pipelines.scope import Scope
from pipelines.shapes import Shape
from pipelines.targets import Target

_OPPOSITES = {
    "is_null": "is_not_null", "is_empty": "is_not_empty", "equals": "not_equals", "in": "not_in",
}  # fmt: skip
_OPPOSITES |= {other: one for one, other in _OPPOSITES.items()}


def condition_words(condition: Condition) -> str:
    """A condition: `is_null $meta and not equals "a" $meta.state`."""
    match condition:
        case Test(operator, operands):
            return " ".join([operator, *map(node_words, operands)])
        case All(parts):
            return " and ".join(map(part_words, parts))
        case Either(parts):
            return " or ".join(map(part_words, parts))
        case Not(inner):
            return opposite_words(inner)


def opposite_words(condition: Condition) -> str:
    """What holds when the condition does not."""
    match condition:
        case Test(operator, operands) if operator in _OPPOSITES:
            return " ".join([_OPPOSITES[operator], *map(node_words, operands)])
        case Not(inner):
            return condition_words(inner)
        case _:
            return f"not ({condition_words(condition)})"


def part_words(condition: Condition, *, holds: bool = True) -> str:
    """A condition among others that hold as well; with `holds` false, its opposite."""
    told = condition_words(condition) if holds else opposite_words(condition)
    return f"({told})" if holds and isinstance(condition, All | Either) else told


def value_words(node: Node) -> str:
    """An argument as it is written."""
    return node_words(node)


def type_words(shape: Shape, what: str | None = None) -> str:
    """A type: `text`, `document artifact_meta or null`; `what` is more than the shape tells."""
    told = what or _kind_words(shape)
    return f"{told} or null" if shape.nullable and shape.kind not in ("null", "any") else told


def target_words(target: Target, scope: Scope, shape: Shape | None = None) -> str:
    """The type of what a reference means; `shape` is what is known of it at that point."""
    return type_words(shape or target.shape, _origin(target, scope))


def output_words(variable: str, scope: Scope) -> str:
    """The type of a variable that a step sets."""
    known = scope.variables.get(variable)
    shape = Shape("any", nullable=True) if known is None else known.shape
    return type_words(shape, scope_words(variable, scope))


def scope_words(variable: str, scope: Scope) -> str | None:
    """What a variable holds, where the step that sets it tells more than its shape."""
    known = scope.variables.get(variable)
    if known is None:
        return None
    step = next(step for step in scope.pipeline.steps if step.index == known.step)
    match step.operation.name, known.output:
        case "kv.get", "out":
            return f"document {step.static.get('doc')}"
        case "index.query", "out":
            return f"rows of {step.static.get('index')}"
        case "index.query", "next_out":
            return "cursor"
        case _:
            return None


def _origin(target: Target, scope: Scope) -> str | None:
    if target.source != "variable":
        return None
    found = scope_words(target.name, scope)
    if not target.path or found is None:
        return found
    one = len(target.path) == 1 and isinstance(target.path[0], int)
    return f"row of {found.removeprefix('rows of ')}" if one and found.startswith("rows") else None


def _kind_words(shape: Shape) -> str:
    if shape == EVENT_ROW:
        return "event"
    if shape.fields == ANSWER.fields:
        return "upstream answer"
    match shape.kind:
        case "handle":
            return "blob handle"
        case "stream":
            return "byte stream"
        case "array" if shape.item is not None and shape.item.kind != "any":
            return f"list of {_kind_words(shape.item)}"
        case "array" | "rows":
            return "list"
        case "any":
            return "anything"
        case kind:
            return kind


def reference_words(reference: Reference) -> str:
    """A name as it is written; a `{field}` without slice and mark of absence."""
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in reference.path)
    if reference.sigil == "$":
        return f"${reference.name}{path}"
    return f"{{{reference.name}{path}}}"
