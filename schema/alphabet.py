"""A static reading of a field pattern: which characters it can hold, how long it can be.

It reads the part of RE2's syntax that field patterns need and refuses the rest by name, so that an
answer is never wrong: the alphabet is a superset of the true one, the lengths are bounds.
"""

from dataclasses import dataclass

MAX_DEPTH = 32
LAST = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]
"""Code points as inclusive ranges, ascending and apart."""

_DIGIT: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "a": 7}


class UnreadablePattern(ValueError):
    """The pattern uses syntax that field patterns may not use; the text says which."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What matching texts look like: lengths in characters, `longest` None when unbounded."""

    alphabet: Ranges
    shortest: int
    longest: int | None

    def holds(self, code: int) -> bool:
        """Whether some matching text may hold that code point."""
        return any(low <= code <= high for low, high in self.alphabet)

    def overlaps(self, first: int, last: int) -> bool:
        """Whether some matching text may hold one of those code points."""
        return any(low <= last and high >= first for low, high in self.alphabet)


NOTHING = Extent((), 0, 0)


def merge(ranges: Ranges) -> Ranges:
    """The same code points, ascending and apart."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return tuple(out)


def complement(ranges: Ranges) -> Ranges:
    """Every other code point."""
    out: list[tuple[int, int]] = []
    start = 0
    for low, high in merge(ranges):
        if start < low:
            out.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        out.append((start, LAST))
    return tuple(out)


def read(pattern: str) -> Extent:
    """The extent of the texts that match `pattern` in full. Raises UnreadablePattern."""
    reader = _Reader(pattern)
    extent = reader.alternation(0)
    if reader.at < len(pattern):
        raise UnreadablePattern(f"unbalanced `)` at character {reader.at + 1}")
    return extent


def atoms(pattern: str) -> list[tuple[int, int, Ranges]]:
    """Where each atom of one character begins and ends in the pattern, and what it matches.

    Raises UnreadablePattern.
    """
    reader = _Atoms(pattern)
    reader.alternation(0)
    return reader.found


def _either(one: Extent, other: Extent) -> Extent:
    endless = one.longest is None or other.longest is None
    return Extent(
        merge(one.alphabet + other.alphabet),
        min(one.shortest, other.shortest),
        None if endless else max(one.longest or 0, other.longest or 0),
    )


def _then(one: Extent, other: Extent) -> Extent:
    endless = one.longest is None or other.longest is None
    return Extent(
        merge(one.alphabet + other.alphabet),
        one.shortest + other.shortest,
        None if endless else (one.longest or 0) + (other.longest or 0),
    )


def _repeat(one: Extent, least: int, most: int | None) -> Extent:
    if one.longest == 0 or most == 0:
        return NOTHING
    longest = None if one.longest is None or most is None else one.longest * most
    return Extent(one.alphabet, one.shortest * least, longest)


class _Reader:
    """Recursive descent over the pattern; `at` is the next character."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, literal: str) -> bool:
        if self.text.startswith(literal, self.at):
            self.at += len(literal)
            return True
        return False

    def alternation(self, depth: int) -> Extent:
        if depth > MAX_DEPTH:
            raise UnreadablePattern(f"groups nest deeper than {MAX_DEPTH}")
        extent = self.sequence(depth)
        while self.take("|"):
            extent = _either(extent, self.sequence(depth))
        return extent

    def sequence(self, depth: int) -> Extent:
        extent = NOTHING
        while self.peek() not in ("", "|", ")"):
            extent = _then(extent, self.quantified(depth))
        return extent

    def quantified(self, depth: int) -> Extent:
        extent = self.atom(depth)
        bounds = self.quantifier()
        if bounds is None:
            return extent
        self.take("?")
        return _repeat(extent, *bounds)

    def quantifier(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return bounds
        close = self.text.find("}", self.at)
        if self.peek() != "{" or close < 0:
            return None
        least, comma, most = self.text[self.at + 1 : close].partition(",")
        if not _is_number(least) or (most and not _is_number(most)):
            return None
        self.at = close + 1
        return int(least), int(most) if most else (None if comma else int(least))

    def atom(self, depth: int) -> Extent:
        char = self.peek()
        if char == "(":
            return self.group(depth)
        if char == "[":
            self.at += 1
            return Extent(self.char_class(), 1, 1)
        if char == "\\":
            if self.text[self.at + 1 : self.at + 2] in ("A", "z", "b", "B"):
                self.at += 2
                return NOTHING
            return Extent(self.escape(), 1, 1)
        self.at += 1
        if char in ("^", "$"):
            return NOTHING
        if char == ".":
            return Extent(complement(((10, 10),)), 1, 1)
        return Extent(((ord(char), ord(char)),), 1, 1)

    def group(self, depth: int) -> Extent:
        start = self.at
        self.at += 1
        if self.take("?"):
            named = self.take("P<") or (
                self.peek() == "<" and self.text[self.at + 1 : self.at + 2] not in ("=", "!")
                and self.take("<")
            )  # fmt: skip
            if named:
                self.at = self.text.find(">", self.at) + 1
            elif not self.take(":"):
                raise UnreadablePattern(
                    f"`{self.text[start : start + 4]}` at character {start + 1}: lookaround, "
                    "backreferences and flags are not part of field patterns"
                )
        extent = self.alternation(depth + 1)
        if not self.take(")"):
            raise UnreadablePattern(f"the `(` at character {start + 1} is not closed")
        return extent

    def escape(self) -> Ranges:
        char = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        for letter, ranges in (("d", _DIGIT), ("w", _WORD), ("s", _SPACE)):
            if char == letter:
                return ranges
            if char == letter.upper():
                return complement(ranges)
        if char in _CONTROLS:
            return ((_CONTROLS[char], _CONTROLS[char]),)
        if char == "x":
            return self.hexadecimal()
        if not char or char.isalnum() or ord(char) > 126:
            raise UnreadablePattern(f"`\\{char}` is not part of field patterns: write it out")
        return ((ord(char), ord(char)),)

    def hexadecimal(self) -> Ranges:
        if self.take("{"):
            close = self.text.find("}", self.at)
            digits, self.at = self.text[self.at : max(close, 0)], close + 1
        else:
            digits = self.text[self.at : self.at + 2]
            self.at += 2
        try:
            code = int(digits, 16)
        except ValueError:
            raise UnreadablePattern(f"`\\x{digits}` is not a code point") from None
        if not 0 <= code <= LAST:
            raise UnreadablePattern(f"`\\x{digits}` is not a code point")
        return ((code, code),)

    def char_class(self) -> Ranges:
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self.peek() != "]":
            first = False
            if not self.peek():
                raise UnreadablePattern("a `[` is not closed")
            if self.text.startswith("[:", self.at):
                raise UnreadablePattern("`[:…:]` is not part of field patterns: write it out")
            low = self.member()
            dash = self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", "")
            if dash and len(low) == 1 and low[0][0] == low[0][1]:
                self.at += 1
                ranges.append((low[0][0], self.member()[-1][1]))
            else:
                ranges.extend(low)
        self.at += 1
        return complement(tuple(ranges)) if negated else merge(tuple(ranges))

    def member(self) -> Ranges:
        if self.peek() == "\\":
            return self.escape()
        if not self.peek():
            raise UnreadablePattern("a `[` is not closed")
        code = ord(self.peek())
        self.at += 1
        return ((code, code),)


class _Atoms(_Reader):
    """Keeps the atoms that it meets."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.found: list[tuple[int, int, Ranges]] = []

    def atom(self, depth: int) -> Extent:
        start, single = self.at, self.peek() != "("
        extent = super().atom(depth)
        if single and extent is not NOTHING:
            self.found.append((start, self.at, extent.alphabet))
        return extent


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
