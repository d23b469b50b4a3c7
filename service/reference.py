"""OPERATIONS.md, ERRORS.md, RULES.md and what editors read, printed from the code they describe.

`python -m service.reference` writes them; with `--check` it only tells whether they are fresh.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from errors.catalogue import CATALOGUE, Entry
from errors.rulebook.book import FAMILIES
from errors.rulebook.entry import Entry as Rule
from errors.rulebook.service import OWN
from operations.operation import Operation, Parameter
from operations.types import NOT_GIVEN, Static
from operations.vocabulary import VOCABULARY
from pipelines.editor.schema import PARTS, as_text, editor_schema, part_schema

ROOT = Path(__file__).resolve().parents[1]
ORIGIN = "<!-- Printed by `make docs`; changes made here are lost. -->"

SECTIONS = {
    "entity": "an entity's name",
    "document": "a document's name",
    "index": "an index's name",
    "blob_store": "a blob store's name",
    "upstream": "an upstream's name",
    "event": "an event type's name",
    "json_schema": "a JSON Schema, or the name of one",
    "scopes": "a list of scopes",
    "ordering": "the name of one of the index's orderings",
    "status": "an HTTP status",
    "error_status": "an HTTP status from 400 on",
    "location_status": "301, 302, 303, 307 or 308",
    "code": "an error code",
    "literal": "a literal",
}


def operations(vocabulary: Sequence[Operation]) -> str:
    """The page of every operation: arguments, outputs, effects, errors."""
    families = defaultdict(list)
    for each in vocabulary:
        families[each.name.partition(".")[0]].append(each)
    lines = [
        "# Operations",
        "",
        ORIGIN,
        "",
        f"The {len(vocabulary)} operations that a pipeline may use. Every step also takes `when`.",
        "An argument marked *static* is a literal of schema.json; any other may be an expression.",
    ]
    for family, members in families.items():
        lines += ["", f"## {family}"]
        for each in members:
            lines += _operation(each)
    return "\n".join(lines) + "\n"


def errors(catalogue: Mapping[str, Entry], vocabulary: Sequence[Operation]) -> str:
    """The page of every code: status, meaning, remedy, and which operations raise it."""
    lines = [
        "# Errors",
        "",
        ORIGIN,
        "",
        "Every error is answered with this body and the header `X-Request-Id`:",
        "",
        "```json",
        '{"ok": false, "error": {"code": "…", "message": "…", "details": {}, "request_id": "…"}}',
        "```",
        "",
        "A code never changes its meaning; a message may. `details` is left out when empty.",
        "What is wrong with a schema is told by rules, which are in [RULES.md](RULES.md).",
        "",
        "| code | status | meaning | what to do | raised by |",
        "|---|---|---|---|---|",
    ]
    for code, entry in catalogue.items():
        raisers = ", ".join(f"`{each.name}`" for each in vocabulary if code in each.errors)
        cells = (f"`{code}`", str(entry.status), entry.meaning, entry.remedy, raisers)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def rules(families: Mapping[str, Mapping[str, Rule]], own: Mapping[str, Rule]) -> str:
    """The page of every rule that schema.json is checked by, from the rulebook."""
    count = sum(len(entries) for entries in families.values())
    lines = [
        "# Rules",
        "",
        ORIGIN,
        "",
        f"The {count} rules that `larder check` holds schema.json to. `E…` refuses it, `W…` warns.",
        "`larder check --rule ID` prints what stands here. The errors that clients of a service",
        "meet are in [ERRORS.md](ERRORS.md).",
        "",
        "Steps are shown as they stand behind `auth.require_scopes`, `parse.path` and",
        "`validate.entity`; other fragments are members of the route or of the whole document.",
    ]
    for family, entries in families.items():
        lines += ["", f"## {family}"]
        for id, entry in entries.items():
            lines += _rule(f"{id}: {entry.title}", entry)
    lines += ["", "## A schema's own rules"]
    for kind, entry in own.items():
        lines += _rule(f"{kind}.…: {entry.title}", entry)
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Every generated file, and what should stand in it."""
    return {
        ROOT / "OPERATIONS.md": operations(VOCABULARY),
        ROOT / "ERRORS.md": errors(CATALOGUE, VOCABULARY),
        ROOT / "RULES.md": rules(FAMILIES, OWN),
        ROOT / "schema" / "meta_schema.json": as_text(editor_schema(VOCABULARY)),
        **{
            ROOT / "schema" / "parts" / f"{name}.json": as_text(part_schema(name)) for name in PARTS
        },
    }


def stale() -> list[Path]:
    """The generated files that are not what the code says."""
    return [
        file
        for file, text in pages().items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a page is stale.")
def main(check: bool) -> None:
    """Write the generated pages anew."""
    outdated = stale()
    for file in outdated:
        if check:
            click.echo(f"{file.name} is stale: run `make docs`", err=True)
        else:
            file.write_text(pages()[file], encoding="utf-8")
            click.echo(f"wrote {file.name}", err=True)
    sys.exit(1 if check and outdated else 0)


def _rule(title: str, entry: Rule) -> Iterator[str]:
    yield from ("", f"### {title}", "", entry.proves, "", f"*Why:* {entry.why}", "")
    yield from (f"*How:* {entry.how}", "", "Wrong:", "", "```json", entry.wrong, "```", "")
    yield from ("Right:", "", "```json", entry.right, "```")


def _operation(each: Operation) -> Iterator[str]:
    yield from ("", f"### {each.name}", "", each.summary, "")
    if each.parameters or each.outputs:
        yield from ("| argument | is | default |", "|---|---|---|")
        for parameter in each.parameters:
            yield f"| `{parameter.name}` | {_kind(parameter)} | {_default(parameter)} |"
        for output in each.outputs:
            needed = "required" if output.required else "optional"
            kind = output.type.kind + (" or null" if output.type.nullable else "")
            yield f"| `{output.name}` | name of the variable to set: {kind} | {needed} |"
        yield ""
    for group in each.exclusive:
        yield from (f"Exactly one of {', '.join(f'`{name}`' for name in group)} is given.", "")
    yield f"Effects: {', '.join(sorted(each.effects)) or 'none'}."
    yield f"Errors: {', '.join(_error(code) for code in each.errors) or 'none'}."


def _kind(parameter: Parameter) -> str:
    if parameter.choices:
        return "*static*, " + " or ".join(f"`{choice}`" for choice in parameter.choices)
    if isinstance(parameter.type, Static):
        return f"*static*, {SECTIONS[parameter.type.section]}"
    kind = parameter.type.kind + (" or null" if parameter.type.nullable else "")
    return f"{kind}, a key of `{parameter.key_of}`" if parameter.key_of else kind


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    if parameter.default is NOT_GIVEN or parameter.default is None:
        return ""
    return f"`{json.dumps(parameter.default)}`"


def _error(code: str) -> str:
    return f"{CATALOGUE[code].status} `{code}`"


if __name__ == "__main__":
    main()
