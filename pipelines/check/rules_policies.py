"""Policies: their conditions can be asked, and let somebody into every route."""

from collections.abc import Iterable, Iterator

from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.conditions import parse_condition
from pipelines.expressions import Fault
from pipelines.policies import name_faults, reachable
from schema.document import Document
from schema.nearest import nearest


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
        hint = f"its tags are {tags}; {_way_in(whole.document, analysis.route.tags)}"
        yield Fault(analysis.pipeline.pointer, message, hint)


def _way_in(document: Document, tags: Iterable[str]) -> str:
    """The tags by which policies let somebody in, as `tags` to write."""
    asked = (policy.when or {} for policy in document.auth.policies if policy.effect == "allow")
    operands = (condition.get("in") for condition in asked)
    named = dict.fromkeys(
        operand[0]
        for operand in operands
        if isinstance(operand, list) and operand[1:] == ["$route.tags"]
        if isinstance(operand[0], str)
    )
    for tag in tags:
        close = nearest(tag, named)
        if close is not None and close != tag:
            return f"did you mean {close}?"
    listed = ", ".join(f'"tags": ["{tag}"]' for tag in list(named)[:4] if tag not in set(tags))
    return f"policies let in {listed}" if listed else "add the policy that lets somebody in"


RULES = (readable_policies, known_policy_names)
"""The rules about the schema."""

ROUTE_RULES = (reachable_by_policy,)
"""The rules about one pipeline."""
