"""Unsafe schemas are data: what is changed in the shipped one, and the rules that must refuse it.

Each edit changes one thing: `route` names the route, and `drop`, `before`, `after`, `change`,
`replace`, `move` one of its steps by operation (`respond.json#last` the last such step); `patch`
merges into the schema (RFC 7396). The schema's own invariants and checks are left out: it has to
be the rules that refuse.
"""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pipelines.check.casebook import merged

HERE = Path(__file__).parent
SHIPPED = json.loads((HERE.parents[2] / "schema.json").read_bytes())


@dataclass(frozen=True)
class Unsafe:
    """One schema that must not serve; `expect` are the rules that its errors must be of."""

    title: str
    expect: frozenset[str]
    schema: Any

    @property
    def source(self) -> bytes:
        return json.dumps(self.schema, indent=1).encode()


def base() -> Any:
    schema = copy.deepcopy(SHIPPED)
    del schema["invariants"], schema["validation"]
    for route in schema["api"]["routes"]:
        route.pop("examples", None)
    return schema


def unsafe() -> list[Unsafe]:
    return [_unsafe(written) for written in json.loads((HERE / "cases.json").read_text())]


def _unsafe(written: Any) -> Unsafe:
    schema = base()
    for edit in written["edits"]:
        schema = _edited(schema, edit)
    return Unsafe(written["title"], frozenset(written["expect"]), schema)


def _edited(schema: Any, edit: Any) -> Any:
    routes = schema["api"]["routes"]
    if "patch" in edit:
        return merged(schema, edit["patch"])
    if "drop route" in edit:
        routes.remove(_route(schema, edit["drop route"]))
    elif "copy route" in edit:
        routes.append({**copy.deepcopy(_route(schema, edit["copy route"])), "id": edit["id"]})
    elif "constraint" in edit:
        for constraint in schema["entities"]["artifact"]["constraints"]:
            if constraint["field"] == edit["constraint"]:
                changed = merged(constraint, edit["set"])
                constraint.clear()
                constraint.update(changed)
    elif "mark source" in edit:
        sources = schema["gc"]["mark_sources"]
        (source,) = (each for each in sources if each["document"] == edit["mark source"])
        if edit.get("drop"):
            sources.remove(source)
        else:
            source["fields"] = edit["fields"]
    elif "set" in edit:
        _route(schema, edit["route"]).update(edit["set"])
    else:
        _steps(_route(schema, edit["route"])["pipeline"], edit)
    return schema


def _steps(pipeline: list[Any], edit: Any) -> None:
    if "drop" in edit:
        pipeline[:] = [step for step in pipeline if step["op"] != edit["drop"]]
    elif "before" in edit:
        at = _find(pipeline, edit["before"])
        pipeline[at:at] = copy.deepcopy(edit["add"])
    elif "after" in edit:
        at = _find(pipeline, edit["after"]) + 1
        pipeline[at:at] = copy.deepcopy(edit["add"])
    elif "replace" in edit:
        pipeline[_find(pipeline, edit["replace"])] = copy.deepcopy(edit["with"])
    elif "move" in edit:
        step = pipeline.pop(_find(pipeline, edit["move"]))
        to, _, side = str(edit["to"]).partition("#")
        at = int(to) if to.isdigit() else _find(pipeline, to) + (side != "before")
        pipeline.insert(at, step)
    else:
        step = pipeline[_find(pipeline, edit.get("change") or edit["change op"])]
        step["op"] = edit.get("op", step["op"])
        step["args"] = merged(step.get("args", {}), edit["args"])


def _find(pipeline: list[Any], name: str) -> int:
    op, _, which = name.partition("#")
    found = [at for at, step in enumerate(pipeline) if step["op"] == op]
    return found[-1 if which == "last" else 0]


def _route(schema: Any, id: str) -> Any:
    (found,) = (route for route in schema["api"]["routes"] if route["id"] == id)
    return found
