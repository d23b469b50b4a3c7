"""Who may do what: nothing happens before the caller is known, and no more than a scope lists."""

from collections.abc import Iterator

from pipelines.actions import READING, STORED, charged_action
from pipelines.check.analysis import Analysis, rule
from pipelines.expressions import Fault

_HARMLESS = frozenset({"clock"})
_NETWORK = frozenset({"network"})


@rule("E301")
def auth_first(analysis: Analysis) -> Iterator[Fault]:
    """No step has an effect before auth.require_scopes has let the caller in."""
    if analysis.route is None or not analysis.pipeline.complete:
        return
    names = [step.operation.name for step in analysis.pipeline.steps]
    if "auth.require_scopes" not in names:
        hint = f"begin with {_entrance(analysis)}"
        yield Fault(analysis.where, "no step asks whether the caller may enter", hint)
        return
    seen: set[int] = set()
    for visit in analysis.flow.runs():
        step = visit.step
        if visit.world.authenticated or step.index in seen:
            continue
        if step.operation.effects - _HARMLESS:
            seen.add(step.index)
            told = f"{step.operation.name} runs before the caller is known"
            hint = f"begin with {_entrance(analysis)}, without a guard"
            yield Fault(step.pointer, told, hint, path=visit.world.path())


@rule("E303")
def scopes_cover_steps(analysis: Analysis) -> Iterator[Fault]:
    """Every scope that lets the caller in lists the operations that the route runs."""
    if analysis.route is None:
        return
    scopes = analysis.whole.document.scope_actions
    entrances = list(_entrances(analysis))
    for step in analysis.pipeline.steps if entrances else ():
        action = charged_action(step, analysis.pipeline.tags)
        if action is None:
            continue
        for entrance in entrances:
            lacking = [
                " and ".join(sorted(way))
                for way in entrance
                if not any({action, "*"} & scopes.get(name, frozenset()) for name in way)
            ]
            if lacking:
                names = ", ".join(lacking)
                message = f"{names} lets the caller in and does not list {action}"
                hint = f'add "{action}" to the scope\'s actions, or ask for another scope'
                yield Fault(step.pointer, message, hint)


@rule("E304")
def reads_do_not_write(analysis: Analysis) -> Iterator[Fault]:
    """GET and HEAD routes write nothing but caches, or what a proxy route has fetched."""
    if analysis.route is None or analysis.route.method not in READING:
        return
    proxy = "proxy" in analysis.pipeline.tags
    seen: set[int] = set()
    for visit in analysis.runs_with(STORED):
        step = visit.step
        if step.index in seen:
            continue
        if not (proxy and visit.world.fetched):
            seen.add(step.index)
            told = f"{step.operation.name} writes in a {analysis.route.method} route"
            yield Fault(step.pointer, told, "use PUT, POST, PATCH or DELETE")


@rule("E305")
def no_network_in_transactions(analysis: Analysis) -> Iterator[Fault]:
    """No peer is awaited while a transaction is open."""
    seen: set[int] = set()
    for visit in analysis.runs_with(_NETWORK):
        step = visit.step
        if visit.world.transaction is not None and step.index not in seen:
            seen.add(step.index)
            told = f"{step.operation.name} waits for a peer inside a transaction"
            yield Fault(step.pointer, told, "fetch before txn.begin", path=visit.world.path())


RULES = (
    auth_first,
    scopes_cover_steps,
    reads_do_not_write,
    no_network_in_transactions,
)


def _entrance(analysis: Analysis) -> str:
    """The step to begin with: by the scopes that the route asks for, or one that is declared."""
    steps = (s for s in analysis.pipeline.steps if s.operation.name == "auth.require_scopes")
    declared = [scope.name for scope in analysis.whole.document.auth.scopes[:1]]
    scopes = next((step.static["scopes"] for step in steps if "scopes" in step.static), declared)
    listed = ", ".join(f'"{name}"' for name in scopes)
    return f'{{"op": "auth.require_scopes", "args": {{"scopes": [{listed}]}}}}'


def _entrances(analysis: Analysis) -> Iterator[list[frozenset[str]]]:
    """The sets of scopes with which a caller may come in: those of the first auth.require_scopes
    without a guard, which all have to pass; where there is none, those of each."""
    entrances = [s for s in analysis.pipeline.steps if s.operation.name == "auth.require_scopes"]
    sure = [step for step in entrances if step.when is None]
    for step in sure[:1] or entrances:
        scopes = step.static["scopes"]
        if step.static.get("mode") == "all":
            yield [frozenset(scopes)]
        else:
            yield [frozenset({name}) for name in scopes]
