"""`larder check`: the service's own check, without serving."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.console import say, show_json
from service.failures import CouldNotRun

if TYPE_CHECKING:
    from errors.finding import Finding


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def check(files: tuple[str, ...], form: str, as_json: bool) -> None:
    """Check each FILE (- for standard input; without one, the schema that `serve` would serve).

    Prints all findings at once. Exits with 1 when one of them is an error; warnings do not count.
    """
    sources = [(_shown(file), _read(file)) for file in files or (_default(),)]
    findings = [finding for shown, source in sources for finding in _findings(source, shown)]
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if as_json or form == "json":
        found = [_as_json(finding) for finding in findings]
        show_json({"errors": errors, "warnings": warnings, "findings": found})
    else:
        for finding in findings:
            click.echo(str(finding))
        say(f"{len(sources)} checked: {errors} errors, {warnings} warnings")
    click.get_current_context().exit(1 if errors else 0)


def _findings(source: bytes, shown: str) -> "list[Finding]":
    from pipelines.load import load

    return list(load(source, shown).findings)


def _as_json(finding: "Finding") -> dict[str, str | int]:
    names = ("rule", "severity", "pointer", "file", "line", "column", "message", "hint")
    return {name: getattr(finding, name) for name in names}


def _default() -> str:
    from service.choices import settings, with_a_schema

    return str(with_a_schema(settings(), named=False).schema)


def _shown(file: str) -> str:
    return "<stdin>" if file == "-" else file


def _read(file: str) -> bytes:
    """One byte more than a schema may have is enough for the check to refuse it."""
    from schema.parse import MAX_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(file).open("rb") as source:
            return source.read(MAX_BYTES + 1)
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
