"""The ids of every rule that schema.json is checked by."""

from errors.rulebook.book import RULEBOOK

RULE_IDS = tuple(RULEBOOK)
"""Those of the rulebook, which RULES.md is printed from: `E…` refuses the schema, `W…` warns."""
