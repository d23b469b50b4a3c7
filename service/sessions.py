"""Sessions: JSON web tokens signed with HS256, and nothing else."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from config_db.accounts import Account
from errors.problem import Refusal
from service.keys import SigningKeys
from service.refusals import unauthorized

ALGORITHM = "HS256"
CLAIMS = ("iss", "aud", "sub", "iat", "nbf", "exp", "jti", "stamp")
MAX_LENGTH = 2048
SKEW_SECONDS = 5  # how far the clocks of two servers may be apart


@dataclass(frozen=True, slots=True)
class Claims:
    """What a session says, once its signature and its times have been found right.

    `stamp` is the user's when it began; whether it still counts, only the database knows.
    """

    username: str
    jti: str
    stamp: str
    expires_at: int


class Sessions:
    """Signs and reads. `clock` gives seconds since 1970."""

    def __init__(
        self,
        keys: SigningKeys,
        clock: Callable[[], float],
        ttl_seconds: int = 3600,
        issuer: str = "larder",
        audience: str = "larder",
    ) -> None:
        self._keys = keys
        self._clock = clock
        self.ttl_seconds = ttl_seconds
        self._issuer = issuer
        self._audience = audience

    def issue(self, account: Account) -> str:
        """A token for a new session."""
        kid, secret = self._keys.signing()
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": account.username,
            "iat": now,
            "nbf": now,
            "exp": now + self.ttl_seconds,
            "jti": secrets.token_urlsafe(16),
            "stamp": account.session_stamp,
        }
        return jwt.encode(claims, secret, ALGORITHM, headers={"kid": kid})

    def read(self, token: str) -> Claims:
        """What a token says. Raises Refusal UNAUTHORIZED unless all of it is right."""
        now = self._clock()
        payload = self._verified(token, now)
        times = [payload[name] for name in ("iat", "nbf", "exp")]
        texts = [payload[name] for name in ("sub", "jti", "stamp")]
        if not all(type(time) is int and 0 <= time < 1 << 40 for time in times):
            raise _invalid()
        if not all(isinstance(text, str) and 0 < len(text) <= 128 for text in texts):
            raise _invalid()
        if max(payload["iat"], payload["nbf"]) > now + SKEW_SECONDS:
            raise unauthorized("the token is not valid yet")
        if payload["exp"] <= now:
            raise unauthorized("the token has expired")
        return Claims(payload["sub"], payload["jti"], payload["stamp"], payload["exp"])

    def refresh_keys(self) -> bool:
        """Notice a rotation by another process, and tell whether there was one."""
        return self._keys.refresh()

    def _verified(self, token: str, now: float) -> dict[str, Any]:
        if len(token) > MAX_LENGTH:
            raise _invalid()
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            secret = self._keys.verifying(kid, now) if isinstance(kid, str) else None
            if secret is None:
                raise _invalid()
            # Times are checked by the caller, with the service's own clock.
            return jwt.decode(
                token,
                secret,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": list(CLAIMS),
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _invalid() from None


def _invalid() -> Refusal:
    return unauthorized("the token is not valid here")
