"""The leaves of an argument with their JSON Pointers: where exactly something is wrong."""

from collections.abc import Iterator, Sequence

from pipelines.nodes import (
    All,
    ArrayNode,
    Condition,
    Constant,
    Either,
    Node,
    Not,
    ObjectNode,
    Reference,
    StepNode,
    Template,
    Test,
)
from schema.pointers import join

Leaf = Constant | Reference | Template


def leaves(node: Node, pointer: str) -> Iterator[tuple[str, Leaf]]:
    """Every reference, template and literal inside a node that stands at `pointer`."""
    match node:
        case ObjectNode(items):
            for key, item in items:
                yield from leaves(item, join(pointer, key))
        case ArrayNode(nodes):
            for position, item in enumerate(nodes):
                yield from leaves(item, f"{pointer}/{position}")
        case _:
            yield pointer, node


def condition_leaves(condition: Condition) -> Iterator[tuple[str, Leaf]]:
    """The same of a condition's operands."""
    match condition:
        case Test():
            yield from test_leaves(condition)
        case All(parts) | Either(parts):
            for part in parts:
                yield from condition_leaves(part)
        case Not(inner):
            yield from condition_leaves(inner)


def test_leaves(test: Test) -> Iterator[tuple[str, Leaf]]:
    """The same of one comparison's operands."""
    single = len(test.operands) == 1
    for position, operand in enumerate(test.operands):
        yield from leaves(operand, test.pointer if single else f"{test.pointer}/{position}")


def argument_leaves(step: StepNode) -> Sequence[tuple[str, Leaf]]:
    """The same of a step's arguments, its guard left out."""
    known: list[tuple[str, Leaf]] | None = step.found.get("leaves")
    if known is None:
        known = []
        for name, node in step.dynamic.items():
            known += leaves(node, step.argument(name))
        step.found["leaves"] = known
    return known


def read_in(leaf: Leaf) -> Iterator[Reference]:
    """The references that a leaf reads."""
    if isinstance(leaf, Reference):
        yield leaf
    elif isinstance(leaf, Template):
        yield from (part for part in leaf.parts if isinstance(part, Reference))


def step_reads(step: StepNode) -> Sequence[tuple[str, Reference]]:
    """Every reference of a step with the pointer of the text it stands in, its guard first."""
    known: list[tuple[str, Reference]] | None = step.found.get("reads")
    if known is None:
        known = step.found["reads"] = list(_reads(step))
    return known


def _reads(step: StepNode) -> Iterator[tuple[str, Reference]]:
    if step.when is not None:
        for pointer, leaf in condition_leaves(step.when):
            for reference in read_in(leaf):
                yield pointer, reference
    for pointer, leaf in argument_leaves(step):
        for reference in read_in(leaf):
            yield pointer, reference
