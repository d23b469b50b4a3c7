"""JSON values as bytes, and what is a digest among them: shared by the families."""

import re

import msgspec

encode = msgspec.json.Encoder(order="deterministic").encode
"""Compact JSON with sorted keys: equal values have equal bytes."""

decode = msgspec.json.Decoder().decode

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(value: object) -> bool:
    """Whether a value is a digest in its one canonical form."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None
