"""`larder openapi`: the OpenAPI document of a schema, without serving it."""

from pathlib import Path

import click

from service.console import say, show_json
from service.failures import CouldNotRun


@click.command()
@click.option(
    "--schema", type=click.Path(path_type=Path), help="Of which schema (default: the one served)."
)
def openapi(schema: Path | None) -> None:
    """Print the OpenAPI 3.1 document that is served at /openapi.json."""
    import json
    from importlib.metadata import version

    from service.choices import settings, with_a_schema
    from service.docs_page import document
    from service.serving import SchemaRefused, StartError, read_plan

    file = schema or with_a_schema(settings(), named=False).schema
    try:
        written = document(read_plan(file), version("larder"))
    except SchemaRefused as refused:
        for finding in refused.findings:
            say(str(finding))
        click.get_current_context().exit(1)
    except StartError as problem:
        raise CouldNotRun(str(problem)) from problem
    show_json(json.loads(written))
