"""Patterns as automata, so that the languages of two can be compared.

A pattern is read into a tree, the tree becomes a nondeterministic automaton (Thompson 1968), and
two automata are walked side by side, each as the states it may be in (Rabin and Scott 1959).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from schema.alphabet import LAST, Ranges, UnreadablePattern, atoms

MOST_STATES = 20_000
"""States of one automaton; a pattern that needs more is not compared."""

ANYTHING: Ranges = ((0, 0xD7FF), (0xE000, LAST))
"""Every code point that a text may hold."""

_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of these."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these."""

    options: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same again and again, `most` None without a bound."""

    part: "Tree"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """`^`, `$` and their like: a place, no character."""

    sign: str


Tree = Chars | Sequence | Choice | Repeat | Anchor


def tree(pattern: str) -> Tree:
    """The tree of a pattern. Raises UnreadablePattern."""
    found = {start: (end, ranges) for start, end, ranges in atoms(pattern)}
    reader = _Reader(pattern, found)
    made = reader.choice()
    if reader.at < len(pattern):
        raise UnreadablePattern(f"unbalanced `)` at character {reader.at + 1}")
    return made


def unanchored(pattern: Tree, *, search: bool) -> Tree:
    """The tree without `^` at its start and `$` at its end, which mean nothing in a full match.

    With `search`, where they are missing any text may stand instead. Raises UnreadablePattern for
    other anchors.
    """
    parts = list(pattern.parts) if isinstance(pattern, Sequence) else [pattern]
    around = Repeat(Chars(ANYTHING), 0, None)
    starts = bool(parts) and isinstance(parts[0], Anchor) and parts[0].sign in ("^", r"\A")
    parts = parts[1:] if starts else parts
    ends = bool(parts) and isinstance(parts[-1], Anchor) and parts[-1].sign in ("$", r"\z")
    parts = parts[:-1] if ends else parts
    made: list[Tree] = [*parts]
    if search:
        made = [*([] if starts else [around]), *parts, *([] if ends else [around])]
    if any(_anchors(part) for part in made):
        raise UnreadablePattern("an anchor stands inside")
    return Sequence(tuple(made))


def _anchors(part: Tree) -> bool:
    match part:
        case Anchor():
            return True
        case Sequence(parts) | Choice(parts):
            return any(map(_anchors, parts))
        case Repeat(inner):
            return _anchors(inner)
        case _:
            return False


class _Reader:
    """The operators between the atoms, which `schema/alphabet.py` has found."""

    def __init__(self, pattern: str, found: dict[int, tuple[int, Ranges]]) -> None:
        self.text = pattern
        self.found = found
        self.at = 0

    def choice(self) -> Tree:
        options = [self.sequence()]
        while self.text.startswith("|", self.at):
            self.at += 1
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Tree:
        parts: list[Tree] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.quantified())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def quantified(self) -> Tree:
        part = self.part()
        bounds = self.quantifier()
        if bounds is None:
            return part
        if self.text.startswith("?", self.at):  # As few as possible: the same language.
            self.at += 1
        return Repeat(part, *bounds)

    def quantifier(self) -> tuple[int, int | None] | None:
        sign = self.text[self.at : self.at + 1]
        if self.at in self.found or sign not in (*_REPEATS, "{"):
            return None
        if sign in _REPEATS:
            self.at += 1
            return _REPEATS[sign]
        close = self.text.index("}", self.at)
        least, comma, most = self.text[self.at + 1 : close].partition(",")
        self.at = close + 1
        return int(least), int(most) if most else (None if comma else int(least))

    def part(self) -> Tree:
        if self.at in self.found:
            self.at, ranges = self.found[self.at]
            return Chars(ranges)
        if self.text.startswith("(", self.at):
            return self.group()
        length = 2 if self.text.startswith("\\", self.at) else 1
        sign = self.text[self.at : self.at + length]
        self.at += length
        return Anchor(sign)

    def group(self) -> Tree:
        self.at += 1
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self.text.startswith("?", self.at):
            self.at = self.text.index(">", self.at) + 1
        inner = self.choice()
        self.at += 1
        return inner


@dataclass(slots=True)
class _States:
    """States under construction: where each leads by a character, and for free."""

    moves: list[list[tuple[Ranges, int]]] = field(default_factory=list)
    free: list[list[int]] = field(default_factory=list)

    def new(self) -> int:
        if len(self.moves) >= MOST_STATES:
            raise UnreadablePattern("the pattern is too large to be compared")
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def add(self, part: Tree, start: int) -> int:
        """The state that is reached from `start` by a text of `part`."""
        match part:
            case Chars(ranges):
                end = self.new()
                self.moves[start].append((ranges, end))
                return end
            case Sequence(parts):
                for each in parts:
                    start = self.add(each, start)
                return start
            case Choice(options):
                end = self.new()
                for option in options:
                    self.free[self.add(option, self._apart(start))].append(end)
                return end
            case Repeat(inner, least, most):
                return self._repeat(inner, least, most, start)
        raise UnreadablePattern("an anchor stands inside")

    def _apart(self, start: int) -> int:
        begin = self.new()
        self.free[start].append(begin)
        return begin

    def _repeat(self, inner: Tree, least: int, most: int | None, start: int) -> int:
        for _ in range(least):
            start = self.add(inner, start)
        end = self.new()
        if most is None:
            loop = self._apart(start)
            self.free[self.add(inner, loop)].append(loop)
            self.free[loop].append(end)
            return end
        self.free[start].append(end)
        for _ in range(most - least):
            start = self.add(inner, self._apart(start))
            self.free[start].append(end)
        return end


class Automaton:
    """The automaton of a tree without anchors. Raises UnreadablePattern for one too large."""

    def __init__(self, pattern: Tree) -> None:
        states = _States()
        start = states.new()
        self.final = states.add(pattern, start)
        self._moves, self._free = states.moves, states.free
        self.start = self._closed({start})

    @cached_property
    def alphabets(self) -> frozenset[Ranges]:
        """The sets of characters that it tells apart."""
        return frozenset(ranges for moves in self._moves for ranges, _ in moves)

    def step(self, states: frozenset[int], holds: Callable[[Ranges], bool]) -> frozenset[int]:
        """Where a character leads that is in the sets that `holds` says."""
        return self._closed(
            {end for state in states for ranges, end in self._moves[state] if holds(ranges)}
        )

    def _closed(self, states: set[int]) -> frozenset[int]:
        waiting = list(states)
        while waiting:
            for each in self._free[waiting.pop()]:
                if each not in states:
                    states.add(each)
                    waiting.append(each)
        return frozenset(states)
