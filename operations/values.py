"""JSON values as bytes and as what they are to each other: shared by the families."""

import re
from typing import Any

import msgspec

encode = msgspec.json.Encoder(order="deterministic").encode
"""Compact JSON with sorted keys: equal values have equal bytes."""

decode = msgspec.json.Decoder().decode

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(value: object) -> bool:
    """Whether a value is a digest in its one canonical form."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def same(one: Any, other: Any) -> bool:
    """JSON equality: `true` is not `1`, `1` equals `1.0`, the order of keys means nothing."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(value, other[key]) for key, value in one.items())
        )
    if isinstance(one, list | tuple):
        return (
            isinstance(other, list | tuple)
            and len(one) == len(other)
            and all(same(a, b) for a, b in zip(one, other, strict=True))
        )
    return bool(one == other)
