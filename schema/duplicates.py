"""What must be named once and is not (E106)."""

import re
from collections.abc import Iterable, Iterator

from errors.finding import Finding
from schema.document import Document
from schema.nearest import short
from schema.places import Places
from schema.pointers import join

_PARAMETER = re.compile(r"\{[^{}/]*(\*?)\}")


def duplicate_names(document: Document, places: Places) -> Iterator[Finding]:
    """Ids and names of lists: routes, events, scopes, policies, invariants, checks."""
    checks = document.validation
    yield from _twice(places, "/api/routes", "id", [r.id for r in document.api.routes])
    yield from _twice(places, "/events/types", "name", [e.name for e in document.events.types])
    yield from _twice(places, "/auth/scopes", "name", [s.name for s in document.auth.scopes])
    yield from _twice(places, "/auth/policies", "name", [p.name for p in document.auth.policies])
    invariants = [i.id for i in document.invariants.global_]
    yield from _twice(places, "/invariants/global", "id", invariants)
    for list_name, rules in (
        ("load_time_checks", checks.load_time_checks),
        ("runtime_checks", checks.runtime_checks),
    ):
        yield from _twice(places, f"/validation/{list_name}", "id", [rule.id for rule in rules])


def duplicate_paths(document: Document, places: Places) -> Iterator[Finding]:
    """Two routes of one method whose paths no request can tell apart."""
    seen: dict[tuple[str, str], str] = {}
    for at, route in enumerate(document.api.routes):
        shape = (route.method, _PARAMETER.sub(r"{\1}", route.path))
        first = seen.setdefault(shape, route.id)
        if first != route.id:
            yield places.finding(
                "E106",
                join("/api/routes", at, "path"),
                f"{route.method} {short(route.path)} is the path of route `{first}` too",
                "give it another path or method",
            )


def duplicate_index_keys(document: Document, places: Places) -> Iterator[Finding]:
    """Keys of an index that share a name, and properties that stand in a key twice."""
    for name, index in document.indexes.items():
        base = join("/indexes", name, "keys")
        yield from _twice(places, base, "name", [key.name for key in index.keys])
        for at, key in enumerate(index.keys):
            properties = [*key.fields, *(sort.field for sort in key.sort)]
            yield from _repeated(places, join(base, at), properties)


def duplicate_entries(document: Document, places: Places) -> Iterator[Finding]:
    """Lists of names: allowed operations, actions, primary keys, mark sources' fields."""
    yield from _repeated(places, "/ops/allowed", document.ops.allowed)
    for at, scope in enumerate(document.auth.scopes):
        yield from _repeated(places, join("/auth/scopes", at, "actions"), scope.actions)
    for name, entity in document.entities.named.items():
        base = join("/entities", name)
        yield from _repeated(places, join(base, "primary_key"), entity.primary_key)
        fields = [constraint.field for constraint in entity.constraints]
        yield from _twice(places, join(base, "constraints"), "field", fields)
    for at, source in enumerate(document.gc.mark_sources):
        yield from _repeated(places, join("/gc/mark_sources", at, "fields"), source.fields)


def _twice(places: Places, base: str, key: str, names: Iterable[str]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        first = seen.setdefault(name, at)
        if first != at:
            line, _ = places.of(join(base, first, key))
            yield places.finding(
                "E106",
                join(base, at, key),
                f"`{short(name)}` stands twice",
                f"first on line {line}",
            )


def _repeated(places: Places, base: str, names: Iterable[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            yield places.finding("E106", join(base, at), f"`{short(name)}` stands twice")
        seen.add(name)


RULES = (duplicate_names, duplicate_paths, duplicate_index_keys, duplicate_entries)
