"""What commands say: data on standard output, everything else on standard error."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from service.failures import CouldNotRun, Failure

_NOT_ASCII = re.compile(r"[^\x00-\x7e]")

Moved = Callable[[int], None]


def say(text: str) -> None:
    """One line for a person; on standard error, so that data can be piped."""
    click.echo(text, err=True)


def show_json(value: Any) -> None:
    """Data for a program."""
    click.echo(json_text(value))


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """JSON that may also be shown to a person: what is not printable in texts is escaped."""
    written = json.dumps(value, indent=indent, ensure_ascii=False)
    return _NOT_ASCII.sub(lambda found: _escaped(found[0]), written)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def show_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on a terminal; elsewhere lines of values between tabs, without a heading."""
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for row in texts:
            click.echo("\t".join(plain(value) for value in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in texts:
        table.add_row(*(Text(plain(value)) for value in row))
    Console().print(table)


def report(failure: Failure) -> None:
    """Code, message, hint and request id of what went wrong."""
    say(f"error {failure.code}: {plain(failure.message)}")
    if failure.details:
        say(f"  details: {json_text(failure.details, indent=None)}")
    if failure.hint:
        say(f"  hint: {plain(failure.hint)}")
    if failure.request_id:
        say(f"  request id: {plain(failure.request_id)}")


@contextmanager
def while_heard() -> Iterator[None]:
    """End what stands below when nobody reads standard output any more (`larder … | head`)."""
    try:
        yield
    except BrokenPipeError:
        # Nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Moved]:
    """What hears of moved bytes: a bar on a terminal, elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(*columns, TransferSpeedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


def human_size(count: int) -> str:
    """Bytes for people: `1.4 MiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def takes_colours(stream: TextIO) -> bool:
    """Whether a terminal shows what is written. NO_COLOR, if not empty, means no: no-color.org."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not unwanted


def plain(text: str) -> str:
    """Without control characters: what a service says must not move the cursor."""
    return "".join(each if each.isprintable() else "�" for each in text)


def read_input(file: str) -> bytes:
    """The bytes of a file, or of standard input for `-`: one more at most than JSON may have.

    Raises CouldNotRun.
    """
    from schema.parse import MAX_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(file).open("rb") as source:
            return source.read(MAX_BYTES + 1)
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
