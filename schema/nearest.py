"""Did you mean: the known name that is nearest to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar of `known`, or None when none is similar."""
    candidates = list(known)
    found = get_close_matches(name[:80], candidates, 1, 0.6)
    if not found:
        lower = {candidate.lower(): candidate for candidate in candidates}
        found = [lower[match] for match in get_close_matches(name[:80].lower(), lower, 1, 0.6)]
    return found[0] if found else None


def hint(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or what is known, or nothing when nothing is."""
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
