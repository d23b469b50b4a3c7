"""`larder test`: examples of routes, run and reported, for people and for programs."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.cli import Ran, larder_within
from tests.support.server import ROOT

SHIPPED = ROOT / "schema.json"
TEMPLATE = ROOT / "templates" / "route_template.json"


def examine(home: Path, *arguments: str | Path) -> Ran:
    return larder_within("test", *map(str, arguments), home=home)


def template(folder: Path, **changed: Any) -> Path:
    """The route template, changed, in a file."""
    file = folder / "route.json"
    route = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**route, **changed}, indent=2), encoding="utf-8")
    return file


def examples(**changed: Any) -> list[Any]:
    """The template's first example, with another expectation."""
    first = json.loads(TEMPLATE.read_text(encoding="utf-8"))["examples"][0]
    first["expect"].update(changed)
    return [first]


@pytest.mark.parametrize("store", ["memory", "disk"])
def test_every_shipped_route_passes_and_is_covered(tmp_path: Path, store: str) -> None:
    ran = examine(tmp_path, "--schema", SHIPPED, "--cover", "100", "--store", store)
    lines = ran.out.decode().splitlines()
    assert ran.code == 0
    assert len(lines) == len(json.loads(SHIPPED.read_bytes())["api"]["routes"])
    assert all(line.endswith("100 %") for line in lines)
    assert ran.err.endswith(" passed, 0 failed\n")


def test_only_the_routes_named_are_tested(tmp_path: Path) -> None:
    ran = examine(tmp_path, "set_tag", "get_tag", "--schema", SHIPPED, "--format", "json")
    assert [each["route"] for each in ran.json()["routes"]] == ["get_tag", "set_tag"]


def test_one_example_is_run_by_its_name_without_coverage(tmp_path: Path) -> None:
    name = "a tag that was never set is not found"
    asked = ("get_tag", "--example", name, "--schema", SHIPPED, "--format", "json")
    (route,) = examine(tmp_path, *asked).json()["routes"]
    assert [each["name"] for each in route["examples"]] == [name]
    assert route["coverage"] is None
    told = examine(tmp_path, *asked[:-2]).err
    assert told == "1 route, 1 example: 1 passed, 0 failed\n"


def test_a_difference_tells_place_expected_and_found(tmp_path: Path) -> None:
    file = template(tmp_path, examples=examples(json={"digest": "x", "size": 5}, status=201))
    ran = examine(tmp_path, "--route", file, "--schema", SHIPPED)
    assert ran.code == 1
    assert "  FAILED the digest of what was published\n" in ran.out.decode()
    (route,) = examine(tmp_path, "--route", file, "--schema", SHIPPED, "--format", "json").json()[
        "routes"
    ]
    status, digest = route["examples"][0]["differences"]
    assert (status["place"], status["expected"]) == ("status", "201")
    assert status["found"].startswith('200: {"digest":"sha256:2cf2')
    assert (digest["place"], digest["expected"]) == ("json/digest", '"x"')


def test_what_is_not_shown_is_told(tmp_path: Path) -> None:
    file = template(tmp_path, examples=examples())
    ran = examine(tmp_path, "--route", file, "--schema", SHIPPED)
    assert ran.code == 0
    line = "  not shown: step 7 respond.error never ran; its guard"
    assert f"{line} `is_not_null $meta.withdrawn_at` never held\n" in ran.out.decode()
    short = examine(tmp_path, "--route", file, "--schema", SHIPPED, "--cover", "90")
    assert short.code == 1
    assert "  FAILED: less than 90 % is shown\n" in short.out.decode()


def test_junit_has_a_suite_for_each_route(tmp_path: Path) -> None:
    file = template(tmp_path, examples=examples(status=299))
    asked = ("get_tag", "get_digest", "--route", file, "--schema", SHIPPED)
    ran = examine(tmp_path, *asked, "--format", "junit", "--cover", "100")
    suites = {each.get("name"): each for each in ElementTree.fromstring(ran.out)}
    assert ran.code == 1
    assert suites["get_tag"].attrib == {"name": "get_tag", "tests": "5", "failures": "0"}
    assert suites["get_digest"].attrib == {"name": "get_digest", "tests": "2", "failures": "2"}


def test_a_route_of_a_file_takes_the_place_of_one_with_its_id(tmp_path: Path) -> None:
    route = next(
        each
        for each in json.loads(SHIPPED.read_bytes())["api"]["routes"]
        if each["id"] == "get_tag"
    )
    route["examples"] = route["examples"][:1]
    file = tmp_path / "tag.json"
    file.write_text(json.dumps(route), encoding="utf-8")
    ran = examine(tmp_path, "--route", file, "--schema", SHIPPED, "--format", "json")
    assert [len(each["examples"]) for each in ran.json()["routes"]] == [1]


def test_findings_in_a_route_of_a_file_stand_in_that_file(tmp_path: Path) -> None:
    file = template(tmp_path, path="/v1/{namespace}/{name}/{version}/{variant}/blob")
    ran = examine(tmp_path, "--route", file, "--schema", SHIPPED, "--format", "json")
    assert ran.code == 1
    findings = ran.json()["findings"]
    assert {(each["file"], each["pointer"]) for each in findings} >= {(str(file), "/path")}
    text = examine(tmp_path, "--route", file, "--schema", SHIPPED)
    line = next(n for n, t in enumerate(file.read_text().splitlines(), 1) if '"path"' in t)
    assert f"{file}:{line}:" in text.out.decode()


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("{", 1, "route.json:1:2: error E101"),
        ("[]", 2, "route.json is no route"),
        ("{}", 2, "route.json is no route"),
        (None, 2, "route.json: No such file"),
    ],
)
def test_what_is_no_route_is_told(tmp_path: Path, text: str | None, code: int, told: str) -> None:
    file = tmp_path / "route.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    ran = examine(tmp_path, "--route", file, "--schema", SHIPPED)
    assert ran.code == code
    assert told in ran.out.decode() + ran.err


def test_a_schema_with_errors_is_not_run(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(SHIPPED.read_bytes().replace(b'"op": "kv.get"', b'"op": "kv.gett"'))
    ran = examine(tmp_path, "--schema", file)
    assert ran.code == 1
    assert "kv.gett" in ran.out.decode()
    assert "no example was run" in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("get_tga",), "did you mean `get_tag`?"),
        (("get_tag", "--example", "nothing"), "there is no example 'nothing'"),
        (("--example", "x", "--cover", "1"), "--cover needs all examples"),
        (("--schema", "missing.json"), "missing.json"),
    ],
)
def test_what_cannot_run_exits_with_2(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    asked = arguments if "--schema" in arguments else (*arguments, "--schema", str(SHIPPED))
    ran = examine(tmp_path, *asked)
    assert (ran.code, ran.out) == (2, b"")
    assert told in ran.err


def test_the_help_tells_the_format_of_examples(tmp_path: Path) -> None:
    assert '{"$any": "digest"}' in examine(tmp_path, "--help").out.decode()
