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
    `"$schema"`, and it completes operations and arguments and shows what they mean; those of
    installed extensions too that the `ops.allowed` of FILE lists.
    """
    text = _text(file or _served())
    click.echo(_meta(text) if meta else text, nl=False)


def _meta(text: bytes) -> str:
    from operations.extensions import vocabulary_for
    from pipelines.editor.schema import as_text, editor_schema

    return as_text(editor_schema(vocabulary_for(_allowed(text)).operations))


def _allowed(text: bytes) -> list[str]:
    """What `ops.allowed` lists; nothing in a file that is no schema yet."""
    from schema.parse import parse

    value = parse(text, "").value
    ops = value.get("ops") if isinstance(value, dict) else None
    listed = ops.get("allowed") if isinstance(ops, dict) else None
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def _served() -> Path:
    from service.choices import settings, with_a_schema

    return Path(with_a_schema(settings(), named=False).schema)


def _text(file: Path) -> bytes:
    from schema.parse import MAX_BYTES

    try:
        with file.open("rb") as source:
            written = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
    if len(written) > MAX_BYTES:
        raise CouldNotRun(f"{file} is no schema: those have {MAX_BYTES} bytes at most")
    return written
