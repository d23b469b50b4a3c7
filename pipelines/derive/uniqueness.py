"""Whether two documents can ever claim the same place in a unique ordering of an index."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, Whole
from pipelines.check.plan import place_of
from pipelines.check.worlds import Place
from pipelines.derive.memo import once
from pipelines.derive.writers import rows_put
from pipelines.expressions import Fault
from pipelines.keys import match_key
from pipelines.nodes import Node, ObjectNode, Reference, StepNode, Template, references
from pipelines.validated import validated_fields
from schema.key_proof import KeyFault
from schema.keys import compile_key
from schema.link import key_fields
from schema.templates import TemplateFault


@once
def can_conflict(whole: Whole, index: str) -> bool:
    """False when every row's unique values determine the key of the document it belongs to."""
    declared = whole.document.indexes.get(index)
    orderings = [key.fields for key in declared.keys if key.unique] if declared else []
    rows = list(rows_put(whole, index))
    return any(
        not _determined(analysis, step) <= set(_told(analysis, step, fields))
        for fields in orderings
        for analysis, step in rows
    )


def _determined(analysis: Analysis, step: StepNode) -> set[Place | None]:
    """Where the values lie that the row's key is made of; None among them when that is unknown."""
    template = analysis.whole.key_of(step)
    bound = match_key(template, step.dynamic["key"]) if template is not None else ""
    if isinstance(bound, str):
        return {None}
    values = (value for _, value in bound if isinstance(value, Reference))
    return {_place(analysis, value, step) for value in values}


def _told(analysis: Analysis, step: StepNode, fields: tuple[str, ...]) -> Iterator[Place]:
    """Where the values lie that can be read back from the row's unique properties."""
    row = step.dynamic["value"]
    for field in fields:
        if isinstance(row, Reference):
            place = _place(analysis, row, step)
            if place is not None:
                yield (*place, field)
        elif isinstance(row, ObjectNode):
            yield from _readable(analysis, dict(row.items).get(field), step)


def _readable(analysis: Analysis, node: Node | None, step: StepNode) -> Iterator[Place]:
    whole = isinstance(node, Reference) and node.slice is None
    if not whole and not (isinstance(node, Template) and _injective(analysis, node, step)):
        return
    assert node is not None
    for reference in references(node):
        place = _place(analysis, reference, step)
        if place is not None:
            yield place


def _injective(analysis: Analysis, node: Template, step: StepNode) -> bool:
    """Whether the text tells every value that was put into it: as a key template is judged."""
    known = validated_fields(analysis.scope, step.index)
    for part in node.parts:
        if isinstance(part, Reference):
            if part.sigil != "{" or part.path or part.slice or part.optional:
                return False
            if analysis.route is not None and part.name not in known:
                return False
    try:
        compile_key("".join(map(str, node.parts)), key_fields(analysis.whole.entities))
    except (KeyFault, TemplateFault):
        return False
    return True


def _place(analysis: Analysis, reference: Reference, step: StepNode) -> Place | None:
    whole = Reference(reference.sigil, reference.name, reference.path)
    target = analysis.scope.target(whole, step.index)
    return None if isinstance(target, Fault) else place_of(target)
