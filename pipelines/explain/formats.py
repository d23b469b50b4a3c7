"""One pipeline explained: as text for people, JSON for programs, DOT or Mermaid for pictures."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal

from pipelines.derive.facts import Cost, RouteFacts
from pipelines.explain.graph import dot, mermaid
from pipelines.explain.listing import WIDTH, listing, scope_words

Format = Literal["text", "dot", "mermaid"]


def explain(facts: RouteFacts, form: Format = "text", width: int = WIDTH) -> str:
    """The explanation without a newline at its end; `width` is that of text, in characters."""
    if form == "dot":
        return dot(facts)
    return mermaid(facts) if form == "mermaid" else listing(facts, width)


def as_json(facts: RouteFacts) -> dict[str, Any]:
    """Every fact of a route as JSON; costs tell the store calls of the worst case, too."""
    told: dict[str, Any] = _plain(facts) | {"statuses": sorted(facts.statuses)}
    for step in told["steps"]:
        for names in ("reads", "sets"):
            step[names] = [{"name": name, "type": kind} for name, kind in step[names]]
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
        "cost": _plain(facts.cost),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Cost):
        told = {field.name: getattr(value, field.name) for field in fields(value)}
        return told | {"worst_calls": value.worst_calls}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
