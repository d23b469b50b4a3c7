"""Bytes: nothing is kept or answered for that was not verified."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, rule
from pipelines.check.effects import streams
from pipelines.check.worlds import World
from pipelines.expressions import Fault
from pipelines.nodes import Node, Reference, references

_REPLYING = frozenset({"reply"})
_READING = frozenset({"request.body"})
_WRITING = frozenset({"blob.write"})


@rule("E320")
def verified_before_kept(analysis: Analysis) -> Iterator[Fault]:
    """Every blob.put is followed by blob.verify_digest of its digest before a commit or a reply."""
    if not analysis.steps_with(_WRITING):
        return
    seen: set[int] = set()
    for world, what in _settling(analysis):
        for index, place in sorted(world.pending):
            if index not in seen:
                seen.add(index)
                message = f"${place[2]} is not verified before {what}"
                hint = f'add {{"op": "blob.verify_digest", "args": {{"digest": "${place[2]}"}}}}'
                where = analysis.by_index[index].pointer
                yield Fault(where, message, f"{hint} before it", path=world.path())


@rule("E320")
def verified_against_others(analysis: Analysis) -> Iterator[Fault]:
    """What blob.verify_digest expects does not come from the digest that it verifies."""
    if not analysis.digests:
        return
    own: dict[str, str] = {}
    for step in analysis.pipeline.steps:
        if step.operation.name == "string.format":
            read = {own.get(r.name, r.name) for r in _variables(step.dynamic["template"])}
            own.update((step.outputs["out"], name) for name in read if name in analysis.digests)
        expected = step.dynamic.get("expected")
        if step.operation.name != "blob.verify_digest" or expected is None:
            continue
        verified = {reference.name for reference in _variables(step.dynamic["digest"])}
        for reference in _variables(expected):
            if own.get(reference.name, reference.name) in verified & analysis.digests:
                message = f"{reference} comes from the digest that is verified, so it always fits"
                hint = "leave it out to compare with what the client declares"
                yield Fault(step.argument("expected"), message, hint)


@rule("E321")
def served_from_stores(analysis: Analysis) -> Iterator[Fault]:
    """Bytes are served from a store, never while they arrive unverified."""
    for step in analysis.steps_with(_REPLYING):
        body = step.dynamic.get("body")
        if not isinstance(body, Reference):
            continue
        target = analysis.plan.target(body, step.index)
        if target is not None and target.shape.kind == "stream":
            hint = "blob.put, blob.verify_digest and blob.get it first"
            yield Fault(step.argument("body"), f"{body} still arrives, unverified", hint)


@rule("E322")
def streams_read_once(analysis: Analysis) -> Iterator[Fault]:
    """A request's body, or an upstream's, is read at most once on every path."""
    seen: set[int] = set()
    for visit in analysis.runs_with(_READING):
        step, world = visit.step, visit.world
        if step.index in seen:
            continue
        if world.read & streams(step, analysis.plan):
            seen.add(step.index)
            message = f"{step.operation.name} reads what was read before"
            hint = "read it once, and use what that step set"
            yield Fault(step.pointer, message, hint, path=world.path())


RULES = (verified_before_kept, verified_against_others, served_from_stores, streams_read_once)


def _variables(node: Node) -> Iterator[Reference]:
    """The variables that a node reads: a field may have the same name."""
    return (reference for reference in references(node) if reference.sigil == "$")


def _settling(analysis: Analysis) -> Iterator[tuple[World, str]]:
    """Where received bytes are answered for: a commit, a reply that is no error, the end."""
    for visit in analysis.flow.runs():
        operation = visit.step.operation
        replies = "reply" in operation.effects and operation.name != "respond.error"
        if visit.world.pending and (replies or operation.name == "txn.commit"):
            yield visit.world, f"{operation.name} in step {visit.step.index + 1}"
    for world in analysis.flow.ends:
        if world.pending:
            yield world, "the last step is done"
