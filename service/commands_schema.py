"""`larder schema`: the schema in use, and the schema that editors read it by."""

from pathlib import Path

import click

from service.failures import CouldNotRun


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--meta", is_flag=True, help="Print the JSON Schema of schema.json instead.")
def schema(file: Path | None, meta: bool) -> None:
    """Print FILE as it stands (without one, the schema that `serve` would serve).

    With --meta, print the JSON Schema (2020-12) of schema.json: point an editor at it with
    `"$schema"`, and it completes operations and arguments and shows what they mean.
    """
    if meta and file is not None:
        raise click.UsageError("--meta is the same for every FILE")
    click.echo(_meta() if meta else _text(file or _served()), nl=False)


def _meta() -> str:
    from operations.vocabulary import VOCABULARY
    from pipelines.editor import as_text, editor_schema

    return as_text(editor_schema(VOCABULARY))


def _served() -> Path:
    from service.choices import settings, with_a_schema

    return Path(with_a_schema(settings(), named=False).schema)


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
