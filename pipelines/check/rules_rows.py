"""Rows of indexes: whole when they are written, and as many as are asked for."""

from collections.abc import Collection, Iterator

from operations.index import MAX_LIMIT
from pipelines.check.analysis import Analysis, rule
from pipelines.check.rules_types import node_shape, noun
from pipelines.expressions import Fault
from pipelines.nodes import ArrayNode, Constant, Node, ObjectNode, Reference, StepNode
from pipelines.scope import resolve_schema
from pipelines.shapes import ANY, Shape, required_of
from schema.document_data import IndexDeclaration
from schema.indexes import PRERELEASE
from schema.pointers import join


@rule("E313")
def whole_rows(analysis: Analysis) -> Iterator[Fault]:
    """A row has every value of its orderings that its document is sure to have."""
    document = analysis.whole.document
    for step in analysis.steps_with(_WRITING):
        index = document.indexes.get(step.static.get("index", ""))
        given = _given(analysis, step)
        if index is None or given is None:
            continue
        sure = _sure(analysis, index)
        for name, ordering in _ordered_by(index).items():
            if name in sure and name not in given:
                message = f"the row lacks {name}, by which {ordering} orders, so it stands last"
                yield Fault(step.argument("value"), message, f'add "{name}", as in the document')


@rule("E205")
def fitting_rows(analysis: Analysis) -> Iterator[Fault]:
    """What a row holds is of the types that its document has: look-ups answer with these."""
    document = analysis.whole.document
    for step in analysis.steps_with(_WRITING):
        index = document.indexes.get(step.static.get("index", ""))
        value = step.dynamic.get("value")
        if index is None or value is None:
            continue
        kind = document.storage.documents.get(index.source_document)
        schema = None if kind is None else resolve_schema(document, kind.schema)
        source = analysis.whole.shapes.of(schema)
        if not _removes(step):
            yield from _misfits(analysis, step, value, source, step.argument("value"))


@rule("W103")
def limits_that_count(analysis: Analysis) -> Iterator[Fault]:
    """No look-up asks for more rows than it can get, or for fewer than one."""
    for step in analysis.steps_with(_READING):
        limit = step.dynamic.get("limit")
        if not isinstance(limit, Constant):
            continue
        asked = limit.value
        if type(asked) is int and not 1 <= asked <= MAX_LIMIT:
            counts = max(1, min(asked, MAX_LIMIT))
            message = f"the limit {asked} counts as {counts}"
            yield Fault(step.argument("limit"), message, f"a number from 1 to {MAX_LIMIT}")


_WRITING = frozenset({"index.write"})
_READING = frozenset({"index.read"})

RULES = (whole_rows, fitting_rows, limits_that_count)


def _removes(step: StepNode) -> bool:
    return step.operation.name.endswith(".delete")


def _misfits(
    analysis: Analysis, step: StepNode, node: Node, wanted: Shape, pointer: str
) -> Iterator[Fault]:
    if wanted.kind == "any":
        return
    if isinstance(node, ObjectNode) and wanted.kind == "object":
        for name, item in node.items:
            found = wanted.fields.get(name, ANY)
            yield from _misfits(analysis, step, item, found, join(pointer, name))
        return
    if isinstance(node, ArrayNode) and wanted.kind == "array":
        for place, item in enumerate(node.items):
            yield from _misfits(analysis, step, item, wanted.item or ANY, f"{pointer}/{place}")
        return
    shape = node_shape(analysis, node, step)
    wrong = None if shape is None else _misfit(shape, wanted)
    if wrong is not None:
        message = f"this may be {wrong}, and the document has {noun(wanted)} there"
        if wanted.kind == "object":
            message = f"this may hold {wrong}, which the document does not"
        yield Fault(pointer, message, "give the row what the document holds")


def _misfit(given: Shape, wanted: Shape) -> str | None:
    """What the one may be and the other is not, in words; null is left to E313."""
    if wanted.kind == "any" or given.kind == "null":
        return None
    if given.kind not in _FITTING.get(wanted.kind, (wanted.kind,)):
        return noun(given)
    if given.item is not None or wanted.item is not None:
        return _misfit(given.item or ANY, wanted.item or ANY)
    for name, field in wanted.fields.items():
        known = given.fields.get(name)
        if known is None and given.closed:
            continue
        wrong = _misfit(known or ANY, field)
        if wrong is not None:
            return f"{wrong} as {name}"
    return None


_FITTING = {
    "text": ("text", "digest"), "number": ("number", "integer"), "array": ("array", "rows"),
    "object": ("object", "headers"),
}  # fmt: skip


def _given(analysis: Analysis, step: StepNode) -> Collection[str] | None:
    """The properties that a row has; None where that cannot be told."""
    value = step.dynamic.get("value")
    if isinstance(value, ObjectNode):
        return [name for name, node in value.items if node != Constant(None)]
    if isinstance(value, Constant) and isinstance(value.value, dict):
        return [name for name, item in value.value.items() if item is not None]
    target = analysis.plan.target(value, step.index) if isinstance(value, Reference) else None
    if target is None or target.shape.kind != "object" or not target.shape.closed:
        return None
    return target.shape.fields


def _ordered_by(index: IndexDeclaration) -> dict[str, str]:
    """The properties that place a row, each with the first ordering that it is of."""
    found: dict[str, str] = {}
    for key in index.keys:
        for name in (*key.fields, *(sort.field for sort in key.sort)):
            found.setdefault(name.removesuffix(PRERELEASE), key.name)
    return found


def _sure(analysis: Analysis, index: IndexDeclaration) -> frozenset[str]:
    """The properties that every source document has, and not as null."""
    document = analysis.whole.document
    kind = document.storage.documents.get(index.source_document)
    schema = None if kind is None else resolve_schema(document, kind.schema)
    fields = analysis.whole.shapes.of(schema).fields
    return frozenset(n for n in required_of(schema) if n in fields and not fields[n].nullable)
