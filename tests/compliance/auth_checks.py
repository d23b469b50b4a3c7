"""Auth semantics: language.md section 8, on the probe and on every route of the schema judged."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from operations.context import World
from pipelines.examples.ask import Answered, ask
from pipelines.examples.format import Ask
from pipelines.parse import path_params
from schema.document import Document, Route
from schema.document_access import Policy
from service.scratch import Counts, scratch_world
from tests.compliance.bench import Bench, Probes
from tests.compliance.families import on_both, once
from tests.compliance.probe import probe_schema, reply, route, step
from tests.compliance.report import Check, Failed, expect
from tests.compliance.subject import Subject

CATEGORY = "auth semantics"
STRANGER = "no-such-scope"
KEPT_OUT = {"UNAUTHORIZED": 401, "FORBIDDEN": 403}
PROXY_FILLS = ("kv.put", "kv.cas_put", "kv.delete", "blob.put", "index.upsert", "index.delete")


def checks(subject: Subject, probes: Probes) -> Iterator[Check]:
    """The probe's, then those of the schema."""
    yield from on_both(CATEGORY, ON_BOTH, probes)
    yield from once(CATEGORY, ONCE, probes)
    yield Check(
        CATEGORY, "nobody enters a route of the schema without a scope", partial(_closed, subject)
    )
    yield Check(
        CATEGORY, "each scope of the schema enters the routes that it should, and no other",
        partial(_each_scope, subject),
    )  # fmt: skip
    yield Check(
        CATEGORY, "who is kept out causes no store call", partial(_without_effects, subject)
    )


async def anonymous_is_401(bench: Bench) -> None:
    """An anonymous request is told to say who it is: 401."""
    answered = await bench.ask("note", params={"name": "one"}, subject=None)
    expect((answered.status, answered.code), (401, "UNAUTHORIZED"), "answer")


async def lacking_scope_is_403(bench: Bench) -> None:
    """A principal that lacks the scopes is refused with 403."""
    for scopes in ((), (STRANGER,), ("second",)):
        await bench.refused(403, "FORBIDDEN", "note", "one", scopes=scopes)
    await bench.ok("note", "one", scopes=("reader",))


async def modes(bench: Bench) -> None:
    """auth.require_scopes wants any of the scopes, or all with mode `all`."""
    await bench.ok("both", scopes=("reader", "second"))
    for scopes in (("reader",), ("second",), ("writer", "admin")):
        await bench.refused(403, "FORBIDDEN", "both", scopes=scopes)


async def deny_wins(bench: Bench) -> None:
    """A matching deny policy wins over an allow policy."""
    await bench.ok("secret", scopes=("admin",))
    await bench.refused(403, "FORBIDDEN", "secret", scopes=("admin", "barred"))
    await bench.ok("note", "one", scopes=("admin", "barred"))


async def namespaces_bind(bench: Bench) -> None:
    """A token's namespace patterns bound where it works, whatever the path's case."""
    item = {"namespace": "acme", "name": "tool", "version": "1.0.0"}
    await bench.refused(403, "FORBIDDEN", "item_put", params=item, namespaces=("other", "ac"))
    await bench.ok("item_put", params={**item, "namespace": "ACME"}, namespaces=("ac*",))
    await bench.refused(403, "FORBIDDEN", "query", namespaces=("acme",))


async def default_is_deny(probes: Probes) -> str:
    """A route that no policy allows is refused at load, or to everybody."""
    lonely = route("lonely", "GET", "/lonely", reply(ok=True), tags=["nobody"])
    return await _refused_or_kept_out(probes, lonely, "E302")


async def actions_bind(probes: Probes) -> str:
    """A route that uses an operation which its scope does not list is refused at load, or 403."""
    made = route("weak", "PUT", "/weak", tags=["probe"])
    made["pipeline"] = [
        step("auth.require_scopes", scopes=["second"]),
        step("blob.put", store="primary", from_="request.body", out="digest", out_size="size"),
        step("blob.verify_digest", digest="$digest", algo="sha256"),
        reply(ok=True),
    ]
    return await _refused_or_kept_out(probes, made, "E303", "second")


async def anonymous_scopes(probes: Probes) -> None:
    """auth.anonymous grants exactly the scopes that it names."""
    changed = probe_schema()
    changed["auth"] = {**changed["auth"], "anonymous": {"scopes": ["reader"]}}
    async with probes.open("memory", changed) as bench:
        await bench.ok("note", "one", subject=None)
        await bench.refused(401, "UNAUTHORIZED", "both", subject=None)


ON_BOTH = (anonymous_is_401, lacking_scope_is_403, modes, deny_wins, namespaces_bind)
ONCE = (default_is_deny, actions_bind, anonymous_scopes)


async def _refused_or_kept_out(
    probes: Probes, made: dict[str, Any], rule: str, *scopes: str
) -> str:
    changed = probe_schema()
    changed["api"] = {"routes": [*changed["api"]["routes"], made]}
    loaded = probes.load(changed)
    if loaded.schema is None:
        rules = sorted({f.rule for f in loaded.findings if f.severity == "error"})
        expect(rules, [rule], "rules that refuse it")
        return f"refused at load, {rule}"
    async with probes.open("memory", changed) as bench:
        await bench.refused(403, "FORBIDDEN", made["id"], scopes=scopes or None)
    return "refused at run time"


async def _closed(subject: Subject) -> str:
    document = subject.document
    granted = document.auth.anonymous.scopes
    for position, declared in enumerate(document.api.routes):
        for asked in (Ask(scopes=()), Ask(scopes=(STRANGER,)), Ask(subject=None)):
            free = asked.subject is None and enters(document, declared, granted)
            answered, _ = await _knock(subject, position, asked)
            _judge(declared.id, asked, answered, entered=free)
    return f"{len(document.api.routes)} routes, 3 principals"


async def _each_scope(subject: Subject) -> str:
    document = subject.document
    entered = 0
    for scope in document.auth.scopes:
        for position, declared in enumerate(document.api.routes):
            asked = Ask(scopes=(scope.name,))
            should = enters(document, declared, asked.scopes or ())
            answered, _ = await _knock(subject, position, asked)
            _judge(declared.id, asked, answered, entered=should)
            entered += should
    pairs = len(document.auth.scopes) * len(document.api.routes)
    return f"{pairs} pairs of scope and route, {entered} may enter"


async def _without_effects(subject: Subject) -> str:
    for position, declared in enumerate(subject.document.api.routes):
        _, calls = await _knock(subject, position, Ask(scopes=(STRANGER,)))
        expect(calls, [], f"store calls of {declared.id}")
    return f"{len(subject.document.api.routes)} routes"


def _judge(route_id: str, asked: Ask, answered: Answered, *, entered: bool) -> None:
    kept_out = answered.code in KEPT_OUT
    who = "an anonymous request" if asked.subject is None else f"the scopes {asked.scopes}"
    if kept_out == entered:
        did = "is kept out of" if kept_out else "enters"
        raise Failed(f"{who} {did} {route_id} (it answered {answered.status} {answered.code})")
    if kept_out:
        wanted = 401 if asked.subject is None else 403
        expect(answered.status, wanted, f"{who} at {route_id}")


async def _knock(subject: Subject, position: int, asked: Ask) -> tuple[Answered, list[str]]:
    """Send a request that can only be about who may enter, to stores that are empty."""
    program = subject.loaded.routes[position]
    params = dict.fromkeys(path_params(program.path), "1.0.0")
    async with scratch_world(subject.schema, "memory") as world:
        answered = await ask(
            Ask(params=params, scopes=asked.scopes, subject=asked.subject), program, world
        )
        return answered, _calls(world)


def _calls(world: World) -> list[str]:
    assert isinstance(world.meter, Counts)
    return world.meter.calls


def enters(document: Document, declared: Route, scopes: Sequence[str]) -> bool:
    """Whether somebody with these scopes may enter a route, read from the text of the schema."""
    held = set(scopes)
    policies = [each for each in document.auth.policies if _holds(each.when, declared)]
    if any(each.effect == "deny" and _satisfied(each, held) for each in policies):
        return False
    if not any(each.effect == "allow" and _satisfied(each, held) for each in policies):
        return False
    first = declared.pipeline[0].args
    wanted = set(first.get("scopes", ()))
    enough = wanted <= held if first.get("mode") == "all" else bool(wanted & held)
    actions = {act for each in document.auth.scopes if each.name in held for act in each.actions}
    return enough and ("*" in actions or _charged(declared) <= actions)


def _charged(declared: Route) -> set[str]:
    names = {step.op for step in declared.pipeline if step.op.startswith(_CHARGED)}
    if "blob.verify_digest" in names:
        names = names - {"blob.verify_digest"} | {"blob.put"}
    return names.difference(PROXY_FILLS) if "proxy" in declared.tags else names


_CHARGED = ("kv.", "blob.", "index.", "proxy.")


def _satisfied(policy: Policy, held: set[str]) -> bool:
    wanted = set(policy.require.scopes) if policy.require else set()
    if not wanted:
        return policy.effect == "deny"
    every = policy.require is not None and policy.require.mode == "all"
    return wanted <= held if every else bool(wanted & held)


def _holds(when: Any, declared: Route) -> bool:
    """A policy's condition over a route, without a tenant: language.md section 3."""
    known = {"$route.tags": list(declared.tags), "$route.id": declared.id,
             "$route.method": declared.method, "$tenant": None}  # fmt: skip

    def value(written: Any) -> Any:
        return known.get(written, written) if isinstance(written, str) else written

    def one(operator: str, given: Any) -> bool:
        if operator in ("all", "any"):
            return (all if operator == "all" else any)(_holds(each, declared) for each in given)
        if operator == "not":
            return not _holds(given, declared)
        if operator in ("is_null", "is_not_null"):
            return (value(given) is None) == (operator == "is_null")
        if operator in ("is_empty", "is_not_empty"):
            return (value(given) in (None, "", [], {})) == (operator == "is_empty")
        left, right = map(value, given)
        found: dict[str, Callable[[], bool]] = {
            "equals": lambda: json.dumps(left) == json.dumps(right),
            "in": lambda: left in right,
            "starts_with": lambda: left.startswith(right),
            "ends_with": lambda: left.endswith(right),
        }
        if operator.startswith("not_"):
            return not found[operator.removeprefix("not_")]()
        return bool(found[operator]())

    return all(one(operator, given) for operator, given in (when or {}).items())
