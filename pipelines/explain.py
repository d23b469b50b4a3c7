"""One pipeline explained: as text for people, JSON for programs, DOT or Mermaid for pictures."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal

from pipelines.facts import Cost, RouteFacts
from pipelines.graph import dot, mermaid
from pipelines.listing import WIDTH, listing, scope_words

Format = Literal["text", "dot", "mermaid"]


def explain(facts: RouteFacts, form: Format = "text", width: int = WIDTH) -> str:
    """The explanation without a newline at its end; `width` is that of text, in characters."""
    if form == "dot":
        return dot(facts)
    return mermaid(facts) if form == "mermaid" else listing(facts, width)


def as_json(facts: RouteFacts) -> dict[str, Any]:
    """Every fact of a route as JSON; costs tell the store calls of the worst case, too."""
    told = asdict(facts) | {"statuses": sorted(facts.statuses), "cost": _cost(facts.cost)}
    for step, known in zip(told["steps"], facts.steps, strict=True):
        step["cost"] = _cost(known.cost)
        step["reads"] = [{"name": name, "type": kind} for name, kind in known.reads]
        step["sets"] = [{"name": name, "type": kind} for name, kind in known.sets]
    for path, seen in zip(told["paths"], facts.paths, strict=True):
        path["cost"] = _cost(seen.cost)
    return told


def summary(facts: RouteFacts) -> dict[str, Any]:
    """What a list of routes tells of one."""
    return {
        "id": facts.id,
        "method": facts.method,
        "path": facts.path,
        "tags": list(facts.tags),
        "scopes": scope_words(facts),
        "entrances": [list(way) for way in facts.entrances],
        "anonymous": facts.anonymous,
        "effects": list(facts.effects),
        "statuses": sorted(facts.statuses),
        "cost": _cost(facts.cost),
    }


def named(every: Iterable[RouteFacts], name: str) -> RouteFacts | None:
    """The route or the apply pipeline of that name."""
    return next((facts for facts in every if facts.id == name), None)


def _cost(cost: Cost) -> dict[str, Any]:
    return asdict(cost) | {"worst_calls": cost.worst_calls}
