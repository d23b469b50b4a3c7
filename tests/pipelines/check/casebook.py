"""Cases are data: `cases/<rule>.json` holds routes that break a rule, and ones that nearly do.

A step is a name of base.json's `steps`, or `{"op": args}`. A route's own steps stand behind
`entry`, unless `entry` is false; `steps/N` in `expect` counts from the first of them, the entry
included. `patch` merges into the schema (RFC 7396), `route` into the route.
"""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BASE = json.loads((HERE / "base.json").read_text())


@dataclass(frozen=True)
class Case:
    """One schema and what the checker has to say of it."""

    rule: str
    title: str
    schema: Any
    expect: tuple[tuple[str, str], ...]

    @property
    def source(self) -> bytes:
        return json.dumps(self.schema, indent=1).encode()


def cases() -> list[Case]:
    return [
        _case(file.stem, written)
        for file in sorted((HERE / "cases").glob("*.json"))
        for written in json.loads(file.read_text())
    ]


def steps(names: list[Any]) -> list[Any]:
    return [step(name) for name in names]


def step(written: Any) -> Any:
    if isinstance(written, str):
        return copy.deepcopy(BASE["steps"][written])
    ((op, args),) = written.items()
    if op.startswith("+"):  # A named step with other arguments.
        named = step(op[1:])
        return {**named, "args": {**named.get("args", {}), **args}}
    return {"op": op, "args": args}


def merged(value: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    out = dict(value) if isinstance(value, dict) else {}
    for name, item in patch.items():
        if item is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), item)
    return out


def _case(rule: str, written: dict[str, Any]) -> Case:
    schema = copy.deepcopy(BASE["schema"])
    entry = BASE["entry"] if written.get("entry", True) else []
    route = merged(BASE["route"], written.get("route", {}))
    route["pipeline"] = steps([*entry, *written.get("steps", ["ok"])])
    schema["api"]["routes"] = [route, *written.get("routes", [])]
    for event, applied in written.get("apply", {}).items():
        schema["replication"]["apply_pipelines"][event] = steps(applied)
    schema = merged(schema, written.get("patch", {}))
    expect = [_expected(text) for text in written["expect"]]
    return Case(rule, written["title"], schema, tuple(expect))


def _expected(text: str) -> tuple[str, str]:
    rule, _, pointer = text.partition(" ")
    if pointer.startswith("steps"):
        pointer = pointer.replace("steps", "/api/routes/0/pipeline", 1)
    elif pointer.startswith("apply"):
        pointer = pointer.replace("apply", "/replication/apply_pipelines/item.changed", 1)
    return rule, pointer
