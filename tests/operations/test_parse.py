"""Foreign input: path segments, query strings, JSON bodies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations import normalize, parse, validate
from operations.json_text import NotJson, loads
from operations.query import plan_of
from schema.validators import Validator

path = parse.path.function
query = parse.query.function
body_of = parse.json.function

PAGE = Validator(
    {
        "type": "object",
        "properties": {
            "limit": {"type": "integer", "minimum": 1, "default": 10},
            "after": {"type": ["string", "null"]},
            "deep": {"type": "boolean"},
            "ratio": {"type": "number"},
            "tag": {"type": "array", "items": {"type": "integer"}},
            "label": {"type": "array"},
        },
        "additionalProperties": False,
    }
)


async def test_a_path_sets_the_fields_of_the_entity_by_their_types(house: Any) -> None:
    ctx = house.ctx(params={"namespace": "a", "version": "1", "build": "-7", "signed": "true"})
    ctx.slots = ["old"] * 5
    path(ctx, entity=house.schema.entities["artifact"])
    assert ctx.slots == ["a", None, "1", -7, True]


async def test_a_path_that_does_not_fit_names_every_failing_segment(
    house: Any, refused: Any
) -> None:
    ctx = house.ctx(params={"namespace": "", "name": "..", "build": "1.5", "signed": "yes"})
    refusal = await refused(
        "INVALID_PATH", lambda: path(ctx, entity=house.schema.entities["artifact"])
    )
    fields = [failure["field"] for failure in refusal.problem.details["failures"]]
    assert fields == ["namespace", "name", "build", "signed"]


@pytest.mark.parametrize("segment", ["", ".", "..", "a/../b", "a//b", "a\\b", "a\x00b", "a\nb"])
async def test_a_segment_that_is_no_segment_is_refused(
    house: Any, refused: Any, segment: str
) -> None:
    ctx = house.ctx(params={"name": segment})
    await refused("INVALID_PATH", lambda: path(ctx, entity=house.schema.entities["artifact"]))


async def test_fields_are_rewritten_to_their_normal_forms_in_order(house: Any) -> None:
    ctx = house.ctx()
    ctx.slots = ["  ACME ", " my_tool", None, 7, True]
    normalize.normalize_entity.function(ctx, entity=house.schema.entities["artifact"])
    assert ctx.slots == ["acme", "MY-TOOL", None, 7, True]


async def test_every_field_that_breaks_a_rule_is_named(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    ctx.slots = ["Acme", "TOOLS-ARE-LONG", "one", None, None]
    entity = house.schema.entities["artifact"]
    attempt = validate.validate_entity.function
    refusal = await refused("VALIDATION_ERROR", lambda: attempt(ctx, entity=entity))
    fields = [failure["field"] for failure in refusal.problem.details["failures"]]
    assert fields == ["namespace", "name", "version"]


async def test_fields_that_the_route_lacks_are_not_missed(house: Any) -> None:
    ctx = house.ctx()
    ctx.slots = ["acme", None, "1.0.0", None, None]
    entity = house.schema.entities["artifact"]
    assert validate.validate_entity.function(ctx, entity=entity) is None


async def test_a_value_is_checked_against_a_json_schema(house: Any, refused: Any) -> None:
    attempt = validate.validate_json_schema.function
    assert attempt(house.ctx(), schema=PAGE, value={"limit": 3}) is None
    refusal = await refused(
        "VALIDATION_ERROR",
        lambda: attempt(house.ctx(), schema=PAGE, value={"limit": 0, "deep": 1}),
    )
    places = sorted(failure["where"] for failure in refusal.problem.details["failures"])
    assert places == ["/deep", "/limit"]


async def test_a_query_without_a_schema_is_an_object_of_texts(house: Any) -> None:
    assert query(house.ctx()) == {}
    text = "a=1&&b=x+y%2B%C3%A9&c&d=e=f"
    assert query(house.ctx(query=text)) == {"a": "1", "b": "x y+é", "c": "", "d": "e=f"}


@pytest.mark.parametrize("text", ["a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%FF", "%C3=1"])
async def test_a_query_that_cannot_be_read_in_one_way_is_refused(
    house: Any, refused: Any, text: str
) -> None:
    await refused("INVALID_QUERY", lambda: query(house.ctx(query=text)))


async def test_a_schema_converts_collects_and_fills_in(house: Any) -> None:
    ctx = house.ctx(query="deep=false&ratio=-1.5e2&tag=1&tag=2&label=x")
    assert query(ctx, schema=PAGE) == {
        "limit": 10, "after": None, "deep": False, "ratio": -150.0, "tag": [1, 2], "label": ["x"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("limit=ten", ["/limit"]),
        ("limit=01", ["/limit"]),
        ("limit=", ["/limit"]),
        ("limit=" + "9" * 30, ["/limit"]),
        ("limit=0", ["/limit"]),
        ("limit=1&limit=2", ["/limit"]),
        ("ratio=NaN", ["/ratio"]),
        ("ratio=1e999", ["/ratio"]),
        ("deep=1&tag=x&other=1", ["/deep", "/tag", "/other"]),
    ],
)
async def test_a_query_that_breaks_its_schema_names_every_parameter(
    house: Any, refused: Any, text: str, places: list[str]
) -> None:
    refusal = await refused("INVALID_QUERY", lambda: query(house.ctx(query=text), schema=PAGE))
    assert [f["where"] for f in refusal.problem.details["failures"]] == places


async def test_an_open_schema_lets_other_parameters_through_as_text(house: Any) -> None:
    loose = Validator({"properties": {"n": {"type": "integer"}}, "required": ["n"]})
    assert query(house.ctx(query="n=1&other=2"), schema=loose) == {"n": 1, "other": "2"}
    assert plan_of(loose) is plan_of(loose)
    assert query(house.ctx(query="x=1"), schema=Validator(True)) == {"x": "1"}


async def test_a_body_is_read_as_json_once(house: Any, pieces: Any) -> None:
    body = pieces([b'{"a": [1, 2.5,', b' null, "\xc3\xa9", 18446744073709551617]}'])
    ctx = house.ctx(body=body)
    value = await body_of(ctx)
    assert value == {"a": [1, 2.5, None, "é", 18446744073709551617]}
    assert await body_of(ctx) is value
    assert body.reads == 1


async def test_a_body_over_the_limit_is_refused_before_it_ends(house: Any, refused: Any) -> None:
    ctx = house.ctx(body=[b"[" + b"1," * 300, b"1," * 300, b"1]"])
    refusal = await refused("JSON_TOO_LARGE", lambda: body_of(ctx))
    assert refusal.problem.details == {"limit": 1000}


async def test_a_body_that_is_no_json_is_refused(house: Any, refused: Any) -> None:
    refusal = await refused("INVALID_JSON", lambda: body_of(house.ctx(body=[b'{"a":1,"a":2}'])))
    assert 'the key "a" stands twice' in refusal.problem.message


@pytest.mark.parametrize(
    "text",
    [
        b"", b"nul", b"1 2", b"{'a': 1}", b"[1,]", b"\xef\xbb\xbf1", b'"\xff"', b"NaN",
        b"-Infinity",
        b"1e400", b'{"a":{"b":1,"b":1}}', b'"\\ud800"', b'{"\\udfff":1}', b'"\x01"', b"01",
        b"[" * 65 + b"]" * 65, b"[" * 5000 + b"]" * 5000, b'{"a":' * 65 + b"1" + b"}" * 65,
        b"1" * 5000,
    ],
)  # fmt: skip
def test_what_another_program_might_read_differently_is_no_json(text: bytes) -> None:
    with pytest.raises(NotJson):
        loads(text)


def test_sixty_four_levels_and_pairs_of_surrogates_are_json() -> None:
    deepest = loads(b"[" * 64 + b"]" * 64)
    assert json.dumps(deepest) == "[" * 64 + "]" * 64
    assert loads(b'"\\ud83d\\ude00 \\\\ud800"') == "😀 \\ud800"
    assert loads(b'"' + b"[" * 100 + b'"') == "[" * 100


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_written_as_json_is_read_as_it_was(value: Any) -> None:
    text = json.dumps(value)
    if "Infinity" in text:
        return
    assert loads(text.encode()) == value
