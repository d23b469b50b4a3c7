"""Whether every text that one pattern takes is taken by another, with a text that is not.

The answer is proved by walking both automata side by side. Where one is too large for that, texts
of the old pattern are drawn and put to the new one, and the answer says so.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pipelines.diff.automata import (
    ANYTHING,
    Automaton,
    Chars,
    Choice,
    Repeat,
    Sequence,
    Tree,
    tree,
    unanchored,
)
from schema.alphabet import Ranges, UnreadablePattern
from schema.patterns import PatternFault, compile_linear

MOST_WALKED = 1_000_000
"""States that are walked before texts are drawn instead; about a second."""

DRAWN = 500
"""Texts that are drawn where a proof would take too long."""

_READABLE = "a0A-_. b1B/:+~"


@dataclass(frozen=True, slots=True)
class Language:
    """The texts of a pattern that are not longer than `longest` characters."""

    tree: Tree
    longest: int | None


@dataclass(frozen=True, slots=True)
class Lost:
    """A text that was taken and is not any more; None when none is known.

    `proved` says that the answer was proved and not drawn.
    """

    text: str | None
    proved: bool


def language(pattern: str, longest: int | None = None, *, search: bool = False) -> Language:
    """The texts that match in full; with `search`, that hold a match. Raises UnreadablePattern."""
    return Language(unanchored(tree(pattern), search=search), longest)


def lost(old: Language, new: Language) -> Lost:
    """A text of the old language that the new one does not have."""
    if old.tree == new.tree and old.longest == new.longest:
        return Lost(None, True)
    try:
        return _walked(old, new)
    except UnreadablePattern:
        return _drawn(old, new)


def _walked(old: Language, new: Language) -> Lost:
    """Shortest texts first. Raises UnreadablePattern where there is too much to walk."""
    ours, theirs = Automaton(old.tree), Automaton(new.tree)
    letters = _letters(ours.alphabets | theirs.alphabets)
    begin = (ours.start, theirs.start)
    seen, walked = {begin}, 0
    waiting = deque([(begin, "")])
    while waiting:
        (mine, their), text = waiting.popleft()
        if ours.final in mine and theirs.final not in their:
            return Lost(text, True)
        if old.longest is not None and len(text) >= old.longest:
            continue
        for letter, sets in letters:
            following = ours.step(mine, sets.__contains__)
            pair = (following, theirs.step(their, sets.__contains__))
            walked += len(mine) + len(their)
            if walked > MOST_WALKED:
                raise UnreadablePattern("the patterns are too large to be compared")
            if following and pair not in seen:
                seen.add(pair)
                waiting.append((pair, text + letter))
    return Lost(_too_long(ours, old.longest, new.longest), True)


def _too_long(ours: Automaton, old: int | None, new: int | None) -> str | None:
    """A text of the language that is longer than the new bound, and not than the old one."""
    if new is None:
        return None
    letters = _letters(ours.alphabets)
    reached = {ours.start: ""}
    bound = new + 1000 if old is None else old
    for length in range(bound + 1):
        if length > new:
            for states, text in reached.items():
                if ours.final in states:
                    return text
        following: dict[frozenset[int], str] = {}
        for states, text in reached.items():
            for letter, sets in letters:
                states_after = ours.step(states, sets.__contains__)
                if states_after and len(following) < 1000:
                    following.setdefault(states_after, text + letter)
        reached = following
    return None


def _letters(alphabets: frozenset[Ranges]) -> list[tuple[str, frozenset[Ranges]]]:
    """One character of each kind that the sets tell apart, with the sets that hold it."""
    cuts = {0}
    for ranges in alphabets:
        for low, high in ranges:
            cuts |= {low, high + 1}
    found: dict[frozenset[Ranges], str] = {}
    readable = [ord(letter) for letter in _READABLE]
    for code in [*readable, *sorted(cuts)]:
        sets = frozenset(ranges for ranges in alphabets if _holds(ranges, code))
        if sets and _holds(ANYTHING, code):
            found.setdefault(sets, chr(code))
    return [(letter, sets) for sets, letter in found.items()]


def _holds(ranges: Ranges, code: int) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _drawn(old: Language, new: Language) -> Lost:
    ours, theirs = _matcher(old), _matcher(new)
    if ours is not None and theirs is not None:
        for text in samples(old, DRAWN):
            if ours(text) and not theirs(text):
                return Lost(text, False)
    return Lost(None, False)


def samples(of: Language, count: int) -> list[str]:
    """Some texts of a language, the same each time; `count` are drawn."""
    random = Random(1)
    texts = (_text(of.tree, random) for _ in range(count))
    return sorted({text for text in texts if of.longest is None or len(text) <= of.longest})


def _text(part: Tree, random: Random) -> str:
    match part:
        case Chars(ranges):
            low, high = random.choice(ranges or ANYTHING)
            return chr(random.randint(low, min(high, max(low, 0x7E))))
        case Sequence(parts):
            return "".join(_text(each, random) for each in parts)
        case Choice(options):
            return _text(random.choice(options), random)
        case Repeat(inner, least, most):
            bound = least + 8 if most is None else most
            near = min(bound, least + 8)
            count = random.choice([least, near, random.randint(least, near), bound])
            return "".join(_text(inner, random) for _ in range(count))
    return ""


def _matcher(of: Language) -> Callable[[str], bool] | None:
    """What tells whether a text is of the language; None where that is not possible either."""
    try:
        matches = compile_linear(_written(of.tree)).fullmatch
    except PatternFault:
        return None
    longest = of.longest
    return lambda text: (longest is None or len(text) <= longest) and matches(text) is not None


def _written(part: Tree) -> str:
    match part:
        case Chars(ranges):
            return f"[{''.join(f'{_code(low)}-{_code(high)}' for low, high in ranges)}]"
        case Sequence(parts):
            return "".join(_written(each) for each in parts)
        case Choice(options):
            return f"(?:{'|'.join(_written(option) for option in options)})"
        case Repeat(inner, least, most):
            return f"(?:{_written(inner)}){{{least},{'' if most is None else most}}}"
    return ""


def _code(code: int) -> str:
    return rf"\x{{{code:x}}}"
