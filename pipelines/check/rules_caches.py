"""What comes from a cache may be a value or a reference to stored bytes: each has its places."""

from collections.abc import Iterator

from operations.types import Dynamic
from pipelines.check.analysis import Analysis, rule
from pipelines.expressions import Fault
from pipelines.leaves import leaves
from pipelines.nodes import Node, Reference, StepNode


@rule("E205")
def references_are_no_values(analysis: Analysis) -> Iterator[Fault]:
    """What may be a cached reference to stored bytes is sent, stored or cached, and no more."""
    for step in analysis.pipeline.steps if analysis.cache_reads else ():
        for name, node in step.dynamic.items():
            takes_it = _takes_bytes(step, name) or "cache.write" in step.operation.effects
            for pointer, leaf in leaves(node, step.argument(name)):
                whole = leaf is node and takes_it
                if not whole and "handle" in _cached(analysis, leaf):
                    message = f"{leaf} may be a reference to stored bytes, which is no JSON value"
                    yield Fault(pointer, message, "cache its digest instead")


@rule("E205")
def sent_bytes(analysis: Analysis) -> Iterator[Fault]:
    """A reply of bytes gets bytes or text, also where they come from a cache."""
    for step in analysis.steps_with(_REPLYING):
        node = step.dynamic.get("body")
        if not isinstance(node, Reference) or not _takes_bytes(step, "body"):
            continue
        target = analysis.plan.target(node, step.index)
        if target is None or target.shape.kind != "any":
            continue
        cached = _cached(analysis, node)
        if "json" in cached or not (cached or _from_cache(analysis, node)):
            message = f"{node} may be no bytes and no text"
            hint = "send it by respond.json, or cache nothing else in that kind"
            yield Fault(step.argument("body"), message, hint)


_REPLYING = frozenset({"reply"})

RULES = (references_are_no_values, sent_bytes)


def _takes_bytes(step: StepNode, name: str) -> bool:
    parameter = step.operation.parameter(name)
    wanted = None if parameter is None else parameter.type
    return isinstance(wanted, Dynamic) and wanted.kind == "any" and not wanted.nullable


def _from_cache(analysis: Analysis, node: Node | None) -> bool:
    return isinstance(node, Reference) and not node.path and node.name in analysis.cache_reads


def _cached(analysis: Analysis, node: Node | None) -> frozenset[str]:
    if not isinstance(node, Reference) or not _from_cache(analysis, node):
        return frozenset()
    return analysis.whole.cached.get(analysis.cache_reads[node.name], frozenset())
