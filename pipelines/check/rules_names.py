"""Names: each means one thing, is set before it is read, and has a value where one is needed."""

from collections.abc import Iterator

from operations.types import Dynamic
from pipelines.check.analysis import Analysis, rule
from pipelines.check.plan import Read, place_of
from pipelines.check.worlds import SLOT, Place, World
from pipelines.expressions import Fault
from pipelines.leaves import read_in, test_leaves
from pipelines.nodes import Reference, StepNode, Template, Test
from pipelines.targets import Target


@rule("E201")
def known_references(analysis: Analysis) -> Iterator[Fault]:
    """Every reference means exactly one thing."""
    for step in analysis.pipeline.steps:
        for pointer, _, reference, found, _ in analysis.plan.reads[step.index]:
            if isinstance(found, Fault) and not _may_be_set_unread(analysis, reference):
                yield Fault(pointer, found.message, found.hint)


@rule("E203")
def assigned_once(analysis: Analysis) -> Iterator[Fault]:
    """Every variable is set by one step only, and has no reserved name."""
    yield from analysis.scope.faults


@rule("E202")
def set_before_read(analysis: Analysis) -> Iterator[Fault]:
    """Every variable and field that a step reads was set on each path to it."""
    seen: set[str] = set()
    for fault in _unset(analysis):
        if fault.pointer not in seen:
            seen.add(fault.pointer)
            yield fault


@rule("E204")
def present_where_needed(analysis: Analysis) -> Iterator[Fault]:
    """Nothing that may be null stands where a value is needed."""
    found = ((step.index, list(_needs(analysis, step))) for step in analysis.pipeline.steps)
    needs = {index: these for index, these in found if these}
    if not needs:
        return
    seen: set[tuple[str, Reference]] = set()
    for visit in analysis.flow.runs():
        for pointer, reference, place, why in needs.get(visit.step.index, ()):
            if (pointer, reference) in seen or place[:SLOT] not in visit.world.given:
                continue
            if visit.world.shape(place).nullable:
                seen.add((pointer, reference))
                message = f"{reference} may be null here, and {why}"
                yield Fault(pointer, message, _guard_hint(reference), path=visit.world.path())


RULES = (known_references, assigned_once, set_before_read, present_where_needed)


def _may_be_set_unread(analysis: Analysis, reference: Reference) -> bool:
    """Where a step could not be read, what it would have set means nothing yet."""
    unread = analysis.pipeline.unread
    return bool(unread) and (reference.sigil == "{" or reference.name in unread)


def _unset(analysis: Analysis) -> Iterator[Fault]:
    reads, slots = analysis.plan.reads, analysis.plan.slots
    yield from _fields_not_in_path(analysis)
    yield from _fields_not_parsed(analysis)
    for visit in analysis.flow.runs():
        if not slots[visit.step.index] <= visit.world.given:
            for read in reads[visit.step.index]:
                if not read.asked and isinstance(read.meaning, Target):
                    yield from _unset_in(visit.world, read.pointer, read.reference, read.meaning)
    asked_slots: dict[int, set[Place]] = {}
    for asked in analysis.flow.asked:
        if slots[asked.step] <= asked.world.given:
            continue
        test = asked.ask.test
        if id(test) not in asked_slots:
            found = _asked(analysis, test, asked.step)
            asked_slots[id(test)] = {target.slot for _, _, target in found}
        if not asked_slots[id(test)] <= asked.world.given:
            for pointer, reference, target in _asked(analysis, test, asked.step):
                yield from _unset_in(asked.world, pointer, reference, target)


def _asked(analysis: Analysis, test: Test, step: int) -> Iterator[tuple[str, Reference, Target]]:
    """What a comparison reads."""
    for pointer, leaf in test_leaves(test):
        for reference in read_in(leaf):
            target = analysis.plan.target(reference, step)
            if target is not None:
                yield pointer, reference, target


def _unset_in(world: World, pointer: str, reference: Reference, target: Target) -> Iterator[Fault]:
    if target.slot in world.given:
        return
    setter = "parse.path" if target.source == "field" else "a step that runs on every path to here"
    yield Fault(pointer, f"{reference} is not set yet", f"set it by {setter}", path=world.path())


def _fields_not_in_path(analysis: Analysis) -> Iterator[Fault]:
    """A required field that the path does not carry is never there."""
    params = analysis.pipeline.params
    if all(place[0] != "field" or place[2] in params for place in analysis.plan.ground.shapes):
        return
    for step in analysis.pipeline.steps:
        for pointer, _, _, target, _ in analysis.plan.reads[step.index]:
            if isinstance(target, Fault) or target.source != "field":
                continue
            declared = analysis.scope.entities[target.owner].fields[target.name]
            if target.name not in analysis.pipeline.params and not declared.optional:
                message = f"the route's path has no {{{target.name}}}"
                yield Fault(pointer, message, "add it to the path, or read another name")


def _fields_not_parsed(analysis: Analysis) -> Iterator[Fault]:
    """Steps that treat an entity's fields before parse.path has set them treat nothing."""
    parsed: set[str] = set()
    for step in analysis.pipeline.steps:
        entity = step.static.get("entity")
        if step.operation.name == "parse.path" and step.when is None:
            parsed.add(step.static["entity"])
        elif entity is not None and entity not in parsed and analysis.pipeline.complete:
            message = f"the fields of {entity} are not set yet"
            yield Fault(step.pointer, message, "put parse.path before it, without a guard")


_BYTES = "bytes or text are needed"

Need = tuple[str, Reference, Place, str]


def _needs(analysis: Analysis, step: StepNode) -> Iterator[Need]:
    """Every reference of a step that must not be null, and why.

    What is of no known type is left to E205, but for bytes, which have none.
    """
    for read in analysis.plan.reads[step.index]:
        target = read.meaning
        if isinstance(target, Fault) or not target.shape.nullable:
            continue
        why = _why(step, read)
        if why is not None and (target.shape.kind != "any" or why == _BYTES):
            yield read.pointer, read.reference, place_of(target), why


def _why(step: StepNode, read: Read) -> str | None:
    """Why what a step reads there must not be null; None where it may be."""
    if isinstance(read.leaf, Template):
        return None if read.reference.optional else "it is put into a text"
    for name, node in step.dynamic.items():
        if node is read.leaf and read.pointer == step.argument(name):
            parameter = step.operation.parameter(name)
            assert parameter is not None and isinstance(parameter.type, Dynamic)
            if not parameter.type.nullable:
                return _BYTES if parameter.type.kind == "any" else f"{name} needs a value"
    return None


def _guard_hint(reference: Reference) -> str:
    return f'settle it first, such as by respond.error when {{"is_null": "{reference}"}}'
