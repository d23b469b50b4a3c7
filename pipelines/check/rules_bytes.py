"""Bytes: nothing is kept or answered for that was not verified."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, rule
from pipelines.check.worlds import World
from pipelines.expressions import Fault


@rule("E320")
def verified_before_kept(analysis: Analysis) -> Iterator[Fault]:
    """Every blob.put is followed by blob.verify_digest of its digest before a commit or a reply."""
    seen: set[int] = set()
    for world, what in _settling(analysis):
        for index, place in sorted(world.pending):
            if index not in seen:
                seen.add(index)
                message = f"${place[2]} is not verified before {what} ({world.path()})"
                hint = f'add blob.verify_digest with "digest": "${place[2]}" before it'
                yield Fault(analysis.by_index[index].pointer, message, hint)


RULES = (verified_before_kept,)


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
