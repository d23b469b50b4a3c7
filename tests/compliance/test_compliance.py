"""The compliance run itself: green on what is shipped, red on what is broken, and it says why."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from errors.rulebook.book import RULEBOOK
from pipelines.check.rules import RULES
from tests.compliance import route_checks
from tests.compliance.report import CATEGORIES, Result, perform
from tests.compliance.subject import read
from tests.support.server import LiveServer

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "validate_schema_compliance.py"

MEMORY = Path("/dev/shm")
QUICK = {"TMPDIR": str(MEMORY)} if MEMORY.is_dir() else {}
"""Where a disk's speed does not matter: the stores are the same, their folder is in memory."""

UNDONE = {"what gc declares is run", "what replication declares is run"}
"""What the shipped schema declares and this release does not run."""

Ran = subprocess.CompletedProcess[str]


def comply(folder: Path, *options: str | Path, **environ: str) -> Ran:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, options)],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environ},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


def shipped() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))
    return schema


def route(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in schema["api"]["routes"] if r["id"] == name)
    return found


def written(folder: Path, schema: Any) -> Path:
    file = folder / "schema.json"
    file.write_text(json.dumps(schema), encoding="utf-8")
    return file


def checks_of(run: Ran) -> list[dict[str, Any]]:
    """Every check, from --json."""
    told = json.loads(run.stdout)
    return [check for category in told["categories"] for check in category["checks"]]


def failed(run: Ran) -> dict[str, str]:
    """Name and detail of every check that failed, from --json."""
    return {
        check["name"]: check["detail"] for check in checks_of(run) if check["status"] == "failed"
    }


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """The run on the shipped schema, and its JUnit file."""
    folder = tmp_path_factory.mktemp("complete")
    junit = folder / "junit.xml"
    return comply(folder, "--json", "--junit", junit), junit


def test_the_shipped_schema_complies(complete: tuple[Ran, Path]) -> None:
    run, junit = complete
    told = json.loads(run.stdout)
    assert (run.returncode, failed(run), told["ok"]) == (0, {}, True)
    assert [category["name"] for category in told["categories"]] == list(CATEGORIES)
    assert all(category["counts"]["passed"] >= 9 for category in told["categories"])
    assert told["counts"]["skipped"] == 0, "every shipped route has examples, and all is proved"
    assert {check["name"] for check in noted(run)} <= UNDONE
    suites = ElementTree.parse(junit).getroot()
    done = told["counts"]["passed"] + told["counts"]["noted"]
    assert suites.get("tests") == str(done)
    assert len(suites.findall("testsuite/testcase")) == done
    assert len(suites.findall("testsuite/testcase/system-out")) == told["counts"]["noted"]


def noted(run: Ran) -> list[dict[str, Any]]:
    return [check for check in checks_of(run) if check["status"] == "noted"]


def test_every_proof_is_reported_with_its_title_and_places(complete: tuple[Ran, Path]) -> None:
    told = {check["name"]: check for check in checks_of(complete[0])}
    for rule in {*RULEBOOK, *(rule.id for rule in RULES)}:
        (name,) = [each for each in told if each.startswith(f"{rule} ")]
        assert len(name) > len(rule) + 3
        assert told[name]["detail"], name
    schema = shipped()
    own = [*schema["invariants"]["global"], *schema["validation"]["load_time_checks"]]
    for entry in (*own, *schema["validation"]["runtime_checks"]):
        assert f"{entry['id']} {entry['description']}" in told
    assert "18 pipelines" in told["E310 writes in transactions"]["detail"]
    example = told["route get_tag does what its examples say"]["detail"]
    assert "they show 7 of 7 steps, 2 of 2 outcomes of guards" in example


def test_planted_faults_are_named(tmp_path: Path) -> None:
    schema = shipped()
    schema["indexes"]["artifact_versions"]["keys"][1]["sort"][0]["order"] = "asc"
    route(schema, "get_tag")["examples"][0]["expect"]["status"] = 201
    route(schema, "get_artifact")["examples"].pop(2)
    route(schema, "list_tags")["examples"] = []
    junit = tmp_path / "junit.xml"
    run = comply(
        tmp_path, "--schema", written(tmp_path, schema), "--json", "--junit", junit, **QUICK
    )
    wrong = failed(run)
    assert run.returncode == 1
    assert "1.10.0" in wrong["route get_latest does what its examples say"]
    assert "but expected 201" in wrong["route get_tag does what its examples say"]
    (lacking,) = [each for each in noted(run) if "get_artifact" in each["name"]]
    assert "its guard `is_not_null $meta.withdrawn_at` never held" in lacking["detail"]
    assert {"route get_blob does what its examples say", "kv.get"}.isdisjoint(wrong)
    suites = ElementTree.parse(junit).getroot()
    assert suites.get("failures") == str(len(wrong))
    assert suites.get("skipped") == "1"


def test_a_refused_schema_is_told_with_its_places(tmp_path: Path) -> None:
    schema = shipped()
    route(schema, "get_tag")["pipeline"][4]["args"]["doc"] = "tag_maps"
    run = comply(tmp_path, "--schema", written(tmp_path, schema), **QUICK)
    assert run.returncode == 1
    assert "✗ route get_tag passes the checker" in run.stdout
    assert "/api/routes/7/pipeline/4/args/doc" in run.stdout
    assert "tag_maps" in run.stdout
    assert "✓ route set_tag passes the checker" in run.stdout
    assert "✓ kv.cas_put if_absent: of 16 at once exactly one writes" in run.stdout
    assert all(f"\n{category}: " in run.stdout for category in CATEGORIES)


def test_what_cannot_run_exits_with_2(tmp_path: Path) -> None:
    missing = comply(tmp_path, "--schema", tmp_path / "none.json")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "none.json" in missing.stderr
    nobody = comply(tmp_path, "--url", "http://127.0.0.1:9", "--token", "x")
    assert (nobody.returncode, nobody.stdout) == (2, "")


def test_a_live_server_complies(tmp_path: Path, shared_server: LiveServer) -> None:
    token = tmp_path / "token"
    token.write_text(shared_server.token + "\n", encoding="utf-8")
    run = comply(tmp_path, "--url", shared_server.url, "--token-file", token, "--json")
    assert (run.returncode, failed(run)) == (0, {})
    refused = comply(tmp_path, "--url", shared_server.url, LARDER_TOKEN="wrong")
    assert (refused.returncode, refused.stdout) == (2, "")


async def judged(folder: Path, schema: Any) -> dict[str, Result]:
    subject = read(written(folder, schema))
    return {check.name: await perform(check) for check in route_checks.checks(subject)}


@pytest.mark.parametrize("value", [None, [], 1, {}, {"api": 1}, {"api": {"routes": [1, {}]}}])
async def test_no_text_makes_the_run_crash(tmp_path: Path, value: Any) -> None:
    results = await judged(tmp_path, value)
    assert any(result.status == "failed" for result in results.values())
    assert not any(" Error: " in result.detail for result in results.values())


async def test_a_malformed_example_is_told_with_its_place(tmp_path: Path) -> None:
    schema = shipped()
    route(schema, "get_latest")["examples"][0]["expected"] = {}
    results = await judged(tmp_path, schema)
    failures = [result.detail for result in results.values() if result.status == "failed"]
    assert any("/api/routes/4/examples/0" in detail for detail in failures)


@pytest.mark.parametrize("name", ["list_events", "get_proxied_blob"])
async def test_a_route_that_answers_otherwise_fails_its_examples(tmp_path: Path, name: str) -> None:
    schema = shipped()
    steps = route(schema, name)["pipeline"]
    steps[-1]["args"]["status"] = 203
    results = await judged(tmp_path, schema)
    assert results[f"route {name} does what its examples say"].status == "failed"
