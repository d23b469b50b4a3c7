"""Where everything stands in the text of schema.json."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from errors.finding import Finding, Severity
from schema.nearest import short
from schema.pointers import index_of, steps

MOST_TOLD = 1000
"""Characters of a finding's message, hint and path each."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    """Shared: most values have no members."""
    return _NOTHING


@dataclass(slots=True)
class Place:
    """Where a value begins (in characters from 0), where its keys do, and its children's places."""

    start: int
    keys: Mapping[str, int] = field(default_factory=_nothing)
    members: Mapping[str, "Place"] = field(default_factory=_nothing)
    items: Sequence["Place"] = ()


class Places:
    """Finds line and column of a JSON Pointer, and makes findings that carry them.

    `root` is asked for the first time that a place is: most schemas have no finding.
    """

    def __init__(self, file: str, text: str, root: Callable[[], Place]) -> None:
        self.file = file
        self._text = text
        self._read = root

    @cached_property
    def _root(self) -> Place:
        return self._read()

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins."""
        return [0, *(found.end() for found in re.finditer("\n", self._text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character counted from 0."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def of(self, pointer: str, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a value, or of its key.

        A pointer to nothing is where the last thing on its way stands.
        """
        place, start = self._root, self._root.start
        for step in steps(pointer):
            position = index_of(step, len(place.items))
            if step in place.members:
                start = place.keys[step] if key else place.members[step].start
                place = place.members[step]
            elif position is not None:
                place = place.items[position]
                start = place.start
            else:
                break
        return self.at(start)

    def finding(
        self,
        rule: str,
        pointer: str,
        message: str,
        hint: str = "",
        *,
        severity: Severity = "error",
        key: bool = False,
        path: str = "",
    ) -> Finding:
        """A finding at a pointer (at its key with `key`); what it quotes of the schema is cut."""
        line, column = self.of(pointer, key=key)
        told, remedy, way = (short(text, MOST_TOLD) for text in (message, hint, path))
        return Finding(self.file, line, column, rule, pointer, severity, told, remedy, way)
