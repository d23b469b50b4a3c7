"""Key templates: different values never share a key, and a key gives its values back."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schema.document_data import Constraint, EntityField
from schema.fields import Field, compile_field
from schema.key_proof import KeyFault
from schema.keys import KeyTemplate, Misfit, compile_key, key_faults
from schema.templates import Placeholder, TemplateFault, parse_template


def field(name: str, regex: str | None, *, optional: bool = False, kind: Any = "string") -> Field:
    rule = Constraint(name, regex, when_present=True, max_length=64) if regex else None
    return compile_field(name, EntityField(kind, optional), rule)


FIELDS = {
    "a": field("a", "[a-c.]*[a-c]"),
    "b": field("b", "[a-c-]+"),
    "o": field("o", "[a-c]+", optional=True),
    "n": field("n", None, kind="integer"),
    "digest": field("digest", None, kind="digest"),
    "free": field("free", None),
    "open": compile_field("open", EntityField("string"), Constraint("open", "[a-z]+")),
    "slash": field("slash", "[a-z/]+"),
    "dots": field("dots", "[a-z.]+"),
    "empty": field("empty", "[a-z]*"),
}
HEX = "0123456789abcdef" * 4
TEMPLATES = ["k/{a}/{b}", "{a}-x/{b}", "{a}/{o?}/{b}", "{o?}/{a}", "k/{a}/{o?}", "{a}{{x}}/$$/{n}"]
_VALUES = st.fixed_dictionaries(
    {
        "a": st.from_regex(r"[a-c.]{0,3}[a-c]", fullmatch=True),
        "b": st.from_regex(r"[a-c-]{1,3}", fullmatch=True),
        "o": st.none() | st.from_regex(r"[a-c]{1,2}", fullmatch=True),
        "n": st.integers(-9, 99),
    }
)


def told(template: KeyTemplate, values: dict[str, Any]) -> dict[str, str]:
    return {name: str(values[name]) for name in template.fields if values[name] is not None}


@given(st.sampled_from(TEMPLATES), _VALUES)
def test_a_key_gives_its_values_back(source: str, values: dict[str, Any]) -> None:
    template = compile_key(source, FIELDS)
    assert template.parse(template.render(values)) == told(template, values)


@given(st.sampled_from(TEMPLATES), _VALUES, _VALUES)
def test_different_values_never_share_a_key(
    source: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    template = compile_key(source, FIELDS)
    assume(told(template, one) != told(template, other))
    assert template.render(one) != template.render(other)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("k/{a}/{o?}/{b}", "k/a/c/b"), ("blobs/{digest:0:2}/{digest:2:2}/{digest}",
         f"blobs/01/23/sha256:{HEX}"), ("{digest:0:2}/{digest:0:64}", f"01/{HEX}"),
        ("{{{a}}}/$$x/$", "{a}/$x/$"), ("n{n}", "n7"),
    ],
)  # fmt: skip
def test_a_template_renders(source: str, expected: str) -> None:
    values = {"a": "a", "b": "b", "o": "c", "n": 7, "digest": f"sha256:{HEX}"}
    assert compile_key(source, FIELDS).render(values) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("k/{x}", "no entity has a field"),
        ("k/{a}{b}", "nothing stands between"),
        ("k/{a}.{b}", "may be part of `a`"),
        ("k/{free}", "has no pattern"),
        ("k/{open}", "has no bound"),
        ("k/{slash}", "lets through `/`"),
        ("k/{dots}", "the value `.`"),
        ("k/{empty}", "may be empty"),
        ("k/{digest:0:2}", "only a slice"),
        ("k/{digest:60:9}/{digest}", "run over the end"),
        ("k/{a:0:1}/{a}", "may be `.`"),
        ("../{a}", "segment `..`"),
        ("/{a}", "segment ``"),
        ("k//{a}", "segment ``"),
        ("k\\{a}", "control character"),
        ("", "segment ``"),
        ("{o?}", "one segment among others"),
        ("k/x{o?}/{a}", "one segment among others"),
        ("k/{a?}", "never absent"),
        ("k/{o?}/{a}/{o?}", "absences look alike"),
    ],
)
def test_a_template_that_is_not_injective_is_refused(source: str, message: str) -> None:
    assert any(message in str(fault) for fault in key_faults(source, FIELDS))
    with pytest.raises(KeyFault):
        compile_key(source, FIELDS)


@pytest.mark.parametrize("source", ["{", "a}", "{a b}", "{a:1}", "{a:0:0}", "$name", "{a?:0:1}"])
def test_a_malformed_template_is_refused_with_a_hint(source: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        parse_template(source)
    assert caught.value.hint


def test_literals_and_placeholders_stand_in_order() -> None:
    parts = parse_template("a{{{x}}}/{y:1:2}$5")
    assert parts == ("a{", Placeholder("x"), "}/", Placeholder("y", start=1, length=2), "$5")


@pytest.mark.parametrize("value", ["", "..", "a/b", "A", "a" * 65, None, 7, True, "a\n"])
def test_a_value_that_does_not_fit_is_refused_not_mended(value: Any) -> None:
    template = compile_key("k/{a}", FIELDS)
    assert template.misfit("a", value)
    with pytest.raises(Misfit) as caught:
        template.render({"a": value})
    assert caught.value.field == "a"


@pytest.mark.parametrize("key", ["", "k", "k/", "k/a", "k/a/b/c", "x/a/b", "k/A/b", "k/a/b/"])
def test_a_text_that_is_no_key_is_not_parsed(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key"):
        compile_key("k/{a}/{b}", FIELDS).parse(key)
