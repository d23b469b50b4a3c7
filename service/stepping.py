"""A trace that is told while it grows, and stops before each step if somebody wants it to."""

import sys
from typing import TYPE_CHECKING

import click

from service import trace_text
from service.console import plain, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.trace.recorder import Recorder, StepTrace

HELP = "Enter: next step; c: continue; p NAME: print a variable; p: list them; q: quit"


class Teller:
    """Prints each step. With `stops` it waits before each for a line on standard input.

    At the end of standard input it waits no more.
    """

    def __init__(self, *, stops: bool) -> None:
        self._stops = stops
        self.recorder: Recorder | None = None
        if stops and sys.stdin.isatty():
            say(HELP)

    def before(self, step: "StepTrace") -> None:
        """A step is about to run. Raises click.Abort when nobody wants it to."""
        _print(trace_text.head(step))
        while self._stops:
            if sys.stdin.isatty():
                click.echo("> ", nl=False, err=True)
            line = sys.stdin.readline()
            command, _, name = line.strip().partition(" ")
            if not line or command == "c":
                self._stops = False
            elif command == "q":
                raise click.Abort
            elif command == "p":
                self._show(name.strip())
            elif command:
                say(HELP)
            else:
                return

    def after(self, step: "StepTrace") -> None:
        """A step is over, or was passed by."""
        if step.outcome == "skipped":
            click.echo(plain(trace_text.passed(step)))
        else:
            _print(trace_text.outcome(step))

    def _show(self, name: str) -> None:
        known = {} if self.recorder is None else self.recorder.known
        if not name:
            click.echo(" ".join(known))
            return
        bare = name.strip("${}")
        for written in (f"${bare}", f"{{{bare}}}"):
            if written in known:
                click.echo(plain(f"{written} = {trace_text.shown(known[written])}"))
                return
        click.echo(plain(f"{name} is not set here"))


def _print(lines: "Iterator[str]") -> None:
    for line in lines:
        click.echo(plain(line))
