"""`larder diff`: what a change of the schema means for clients and for stored data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from service.console import read_input, say, show_json
from service.failures import CouldNotRun

if TYPE_CHECKING:
    from pipelines.diff.difference import Difference
    from pipelines.load import Loaded

GRADES = ("safe", "risky", "breaking")

EXIT = {"safe": 10, "risky": 11, "breaking": 12}
"""Apart from the codes of the other commands, so that a script can tell a grade from a failure."""


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--fail-on", type=click.Choice(GRADES), default="risky", show_default=True,
    help="The least grade that is told by the exit code.",
)  # fmt: skip
def diff(old: str, new: str, form: str, fail_on: str) -> None:
    """Compare two schemas by what follows of them (- for standard input).

    Text, order, remarks and the names of variables make no difference. Each difference is breaking
    (clients or stored data stop working), risky (look at it) or safe.

    \b
    Exit codes:
       0  no difference, or none of the grade of --fail-on
       2  a schema does not pass `larder check`, or could not be read
      10  safe differences at most (only with --fail-on safe)
      11  risky differences
      12  breaking differences
    """
    from pipelines.diff.compare import compare

    if old == new == "-":
        raise click.UsageError("standard input can be one of the two")
    found = compare(_loaded(old), _loaded(new))
    counts = {grade: sum(each.grade == grade for each in found) for grade in reversed(GRADES)}
    if form == "json":
        show_json({**counts, "differences": [_as_json(each) for each in found]})
    else:
        for each in found:
            click.echo(_as_text(each))
        noun = "difference" if len(found) == 1 else "differences"
        say(f"{len(found)} {noun}: {', '.join(f'{n} {grade}' for grade, n in counts.items())}")
    click.get_current_context().exit(_exit_code(found, fail_on))


def _exit_code(found: "Sequence[Difference]", fail_on: str) -> int:
    gravest = max((GRADES.index(each.grade) for each in found), default=-1)
    return EXIT[GRADES[gravest]] if gravest >= GRADES.index(fail_on) else 0


def _loaded(file: str) -> "Loaded":
    """The schema of a file. Raises CouldNotRun, having told the findings, for one not fit."""
    from pipelines.load import load

    shown = "<stdin>" if file == "-" else file
    loaded = load(read_input(file), shown)
    if not loaded.ok:
        for finding in loaded.findings:
            say(str(finding))
        raise CouldNotRun(f"{shown} does not pass the check: only sound schemas are compared")
    return loaded


def _as_text(each: "Difference") -> str:
    place = f"{each.old} -> {each.new}" if each.old != each.new else str(each.new)
    if each.old is None:
        place = f"+ {each.new}"
    elif each.new is None:
        place = f"- {each.old}"
    lines = [f"{each.grade} {each.kind} at {place}", f"  {each.message}", f"  {each.meaning}"]
    return "\n".join([*lines, *([f"  hint: {each.hint}"] if each.hint else [])])


def _as_json(each: "Difference") -> dict[str, str | None]:
    names = ("grade", "kind", "old", "new", "message", "meaning", "hint")
    return {name: getattr(each, name) for name in names}
