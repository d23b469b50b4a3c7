"""Did you mean: the known name that is nearest to one that is not known."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches

MOST_COMPARED = 100_000
"""Names that one check compares with others in search of a hint: a second's work."""

_left: ContextVar[list[int] | None] = ContextVar("names left to compare", default=None)


@contextmanager
def few_hints() -> Iterator[None]:
    """Within, MOST_COMPARED names are compared, and then nothing is near to anything: a schema of
    thousands of unknown names is refused without thousands of searches among thousands."""
    token = _left.set([MOST_COMPARED])
    try:
        yield
    finally:
        _left.reset(token)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar of `known`, or None when none is similar."""
    if _is_spent():
        return None
    candidates = list(known)
    left = _left.get()
    if left is not None:
        left[0] -= len(candidates)
    found = get_close_matches(name[:80], candidates, 1, 0.6)
    if not found:
        lower = {candidate.lower(): candidate for candidate in candidates}
        found = [lower[match] for match in get_close_matches(name[:80].lower(), lower, 1, 0.6)]
    return found[0] if found else None


def _is_spent() -> bool:
    left = _left.get()
    return left is not None and left[0] <= 0


def hint(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or what is known, or nothing when nothing is."""
    if _is_spent():
        return ""
    candidates = sorted(known)
    match = nearest(name, candidates)
    if match is not None:
        return f"did you mean `{match}`?"
    if not candidates:
        return ""
    more = ", …" if len(candidates) > 8 else ""
    return "known: " + ", ".join(candidates[:8]) + more


def short(value: object, limit: int = 80) -> str:
    """A value's text, cut to `limit` characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
