"""Properties of the language that no example can show whole."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipelines.conditions import parse_condition
from pipelines.evaluate import Slots, condition, evaluator
from pipelines.expressions import Fault, Malformed, parse_text, parse_value
from pipelines.key_closures import key_closure
from pipelines.nodes import Constant, Reference
from schema.keys import KeyTemplate
from schema.link import link
from schema.parse import parse
from schema.shape import document
from schema.templates import Placeholder

ROOT = Path(__file__).parents[2]
SHIPPED = link(document(parse((ROOT / "schema.json").read_bytes(), "schema.json").value), "x")
NAMES = ("a", "b", "c")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def locate(node: Reference) -> tuple[int, tuple[str | int, ...]]:
    return NAMES.index(node.name), node.path


def literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}").replace("$", "$$")


@given(st.text())
def test_every_text_can_be_written_as_a_literal(text: str) -> None:
    assert parse_text(literal(text)) == Constant(text)


@given(st.text(alphabet="ab{}$[].:?019_ "))
def test_every_text_is_a_value_or_malformed(text: str) -> None:
    try:
        node = parse_text(text)
    except Malformed as fault:
        assert str(fault)
        assert fault.hint
    else:
        assert node is not None


@given(st.lists(st.text(), min_size=3, max_size=3), st.lists(st.text(), min_size=4, max_size=4))
def test_values_are_concatenated_and_never_scanned(values: list[str], texts: list[str]) -> None:
    template = "".join(literal(t) + "{" + n + "}" for t, n in zip(texts, NAMES, strict=False))
    node = parse_text(template + literal(texts[3]))
    slots: Slots = list(values)
    expected = "".join(t + v for t, v in zip(texts, values, strict=False)) + texts[3]
    assert evaluator(node, locate)(slots) == expected


@given(JSON)
def test_json_without_names_stands_for_itself(value: Any) -> None:
    def written(part: Any) -> Any:
        if isinstance(part, str):
            return literal(part)
        if isinstance(part, list):
            return [written(item) for item in part]
        if isinstance(part, dict):
            return {key: written(item) for key, item in part.items()}
        return part

    faults: list[Fault] = []
    node = parse_value(written(value), "", faults)
    assert not faults
    assert evaluator(node, locate)([]) == value


CONDITIONS = st.recursive(
    st.builds(lambda n, v: {"equals": [f"${n}", v]}, st.sampled_from(NAMES), st.integers(0, 2))
    | st.builds(lambda n: {"is_null": f"${n}"}, st.sampled_from(NAMES))
    | st.builds(lambda n, v: {"gt": [f"${n}", v]}, st.sampled_from(NAMES), st.integers(0, 2)),
    lambda inner: (
        st.builds(lambda c: {"all": c}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda c: {"any": c}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda c: {"not": c}, inner)
    ),
    max_leaves=8,
)


def model(when: dict[str, Any], values: dict[str, Any]) -> bool:
    ((operator, operand),) = when.items()
    match operator:
        case "all":
            return all(model(part, values) for part in operand)
        case "any":
            return any(model(part, values) for part in operand)
        case "not":
            return not model(operand, values)
        case "is_null":
            return values[operand[1:]] is None
        case "equals":
            return bool(values[operand[0][1:]] == operand[1])
    value = values[operand[0][1:]]
    return value is not None and bool(value > operand[1])


@given(CONDITIONS, st.lists(st.none() | st.integers(0, 2), min_size=3, max_size=3))
def test_conditions_mean_what_a_naive_reading_says(when: Any, slots: list[int | None]) -> None:
    faults: list[Fault] = []
    parsed = parse_condition(json.loads(json.dumps(when)), "", faults)
    assert parsed is not None
    assert not faults
    assert condition(parsed, locate)(list(slots)) == model(
        when, dict(zip(NAMES, slots, strict=True))
    )


def fitting(template: KeyTemplate) -> st.SearchStrategy[tuple[str, ...]]:
    text = st.text(alphabet="ab01.-+/{}$", min_size=1, max_size=8)
    return st.tuples(
        *(
            text.filter(lambda value, name=name: template.misfit(name, value) is None)
            if name != "version"
            else st.sampled_from(["1.0.0", "1.0.0-a", "1.0.0-a.b", "1.0.0-a-b", "0.1.0"])
            for name in template.fields
        )
    )


@given(st.data())
def test_different_coordinates_never_share_a_key(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(SHIPPED.documents)))
    template = SHIPPED.documents[kind].key
    names = list(template.fields)
    node = parse_text(template.source)
    render = key_closure(
        template, node, lambda reference: (names.index(reference.name), ()), frozenset()
    )
    one, other = data.draw(fitting(template)), data.draw(fitting(template))
    assert all(isinstance(part, str | Placeholder) for part in template.parts)
    assert (render(list(one)) == render(list(other))) == (one == other)
