"""Conditional requests and ranges (RFC 9110, sections 8, 13 and 14), as pure functions.

A request for several ranges is answered with the whole, which RFC 9110 lets a server do.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from typing import Literal, NamedTuple

_TAG = re.compile(r'[ \t]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|\Z)')
_RANGE = re.compile(r"(?i:bytes)=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*")


class Validators(NamedTuple):
    """What tells one state of a thing from another; `modified_at` in seconds since the epoch."""

    etag: str | None
    modified_at: float | None


class Span(NamedTuple):
    """Bytes from `start` up to `stop`."""

    start: int
    stop: int


CONDITIONS = frozenset(
    {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"}
)
"""The request headers that `judge` and `wanted_span` look at."""

Verdict = Literal["go on", "not modified", "failed"]


def judge(headers: Mapping[str, str], now: Validators) -> Verdict:
    """What a GET's or HEAD's conditions make of it, in the order of RFC 9110 section 13.2.2."""
    if (wanted := headers.get("if-match")) is not None:
        if not _matches(wanted, now.etag, weak=False):
            return "failed"
    elif (wanted := headers.get("if-unmodified-since")) is not None:
        since = parse_date(wanted)
        if since is not None and now.modified_at is not None and int(now.modified_at) > since:
            return "failed"
    if (wanted := headers.get("if-none-match")) is not None:
        return "not modified" if _matches(wanted, now.etag, weak=True) else "go on"
    if (wanted := headers.get("if-modified-since")) is not None:
        since = parse_date(wanted)
        if since is not None and now.modified_at is not None and int(now.modified_at) <= since:
            return "not modified"
    return "go on"


def wanted_span(headers: Mapping[str, str], now: Validators, size: int) -> Span | None:
    """The part that the request asks for; None for all of it.

    A range that was not understood, or whose If-Range does not hold, counts for nothing. Raises
    ValueError when the range lies outside the `size` bytes.
    """
    written = headers.get("range")
    found = _RANGE.fullmatch(written) if written is not None else None
    if found is None or (not found[1] and not found[2]) or not _range_holds(headers, now):
        return None
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        stop = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size or start >= stop:
        raise ValueError("the range lies outside the bytes")
    return Span(start, stop)


def entity_tags(written: str) -> list[str] | None:
    """The entity tags in a list; None when it is no such list. Commas may stand in a tag."""
    tags = []
    at = 0
    while at < len(written):
        if written[at] in ", \t":
            at += 1
            continue
        found = _TAG.match(written, at)
        if found is None:
            return None
        tags.append(found[1])
        at = found.end()
    return tags


@lru_cache(maxsize=1024)
def format_date(seconds: int) -> str:
    """Seconds since the epoch as an HTTP date."""
    return formatdate(seconds, usegmt=True)


def parse_date(written: str) -> float | None:
    """An HTTP date as seconds since the epoch; None for anything else."""
    try:
        parsed = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return parsed.timestamp()


def _matches(wanted: str, etag: str | None, *, weak: bool) -> bool:
    if wanted.strip() == "*":
        return True
    tags = entity_tags(wanted)
    if tags is None or etag is None:
        return False
    if weak:
        return etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in tags]
    return not etag.startswith("W/") and etag in tags


def _range_holds(headers: Mapping[str, str], now: Validators) -> bool:
    wanted = headers.get("if-range")
    if wanted is None:
        return True
    if wanted.startswith(('"', "W/")):
        return now.etag is not None and not now.etag.startswith("W/") and wanted == now.etag
    since = parse_date(wanted)
    return since is not None and now.modified_at is not None and int(now.modified_at) == since
