"""What is written about the code agrees with the code."""

import dataclasses
import re
from pathlib import Path

import pytest

from errors.catalogue import CATALOGUE
from operations.vocabulary import VOCABULARY
from service.commands import COMMANDS, EXIT_CODES
from service.reference import stale
from service.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PRODUCT = ("schema", "stores", "operations", "pipelines", "config_db", "service")

KEPT = {"READ_ONLY_REPLICA"}
"""Codes of the language whose feature, followers, is not built yet; codes never change."""


def test_generated_pages_are_fresh() -> None:
    assert [file.name for file in stale()] == [], "run `make docs`"


def test_every_code_of_the_catalogue_is_used() -> None:
    texts = [file.read_text(encoding="utf-8") for room in PRODUCT for file in rooms_files(room)]
    texts.append((ROOT / "schema.json").read_text(encoding="utf-8"))
    unused = {code for code in CATALOGUE if not any(f'"{code}"' in text for text in texts)}
    assert unused == KEPT


def test_every_code_that_an_operation_declares_is_in_the_catalogue() -> None:
    declared = {code for operation in VOCABULARY for code in operation.errors}
    assert declared <= CATALOGUE.keys()


@pytest.mark.parametrize("setting", [each.name for each in dataclasses.fields(Settings)])
def test_the_readme_names_every_setting(setting: str) -> None:
    assert f"`{PREFIX}{setting.upper()}`" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_shows_every_command(command: str) -> None:
    assert re.search(rf"larder {command}\b", README.read_text(encoding="utf-8"))


def test_the_readme_and_the_help_tell_the_same_exit_codes() -> None:
    told = dict(re.findall(r"^  (\d)  (.+)$", EXIT_CODES, re.MULTILINE))
    written = dict(
        re.findall(r"^\| (\d) \| (.+?) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert told == written


def test_no_page_names_a_path_of_one_machine() -> None:
    pages = [*ROOT.glob("*.md"), ROOT / "schema.json", *(ROOT / "templates").glob("*.json")]
    assert [
        page.name for page in pages if re.search(r"/(home|root|Users)/", page.read_text())
    ] == []


def rooms_files(room: str) -> list[Path]:
    """The source files of a room."""
    return sorted((ROOT / room).rglob("*.py"))
