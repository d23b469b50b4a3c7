"""`larder diff`: graded differences, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Ran, larder_within
from tests.support.server import ROOT

SHIPPED = (ROOT / "schema.json").read_bytes()
KEYS = ["grade", "kind", "old", "new", "message", "meaning", "hint"]


def written(folder: Path, name: str, **change: Any) -> str:
    """The shipped schema with top-level keys replaced, in a file."""
    file = folder / name
    file.write_text(json.dumps({**json.loads(SHIPPED), **change}))
    return name


def compared(folder: Path, *options: str, **change: Any) -> Ran:
    return larder_within(
        "diff", str(ROOT / "schema.json"), written(folder, "new.json", **change), *options,
        home=folder,
    )  # fmt: skip


RISKY = {"type_id": "other.repository"}
SAFE = {"upstreams": {**json.loads(SHIPPED)["upstreams"], "second": {"base_url": "https://x.y"}}}
BREAKING = {"tenancy": {"mode": "required"}}


def test_the_same_schema_in_another_form_is_no_difference(tmp_path: Path) -> None:
    ran = compared(tmp_path, "--fail-on", "safe")
    assert (ran.code, ran.out) == (0, b"")
    assert ran.err == "0 differences: 0 breaking, 0 risky, 0 safe\n"


@pytest.mark.parametrize(
    ("change", "fail_on", "code"),
    [
        (SAFE, "safe", 10), (SAFE, "risky", 0), (SAFE, "breaking", 0),
        (RISKY, "safe", 11), (RISKY, "risky", 11), (RISKY, "breaking", 0),
        (BREAKING, "safe", 12), (BREAKING, "risky", 12), (BREAKING, "breaking", 12),
    ],
)  # fmt: skip
def test_the_gravest_grade_is_the_exit_code(
    tmp_path: Path, change: dict[str, Any], fail_on: str, code: int
) -> None:
    assert compared(tmp_path, "--fail-on", fail_on, **change).code == code


def test_a_risky_difference_fails_unless_told_otherwise(tmp_path: Path) -> None:
    assert compared(tmp_path, **RISKY).code == 11
    assert compared(tmp_path, **SAFE).code == 0


def test_a_difference_for_people_has_grade_place_meaning_and_hint(tmp_path: Path) -> None:
    ran = compared(tmp_path, **BREAKING)
    assert ran.out.decode().splitlines()[:4] == [
        "breaking tenancy-changed at /tenancy/mode",
        "  tenants are required, and were off",
        "  Data is kept under other tenants than it was.",
        "  hint: read and rewrite what is stored before the new schema serves, or keep the old one",
    ]
    assert ran.err == "1 difference: 1 breaking, 0 risky, 0 safe\n"


def test_what_stands_in_one_schema_only_is_marked(tmp_path: Path) -> None:
    assert compared(tmp_path, **SAFE).out.startswith(b"safe upstream-added at + /upstreams/second")
    file = str(ROOT / "schema.json")
    back = larder_within("diff", "new.json", file, home=tmp_path)
    assert back.out.startswith(b"breaking upstream-removed at - /upstreams/second")


def test_differences_for_programs_have_every_key(tmp_path: Path) -> None:
    ran = compared(tmp_path, "--format", "json", **RISKY)
    report = ran.json()
    assert ran.code == 11
    assert (report["breaking"], report["risky"], report["safe"]) == (0, 1, 0)
    (difference,) = report["differences"]
    assert list(difference) == KEYS
    assert (difference["grade"], difference["new"]) == ("risky", "/type_id")


def test_standard_input_may_be_one_of_the_two(tmp_path: Path) -> None:
    file = written(tmp_path, "new.json", **RISKY)
    assert larder_within("diff", "-", file, home=tmp_path, stdin=SHIPPED).code == 11
    assert larder_within("diff", "-", "-", home=tmp_path, stdin=SHIPPED).code == 2


def test_a_schema_that_does_not_pass_exits_with_2_and_its_findings(tmp_path: Path) -> None:
    ran = compared(tmp_path, featurs={})
    assert (ran.code, ran.out) == (2, b"")
    assert "E102 at /featurs" in ran.err
    assert "does not pass the check" in ran.err


def test_a_file_that_cannot_be_read_exits_with_2(tmp_path: Path) -> None:
    assert larder_within("diff", "missing.json", str(ROOT / "schema.json"), home=tmp_path).code == 2
