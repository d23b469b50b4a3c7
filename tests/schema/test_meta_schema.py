"""The schema that editors read agrees with the checker, and tells what editors need."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.operation import Operation, Output, Parameter, operation
from operations.types import Static, Text
from operations.vocabulary import VOCABULARY
from pipelines.editor.schema import PARTS, editor_schema
from pipelines.editor.words import ARGUMENTS, EXAMPLE_KEYS
from pipelines.load import load
from pipelines.parse import parse_route
from schema.document import Route, Step
from schema.invariants import invariant_findings
from schema.parse import parse
from schema.pointers import steps
from schema.predicates import BINARY, COMBINATORS, UNARY
from schema.shape import document, shape_findings
from schema.wording import KEYS
from tests.pipelines.check.casebook import cases

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).parent / "cases"
SHIPPED = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
BASE = json.loads((CASES / "base.json").read_text(encoding="utf-8"))
REFUSED = json.loads((CASES / "refused.json").read_text(encoding="utf-8"))
STRUCTURAL = ("E102", "E103", "E104", "E105")
META = json.loads((ROOT / "schema" / "meta_schema.json").read_text(encoding="utf-8"))
DOCUMENT = document(SHIPPED)
SMALL = next(case.schema for case in cases() if not case.expect and case.rule == "E105")
SMALL["events"]["types"][0]["durable"] = False
OPERATIONS = {operation.name: operation for operation in VOCABULARY}


def judge(part: str, whole: Any = META) -> jsonschema_rs.Draft202012Validator:
    """What judges one part of the language; patterns are matched in linear time."""
    patterns = jsonschema_rs.RegexOptions()
    schema = {**whole, "$ref": f"#/$defs/{part}"}
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=patterns)


WHOLE, STEP = judge("Document"), judge("Step")


def place(value: Any, way: list[str]) -> Any:
    for step in way:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def test_it_is_a_json_schema_of_2020_12() -> None:
    assert META["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    jsonschema.Draft202012Validator.check_schema(META)


@pytest.mark.parametrize("value", [SHIPPED, SMALL], ids=["shipped", "small"])
def test_a_schema_that_may_serve_is_accepted(value: Any) -> None:
    assert load(json.dumps(value).encode(), "schema.json").ok
    assert [error.message for error in WHOLE.iter_errors(value)] == []


@pytest.mark.parametrize("file", sorted((ROOT / "templates").iterdir()), ids=lambda f: f.stem)
def test_a_template_is_the_part_that_its_schema_says(file: Path) -> None:
    value = json.loads(file.read_text(encoding="utf-8"))
    named = (file.parent / value["$schema"]).resolve()
    assert named.parent == ROOT / "schema" / "parts"
    assert [error.message for error in judge(PARTS[named.stem]).iter_errors(value)] == []


@pytest.mark.parametrize("name", PARTS)
def test_the_schema_of_a_part_leads_to_a_part_of_the_whole(name: str) -> None:
    file = ROOT / "schema" / "parts" / f"{name}.json"
    path, _, pointer = json.loads(file.read_text(encoding="utf-8"))["$ref"].partition("#")
    assert (file.parent / path).resolve() == ROOT / "schema" / "meta_schema.json"
    assert "description" in place(META, steps(pointer))


def test_the_shipped_schema_names_it() -> None:
    assert (ROOT / SHIPPED["$schema"]).resolve() == ROOT / "schema" / "meta_schema.json"
    assert SHIPPED["$schema"].startswith("./")  # Editors take other paths for addresses.


@pytest.mark.parametrize(
    "case", [c for c in REFUSED if c["rule"] in STRUCTURAL], ids=lambda case: case["name"]
)
def test_what_the_checker_finds_misshapen_is_refused_here_too(case: dict[str, Any]) -> None:
    value = copy.deepcopy(BASE)
    *way, last = steps(case["at"])
    around = place(value, way)
    around[int(last) if isinstance(around, list) else last] = case["to"]
    known = {error.message for error in WHOLE.iter_errors(BASE)}
    assert {error.message for error in WHOLE.iter_errors(value)} - known


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a value."""
    yield way
    children: Any = value.items() if isinstance(value, dict) else ()
    for step, item in enumerate(value) if isinstance(value, list) else children:
        yield from places(item, (*way, step))


ANY_VALUE = st.sampled_from([None, True, 0, 1, -1, "", "text", "9 x", [], ["a"], {}, {"a": 1}])
ADDED = ("x-note", "comment", "description", "$schema", "opp", "name", "id", "when", "examples")


@settings(max_examples=400)
@given(way=st.sampled_from([*places(SMALL)][1:]), to=ANY_VALUE, key=st.sampled_from(("", *ADDED)))
def test_a_schema_that_is_wrong_in_one_place_is_judged_as_the_checker_does(
    way: tuple[str | int, ...], to: Any, key: str
) -> None:
    value = copy.deepcopy(SMALL)
    *around, last = way
    found = place(value, [str(step) for step in around])
    if key and isinstance(found[last], dict):
        found[last][key] = to
    else:
        found[last] = to
    source = json.dumps(value).encode()
    parsed = parse(source, "schema.json")
    if shape_findings(parsed.value, parsed.places):
        assert not WHOLE.is_valid(value)
    elif not WHOLE.is_valid(value):
        assert not load(source, "schema.json").ok


def names_of(each: Operation) -> set[str]:
    return {p.name for p in each.parameters} | {o.name for o in each.outputs} | {"when"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_editor_completes_just_the_arguments_of_the_operation(name: str) -> None:
    rules = META["$defs"]["Step"]["allOf"]
    written = {"op": name}
    matching = [
        rule["then"]
        for rule in rules
        if jsonschema.Draft202012Validator(rule["if"]).is_valid(written)
    ]
    (then,) = matching
    taken = then["properties"]["args"]
    assert set(taken["properties"]) == names_of(OPERATIONS[name])
    assert all(shape["description"] for shape in taken["properties"].values())
    assert OPERATIONS[name].summary in taken["markdownDescription"]


def test_an_editor_shows_what_each_operation_does() -> None:
    known = META["$defs"]["OperationName"]["anyOf"][0]
    told = dict(zip(known["enum"], known["enumDescriptions"], strict=True))
    assert told == {each.name: each.summary for each in VOCABULARY}
    assert len(known["markdownEnumDescriptions"]) == len(VOCABULARY)


@pytest.mark.parametrize("name", OPERATIONS)
def test_one_wrong_argument_is_one_complaint_about_that_operation(name: str) -> None:
    args = {each: good(OPERATIONS[name], each) for each in needed(OPERATIONS[name])}
    (failure,) = STEP.iter_errors({"op": name, "args": {**args, "bogus": 1}})
    assert "bogus" in failure.message
    assert [other for other in OPERATIONS if other != name and other in failure.message] == []


def test_operations_of_extensions_are_free_but_no_misspelt_one_is() -> None:
    assert STEP.is_valid({"op": "acme.sign", "args": {"anything": 1}})
    for name in ("kv.gett", "blob.", "kvget", "", "Kv"):
        assert not STEP.is_valid({"op": name}), name


def test_an_extension_that_is_known_is_judged_like_the_others() -> None:
    @operation("acme.sign")
    def sign(ctx: Any, key: Text) -> None:
        """Sign a text."""

    step = judge("Step", editor_schema([*VOCABULARY, sign]))
    assert step.is_valid({"op": "acme.sign", "args": {"key": "$text"}})
    assert not step.is_valid({"op": "acme.sign", "args": {"ky": "$text"}})


# The arguments of a step: drawn from the signatures, judged by both.

NAMED = {
    "entity": "artifact", "document": "tag_map", "index": "tags", "blob_store": "primary",
    "upstream": "origin", "event": "tag.updated", "json_schema": "tag_request",
    "scopes": ["read"], "ordering": "by_name", "status": 200, "error_status": 404, "code": "NO",
}  # fmt: skip
WRONG = {
    "entity": [1, None], "document": [1, None], "index": [1, None], "blob_store": [1, None],
    "upstream": [1, None], "event": [1, None], "json_schema": [1, None],
    "scopes": ["read", [], [1], None], "ordering": [1], "status": [199, "200", True, None],
    "error_status": [399, 600, "404", None], "code": ["no", "", "_", "N-O", 1, None],
}  # fmt: skip
CONDITIONS = {
    True: [{"is_null": "$x"}, {"in": ["$x", ["a"]]}, {"not": {"any": [{"gt": ["$x", 1]}]}}],
    False: [{}, None, {"equal": ["$x", 1]}, {"equals": ["$x"]}, {"all": []}, {"in": ["$x", 1]}],
}


def needed(each: Operation) -> list[str]:
    wanted = [p.name for p in each.parameters if p.required]
    wanted += [o.name for o in each.outputs if o.required]
    return wanted + [group[0] for group in each.exclusive]


def argument(each: Operation, name: str) -> Parameter | Output:
    found = each.parameter(name) or each.output(name)
    assert found is not None
    return found


def good(each: Operation, name: str) -> Any:
    about = argument(each, name)
    if isinstance(about, Output):
        return "made"
    if about.choices:
        return about.choices[0]
    return NAMED[about.type.section] if isinstance(about.type, Static) else "$x"


def bad(each: Operation, name: str) -> list[Any]:
    about = argument(each, name)
    if isinstance(about, Output):
        return ["a b", "1a", 1, None, ""]
    if about.choices:
        return ["other", 7, None]
    return WRONG[about.type.section] if isinstance(about.type, Static) else ["$x"]


@st.composite
def written_steps(draw: st.DrawFn, each: Operation) -> dict[str, Any]:
    """A step that is right, but for what is left out of it, added to it, or wrong in it."""
    args = {name: good(each, name) for name in needed(each)}
    names = sorted(names_of(each) - {"when"})
    for name in draw(st.lists(st.sampled_from(names), max_size=3)) if names else ():
        args[name] = draw(st.sampled_from([good(each, name), *bad(each, name)]))
    if args and draw(st.integers(0, 2)) == 0:
        del args[draw(st.sampled_from(sorted(args)))]
    if draw(st.integers(0, 3)) == 0:
        args["when"] = draw(st.sampled_from([*CONDITIONS[True], *CONDITIONS[False]]))
    if draw(st.integers(0, 5)) == 0:
        args[draw(st.sampled_from(("bogus", "comment", "x-note", "outt")))] = "a"
    return {"op": each.name, "args": args}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=150)
@given(data=st.data())
def test_arguments_are_accepted_here_exactly_when_the_checker_accepts_them(
    name: str, data: st.DataObject
) -> None:
    step = data.draw(written_steps(OPERATIONS[name]))
    route = Route(id="r", method="GET", path="/r", pipeline=(Step(**step),))
    _, faults = parse_route(route, "", DOCUMENT, OPERATIONS)
    assert STEP.is_valid(step) == (not faults), [fault.message for fault in faults]


# Every key has words, and every word a key.


def test_every_key_of_the_language_is_described() -> None:
    silent = [
        f"{part}.{key}"
        for part, shape in META["$defs"].items()
        for key, item in shape.get("properties", {}).items()
        if not item.get("description")
    ]
    assert silent == []


def test_no_words_are_about_what_is_not_there() -> None:
    for part, words in {**KEYS, **EXAMPLE_KEYS}.items():
        assert words.keys() <= META["$defs"][part]["properties"].keys(), part
    every = {name for each in VOCABULARY for name in names_of(each)}
    exact = {f"{each.name}.{name}" for each in VOCABULARY for name in names_of(each)}
    assert every | exact >= ARGUMENTS.keys()


def test_conditions_and_assertions_are_those_of_the_language() -> None:
    assert META["$defs"]["Condition"]["properties"].keys() == {*UNARY, *BINARY, *COMBINATORS}
    for name in META["$defs"]["Assertion"]["properties"]:
        value = {"invariants": {"global": [{"id": "inv.a", "assert": {name: None}}]}}
        parsed = parse(json.dumps(value).encode(), "schema.json")
        told = [str(finding) for finding in invariant_findings(parsed.value, parsed.places)]
        assert told
        assert "is not an assertion" not in told[0]
