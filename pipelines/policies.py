"""Which routes a principal may reach at all: language.md section 8."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from operations.auth import not_let_in
from operations.context import ExecutionContext
from pipelines.conditions import parse_condition
from pipelines.evaluate import condition
from pipelines.expressions import Fault
from pipelines.leaves import condition_leaves
from pipelines.nodes import Constant, Reference
from schema.document import Document, Route
from schema.document_access import Policy, Require

_ROUTE, _TENANT = 0, 1
_KNOWN = {
    ("route", ("id",)): "$route.id",
    ("route", ("method",)): "$route.method",
    ("route", ("tags",)): "$route.tags",
    ("tenant", ()): "$tenant",
}
_HINT = f"a policy may speak of {', '.join(_KNOWN.values())}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy as it stands to one route: `holds` asks about the tenant, None where it is moot.

    `scopes` empty in a deny rule means everybody.
    """

    name: str
    holds: Callable[[list[Any]], bool] | None
    scopes: frozenset[str]
    every: bool

    def matches(self, ctx: ExecutionContext) -> bool:
        """Whether the policy's `when` holds for this request."""
        return self.holds is None or self.holds([None, ctx.tenant])

    def satisfied(self, scopes: frozenset[str]) -> bool:
        """Whether the principal carries what the policy requires."""
        return scopes >= self.scopes if self.every else not scopes.isdisjoint(self.scopes)


@dataclass(frozen=True, slots=True)
class Admission:
    """The policies that can matter to one route."""

    allow: tuple[Rule, ...]
    deny: tuple[Rule, ...]

    def check(self, ctx: ExecutionContext) -> None:
        """Raises Refusal UNAUTHORIZED or FORBIDDEN; a matching deny wins, no policy means deny."""
        scopes = ctx.principal.scopes
        for rule in self.deny:
            if rule.matches(ctx) and (not rule.scopes or rule.satisfied(scopes)):
                raise not_let_in(ctx, f"the policy {rule.name} denies this")
        for rule in self.allow:
            if rule.satisfied(scopes) and rule.matches(ctx):
                return
        wanted = sorted({scope for rule in self.allow for scope in rule.scopes})
        raise not_let_in(ctx, f"this needs one of the scopes {', '.join(wanted) or 'of nobody'}")


def admission(route: Route, document: Document) -> Admission:
    """Fold the policies' conditions over what is known of the route at load."""
    facts = {"id": route.id, "method": route.method, "tags": list(route.tags)}
    allow: list[Rule] = []
    deny: list[Rule] = []
    for policy in document.auth.policies:
        rule = _rule(policy, facts)
        if rule is not None:
            (allow if policy.effect == "allow" else deny).append(rule)
    return Admission(tuple(allow), tuple(deny))


def name_faults(document: Document) -> Iterator[Fault]:
    """What policies speak of and cannot know (E201)."""
    for position, policy in enumerate(document.auth.policies):
        if policy.when is None:
            continue
        condition = parse_condition(policy.when, f"/auth/policies/{position}/when", [])
        for pointer, leaf in condition_leaves(condition) if condition is not None else ():
            if isinstance(leaf, Reference):
                if (leaf.name, leaf.path) not in _KNOWN or leaf.slice is not None:
                    yield Fault(pointer, f"a policy knows no {leaf}", _HINT)
            elif not isinstance(leaf, Constant):
                yield Fault(pointer, "a policy puts no texts together", _HINT)


def reachable(route: Route, document: Document) -> bool:
    """Whether some policy can ever allow the route (E302)."""
    found = admission(route, document)
    denied_to_all = any(rule.holds is None and not rule.scopes for rule in found.deny)
    return bool(found.allow) and not denied_to_all


def _rule(policy: Policy, facts: dict[str, Any]) -> Rule | None:
    require = policy.require or Require(scopes=())
    scopes, every = frozenset(require.scopes), require.mode == "all"
    if policy.effect == "allow" and not scopes:
        return None
    if policy.when is None:
        return Rule(policy.name, None, scopes, every)
    asked = _asked(msgspec.json.encode(policy.when))
    if asked is None:
        return None
    holds, asks_tenant = asked
    if not asks_tenant:
        return Rule(policy.name, None, scopes, every) if holds([facts, None]) else None
    return Rule(policy.name, lambda slots: holds([facts, slots[_TENANT]]), scopes, every)


@lru_cache(maxsize=16_384)
def _asked(when: bytes) -> tuple[Callable[[list[Any]], bool], bool] | None:
    """A policy's condition, and whether it asks for the tenant; None where it cannot be read.

    Every route asks every policy, so that each is read once.
    """
    faults: list[Fault] = []
    parsed = parse_condition(msgspec.json.decode(when), "", faults)
    if parsed is None or faults:
        return None
    asks_tenant = False

    def locate(reference: Reference) -> tuple[int, tuple[str | int, ...]]:
        nonlocal asks_tenant
        if reference.name == "tenant":
            asks_tenant = True
            return _TENANT, reference.path
        return _ROUTE, reference.path

    return condition(parsed, locate), asks_tenant
