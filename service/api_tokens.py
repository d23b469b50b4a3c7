"""What an API token looks like: `larder_`, its id, its secret, a checksum.

Scanners can find a leaked one by its prefix; the checksum lets mistyped and made-up ones be
refused without a look into the database.
"""

import hashlib
import re
import secrets
import string
import zlib
from typing import NamedTuple

PREFIX = "larder_"
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH = 12
SECRET_LENGTH = 43  # 43 base62 digits hold 256 bits
CHECK_LENGTH = 6
LONGEST_SECONDS = 10 * 366 * 86400
"""How long a token may live that expires at all: ten years."""

SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{ID_LENGTH + SECRET_LENGTH + CHECK_LENGTH}}}", re.ASCII)


class Minted(NamedTuple):
    """A new token: `text` is shown once; `id`, `prefix` and `digest` are kept."""

    id: str
    text: str
    prefix: str
    digest: str


def mint() -> Minted:
    """A new token of 256 random bits."""
    token_id = _random(ID_LENGTH)
    body = PREFIX + token_id + _random(SECRET_LENGTH)
    text = body + checksum(body)
    return Minted(token_id, text, PREFIX + token_id, digest(text))


def digest(text: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def token_id(text: str) -> str | None:
    """The id within a well-formed token; None for anything else."""
    if not SHAPE.fullmatch(text):
        return None
    body, check = text[:-CHECK_LENGTH], text[-CHECK_LENGTH:]
    if check != checksum(body):
        return None
    return body[len(PREFIX) : len(PREFIX) + ID_LENGTH]


def checksum(body: str) -> str:
    """What stands behind the rest of a token: its CRC-32 in base62."""
    rest = zlib.crc32(body.encode("ascii"))
    digits = []
    for _ in range(CHECK_LENGTH):
        rest, digit = divmod(rest, len(DIGITS))
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))


def _random(length: int) -> str:
    return "".join(secrets.choice(DIGITS) for _ in range(length))
