"""Schemas of others: what keeps each from running is told, exactly, under its category."""

from pathlib import Path

import pytest

from pipelines.load import load
from tests.compliance import needs_checks, proof_checks, route_checks
from tests.compliance.report import CATEGORIES, Result, perform
from tests.compliance.subject import read

FOREIGN = Path(__file__).with_name("foreign")


async def judged(name: str, **environ: str) -> dict[str, Result]:
    """The results of all checks about the schema itself, by name."""
    subject = read(FOREIGN / f"{name}.json")
    checks = [
        *route_checks.checks(subject),
        *proof_checks.checks(subject),
        *needs_checks.checks(subject, environ),
    ]
    results = [await perform(check) for check in checks]
    assert len({result.name for result in results}) == len(results)
    return {result.name: result for result in results}


def named(results: dict[str, Result], status: str) -> set[str]:
    return {name for name, result in results.items() if result.status == status}


async def test_the_least_schema_that_serves_passes_everything() -> None:
    results = await judged("minimal")
    assert {result.status for result in results.values()} == {"passed"}
    ran = results["route get_note does what its examples say"]
    assert "1 examples" in ran.detail


async def test_one_error_in_each_category_is_told_under_it() -> None:
    results = await judged("broken")
    places = {
        "E105 ": ("operation coverage", "/api/routes/0/pipeline/3/op: no operation 'kv.gett'"),
        "E401 ": ("route compatibility", "/api/routes/1/pipeline: a path ends without a reply"),
        "E201 ": ("operation semantics", "/api/routes/2/pipeline/3/args/body/note"),
        "E301 ": ("auth semantics", "/api/routes/3/pipeline/2: kv.get runs before"),
        "E310 ": ("storage semantics", "/api/routes/4/pipeline/3: kv.put writes outside"),
        "E314 ": ("event log semantics", "/api/routes/5/pipeline/4: the event announces nothing"),
    }
    assert {category for category, _ in places.values()} == set(CATEGORIES)
    broken = {name for name in named(results, "failed") if name[0] == "E"}
    assert {name[:5] for name in broken} == set(places)
    for name in broken:
        category, told = places[name[:5]]
        assert results[name].category == category
        assert "broken.json:" in results[name].detail
        assert told in results[name].detail
        assert results[name].detail.endswith(")"), "the hint stands behind the finding"


async def test_a_rule_is_proved_at_the_pipelines_that_can_be_read() -> None:
    results = await judged("broken")
    (proved,) = [r for name, r in results.items() if name.startswith("E312 ")]
    assert proved.status == "passed"
    assert proved.detail.startswith("6 pipelines, ")
    assert proved.detail.endswith("; 1 that cannot be read not")


async def test_an_extension_that_is_not_installed_is_named_with_its_places() -> None:
    results = await judged("extension")
    missing = results["every extension operation is installed"]
    assert missing.status == "failed"
    for place in ("/ops/allowed/0", "/api/routes/0/pipeline/3/op"):
        assert f"{place}: no operation 'acme.shout': no installed package offers" in missing.detail
    assert "(install the package that offers acme.… as an entry point" in missing.detail
    assert named(results, "skipped") == {"route get_note does what its examples say"}


@pytest.mark.usefixtures("installed")
async def test_an_extension_that_is_installed_is_run() -> None:
    results = await judged("extension")
    assert {result.status for result in results.values()} == {"passed"}
    assert results["every extension operation is installed"].detail == "used: acme.shout"
    ran = results["route get_note does what its examples say"].detail
    assert ran.endswith("they show 6 of 6 steps, 0 of 0 outcomes of guards")


async def test_what_is_not_here_fails_and_what_is_not_run_is_noted() -> None:
    results = await judged("elsewhere")
    assert named(results, "failed") == {"every store is of a kind that this release opens"}
    kinds = results["every store is of a kind that this release opens"].detail
    assert "/storage/kv_stores/notes/kind: 'postgresql' is not one of memory, sqlite" in kinds
    assert "/storage/blob_stores/bytes/kind: 's3' is not one of filesystem, memory" in kinds
    noted = {
        "the credentials of every upstream are set here": "EXAMPLE_ORIGIN_TOKEN is not set",
        "what gc declares is run": "no collector",
        "what replication declares is run": "no follower",
    }
    assert named(results, "noted") == noted.keys()
    for name, told in noted.items():
        assert told in results[name].detail


async def test_a_credential_that_is_set_is_not_missed_nor_told() -> None:
    results = await judged("elsewhere", EXAMPLE_ORIGIN_TOKEN="a secret")
    credentials = results["the credentials of every upstream are set here"]
    assert (credentials.status, credentials.detail) == ("passed", "1 variables")


@pytest.mark.parametrize("name", ["minimal", "elsewhere"])
def test_the_schemas_that_should_be_sound_are(name: str) -> None:
    file = FOREIGN / f"{name}.json"
    assert load(file.read_bytes(), str(file)).findings == ()


@pytest.mark.parametrize(
    ("text", "failing", "skipped"),
    [("{", "E101 ", "E102 "), ('{"type": 1}', "E102 ", "E310 ")],
)
async def test_what_could_not_be_judged_is_not_called_proved(
    tmp_path: Path, text: str, failing: str, skipped: str
) -> None:
    file = tmp_path / "schema.json"
    file.write_text(text, encoding="utf-8")
    results = [await perform(check) for check in proof_checks.checks(read(file))]
    status = {result.name[:5]: result.status for result in results}
    assert (status[failing], status[skipped]) == ("failed", "skipped")
