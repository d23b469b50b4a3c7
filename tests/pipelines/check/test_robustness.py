"""Whatever a schema says, the checker answers with findings; what it lets pass compiles."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.load import load
from tests.pipelines.check.casebook import cases

SHIPPED = json.loads((Path(__file__).parents[3] / "schema.json").read_bytes())
SMALL = [case.schema for case in cases() if not case.expect]

WORDS = st.sampled_from(
    ["$item", "$body.label", "{name}", "{tag?}", "x {digest:0:4}", "$item[0]", "$$", "{", "é",
     "a/{name}", "item", "notes", "kv.put", "respond.json", "txn.begin", "txn.commit", "read", "",
     "E310", "kv.get", "is_null", "request.body", "$request.headers.x", "{event.payload}", "\u0000"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for name, item in value.items():
            found += places(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


def mutate(data: st.DataObject, schema: Any) -> None:
    at = data.draw(st.sampled_from(places(schema)))
    parent = schema
    for part in at[:-1]:
        parent = parent[part]
    kind = data.draw(st.sampled_from(["replace", "remove", "twice", "word", "move"]))
    if kind == "remove":
        del parent[at[-1]]
    elif kind == "twice" and isinstance(parent, list):
        parent.insert(at[-1], copy.deepcopy(parent[at[-1]]))
    elif kind == "move" and isinstance(parent, list):
        parent.append(parent.pop(at[-1]))
    else:
        parent[at[-1]] = data.draw(WORDS if kind == "word" else JSON)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_mutated_small_schema_is_answered_with_findings_or_programs(data: st.DataObject) -> None:
    schema = copy.deepcopy(data.draw(st.sampled_from(SMALL)))
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(data, schema)
    loaded = load(json.dumps(schema).encode(), "schema.json")
    assert loaded.ok or any(finding.severity == "error" for finding in loaded.findings)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_mutated_shipped_schema_is_answered_with_findings_or_programs(
    data: st.DataObject,
) -> None:
    schema = copy.deepcopy(SHIPPED)
    for _ in range(data.draw(st.integers(1, 6))):
        mutate(data, schema)
    loaded = load(json.dumps(schema).encode(), "schema.json")
    assert loaded.ok or any(finding.severity == "error" for finding in loaded.findings)


def test_a_json_schema_that_grows_with_its_references_does_not_hold_up_the_check() -> None:
    schema = copy.deepcopy(SMALL[0])
    names = [f"p{i}" for i in range(12)]
    schema["storage"]["schemas"]["note"] = {
        "type": "object", "properties": {name: {"$ref": "#"} for name in names},
    }  # fmt: skip
    assert load(json.dumps(schema).encode(), "schema.json").ok


def test_of_very_many_findings_the_first_thousand_errors_are_told_and_how_many_more() -> None:
    schema = copy.deepcopy(SHIPPED)
    schema |= {f"surplus{number}": number for number in range(3000)}
    findings = load(json.dumps(schema).encode(), "schema.json").findings
    assert len(findings) == 1000 and {finding.rule for finding in findings} == {"E102"}
    assert findings[0].pointer == "/surplus0"
    assert findings[-1].message.endswith("; at least 2000 more are not listed")


def test_a_pipeline_of_very_many_steps_is_refused_before_its_paths_are_followed() -> None:
    schema = copy.deepcopy(SHIPPED)
    more = [{"op": "time.now_iso8601", "args": {"out": f"t{number}"}} for number in range(20_000)]
    schema["api"]["routes"][0]["pipeline"] += more
    told = {(f.rule, f.pointer) for f in load(json.dumps(schema).encode(), "schema.json").findings}
    assert told == {
        ("E404", "/api/routes/0/pipeline/1000"),
        ("E701", "/api/routes/0/pipeline"),
    }
