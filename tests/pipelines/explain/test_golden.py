"""The listings of the shipped pipelines are those that were read and found right."""

import pytest

from tests.pipelines.explain.golden_files import FOLDER, files

WANTED = files()
RENEW = "read what changed, then: python -m tests.pipelines.explain.golden_files"


@pytest.mark.parametrize("name", WANTED)
def test_an_explanation_is_the_one_that_was_read(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == WANTED[name], RENEW


def test_every_file_belongs_to_a_pipeline() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(WANTED), RENEW


@pytest.mark.parametrize("name", [name for name in WANTED if name.endswith(".txt")])
def test_a_listing_fits_its_page(name: str) -> None:
    assert max(map(len, WANTED[name].splitlines())) <= 120
