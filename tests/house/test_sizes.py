"""Files and functions stay small enough to be read at one sitting."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "errors", "schema", "stores", "operations", "pipelines", "models", "config_db", "service",
    "seed_data",
)  # fmt: skip
FILE_LINES = 300
FUNCTION_LINES = 40
TEST_FILE_LINES = 400

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    """Every source file of the product."""
    return [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def length(function: Function) -> int:
    """The lines of a function from `def` to its end, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def too_long(files: list[Path], limit: int) -> list[str]:
    """The files over `limit` lines."""
    return [
        f"{file.relative_to(ROOT)}: {lines} lines"
        for file in files
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > limit
    ]


def test_no_source_file_is_over_300_lines() -> None:
    assert too_long(sources(), FILE_LINES) == []


def test_no_test_file_is_over_400_lines() -> None:
    assert too_long(sorted((ROOT / "tests").rglob("*.py")), TEST_FILE_LINES) == []


def test_no_function_is_over_40_lines() -> None:
    long = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {length(node)} lines"
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, Function) and length(node) > FUNCTION_LINES
    ]
    assert long == []
