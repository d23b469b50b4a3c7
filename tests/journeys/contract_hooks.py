"""What Schemathesis cannot know of a request while it makes one up; it imports this by name."""

from typing import Any

import schemathesis

DIGESTS = frozenset({"content-digest", "digest", "repr-digest", "x-checksum-sha256"})


@schemathesis.hook
def map_headers(_context: Any, headers: Any) -> Any:
    """No declared digests: they would be those of other bytes, and nothing would be published."""
    if not isinstance(headers, dict):
        return headers
    return {name: value for name, value in headers.items() if name.lower() not in DIGESTS}
