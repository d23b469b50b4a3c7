"""`larder test`: the examples of routes, run on scratch stores."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.console import say, show_json, while_heard
from service.failures import CouldNotRun

if TYPE_CHECKING:
    from pipelines.load import Loaded
    from service.scratch import Backend


class _WithFormat(click.Command):
    """A command whose help ends with the format of examples."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The format as the module that runs examples tells it."""
        from pipelines.examples import run as examples

        formatter.write(f"\n{(examples.__doc__ or '').strip()}\n")


@click.command(cls=_WithFormat)
@click.argument("routes", nargs=-1, metavar="[ROUTE]...")
@click.option("--schema", type=Path, metavar="FILE", help="The schema; else that of `serve`.")
@click.option(
    "--route",
    "files",
    multiple=True,
    type=Path,
    metavar="FILE",
    help="Test this route as part of the schema, for example a template; may be given again.",
)
@click.option("--example", "names", multiple=True, metavar="NAME", help="Run only this example.")
@click.option(
    "--cover",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail when the examples of a route show less of its steps and guards.",
)
@click.option("--store", type=click.Choice(["memory", "disk"]), default="memory", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text")
def test(
    routes: tuple[str, ...],
    schema: Path | None,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    cover: float | None,
    store: "Backend",
    form: str,
) -> None:
    """Run the examples of each ROUTE (without one, of all routes), and tell what they show of it.

    Every example has empty stores of its own. A step is shown when it ran, a guard when it held and
    when it did not, as far as it can. Exits with 1 when an example fails, or the schema has errors.
    """
    from service.example_reports import as_json, as_junit, as_text, summary
    from service.example_runs import load_with_routes, read_source, run_all

    if names and cover is not None:
        raise click.UsageError("--cover needs all examples: leave --example out")
    file = schema or _default()
    sources = {str(each): read_source(each) for each in (file, *files)}
    loaded, ids = load_with_routes(
        sources[str(file)], str(file), [(sources[str(each)], str(each)) for each in files]
    )
    if not _sound(loaded, form, sources):
        click.get_current_context().exit(1)
    wanted = _wanted(loaded, routes or ids)
    _check_names(loaded, wanted, names)
    tested = asyncio.run(run_all(loaded, store, wanted, names or None))
    with while_heard():
        if form == "json":
            show_json(as_json(tested, cover))
        elif form == "junit":
            click.echo(as_junit(tested, cover).decode())
        else:
            for line in as_text(tested, cover):
                click.echo(line)
            say(summary(tested))
    click.get_current_context().exit(0 if all(each.passes(cover) for each in tested) else 1)


def _sound(loaded: "Loaded", form: str, sources: Mapping[str, bytes]) -> bool:
    """Whether the schema may serve; tells what was found in it, as `larder check` does."""
    from service.check_formats import as_junit, finding_json
    from service.check_source import Checked, Report, Text
    from service.check_text import tell

    checked = tuple(
        Checked(file, Text(source), tuple(f for f in loaded.findings if f.file == file))
        for file, source in sources.items()
    )
    if form == "json" and not loaded.ok:
        found = [finding_json(finding) for finding in loaded.findings]
        show_json({"ok": False, "findings": found})
    elif form == "junit" and not loaded.ok:
        click.echo(as_junit(Report(checked, ())))
    else:
        for each in checked:
            for line in tell(each.findings, each.text):
                click.echo(line, err=loaded.ok)
    if not loaded.ok:
        say("no example was run: the schema has errors")
    return loaded.ok


def _wanted(loaded: "Loaded", routes: tuple[str, ...]) -> frozenset[str] | None:
    """The routes to test, None for all. Raises CouldNotRun for one that is not there."""
    from schema.nearest import hint

    known = {program.id for program in loaded.routes}
    for route in routes:
        if route not in known:
            raise CouldNotRun(f"there is no route {route}", hint=hint(route, known))
    return frozenset(routes) or None


def _check_names(loaded: "Loaded", routes: frozenset[str] | None, names: tuple[str, ...]) -> None:
    """Raises CouldNotRun for a name that no example of the routes has."""
    from schema.nearest import hint

    assert loaded.schema is not None
    known = {
        str(example["name"])
        for route in loaded.schema.document.api.routes
        if routes is None or route.id in routes
        for example in route.examples
    }
    for name in names:
        if name not in known:
            raise CouldNotRun(f"there is no example {name!r}", hint=hint(name, known))


def _default() -> Path:
    from service.choices import settings, with_a_schema

    return with_a_schema(settings(), named=False).schema
