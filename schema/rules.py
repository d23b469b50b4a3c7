"""The ids of every rule that schema.json is checked by."""

_RANGES = (
    (101, 110), (201, 206), (301, 306), (310, 316), (320, 323), (330, 332), (401, 404),
    (501, 505), (601, 605), (701, 703),
)  # fmt: skip

_WARNINGS = ("W101", "W102", "W103", "W402")

RULE_IDS = (
    *(f"E{number}" for first, last in _RANGES for number in range(first, last + 1)),
    *_WARNINGS,
)
"""`E…` refuses the schema, `W…` warns: W101 capabilities that do not cover what is used, W102 a
section switched on whose feature is off, W103 a value that changes nothing,
W402 an unreachable step."""
