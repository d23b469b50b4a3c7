"""Policies: their conditions can be asked, and let somebody into every route."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.conditions import parse_condition
from pipelines.expressions import Fault
from pipelines.leaves import condition_leaves
from pipelines.nodes import Constant, Reference
from pipelines.policies import reachable

_KNOWN = {
    ("route", ("id",)): "$route.id",
    ("route", ("method",)): "$route.method",
    ("route", ("tags",)): "$route.tags",
    ("tenant", ()): "$tenant",
}
_HINT = f"a policy may speak of {', '.join(_KNOWN.values())}"


@rule("E206")
def readable_policies(whole: Whole) -> Iterator[Fault]:
    """Every policy's `when` is a condition of the language."""
    for position, policy in enumerate(whole.document.auth.policies):
        if policy.when is not None:
            faults: list[Fault] = []
            parse_condition(policy.when, f"/auth/policies/{position}/when", faults)
            yield from faults


@rule("E201")
def known_policy_names(whole: Whole) -> Iterator[Fault]:
    """A policy speaks only of the route and the tenant, by whole values."""
    for position, policy in enumerate(whole.document.auth.policies):
        if policy.when is None:
            continue
        condition = parse_condition(policy.when, f"/auth/policies/{position}/when", [])
        for pointer, leaf in condition_leaves(condition) if condition is not None else ():
            if isinstance(leaf, Reference):
                if (leaf.name, leaf.path) not in _KNOWN or leaf.slice is not None:
                    yield Fault(pointer, f"a policy knows no {leaf}", _HINT)
            elif not isinstance(leaf, Constant):
                yield Fault(pointer, "a policy puts no texts together", _HINT)


@rule("E302")
def reachable_by_policy(analysis: Analysis) -> Iterator[Fault]:
    """Some policy allows each route to somebody."""
    whole = analysis.whole
    if analysis.route is None or any(known_policy_names.check(whole)):
        return
    if not reachable(analysis.route, whole.document):
        message = f"no policy ever allows the route {analysis.route.id}"
        tags = ", ".join(analysis.route.tags) or "none"
        hint = f"its tags are {tags}; add the tag or the policy that lets somebody in"
        yield Fault(analysis.pipeline.pointer, message, hint)


RULES = (readable_policies, known_policy_names)
"""The rules about the schema."""

ROUTE_RULES = (reachable_by_policy,)
"""The rules about one pipeline."""
