"""All that can be said of schema.json without looking into its pipelines."""

from collections.abc import Iterator

from errors.finding import Finding
from schema import bounds, consistency, duplicates, references
from schema.document import Document
from schema.places import Places

RULES = (*duplicates.RULES, *references.RULES, *bounds.RULES, *consistency.RULES)
"""Every rule outside pipelines and invariants: (document, places) to findings."""


def findings(document: Document, places: Places) -> Iterator[Finding]:
    """Everything the rules find, rule by rule."""
    for rule in RULES:
        yield from rule(document, places)
