"""`larder explain` and `larder routes`: what is derived of routes, for maintainers and auditors."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from service.console import say, show_json, show_rows
from service.failures import CouldNotRun

if TYPE_CHECKING:
    from pipelines.load import Loaded


@click.command()
@click.argument("route")
@click.option("--schema", "file", type=Path, metavar="FILE", help="The schema; else serve's.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "dot", "mermaid"]),
    default="text",
    show_default=True,
)
def explain(route: str, file: Path | None, form: Literal["text", "json", "dot", "mermaid"]) -> None:
    """Print what ROUTE does: a line a step, with what it reads and sets, its effects and its cost.

    ROUTE is the id of a route, or an event type that replication applies. Below the steps stands
    each path to a reply: when it is taken, what it runs, what it costs at most. Exits with 1 when
    the schema has errors, with 2 when there is no such route.
    """
    from pipelines.derive.routes import apply_facts, route_facts
    from pipelines.explain.formats import as_json
    from pipelines.explain.formats import explain as told
    from schema.nearest import hint

    loaded, written = _loaded(file)
    found = route_facts(loaded, written=written, only=route) or apply_facts(loaded, only=route)
    if not found:
        known = [each.id for each in loaded.routes]
        known += loaded.programs.apply if loaded.programs is not None else ()
        raise CouldNotRun(f"there is no route {route}", hint=hint(route, known))
    facts = found[0]
    if form == "json":
        show_json(as_json(facts))
    else:
        click.echo(told(facts, form, _width()))


@click.command()
@click.option("--schema", "file", type=Path, metavar="FILE", help="The schema; else serve's.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def routes(file: Path | None, form: str) -> None:
    """List all routes: method, path, who may enter, effects, and what they cost at most.

    `calls` are the store calls of the dearest path; those of a transaction that loses its races
    stand in brackets, the retries included.
    """
    from pipelines.derive.routes import route_facts
    from pipelines.explain.formats import summary
    from pipelines.explain.listing import scope_words, size_words

    loaded, written = _loaded(file)
    every = route_facts(loaded, written=written)
    if form == "json":
        show_json([summary(facts) for facts in every])
        return
    columns = ("route", "method", "path", "scopes", "effects", "steps", "calls", "in", "out")
    rows = []
    for facts in every:
        cost, effects = facts.cost, [effect for effect in facts.effects if effect != "reply"]
        calls = f"{cost.store_calls} ({cost.worst_calls})" if cost.retried else cost.store_calls
        known = (facts.id, facts.method, facts.path, scope_words(facts), " ".join(effects))
        sizes = (size_words(cost.bytes_in), size_words(cost.bytes_out))
        rows.append((*known, cost.steps, calls, *sizes))
    show_rows(columns, rows)


def _loaded(file: Path | None) -> "tuple[Loaded, Any]":
    """A schema without errors, and as it is written; with errors, prints them and exits with 1."""
    from pipelines.load import load
    from schema.parse import parse
    from service.example_runs import read_source

    chosen = file or _served()
    source = read_source(chosen)
    loaded = load(source, str(chosen))
    if not loaded.ok:
        for finding in loaded.findings:
            click.echo(str(finding))
        say("nothing is derived: the schema has errors")
        click.get_current_context().exit(1)
    return loaded, parse(source, str(chosen)).value


def _served() -> Path:
    from service.choices import settings, with_a_schema

    return with_a_schema(settings(), named=False).schema


def _width() -> int:
    """The terminal's width, if it is between 120 and 200 characters; else the nearer of the two."""
    import shutil
    import sys

    from pipelines.explain.listing import WIDTH

    if not sys.stdout.isatty():
        return WIDTH
    return max(WIDTH, min(200, shutil.get_terminal_size((WIDTH, 24)).columns))
