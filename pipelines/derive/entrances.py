"""Who gets into a route: what auth.require_scopes and the policies ask for together."""

from collections.abc import Iterable

from pipelines.check.analysis import Analysis
from pipelines.policies import Rule, admission

Way = frozenset[str]

_MOST = 4096
"""Combinations of scopes that are looked at."""


def entrances(analysis: Analysis) -> tuple[Way, ...]:
    """The smallest sets of scopes of which each lets in; none when nobody can enter.

    A policy that asks for a tenant counts as one that may hold. Where there are too many
    combinations, the steps' own requirements are told alone.
    """
    found = _required(analysis)
    route = analysis.route
    if route is None:
        return found
    policies = admission(route, analysis.whole.document)
    allowed = tuple(way for rule in policies.allow for way in _ways(rule.scopes, rule.every))
    both = _both(found, allowed)
    denied = [rule for rule in policies.deny if rule.holds is None]
    return tuple(way for way in both if not any(_denies(rule, way) for rule in denied))


def _required(analysis: Analysis) -> tuple[Way, ...]:
    """What the steps without a guard ask for."""
    found: tuple[Way, ...] = (frozenset(),)
    for step in analysis.pipeline.steps:
        if step.operation.name == "auth.require_scopes" and step.when is None:
            every = step.static.get("mode") == "all"
            found = _both(found, _ways(frozenset(step.static["scopes"]), every))
    return found


def _ways(scopes: Way, every: bool) -> tuple[Way, ...]:
    return (scopes,) if every else tuple(frozenset({scope}) for scope in sorted(scopes))


def _both(ones: tuple[Way, ...], others: tuple[Way, ...]) -> tuple[Way, ...]:
    if len(ones) * len(others) > _MOST:
        return ones
    return _smallest(one | other for one in ones for other in others)


def _smallest(ways: Iterable[Way]) -> tuple[Way, ...]:
    kept: list[Way] = []
    for way in sorted(set(ways), key=lambda way: (len(way), sorted(way))):
        if not any(one <= way for one in kept):
            kept.append(way)
    return tuple(kept)


def _denies(rule: Rule, way: Way) -> bool:
    return not rule.scopes or rule.satisfied(way)
