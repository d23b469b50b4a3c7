"""A trace for people: one block a step, then the reply, what was written, and totals."""

import json
from collections.abc import Iterator
from typing import Any

from pipelines.trace.recorder import StepTrace

_INDENT = " " * 6


def head(step: StepTrace) -> Iterator[str]:
    """A step that is about to run: its operation, guard and arguments."""
    told = f"{step.index:3}  {step.operation}"
    if step.id is not None:
        told += f" ({step.id})"
    if step.attempt > 1:
        told += f"  try {step.attempt}"
    if step.mocked:
        told += "  mocked"
    yield told
    if step.guard is not None:
        yield f"{_INDENT}when {step.guard}: held"
    for name, value in step.arguments.items():
        yield f"{_INDENT}{name} = {shown(value)}"


def passed(step: StepTrace) -> str:
    """A step whose guard did not hold."""
    again = f"  try {step.attempt}" if step.attempt > 1 else ""
    return f"{step.index:3}  {step.operation}{again}  skipped: when {step.guard}: did not hold"


def outcome(step: StepTrace) -> Iterator[str]:
    """What became of a step that ran: what it set, its effects, its store calls, its time."""
    for name, value in step.sets.items():
        yield f"{_INDENT}-> {name} = {shown(value)}"
    if step.error is not None:
        yield f"{_INDENT}-> {step.outcome}: {step.error['code']}: {step.error['message']}"
        if "details" in step.error:
            yield f"{_INDENT}   {shown(step.error['details'])}"
    elif step.outcome not in ("done", "replied"):
        yield f"{_INDENT}-> {step.outcome}"
    facts = [f"{step.microseconds:.1f} µs"]
    if step.effects:
        facts.append(f"effects {', '.join(step.effects)}")
    if step.store_calls:
        facts.append(f"store calls {', '.join(step.store_calls)}")
    yield f"{_INDENT}{'; '.join(facts)}"


def ending(trace: dict[str, Any]) -> Iterator[str]:
    """The reply, what was written, and totals."""
    yield ""
    yield from _reply(trace["reply"])
    yield from _written(trace)
    totals = trace["totals"]
    calls = totals["store_calls"]
    counted = ", ".join(f"{count} {effect}" for effect, count in calls.items()) or "none"
    yield (
        f"{totals['ran']} steps ran, {totals['skipped']} skipped, {trace['retries']} retries; "
        f"store calls: {counted}; {totals['us']:.1f} µs"
    )


def shown(value: Any) -> str:
    """A preview on one line."""
    return json.dumps(value, ensure_ascii=False)


def _reply(reply: dict[str, Any]) -> Iterator[str]:
    yield f"reply {reply['status']}"
    for name, value in reply.get("headers", {}).items():
        yield f"  {name}: {value}"
    if "error" in reply:
        yield f"  {shown(reply['error'])}"
    elif reply["body"] is not None:
        yield f"  {shown(reply['body'])}"


def _written(trace: dict[str, Any]) -> Iterator[str]:
    lines = [
        *(_place("document", each["document"], each) for each in trace["written"]["documents"]),
        *(_place("row", each["index"], each) for each in trace["written"]["rows"]),
        *(f"event {e['type']} {shown(e['payload'])}" for e in trace["written"]["events"]),
        *(f"blob {each['digest']}, {each['size']} bytes" for each in trace["written"]["blobs"]),
    ]
    if not lines:
        yield "nothing was written"
    elif trace["stores"] == "live":
        yield "would have been written; nothing was kept:"
    else:
        yield "written to the scratch stores:"
    yield from (f"  {line}" for line in lines)


def _place(what: str, name: str, facts: dict[str, Any]) -> str:
    value = "removed" if facts["value"] is None else shown(facts["value"])
    return f"{what} {name} {facts['key']} {value}"
