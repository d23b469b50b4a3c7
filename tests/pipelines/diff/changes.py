"""Cases are data: `cases/*.json` change the shipped schema, and name what has to be found.

A change is `{pointer: value}`; in a pointer `@x` is the item whose id, name, op, field or document
is x, and `-` stands behind the last. The values `{"$gone": true}` and `{"$text": [old, new]}` take
something out and replace a text in all texts below.
"""

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.load import Loaded, load
from schema.pointers import steps

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
NAMES = ("id", "name", "op", "field", "document", "require")


@dataclass(frozen=True)
class Case:
    """Two schemas, and the differences between them as `grade kind`."""

    title: str
    old: Any
    new: Any
    expect: list[str]
    says: str


def cases() -> list[Case]:
    return [
        _case(each)
        for file in sorted((Path(__file__).parent / "cases").glob("*.json"))
        for each in json.loads(file.read_text(encoding="utf-8"))
    ]


def _case(each: dict[str, Any]) -> Case:
    old = changed(SHIPPED, each.get("old", {}))
    new = changed(old, each["new"])
    return Case(each["title"], old, new, sorted(each["expect"]), each.get("says", ""))


def changed(value: Any, change: dict[str, Any]) -> Any:
    value = copy.deepcopy(value)
    for pointer, to in change.items():
        *way, last = steps(pointer)
        around = value
        for step in way:
            around = around[at(around, step)]
        place = at(around, last)
        if isinstance(to, dict) and "$gone" in to:
            del around[place]
        elif isinstance(to, dict) and "$text" in to:
            around[place] = rewritten(around[place], *to["$text"])
        elif isinstance(around, list) and place == len(around):
            around.append(to)
        else:
            around[place] = to
    return value


def at(around: Any, step: str) -> Any:
    if isinstance(around, dict):
        return step
    if step == "-":
        return len(around)
    if step.startswith("@"):
        found = [n for n, item in enumerate(around) if any(item.get(k) == step[1:] for k in NAMES)]
        return found[0]
    return int(step)


def rewritten(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: rewritten(item, old, new) for name, item in value.items()}
    if isinstance(value, list):
        return [rewritten(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


def loaded(value: Any) -> Loaded:
    return _loaded(json.dumps(value))


@cache
def _loaded(source: str) -> Loaded:
    found = load(source.encode(), "schema.json")
    assert found.ok, [str(finding) for finding in found.findings]
    return found
