"""`larder check`: the service's own check, without serving."""

import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from service.console import plain, say, show_json, takes_colours, while_heard
from service.failures import CouldNotRun

if TYPE_CHECKING:
    from service.check_explain import OwnRule
    from service.check_source import Report

FORMATS = ("text", "json", "sarif", "junit", "github")
EXIT_INTERRUPTED = 130


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Warnings count like errors.")
@click.option("--explain", is_flag=True, help="Explain each rule that was broken.")
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Explain this rule; no check.")
@click.option("--rules", "all_rules", is_flag=True, help="List all rules; no check.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
    help="Colours: auto is on a terminal, without NO_COLOR.",
)  # fmt: skip
def check(
    *,
    files: tuple[str, ...],
    form: str,
    as_json: bool,
    strict: bool,
    explain: bool,
    rules: tuple[str, ...],
    all_rules: bool,
    watch: bool,
    color: str,
) -> None:
    """Check each FILE (- for standard input; without one, the schema that `serve` would serve).

    Prints all findings at once. Exits with 1 when one of them is an error (with --strict: or a
    warning), with 2 when a file could not be read.
    """
    form = "json" if as_json else form
    if rules or all_rules:
        _explain_rules(files, rules, form)
        return
    if explain and form != "text":
        raise click.UsageError("--explain is for text: the other formats carry the rules' texts")
    chosen = files or (_default(),)
    if chosen.count("-") > 1:
        raise click.UsageError("standard input can be read once only")
    coloured = color == "always" or (color == "auto" and takes_colours(sys.stdout))
    if watch:
        _watch(chosen, form, strict=strict, explain=explain, color=coloured)
    from service.check_source import check_files

    report = check_files(chosen, strict=strict)
    with while_heard():
        _show(report, form, explain=explain, color=coloured)
    click.get_current_context().exit(report.exit_code)


def _show(report: "Report", form: str, *, explain: bool, color: bool) -> None:
    """Findings on standard output; what could not be read, and the summary, on standard error."""
    from service.check_text import summary

    if form == "text":
        for line in _text(report, explain=explain, color=color):
            click.echo(line, color=color)
    else:
        click.echo(_formatted(report, form))
    for each in report.unread:
        say(f"error: {plain(each.name)} cannot be read: {plain(each.reason)}")
    say(summary(report))


def _text(report: "Report", *, explain: bool, color: bool) -> Iterable[str]:
    from service.check_explain import explain as explained
    from service.check_explain import own_rules
    from service.check_source import rules_of
    from service.check_text import tell

    for checked in report.checked:
        yield from tell(checked.findings, checked.text, color=color)
        if explain and checked.findings:
            yield ""
            yield from explained(rules_of(checked.findings), own_rules(checked.text.source))


def _formatted(report: "Report", form: str) -> str:
    from service.check_formats import as_github, as_json, as_junit
    from service.check_sarif import as_sarif

    forms = {"json": as_json, "sarif": as_sarif, "junit": as_junit, "github": as_github}
    return forms[form](report)


def _explain_rules(files: Sequence[str], rules: Sequence[str], form: str) -> None:
    """Only what rules say: those that are named, or a line about each of them."""
    from service.check_explain import explain, listing, listing_json

    if form not in ("text", "json") or (rules and form != "text"):
        raise click.UsageError("rules are listed as text or json, and explained as text")
    needs_one = any("." in id for id in rules)  # Only a schema's own rules have a point.
    own = _own(files or ((_default(),) if needs_one else ()))
    if form == "json":
        show_json(listing_json(own))
    else:
        for line in list(explain(rules, own) if rules else listing(own)):
            click.echo(line)


def _own(files: Sequence[str]) -> "dict[str, OwnRule]":
    from service.check_explain import own_rules
    from service.check_source import read

    found: dict[str, OwnRule] = {}
    for file in files:
        try:
            found = own_rules(read(file)) | found
        except (OSError, ValueError) as error:
            raise CouldNotRun(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    return found


def _watch(files: Sequence[str], form: str, *, strict: bool, explain: bool, color: bool) -> None:
    """Check, and check again at each change; ends with the process."""
    from service.check_source import STDIN, check_files
    from service.check_watch import changes

    if STDIN in files:
        raise click.UsageError("standard input cannot be watched: name a file")
    try:
        for _ in changes(files):
            click.clear()  # Does nothing where there is no terminal.
            _show(check_files(files, strict=strict), form, explain=explain, color=color)
            say(f"checked at {time.strftime('%H:%M:%S')}; waiting for changes")
    except KeyboardInterrupt:
        click.get_current_context().exit(EXIT_INTERRUPTED)


def _default() -> str:
    from service.choices import settings, with_a_schema

    return str(with_a_schema(settings(), named=False).schema)
