"""What else keeps a schema from running here, and what it declares that this release does not run.

The first fails; the second is only noted, since the rest runs without it.
"""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from operations.extensions import vocabulary_for
from operations.vocabulary import VOCABULARY
from schema.pointers import join
from stores.kinds import BLOB_KINDS, KV_KINDS
from tests.compliance.report import Check, Failed, Noted
from tests.compliance.subject import Subject

_KINDS = {"kv_stores": frozenset(KV_KINDS), "blob_stores": frozenset(BLOB_KINDS)}
_CREDENTIALS = ("username_env", "password_env", "token_env", "key_env")
_NO_COLLECTOR = (
    "this release has no collector: blobs that nothing refers to stay, and retention is not applied"
)
_NO_FOLLOWER = "this release keeps the event log and lists it by routes; it has no follower"
_FAMILIES = frozenset(each.name.partition(".")[0] for each in VOCABULARY)


def checks(subject: Subject, environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Stores, operations and credentials; then the collector and replication."""
    yield Check(
        "storage semantics", "every store is of a kind that this release opens",
        partial(_kinds, subject),
    )  # fmt: skip
    yield Check(
        "operation coverage", "every extension operation is installed",
        partial(_extensions, subject),
    )  # fmt: skip
    yield Check(
        "route compatibility", "the credentials of every upstream are set here",
        partial(_credentials, subject, environ),
    )  # fmt: skip
    yield Check("storage semantics", "what gc declares is run", partial(_collector, subject))
    yield Check(
        "event log semantics", "what replication declares is run", partial(_replication, subject)
    )


async def _kinds(subject: Subject) -> str:
    wrong, count = [], 0
    for section, kinds in _KINDS.items():
        for name, store in _entries(subject.written("storage", section)):
            count += 1
            kind = store.get("kind")
            if kind not in kinds:
                where = join("/storage", section, name, "kind")
                wrong.append(f"{where}: {kind!r} is not one of {', '.join(sorted(kinds))}")
    if wrong:
        raise Failed("\n".join(wrong))
    return f"{count} stores"


async def _extensions(subject: Subject) -> str:
    used = [
        (where, name)
        for where, name in (*_allowed(subject), *_operations(subject))
        if name.partition(".")[0] not in _FAMILIES
    ]
    names = {name for _, name in used}
    faults = {fault.name: fault for fault in vocabulary_for(names).faults}
    if faults:
        told = [(where, faults[name]) for where, name in used if name in faults]
        raise Failed("\n".join(f"{where}: {each.message} ({each.hint})" for where, each in told))
    return f"used: {', '.join(sorted(names))}" if names else "none is used"


async def _credentials(subject: Subject, environ: Mapping[str, str]) -> str:
    count, lacking = 0, []
    for name, upstream in _entries(subject.written("upstreams")):
        auth = upstream.get("auth")
        for key in _CREDENTIALS:
            variable = auth.get(key) if isinstance(auth, dict) else None
            if isinstance(variable, str):
                count += 1
                if not environ.get(variable):
                    where = join("/upstreams", name, "auth", key)
                    lacking.append(f"{where}: {variable} is not set; asking {name} fails")
    if lacking:
        raise Noted("\n".join(lacking))
    return f"{count} variables"


async def _collector(subject: Subject) -> str:
    if subject.written("gc", "enabled") is not True:
        return "nothing is declared"
    raise Noted(_NO_COLLECTOR)


async def _replication(subject: Subject) -> str:
    declared = subject.written("replication")
    if not isinstance(declared, dict) or declared.get("mode") == "off":
        return "nothing is declared"
    applied = declared.get("apply_pipelines")
    count = len(applied) if isinstance(applied, dict) else 0
    raise Noted(f"{_NO_FOLLOWER}: {count} apply pipelines are checked and not run")


def _allowed(subject: Subject) -> Iterator[tuple[str, str]]:
    """Every operation that ops.allowed lists, with its place."""
    listed = subject.written("ops", "allowed")
    for position, name in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(name, str):
            yield f"/ops/allowed/{position}", name


def _operations(subject: Subject) -> Iterator[tuple[str, str]]:
    """Every operation that a step names, with its place."""
    routes = subject.written("api", "routes")
    for position, route in enumerate(routes if isinstance(routes, list) else ()):
        if isinstance(route, dict):
            yield from _named(route.get("pipeline"), f"/api/routes/{position}/pipeline")
    applied = subject.written("replication", "apply_pipelines")
    for event, steps in applied.items() if isinstance(applied, dict) else ():
        yield from _named(steps, join("/replication/apply_pipelines", event))


def _named(steps: Any, where: str) -> Iterator[tuple[str, str]]:
    for position, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict) and isinstance(step.get("op"), str):
            yield f"{where}/{position}/op", step["op"]


def _entries(section: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in section.items() if isinstance(section, dict) else ():
        if isinstance(entry, dict):
            yield name, entry
