"""Replies: one on every path, and no step behind the last of them."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, rule
from pipelines.check.worlds import MAX_WORLDS
from pipelines.expressions import Fault


@rule("E401")
def one_reply(analysis: Analysis) -> Iterator[Fault]:
    """Every path through a route ends in a reply; an apply pipeline never replies."""
    flow = analysis.flow
    if analysis.pipeline.event is not None:
        for step in {v.step.index: v.step for v in flow.runs()}.values():
            if "reply" in step.operation.effects:
                yield Fault(step.pointer, "there is nobody to reply to", "leave the step out")
    elif flow.ends:
        reply = '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}'
        hint = f"let the last step reply without a guard, such as {reply}"
        yield Fault(analysis.where, "a path ends without a reply", hint, path=flow.ends[0].path())


@rule("W402")
def reachable_steps(analysis: Analysis) -> Iterator[Fault]:
    """Every step lies on some path."""
    flow = analysis.flow
    if not analysis.pipeline.complete or flow.exceeded is not None:
        return
    visited = {visit.step.index for visit in flow.visits}
    for step in analysis.pipeline.steps:
        if step.index not in visited:
            message = f"{step.operation.name} is never reached: every path has replied before"
            yield Fault(step.pointer, message, "move it up, or leave it out")


@rule("E404")
def followable(analysis: Analysis) -> Iterator[Fault]:
    """The paths through a pipeline are few enough to be followed one by one."""
    step = analysis.flow.exceeded
    yield from (fault for fault in analysis.faults if fault.rule == "E404")
    if step is not None:
        message = f"more than {MAX_WORLDS} different situations meet here, too many to check"
        yield Fault(step.pointer, message, "guard fewer steps, or reply earlier")


RULES = (one_reply, reachable_steps, followable)
