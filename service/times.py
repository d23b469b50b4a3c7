"""Times as clients read them."""

from datetime import UTC, datetime


def iso_seconds(seconds: int | None) -> str | None:
    """Seconds since 1970 as `2026-01-31T12:00:00Z`; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
