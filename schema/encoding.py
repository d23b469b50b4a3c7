"""JSON values as bytes that compare as the values do, and of which none begins another.

The order is null, false, true, numbers by value, text by code points, then arrays and objects by
their text. Because no encoding is a prefix of another, encodings can be joined, and inverting all
bytes of one reverses its order.
"""

import math
from fractions import Fraction
from typing import Any

import msgspec

NULL = b"\x01"
FALSE = b"\x02"
TRUE = b"\x03"
NUMBER = b"\x04"
TEXT = b"\x05"
VERSION = b"\x06"
COMPOUND = b"\x07"

_END = b"\x00\x01"
_INVERSE = bytes(255 - byte for byte in range(256))
_ZERO_LENGTH = 0x8000


def encode(value: Any) -> bytes:
    """A JSON value's bytes. Raises ValueError for NaN, infinities, numbers over 32 KiB."""
    if isinstance(value, str):
        return TEXT + escape(value.encode("utf-8", "surrogatepass")) + _END
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int | float):
        return NUMBER + _number(value)
    return COMPOUND + escape(msgspec.json.encode(value, order="deterministic")) + _END


def encode_version(sort_key: bytes) -> bytes:
    """A version's bytes, given its sort key."""
    return VERSION + escape(sort_key) + _END


def escape(raw: bytes) -> bytes:
    """The bytes with NUL written so that a terminator sorts below it."""
    return raw.replace(b"\x00", b"\x00\xff") if b"\x00" in raw else raw


def invert(encoded: bytes) -> bytes:
    """The same encoding in reverse order."""
    return encoded.translate(_INVERSE)


def _number(value: int | float) -> bytes:
    """The floor as length and magnitude, then the fraction in binary; exact for any double."""
    if isinstance(value, int):
        return _floor(value) + _END
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a JSON number")
    floor = math.floor(value)
    rest = Fraction(value) - floor
    # A double's fraction has a power of two as its denominator.
    size = (rest.denominator.bit_length() + 6) // 8
    digits = (rest.numerator * 256**size // rest.denominator).to_bytes(size, "big")
    return _floor(floor) + escape(digits.rstrip(b"\x00")) + _END


def _floor(value: int) -> bytes:
    magnitude = abs(value)
    size = (magnitude.bit_length() + 7) // 8
    if size >= _ZERO_LENGTH:
        raise ValueError("the number is too large to be ordered")
    raw = magnitude.to_bytes(size, "big")
    if value < 0:
        return (_ZERO_LENGTH - size).to_bytes(2, "big") + raw.translate(_INVERSE)
    return (_ZERO_LENGTH + size).to_bytes(2, "big") + raw
