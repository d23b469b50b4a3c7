"""Keys: each is an instance of its document's template; index look-ups fit their ordering."""

from collections.abc import Iterator, Sequence

from pipelines.check.analysis import Analysis, rule
from pipelines.expressions import Fault
from pipelines.nodes import ArrayNode, Constant, Node, StepNode
from pipelines.shapes import from_schema, lookup
from schema.document_data import IndexDeclaration, IndexKey
from schema.indexes import PRERELEASE


@rule("E501")
def keys_of_templates(analysis: Analysis) -> Iterator[Fault]:
    """Every key is an instance of its document's key_template."""
    for step, name in _keys(analysis):
        template = analysis.whole.key_of(step)
        if template is not None:
            found = analysis.whole.match(template, step.dynamic[name])
            if isinstance(found, str):
                message = f"this is no key of {template.source}: {found}"
                yield Fault(step.argument(name), message, f'write it as in "{template.source}"')


@rule("E205")
def fitting_key_values(analysis: Analysis) -> Iterator[Fault]:
    """What stands for a field in a key is of the field's type."""
    for step, name in _keys(analysis):
        template = analysis.whole.key_of(step)
        found = "" if template is None else analysis.whole.match(template, step.dynamic[name])
        if template is None or isinstance(found, str):
            continue
        for place, value in found:
            target = None if isinstance(value, str) else analysis.plan.target(value, step.index)
            number = template.fields[place.field].type == "integer"
            if target is not None and target.shape.kind == "integer" and not number:
                message = f"{value} is an integer, and the field {place.field} is text"
                yield Fault(step.argument(name), message, "give text")


@rule("E501")
def fitting_look_ups(analysis: Analysis) -> Iterator[Fault]:
    """A look-up gives values for the first fields of its ordering, and a beginning for a text."""
    for step in analysis.pipeline.steps:
        if "index.read" not in step.operation.effects or "index" not in step.static:
            continue
        where = step.argument("key")
        node = step.dynamic.get("key", Constant([]))
        values = _values(node)
        index = analysis.whole.document.indexes.get(step.static["index"])
        if values is None:
            yield Fault(where, "the key of a look-up is a list of values", 'as in ["{namespace}"]')
        elif index is None:
            yield from _log_look_up(step, values)
        else:
            yield from _look_up(analysis, step, index, values)


RULES = (keys_of_templates, fitting_key_values, fitting_look_ups)


def _keys(analysis: Analysis) -> Iterator[tuple[StepNode, str]]:
    named = analysis.whole.key_parameters
    for step in analysis.pipeline.steps:
        for name in named[step.operation.name]:
            if name in step.dynamic:
                yield step, name


def _values(node: Node) -> Sequence[Node] | None:
    if isinstance(node, ArrayNode):
        return node.items
    if isinstance(node, Constant) and isinstance(node.value, list):
        return [Constant(value) for value in node.value]
    return None


def _log_look_up(step: StepNode, values: Sequence[Node]) -> Iterator[Fault]:
    arguments = {**step.static, **step.dynamic}
    given = [name for name in ("starts_with", "name", "order") if name in arguments]
    if values:
        yield Fault(step.argument("key"), "the event log has no fields to look for", "give []")
    for name in given:
        yield Fault(step.argument(name), f"the event log has no {name}", "leave it out")


def _look_up(
    analysis: Analysis, step: StepNode, index: IndexDeclaration, values: Sequence[Node]
) -> Iterator[Fault]:
    named = step.static.get("name")
    keys = [key for key in index.keys if named is None or key.name == named]
    if not keys:
        return
    key = keys[0]
    if len(values) > len(key.fields):
        names = ", ".join(key.fields)
        message = f"{len(values)} values are given, and {key.name} has the fields {names}"
        yield Fault(step.argument("key"), message, "one value a field, from the first on")
    elif "starts_with" in step.dynamic:
        yield from _beginning(analysis, step, index, key, len(values))


def _beginning(
    analysis: Analysis, step: StepNode, index: IndexDeclaration, key: IndexKey, place: int
) -> Iterator[Fault]:
    where = step.argument("starts_with")
    if place == len(key.fields):
        message = f"{key.name} has no further field that could begin with a text"
        yield Fault(where, message, "give fewer values in key")
        return
    field = key.fields[place]
    declared = analysis.whole.document.storage.documents.get(index.source_document)
    schemas = analysis.whole.document.storage.schemas
    shape = from_schema(schemas.get(declared.schema)) if declared else None
    found = lookup(shape, (field,)) if shape is not None else None
    derived = field.removesuffix(PRERELEASE) in analysis.whole.versions
    if derived or (found is not None and not isinstance(found, str) and found.kind not in _TEXT):
        message = f"{field}, the next field of {key.name}, is not in the order of texts"
        yield Fault(where, message, "leave it out")


_TEXT = ("text", "any")
