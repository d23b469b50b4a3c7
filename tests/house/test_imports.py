"""Imports point down, and third parties keep to their rooms."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BELOW = {
    "errors": set(),
    "models": set(),
    "schema": {"errors"},
    "stores": {"errors"},
    "operations": {"errors", "schema", "stores.interfaces", "stores.events"},
    "pipelines": {"errors", "schema", "operations"},
    "config_db": {"errors", "schema", "models"},
    "service": {
        "errors", "models", "schema", "stores", "operations", "pipelines", "config_db", "seed_data",
    },
    "seed_data": set(),
}  # fmt: skip
"""What each room may import of ours, beside itself."""

READERS = ("diff", "editor", "explain", "trace")
"""Rooms in pipelines/ that read what the others make: none of these knows them."""

AT_HOME = {
    "starlette": {"service"},
    "uvicorn": {"service"},
    "jwt": {"service"},
    "bcrypt": {"service"},
    "aiohttp": {"service"},
    "click": {"service"},
    "sqlalchemy": {"models", "config_db", "service"},
    "apsw": {"stores"},
    "re2": {"schema"},
    "jsonschema": {"schema"},
    "jsonschema_rs": {"schema"},
}
"""Third parties that only some rooms may know."""


def modules(room: str) -> Iterator[Path]:
    """The source files of a room."""
    yield from sorted((ROOT / room).rglob("*.py"))


def imported(file: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, absolutely, and the line where it does."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute here"
            assert node.module is not None
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def is_within(name: str, allowed: set[str]) -> bool:
    """Whether a module is one of `allowed`, or lies within one."""
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    allowed = {room} | BELOW[room]
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in modules(room)
        for name, line in imported(file)
        if name.partition(".")[0] in BELOW and not is_within(name, allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("reader", READERS)
def test_what_reads_pipelines_is_unknown_to_what_makes_them(reader: str) -> None:
    assert (ROOT / "pipelines" / reader).is_dir()
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in modules("pipelines")
        if not file.is_relative_to(ROOT / "pipelines" / reader)
        for name, line in imported(file)
        if is_within(name, {f"pipelines.{reader}"})
    ]
    assert wrong == []


@pytest.mark.parametrize("library", AT_HOME)
def test_a_library_is_known_only_where_it_is_at_home(library: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line}"
        for room in BELOW.keys() - AT_HOME[library]
        for file in modules(room)
        for name, line in imported(file)
        if name.partition(".")[0] == library
    ]
    assert wrong == []


def test_the_alembic_folder_does_not_hide_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
