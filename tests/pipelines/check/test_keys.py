"""A key as a step writes it against the template of its document."""

import pytest

from pipelines.expressions import parse_value
from pipelines.keys import match_key
from schema.document_data import Constraint, EntityField
from schema.fields import compile_field
from schema.keys import KeyTemplate, compile_key

FIELDS = {
    name: compile_field(name, EntityField(type, optional), Constraint(name, regex, optional, 80))
    for name, type, optional, regex in (
        ("name", "string", False, "[a-z]+"),
        ("variant", "string", True, "[a-z]+"),
        ("digest", "digest", False, "sha256:[0-9a-f]{64}"),
    )
}
PLAIN = compile_key("a/{name}/z", FIELDS)
OPTIONAL = compile_key("a/{name}/{variant?}", FIELDS)
SLICED = compile_key("d/{digest:0:2}/{digest:0:64}", FIELDS)


def bound(template: KeyTemplate, key: object) -> list[str] | str:
    found = match_key(template, parse_value(key, "", []))
    return found if isinstance(found, str) else [str(value) for _, value in found]


@pytest.mark.parametrize(
    ("template", "key", "values"),
    [
        (PLAIN, "a/{name}/z", ["{name}"]),
        (PLAIN, "a/$x.y[0]/z", ["$x.y[0]"]),
        (PLAIN, "a/left/z", ["left"]),
        (OPTIONAL, "a/{name}/{variant?}", ["{name}", "{variant?}"]),
        (OPTIONAL, "a/{name}/$other", ["{name}", "$other"]),
        (OPTIONAL, "a/left/right", ["left", "right"]),
        (SLICED, "d/{digest:0:2}/{digest:0:64}", ["{digest:0:2}", "{digest:0:64}"]),
    ],
)
def test_an_instance_binds_each_placeholder(
    template: KeyTemplate, key: str, values: list[str]
) -> None:
    assert bound(template, key) == values


@pytest.mark.parametrize(
    ("template", "key", "message"),
    [
        (PLAIN, "b/{name}/z", "`a/` is expected, and `b/` is written"),
        (PLAIN, "a/{name}", "`/z` is expected, and the end is written"),
        (PLAIN, "a/", "it ends before {name}"),
        (PLAIN, "a/{name}/z/y", "`/y` follows its end"),
        (PLAIN, "a/{name}{variant}/z", "`/z` is expected, and {variant} is written"),
        (PLAIN, "a/x{name}/z", "`/z` is expected, and {name} is written"),
        (PLAIN, "a/LEFT/z", "`LEFT` does not fit the field `name`"),
        (PLAIN, "a/{name?}/z", "{name} is expected, and {name?} may be absent"),
        (PLAIN, "$key", "`a/` is expected, and $key is written"),
        (PLAIN, 7, "a key is text"),
        (PLAIN, {"a": "$b"}, "a key is text"),
        (SLICED, "d/{digest}/{digest}", "{digest:0:2} is expected, and {digest} is not that slice"),
        (SLICED, "d/ab/{digest:0:64}", "{digest:0:2} is expected, and `ab/` is written"),
        (
            SLICED,
            "d/{digest:0:2}/{other:0:64}",
            "`digest` stands in it twice, with two different values",
        ),
    ],
)
def test_what_is_no_instance_is_told_why(template: KeyTemplate, key: object, message: str) -> None:
    assert bound(template, key) == message
