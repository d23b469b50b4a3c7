"""What a client declares about the bytes it sends, in the headers that RFCs and tools have."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/]*={0,2}):\s*(?:;[^,]*)?")
"""One member of an RFC 9530 dictionary: `sha-256=:base64:`, with or without parameters."""


class Malformed(ValueError):
    """What was declared is no digest; the message says where it stood."""


def declared_by(headers: Mapping[str, str]) -> dict[str, str]:
    """Header name → the SHA-256 it declares, as `sha256:<hex>`; other algorithms are left out.

    Raises Malformed.
    """
    found = {}
    for name, read in _HEADERS.items():
        value = headers.get(name)
        if value is not None:
            digest = read(name, value)
            if digest is not None:
                found[name] = digest
    return found


def expected_in(text: str) -> str:
    """The SHA-256 that `sha256:<hex>`, bare hex or an RFC 9530 value declares. Raises Malformed."""
    digits = text.strip().removeprefix("sha256:")
    if _HEX.fullmatch(digits):
        return f"sha256:{digits.lower()}"
    digest = _dictionary("expected", text)
    if digest is None:
        raise Malformed("expected names no sha-256 digest")
    return digest


def _dictionary(name: str, value: str) -> str | None:
    """RFC 9530: `sha-256=:base64:`, perhaps among others; the last of one name counts."""
    digest = None
    for member in value.split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            raise Malformed(f"{name} is no dictionary of digests (RFC 9530)")
        if match[1] == "sha-256":
            digest = _from_base64(name, match[2])
    return digest


def _instance_digests(name: str, value: str) -> str | None:
    """RFC 3230: `SHA-256=base64`, perhaps among others. All of one name must be the same."""
    digests = {_from_base64(name, text) for text in _sha256_texts(name, value)}
    if len(digests) > 1:
        raise Malformed(f"{name} names two different digests")
    return digests.pop() if digests else None


def _sha256_texts(name: str, value: str) -> Iterator[str]:
    for member in value.split(","):
        algorithm, equals, text = member.strip().partition("=")
        if not equals:
            raise Malformed(f"{name} is no list of digests (RFC 3230)")
        if algorithm.strip().lower() == "sha-256":
            yield text.strip()


def _hex_digits(name: str, value: str) -> str:
    digits = value.strip()
    if not _HEX.fullmatch(digits):
        raise Malformed(f"{name} is not 64 hexadecimal digits")
    return f"sha256:{digits.lower()}"


def _from_base64(name: str, text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Malformed(f"{name} is not base64") from None
    if len(raw) != 32:
        raise Malformed(f"{name} has {len(raw)} bytes, a sha-256 digest has 32")
    return f"sha256:{raw.hex()}"


_HEADERS = {
    "repr-digest": _dictionary,
    "content-digest": _dictionary,
    "digest": _instance_digests,
    "x-checksum-sha256": _hex_digits,
}
