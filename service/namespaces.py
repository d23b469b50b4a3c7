"""Patterns of namespaces that a token is bound to: text in which `*` stands for anything."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

PATTERN = r"^[A-Za-z0-9._~@+*-]{1,128}\Z"


def malformed(patterns: Iterable[str]) -> list[str]:
    """Those that are no patterns."""
    return [each for each in patterns if re.match(PATTERN, each) is None]


def uncovered(asked: Iterable[str], held: tuple[str, ...] | None) -> list[str]:
    """The patterns that reach further than those held; `held` None reaches everywhere.

    A pattern covers another if it matches it as a text. That is sound because `*` is the only
    sign with a meaning (PATTERN): whatever replaces a `*` of the narrower pattern was matched by a
    `*` of the wider one.
    """
    if held is None:
        return []
    return [each for each in asked if not any(fnmatchcase(each, pattern) for pattern in held)]
