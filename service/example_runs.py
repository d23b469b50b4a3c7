"""Schemas with further routes in memory, and their examples run on scratch stores."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from errors.finding import Finding
from operations.extensions import operations_for
from operations.operation import Operation
from pipelines.examples.coverage import Coverage, Goal, coverage, watched
from pipelines.examples.run import Outcome, run_examples
from pipelines.load import Loaded, load
from schema.parse import MAX_BYTES, Parsed, parse
from schema.places import Places
from service.failures import CouldNotRun
from service.scratch import Backend, scratch_world

ROUTES = "/api/routes"


@dataclass(frozen=True, slots=True)
class Tested:
    """One route: what came of its examples, and how much of it they show.

    `coverage` is None when only some of its examples were run.
    """

    route: str
    outcomes: tuple[Outcome, ...]
    coverage: Coverage | None

    @property
    def failed(self) -> int:
        """Examples with a difference."""
        return sum(bool(outcome.differences) for outcome in self.outcomes)

    def passes(self, cover: float | None = None) -> bool:
        """Whether no example failed, and at least `cover` percent is shown."""
        enough = cover is None or self.coverage is None or self.coverage.percent >= cover
        return not self.failed and enough


async def run_all(
    loaded: Loaded,
    backend: Backend,
    routes: Collection[str] | None = None,
    names: Collection[str] | None = None,
    vocabulary: Sequence[Operation] | None = None,
) -> tuple[Tested, ...]:
    """Run the examples of a schema without errors: of all routes or those named, all or by name."""
    schema, programs = loaded.schema, loaded.programs
    assert schema is not None and programs is not None, "the schema has errors"
    operations = operations_for(schema.document.ops.allowed, vocabulary)
    seen: set[Goal] = set()
    tested = watched(schema, operations, seen)
    opened = partial(scratch_world, schema, backend)
    found: dict[str, list[Outcome]] = {}
    async for outcome in run_examples(schema, programs, opened, routes, names, tested=tested):
        found.setdefault(outcome.route, []).append(outcome)
    return tuple(
        Tested(shown.route, tuple(found.get(shown.route, ())), None if names else shown)
        for shown in coverage(schema, operations, seen)
        if routes is None or shown.route in routes
    )


def load_with_routes(
    source: bytes, file: str, routes: Sequence[tuple[bytes, str]]
) -> tuple[Loaded, tuple[str, ...]]:
    """Load a schema as if it declared those routes too (source and file of each), and their ids.

    A route takes the place of one with its id. Findings stand where the text does that they are
    about. Raises CouldNotRun for a file that holds no route.
    """
    parsed = parse(source, file)
    added = [parse(*route) for route in routes]
    broken = [finding for one in (parsed, *added) for finding in one.findings]
    if broken:
        return Loaded(tuple(sorted(broken))), ()
    if not routes:
        return load(source, file), ()
    declared, at = _merged(parsed, added)
    loaded = load(json.dumps(declared).encode(), file)
    places = {f"{ROUTES}/{position}": one.places for position, one in at.items()}
    findings = sorted(_placed(finding, places, parsed.places) for finding in loaded.findings)
    return replace(loaded, findings=tuple(findings)), tuple(one.value["id"] for one in added)


def read_source(file: Path) -> bytes:
    """A file's bytes, one more than a schema may have at most. Raises CouldNotRun."""
    try:
        with file.open("rb") as source:
            return source.read(MAX_BYTES + 1)
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error


def _merged(parsed: Parsed, added: Sequence[Parsed]) -> tuple[Any, dict[int, Parsed]]:
    """The schema with the routes, and the position of each."""
    declared = parsed.value
    api = declared.get("api") if isinstance(declared, dict) else None
    routes = api.get("routes") if isinstance(api, dict) else None
    if not isinstance(routes, list):
        raise CouldNotRun(f"{parsed.places.file} has no api.routes to add a route to")
    at: dict[int, Parsed] = {}
    for one in added:
        id = one.value.get("id") if isinstance(one.value, dict) else None
        if not isinstance(id, str):
            raise CouldNotRun(f"{one.places.file} is no route: an object with an `id`")
        known = [each.get("id") if isinstance(each, dict) else None for each in routes]
        position = known.index(id) if id in known else len(routes)
        routes[position : position + 1] = [one.value]
        at[position] = one
    return declared, at


def _placed(finding: Finding, routes: dict[str, Places], schema: Places) -> Finding:
    """The finding with its place in the file that it is about."""
    for prefix, places in routes.items():
        if finding.pointer == prefix or finding.pointer.startswith(f"{prefix}/"):
            pointer = finding.pointer.removeprefix(prefix)
            line, column = places.of(pointer)
            return replace(finding, file=places.file, line=line, column=column, pointer=pointer)
    line, column = schema.of(finding.pointer)
    return replace(finding, line=line, column=column)
