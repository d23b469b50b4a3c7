"""Operations of other packages: found, kept to their prefix, told apart from what cannot be had."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from operations.extensions import vocabulary_for
from operations.vocabulary import VOCABULARY
from pipelines.load import load
from tests.support.mini import ENTRY, mini, step
from tests.support.server import EXTENSION, ROOT

SHOUT = mini(
    *ENTRY,
    step("acme.shout", text="{name}", out="loud"),
    step("respond.json", status=200, body="$loud"),
)


def test_without_extensions_there_are_the_thirty() -> None:
    assert vocabulary_for(("kv.get",)).operations is VOCABULARY


@pytest.mark.usefixtures("installed")
def test_an_operation_that_is_allowed_is_found() -> None:
    found = vocabulary_for(("kv.get", "acme.shout"))
    assert [each.name for each in found.operations[30:]] == ["acme.shout"]
    assert found.faults == ()


@pytest.mark.usefixtures("installed")
def test_a_schema_may_name_the_operation_of_an_extension() -> None:
    loaded = load(json.dumps(SHOUT).encode(), "schema.json")
    assert [str(each) for each in loaded.findings if each.severity == "error"] == []
    assert loaded.ok


def test_a_schema_may_not_name_an_operation_that_is_not_installed() -> None:
    loaded = load(json.dumps(SHOUT).encode(), "schema.json")
    told = {(each.rule, each.pointer) for each in loaded.findings if each.severity == "error"}
    assert ("E105", "/ops/allowed/0") in told


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("acme.whisper", "acme_larder:OPERATIONS declares 'acme.whisper' nowhere"),
        ("absent.op", "acme_no_such_module:OPERATIONS cannot be imported: ModuleNotFoundError"),
        ("notuple.op", "acme_larder:__doc__ is no tuple of operations"),
        ("stray.op", "declares 'acme.shout', which does not begin with stray."),
        ("kv.shout", "no operation 'kv.shout'"),
        ("nobody.op", "no installed package offers nobody.…"),
        ("Acme.shout", "no operation 'Acme.shout'"),
        ("wrong.commits", "the effect txn is for the language's own operations"),
        ("wrong.reads", "an operation with the effect kv.read takes the argument 'doc'"),
        ("wrong.invents", "the error MADE_UP is not in ERRORS.md"),
    ],
)
def test_what_cannot_be_had_is_told_why(name: str, told: str) -> None:
    found = vocabulary_for((name,))
    assert found.operations == VOCABULARY
    (fault,) = found.faults
    assert fault.name == name
    assert told in fault.message


def offering(folder: Path, package: str) -> None:
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[larder.operations]\nacme = other_larder:THEIRS\n")


@pytest.mark.usefixtures("installed")
def test_a_prefix_that_two_packages_offer_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offering(tmp_path, "other_larder")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    (fault,) = vocabulary_for(("acme.shout",)).faults
    assert "is offered by acme_larder:OPERATIONS and other_larder:THEIRS" in fault.message


ASK = """
import sys
from operations.extensions import vocabulary_for
vocabulary_for(sys.argv[1:])
print("acme_larder" in sys.modules)
"""


@pytest.mark.parametrize(("name", "imported"), [("kv.get", "False"), ("acme.shout", "True")])
def test_only_what_is_allowed_is_imported(name: str, imported: str) -> None:
    environ = {"PYTHONPATH": f"{ROOT}:{EXTENSION}", "PATH": ""}
    ran = subprocess.run(
        [sys.executable, "-c", ASK, name], env=environ, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == imported
