"""Policies: their conditions can be asked, and let somebody into every route."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.conditions import parse_condition
from pipelines.expressions import Fault
from pipelines.policies import name_faults, reachable


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
    yield from name_faults(whole.document)


@rule("E302")
def reachable_by_policy(analysis: Analysis) -> Iterator[Fault]:
    """Some policy allows each route to somebody."""
    whole = analysis.whole
    if analysis.route is None or not whole.policies_known:
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
