"""`larder run`: one request to one route, step by step, without a service."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.console import plain, say, show_json
from service.failures import CouldNotRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pipelines.examples.format import Example
    from pipelines.load import Loaded
    from schema.document import Route
    from service.settings import Settings


@click.command()
@click.argument("route")
@click.option("--request", "file", metavar="FILE", help="The request as JSON; - reads it here.")
@click.option("--example", "name", metavar="NAME", help="One of the route's own examples instead.")
@click.option("--schema", type=Path, metavar="FILE", help="The schema; else that of `serve`.")
@click.option("--live", is_flag=True, help="Read the data directory; nothing in it changes.")
@click.option("--data", type=Path, metavar="DIR", help="That directory.  [LARDER_DATA, or data]")
@click.option("--network", is_flag=True, help="Ask upstreams; else only those the example gives.")
@click.option("--mock", "mocks", multiple=True, metavar="STEP=VALUE", help="Replace an outcome.")
@click.option("--step", "stops", is_flag=True, help="Stop before each step.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def run(
    *,
    route: str,
    file: str | None,
    name: str | None,
    schema: Path | None,
    live: bool,
    data: Path | None,
    network: bool,
    mocks: tuple[str, ...],
    stops: bool,
    form: str,
) -> None:
    """Run one request to ROUTE and tell what each step does; nothing is kept.

    The request is written as in a route's examples: {"params": {"name": "x"}, "json": {"a": 1}}, or
    a whole example, whose `given` then comes first. Without --live it meets empty stores.

    A mock names a step by index, id or operation: --mock 'kv.get=null' gives its outcome as JSON
    (of several outputs an object by name), --mock 'blob.put=!STORAGE_FULL' lets it refuse. With
    --step, Enter runs the next step, `p NAME` prints a variable, `c` continues, `q` quits.

    Secrets are hidden. Exits with 0 when there was a reply, whatever its status; with 1 when the
    schema has errors.
    """
    if (file is None) == (name is None):
        raise click.UsageError("say what to ask: --request FILE or --example NAME")
    if stops and (form == "json" or file == "-"):
        raise click.UsageError("--step talks over the terminal: not with --format json or with -")
    if data is not None and not live:
        raise click.UsageError("--data names what --live reads")
    chosen = _settings(schema, data)
    loaded = _load(chosen.schema)
    position, declared = _route(loaded, route)
    example = _example(loaded, declared, file, name)
    replaced = _replaced(loaded, position, declared, mocks)
    _run(loaded, declared, example, replaced, chosen if live else None, network, stops, form)


def _run(
    loaded: "Loaded",
    route: "Route",
    example: "Example",
    replaced: "dict[str, Callable[..., Any]]",
    chosen: "Settings | None",
    network: bool,
    stops: bool,
    form: str,
) -> None:
    from service import trace_text
    from service.stepping import Teller
    from service.trial import Trial, attempt, recorder_of

    assert loaded.schema is not None
    assert loaded.programs is not None
    data = None if chosen is None else _data(chosen, loaded)
    trial = Trial(
        loaded.schema, loaded.programs, route.id, example, os.environ, data, network, replaced
    )
    if form == "json":
        show_json(asyncio.run(attempt(trial, recorder_of(trial, None, None))))
        return
    where = "scratch stores" if data is None else f"the stores in {data}, read only"
    click.echo(f"{route.id}: {route.method} {route.path}, on {where}")
    teller = Teller(stops=stops)
    teller.recorder = recorder_of(trial, teller.before, teller.after)
    for line in trace_text.ending(asyncio.run(attempt(trial, teller.recorder))):
        click.echo(plain(line))


def _settings(schema: Path | None, data: Path | None) -> "Settings":
    from service.choices import settings, with_a_schema

    return with_a_schema(settings(schema=schema, data=data), named=schema is not None)


def _load(file: Path) -> "Loaded":
    """The schema. Exits with 1 when it has errors, after telling them."""
    from pipelines.load import load
    from schema.parse import MAX_BYTES

    try:
        with file.open("rb") as source:
            loaded = load(source.read(MAX_BYTES + 1), str(file))
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
    if not loaded.ok:
        for finding in loaded.findings:
            say(str(finding))
        say("nothing was run: the schema has errors")
        click.get_current_context().exit(1)
    return loaded


def _route(loaded: "Loaded", name: str) -> "tuple[int, Route]":
    from schema.nearest import hint

    assert loaded.schema is not None
    routes = loaded.schema.document.api.routes
    for position, route in enumerate(routes):
        if route.id == name:
            return position, route
    known = hint(name, [route.id for route in routes])
    raise CouldNotRun(f"there is no route {name}", hint=known or None)


def _example(loaded: "Loaded", route: "Route", file: str | None, name: str | None) -> "Example":
    from service.run_request import own_example, read_request

    assert loaded.schema is not None
    document = loaded.schema.document
    if name is not None:
        return own_example(name, route, document)
    return read_request(file or "-", route, document)


def _replaced(
    loaded: "Loaded", position: int, route: "Route", mocks: tuple[str, ...]
) -> "dict[str, Callable[..., Any]]":
    from operations.extensions import operations_for
    from pipelines.parse import parse_route
    from pipelines.trace.mocks import BadMock, replacements

    assert loaded.schema is not None
    operations = operations_for(loaded.schema.document.ops.allowed)
    pointer = f"/api/routes/{position}"
    pipeline, _ = parse_route(route, pointer, loaded.schema.document, operations)
    try:
        return replacements(mocks, pipeline)
    except BadMock as wrong:
        raise CouldNotRun(f"--mock {wrong}", hint=wrong.hint or None) from wrong


def _data(chosen: "Settings", loaded: "Loaded") -> Path:
    """The data directory. Raises CouldNotRun when there is none."""
    from service.dry_run import in_memory_only, never_written

    assert loaded.schema is not None
    if not chosen.data.is_dir():
        raise CouldNotRun(f"{chosen.data} is no data directory", hint="Name one with --data.")
    hidden = in_memory_only(loaded.schema)
    if hidden:
        say(f"{', '.join(hidden)}: kept in the memory of the service, so empty here")
    if never_written(loaded.schema, chosen.data):
        say(f"{plain(str(chosen.data))}: nothing was ever stored there, so all is empty")
    return chosen.data
