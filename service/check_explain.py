"""What a rule proves, why, and how to satisfy it: from the rulebook, and from a schema's own."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from errors.rulebook.book import FAMILIES, RULEBOOK
from errors.rulebook.entry import Entry
from errors.rulebook.service import OWN
from schema.nearest import nearest
from schema.parse import parse
from service.console import plain
from service.failures import CouldNotRun

_WIDTH = 92
_LISTS = (
    ("invariants", "global", "inv"),
    ("validation", "load_time_checks", "val"),
    ("validation", "runtime_checks", "run"),
)


@dataclass(frozen=True, slots=True)
class OwnRule:
    """An invariant or a check that a schema declares itself; `kind` is what it is in `OWN`."""

    id: str
    kind: str
    description: str
    declared: Mapping[str, Any]


def own_rules(source: bytes) -> dict[str, OwnRule]:
    """The invariants and checks that a schema declares, by id, whatever else is wrong with it."""
    value = parse(source, "").value
    found: dict[str, OwnRule] = {}
    for section, name, kind in _LISTS:
        for declared in _list(_object(_object(value).get(section)).get(name)):
            id, told = _object(declared).get("id"), _object(declared).get("description")
            if isinstance(id, str):
                said = told if isinstance(told, str) else ""
                rest = {k: v for k, v in declared.items() if k not in ("id", "description")}
                found.setdefault(id, OwnRule(id, kind, said, rest))
    return found


def explain(ids: Iterable[str], own: Mapping[str, OwnRule]) -> Iterator[str]:
    """The lines about each rule. Raises CouldNotRun for one that nobody knows, with the nearest."""
    for number, id in enumerate(ids):
        yield from [""] if number else []
        if id in own:
            yield from _own(own[id])
        elif id in RULEBOOK:
            yield from _entry(id, RULEBOOK[id])
        else:
            raise _unknown(id, [*RULEBOOK, *own])


def listing(own: Mapping[str, OwnRule]) -> Iterator[str]:
    """Every rule in one line, by family; then the schema's own."""
    for family, entries in FAMILIES.items():
        yield f"{family}:"
        for id, entry in entries.items():
            yield f"  {id}  {_severity(id):7}  {entry.title}"
    if own:
        yield "Of the schema itself:"
        width = max(len(id) for id in own)
        for id, rule in own.items():
            yield plain(f"  {id:{width}}  {rule.description or OWN[rule.kind].title}")


def listing_json(own: Mapping[str, OwnRule]) -> list[dict[str, Any]]:
    """The same as data."""
    rules = [
        {"rule": id, "severity": _severity(id), "title": e.title, "proves": e.proves}
        for id, e in RULEBOOK.items()
    ]
    return rules + [
        {"rule": id, "severity": "error", "title": OWN[rule.kind].title, "proves": rule.description}
        for id, rule in own.items()
    ]


def _unknown(id: str, known: Sequence[str]) -> CouldNotRun:
    close = nearest(id, known)
    remedy = f"did you mean {close}?" if close else "`larder check --rules` lists them all"
    return CouldNotRun(f"there is no rule {plain(id)}", code="UNKNOWN_RULE", hint=remedy)


def _entry(id: str, entry: Entry) -> Iterator[str]:
    yield f"{id}: {entry.title} ({_severity(id)})"
    yield from _texts(entry)
    for name, fragment in (("Wrong", entry.wrong), ("Right", entry.right)):
        yield from ("", f"  {name}:", textwrap.indent(fragment, "    "))


def _own(rule: OwnRule) -> Iterator[str]:
    yield plain(f"{rule.id}: {rule.description or OWN[rule.kind].title}")
    yield "  Declared as:"
    for line in json.dumps(rule.declared, indent=2, ensure_ascii=False).splitlines():
        yield "    " + plain(line)
    yield from _texts(OWN[rule.kind])
    required = rule.declared.get("require")
    if isinstance(required, str) and required in RULEBOOK:
        yield ""
        yield from _entry(required, RULEBOOK[required])


def _texts(entry: Entry) -> Iterator[str]:
    for name, text in (("Proves", entry.proves), ("Why", entry.why), ("How", entry.how)):
        start = f"  {name + ':':8}"
        yield textwrap.fill(text, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


def _severity(id: str) -> str:
    return "warning" if id.startswith("W") else "error"


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
