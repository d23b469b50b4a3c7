"""All rules about pipelines, and the run of them: one small generator a rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from errors.finding import Severity
from operations.operation import Operation
from pipelines.check import (
    rules_access,
    rules_bounds,
    rules_bytes,
    rules_caches,
    rules_checks,
    rules_collection,
    rules_cost,
    rules_features,
    rules_keys,
    rules_names,
    rules_policies,
    rules_replays,
    rules_replication,
    rules_replies,
    rules_routes,
    rules_rows,
    rules_statuses,
    rules_streams,
    rules_transactions,
    rules_types,
    rules_written,
)
from pipelines.check.analysis import Analysis, Rule, Whole
from pipelines.expressions import Fault
from schema.document import Document

PIPELINE_RULES: tuple[Rule[Analysis], ...] = (
    *rules_written.RULES,
    *rules_names.RULES,
    *rules_types.RULES,
    *rules_access.RULES,
    *rules_policies.ROUTE_RULES,
    *rules_transactions.RULES,
    *rules_rows.RULES,
    *rules_features.RULES,
    *rules_bytes.RULES,
    *rules_streams.RULES,
    *rules_caches.RULES,
    *rules_replays.RULES,
    *rules_replies.RULES,
    *rules_statuses.RULES,
    *rules_keys.RULES,
    *rules_bounds.RULES,
    *rules_replication.RULES,
    *rules_routes.RULES,
    *rules_cost.RULES,
)
SCHEMA_RULES: tuple[Rule[Whole], ...] = (
    *rules_written.SCHEMA_RULES,
    *rules_policies.RULES,
    *rules_checks.RULES,
    *rules_replays.SCHEMA_RULES,
    *rules_statuses.SCHEMA_RULES,
    *rules_bounds.SCHEMA_RULES,
    *rules_replication.SCHEMA_RULES,
    *rules_collection.SCHEMA_RULES,
    *rules_features.SCHEMA_RULES,
    *rules_cost.SCHEMA_RULES,
)

RULES: tuple[Rule[Any], ...] = (*PIPELINE_RULES, *SCHEMA_RULES)
LOWERABLE = frozenset(rule.id for rule in RULES if rule.lowerable)


def analyse(document: Document, vocabulary: Mapping[str, Operation]) -> Whole:
    """The schema as the rules see it, and its pipelines parsed."""
    return Whole(document, vocabulary, LOWERABLE)


def check(
    whole: Whole, rules: Sequence[Rule[Any]] = RULES
) -> Iterator[tuple[str, Severity, Fault]]:
    """Everything that breaks one of `rules`, with the rule's id and what breaking it means."""
    usual = {rule.id: rule.severity for rule in RULES}
    weights = rules_checks.severities(whole.document, usual, LOWERABLE)
    pipeline_rules = [rule for rule in rules if rule in PIPELINE_RULES]
    for analysis in whole.pipelines:
        for rule in pipeline_rules:
            for fault in rule.check(analysis):
                yield rule.id, weights[rule.id], fault
        analysis.forget()
    for rule in rules:
        if rule not in PIPELINE_RULES:
            for fault in rule.check(whole):
                yield rule.id, weights[rule.id], fault
