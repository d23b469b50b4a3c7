"""`larder publish`, `larder fetch` and `larder seed`: bytes in, bytes out."""

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from shutil import copyfileobj

import click

from service import transfer
from service.client import CHUNK, Client
from service.console import human_size, progress, say, show_json
from service.failures import CouldNotRun, Unreachable
from service.remote import connect, find_token, json_option, url_option

Moved = Callable[[int], None]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--to", required=True, metavar="NAMESPACE/NAME/VERSION/VARIANT", help="Where to.")
@url_option
@json_option
def publish(file: Path, to: str, url: str, as_json: bool) -> None:
    """Publish FILE. Its digest is declared, so damage on the way is refused."""
    target = transfer.coordinate(to)
    client = connect(url)
    try:
        size = file.stat().st_size
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
    with progress("hashing and sending", 2 * size) as moved:
        answer = transfer.publish(client, file, target, moved, moved)
    if as_json:
        show_json(answer)
    else:
        say(f"published {target}: {human_size(answer['size'])}, {answer['digest']}")


@click.command()
@click.argument("what", metavar="NAMESPACE/NAME/VERSION/VARIANT")
@click.option(
    "-o", "--output", help="File to write, or - for standard output.  [NAME-VERSION-VARIANT]"
)
@url_option
@json_option
def fetch(what: str, output: str | None, url: str, as_json: bool) -> None:
    """Fetch an artifact. Nothing is written before all of it came and was verified."""
    source = transfer.coordinate(what)
    client = connect(url)
    if output == "-":
        if as_json:
            raise click.UsageError("--json and -o - both want standard output")
        _fetch_to_stdout(client, source)
        return
    target = Path(output) if output else Path("-".join(source[1:]))
    if target.is_dir():
        raise CouldNotRun(f"{target} is a directory", hint="Name a file with -o.")
    fetched = _fetch(client, source, target)
    if as_json:
        show_json({"file": str(target), "digest": fetched.digest, "size": fetched.size})
    else:
        say(f"fetched {target}: {human_size(fetched.size)}, {fetched.digest}")


@click.command()
@url_option
@json_option
def seed(url: str, as_json: bool) -> None:
    """Publish the example packages; what is already there stays as it is."""
    from seed_data import load

    try:
        counts = load.load(url, find_token(url), tell=say)
    except load.Unreachable as error:
        raise Unreachable(str(error)) from error
    if as_json:
        show_json(counts)
    else:
        say(", ".join(f"{count} {what}" for what, count in counts.items()))
    if counts["failed"]:
        click.get_current_context().exit(1)


def _fetch(client: Client, source: transfer.Coordinate, target: Path) -> transfer.Fetched:
    with ExitStack() as bars:

        def sized(total: int | None) -> Moved:
            return bars.enter_context(progress("fetching", total))

        return transfer.fetch(client, source, target, sized)


def _fetch_to_stdout(client: Client, source: transfer.Coordinate) -> None:
    with tempfile.TemporaryDirectory(prefix="larder-") as folder:
        target = Path(folder) / "artifact"
        _fetch(client, source, target)
        with target.open("rb") as verified:
            copyfileobj(verified, sys.stdout.buffer, CHUNK)
