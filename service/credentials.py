"""From an Authorization header to a token and its kind; nothing is looked up here."""

import base64
import binascii
from collections.abc import Iterable
from typing import Literal, NamedTuple

from service import api_tokens
from service.refusals import unauthorized

Kind = Literal["jwt", "api_token"]
MAX_HEADER_BYTES = 8192


class Shown(NamedTuple):
    """A token as the client showed it."""

    kind: Kind
    token: str


def authorization(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The value of the one Authorization header; None without one. Names are lower case.

    Raises Refusal UNAUTHORIZED when there are two: they could be read differently elsewhere.
    """
    found: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            if found is not None:
                raise unauthorized("there is more than one Authorization header")
            found = value
    return found


def shown(value: bytes, sources: frozenset[str]) -> Shown:
    """The token in a header's value: Bearer TOKEN, or Basic with it as the password.

    `sources` are the kinds accepted (`jwt`, `api_token`, `basic`); `basic` alone stands for Basic
    with either kind of token. Raises Refusal UNAUTHORIZED.
    """
    if len(value) > MAX_HEADER_BYTES:
        raise unauthorized("the Authorization header is too long")
    scheme, _, rest = value.partition(b" ")
    scheme = scheme.lower()
    if scheme == b"bearer":
        token = _ascii(rest.strip(b" "))
    elif scheme == b"basic":
        token = _password(rest.strip(b" "))
    else:
        raise unauthorized("the Authorization header is neither Bearer nor Basic")
    if not token:
        raise unauthorized("the Authorization header holds no token")
    kind: Kind = "api_token" if token.startswith(api_tokens.PREFIX) else "jwt"
    if not _accepted(kind, scheme == b"basic", sources):
        raise unauthorized("this service does not accept that kind of credential")
    return Shown(kind, token)


def _accepted(kind: Kind, basic: bool, sources: frozenset[str]) -> bool:
    if not basic:
        return kind in sources
    return "basic" in sources and (kind in sources or sources == {"basic"})


def _password(encoded: bytes) -> str:
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise unauthorized("the Basic credential is not base64") from None
    _name, colon, password = decoded.partition(b":")
    if not colon:
        raise unauthorized("the Basic credential has no password")
    return _ascii(password)


def _ascii(text: bytes) -> str:
    try:
        return text.decode("ascii")
    except UnicodeDecodeError:
        raise unauthorized("a token is plain ASCII") from None
