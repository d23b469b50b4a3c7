"""Replication: each event can be applied, and is applied alike by every follower."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.expressions import Fault

_REPEATABLE = frozenset({"kv.read", "kv.write", "index.read", "index.write"})


@rule("E603")
def applied_events(whole: Whole) -> Iterator[Fault]:
    """Every durable event type has an apply pipeline, where events are replicated."""
    replication = whole.document.replication
    if replication is None or replication.mode == "off":
        return
    for position, event in enumerate(whole.document.events.types):
        if event.durable and event.name not in replication.apply_pipelines:
            message = f"no follower can apply {event.name}"
            hint = f"add replication.apply_pipelines[{event.name!r}], or durable: false"
            yield Fault(f"/events/types/{position}", message, hint)


@rule("E603")
def alike_everywhere(analysis: Analysis) -> Iterator[Fault]:
    """An apply pipeline knows the event and the store alone, and writes documents and rows."""
    if analysis.pipeline.event is None:
        return
    for step in analysis.pipeline.steps:
        others = sorted(step.operation.effects - _REPEATABLE - _TOLD_ELSEWHERE)
        if others:
            message = f"{step.operation.name} ({', '.join(others)}) may differ between followers"
            hint = "take what it gives from the event's payload"
            yield Fault(step.pointer, message, hint)


RULES = (alike_everywhere,)
SCHEMA_RULES = (applied_events,)
"""The rules about the schema."""

_TOLD_ELSEWHERE = frozenset({"txn", "reply"})
"""Effects that E312 and E401 keep out of apply pipelines."""
