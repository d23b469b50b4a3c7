"""One field pattern: matched in full, in linear time, and understood before the first request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from schema.alphabet import Extent, UnreadablePattern, read

MAX_PATTERN = 1000
"""Characters a pattern may have."""

_REMEMBERED = 1024
_CONTROLS = ((1, 31), (127, 159))
_DANGEROUS = {"/": "`/`", "\\": "`\\`", "\0": "NUL"}


class PatternFault(ValueError):
    """The pattern cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. `extent` bounds what it matches, `longest` in characters included.

    `matches` tells whether a text matches in full.
    """

    source: str
    extent: Extent
    matches: Callable[[str], bool] = field(repr=False, compare=False)

    def holds(self, char: str) -> bool:
        """Whether a matching text may hold that character."""
        return self.extent.holds(ord(char))

    @property
    def bounded(self) -> bool:
        """Whether the pattern alone bounds the length of what it matches."""
        return self.extent.longest is not None

    def dangers(self) -> list[str]:
        """What a path segment must not be and this pattern lets through, in words."""
        found = [word for char, word in _DANGEROUS.items() if self.holds(char)]
        if any(self.extent.overlaps(low, high) for low, high in _CONTROLS):
            found.append("control characters")
        found += [f"the value `{dots}`" for dots in (".", "..") if self.matches(dots)]
        return found


def compile_pattern(source: str, max_length: int | None = None) -> Pattern:
    """Compile a pattern; `max_length` (characters) bounds it further. Raises PatternFault."""
    if len(source) > MAX_PATTERN:
        raise PatternFault(f"the pattern has more than {MAX_PATTERN} characters")
    matcher = compile_linear(source)
    try:
        extent = read(source)
    except UnreadablePattern as fault:
        raise PatternFault(str(fault)) from None
    if max_length is not None:
        known = extent.longest
        longest = max_length if known is None else min(known, max_length)
        extent = Extent(extent.alphabet, extent.shortest, longest)
    return Pattern(source, extent, _matching(matcher, extent.longest))


def compile_linear(source: str) -> Any:
    """A pattern as RE2 compiles it, to search and match with. Raises PatternFault."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        return re2.compile(source, options)
    except re2.error as fault:
        raise PatternFault(f"not a linear-time pattern: {_text(fault)}") from None
    except UnicodeEncodeError:
        raise PatternFault("the pattern holds a lone surrogate") from None


def _matching(matcher: Any, longest: int | None) -> Callable[[str], bool]:
    fullmatch = matcher.fullmatch

    @lru_cache(maxsize=_REMEMBERED)
    def remembered(text: str) -> bool:
        try:
            return fullmatch(text) is not None
        except UnicodeEncodeError:  # A lone surrogate is no text, so it matches nothing.
            return False

    forgotten = remembered.__wrapped__

    def matches(text: str) -> bool:
        if longest is not None and len(text) > longest:
            return False
        return remembered(text) if len(text) <= 256 else forgotten(text)

    return matches


def _text(fault: Exception) -> str:
    raw = fault.args[0] if fault.args else ""
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
