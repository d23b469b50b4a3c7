"""Passwords become hashes here, and nowhere else.

A stored hash is `v1` and what bcrypt makes of the password's HMAC-SHA-256 in base64: 44 bytes
whatever the password's length, so nothing is cut at bcrypt's 72 bytes and NUL is a byte like any
other. The HMAC's key sets these digests apart from SHA-256 lists that leak elsewhere.
"""

import base64
import hashlib
import hmac
import unicodedata
from functools import partial

import bcrypt

from config_db.threads import BoundedThreads
from errors.problem import Refusal, problem

SCHEME = "v1"
MIN_LENGTH = 8
MAX_LENGTH = 1024
KEY = b"larder password v1"


def check_new_password(password: str, where: str = "/password") -> None:
    """Raises Refusal VALIDATION_ERROR when a password may not be set; lengths are characters."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _invalid(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters", where)
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise _invalid("half a surrogate pair is no character", where)


def hash_password(password: str, cost: int) -> str:
    """What to store; takes about 0.25 s at a cost of 12."""
    return f"{SCHEME}{bcrypt.hashpw(_condensed(password), bcrypt.gensalt(cost)).decode('ascii')}"


def matches(password: str, stored: str) -> bool:
    """Whether the password is the one that was stored. ValueError for an unknown scheme."""
    if not stored.startswith(SCHEME + "$"):
        raise ValueError("a stored password hash is of a scheme that this version does not know")
    return bcrypt.checkpw(_condensed(password), stored.removeprefix(SCHEME).encode("ascii"))


class Passwords:
    """Hashes and compares in two threads, so that logins cannot take the processor away from
    everything else. Raises Refusal OVERLOADED when too many wait."""

    def __init__(self, cost: int = 12, threads: int = 2, waiting: int = 64) -> None:
        self._cost = cost
        self._threads = BoundedThreads("password checks", threads, waiting)
        self._nobody = hash_password("nobody has this password", cost)

    async def hash(self, password: str) -> str:
        """What to store for a password."""
        return await self._threads.run(partial(hash_password, password, self._cost))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether it is the stored one; None (no such user) takes as long and is false."""
        right = await self._threads.run(partial(matches, password, stored or self._nobody))
        return right and stored is not None

    def close(self) -> None:
        """Finish what runs and end the threads."""
        self._threads.close()


def _condensed(password: str) -> bytes:
    # NFKC: the same password typed on another system may arrive composed differently.
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(KEY, text, hashlib.sha256))


def _invalid(message: str, where: str) -> Refusal:
    failures = [{"where": where, "message": message}]
    return Refusal(problem("VALIDATION_ERROR", message, where=where, failures=failures))
