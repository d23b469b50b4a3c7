"""Values as a trace may show them: bounded, and without secrets.

A value is secret when its name says so (a header, a member, a variable), when it is one that was
met under such a name before, or when it looks like a credential. Secrets become `[hidden]`, also
inside longer texts; bytes are shown as their size and digest.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from operations.context import Request
from operations.values import decode

HIDDEN = "[hidden]"
LONGEST_TEXT = 200
"""Characters that are shown of a text."""
MOST_MEMBERS = 20
"""Members that are shown of an object, and items of an array."""
DEEPEST = 6
TRACE_CHARACTERS = 64 * 1024
"""What all values of one trace may take together; those after it are shown as `…`."""

_NAMES = re.compile(
    r"authorization|cookie|passw(or)?d|passphrase|secret|token|credential|(api|access|private)_?key",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{4,}"
    r"|\blarder_[0-9A-Za-z]{8,}"
    r"|\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?"
    r"|(?<=://)[^/\s@]+(?=@)"
)
_PAIR = re.compile(r"(?<![^&;=])([^&;=]++)=([^&;]*)")
"""Begins behind a separator only, so that a text without `=` is read once, not once a character."""
_SHORTEST = 4
"""Secrets of fewer characters are hidden where they stand alone, not inside of texts."""
_SHORTEST_LOOK = 5
"""Nothing shorter looks like a credential: `://a@`."""
_LONGEST_KNOWN = 64
_LOOKED_AT = 2000
_MOST_JSON = 1024 * 1024
_MOST_LEARNED = 200
_MOST_VISITED = 5000


class Preview:
    """What has been learned about one request's secrets, and what may still be shown of it.

    `headers` are names that are secret beside those that say so themselves; `secrets` are values;
    all that is shown takes about as many `characters` at most.
    """

    def __init__(
        self,
        headers: Iterable[str] = (),
        secrets: Iterable[str] = (),
        characters: int = TRACE_CHARACTERS,
    ) -> None:
        self._headers = frozenset(_plain(name) for name in headers)
        self._secrets: set[str] = {secret for secret in secrets if secret}
        self._left = characters

    def is_secret(self, name: str) -> bool:
        """Whether what has this name is to be hidden."""
        says = _known(name) if len(name) <= _LONGEST_KNOWN else _says_secret(name)
        return says or _plain(name) in self._headers

    def learn(self, value: Any) -> None:
        """Hide this text from now on, wherever it turns up."""
        if isinstance(value, str) and value and len(self._secrets) < _MOST_LEARNED:
            self._secrets.add(value)

    def learn_request(self, request: Request) -> None:
        """Find the secrets among a request's headers, and in its query string."""
        for name, value in request.headers.items():
            if self.is_secret(name):
                self.learn(value)
                for part in _credentials(name, value):
                    self.learn(part)
        for name, value in _PAIR.findall(request.query):
            if self.is_secret(unquote_plus(name)):
                self.learn(value)
                self.learn(unquote_plus(value))

    def learn_members(self, value: Any) -> None:
        """Find the secrets among the members of a value: what has a secret name, and all in it."""
        waiting: list[tuple[Any, bool]] = [(value, False)]
        for _ in range(_MOST_VISITED):
            if not waiting:
                return
            each, secret = waiting.pop()
            if isinstance(each, Mapping):
                waiting += [(member, secret or self.is_secret(n)) for n, member in each.items()]
            elif isinstance(each, list | tuple):
                waiting += [(item, secret) for item in each]
            elif secret:
                self.learn(each)

    def query(self, text: str) -> str:
        """A query string, the values of secret names hidden."""

        def pair(found: re.Match[str]) -> str:
            name, value = found.groups()
            return f"{name}={HIDDEN if self.is_secret(unquote_plus(name)) else value}"

        return self.text(_PAIR.sub(pair, text[:_LOOKED_AT]))

    def text(self, value: str) -> str:
        """A text: secrets hidden, and cut when it is long."""
        if value in self._secrets:
            return self._spend(HIDDEN)
        hidden = value
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST:
                hidden = hidden.replace(secret, HIDDEN)
        if len(hidden) >= _SHORTEST_LOOK:
            hidden = _LOOKS.sub(HIDDEN, hidden[:_LOOKED_AT])
        if len(hidden) > LONGEST_TEXT:
            hidden = hidden[:LONGEST_TEXT]
        elif len(value) <= _LOOKED_AT:
            return self._spend(hidden)
        return self._spend(f"{hidden}… ({len(value)} characters)")

    def show(self, value: Any, depth: int = 0) -> Any:
        """A value as JSON that is small and holds no secret."""
        if self._left <= 0 or depth > DEEPEST:
            return "…"
        if value is None or isinstance(value, bool | int | float):
            self._left -= 8
            return str(value) if isinstance(value, int) and abs(value) >= 1 << 63 else value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self.members(value, depth)
        if isinstance(value, list | tuple):
            shown = [self.show(item, depth + 1) for item in value[:MOST_MEMBERS]]
            left_out = len(value) - len(shown)
            return [*shown, f"… ({left_out} more)"] if left_out else shown
        return self._spend(_other(value))

    def members(self, value: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
        """An object, the values of secret names hidden."""
        shown: dict[str, Any] = {}
        for number, (name, member) in enumerate(value.items()):
            if number == MOST_MEMBERS or self._left <= 0:
                shown["…"] = f"{len(value) - number} more"
                break
            if self.is_secret(str(name)) and member is not None:
                self.learn(member)
                shown[self.text(str(name))] = self._spend(HIDDEN)
            else:
                shown[self.text(str(name))] = self.show(member, depth + 1)
        return shown

    def body(self, media: str, body: Any) -> Any:
        """A reply's body: JSON as a value, text cut, everything else as size and digest."""
        kind = media.partition(";")[0].strip().lower()
        if not isinstance(body, bytes) or not body:
            return self.show(body) if body else None
        if kind == "application/json" and len(body) <= _MOST_JSON:
            try:
                value = decode(body)
            except ValueError:
                return self.show(body)
            self.learn_members(value)
            return self.show(value)
        if kind.startswith("text/"):
            return self.text(body.decode("utf-8", "replace"))
        return self.show(body)

    def _spend(self, text: str) -> str:
        self._left -= len(text) + 8
        return text


@lru_cache(maxsize=1024)
def _known(name: str) -> bool:
    return _says_secret(name)


def _says_secret(name: str) -> bool:
    return _NAMES.search(_plain(name)) is not None


def _plain(name: str) -> str:
    return name.replace("-", "_").lower()


def _credentials(name: str, value: str) -> Iterator[str]:
    """What is secret within a header: a scheme's parameter, a cookie's value, Basic's password."""
    if "cookie" in name.lower():
        for cookie in value.split(";"):
            yield cookie.partition("=")[2].strip()
        return
    scheme, _, rest = value.partition(" ")
    yield rest.strip()
    if scheme.lower() == "basic":
        try:
            yield base64.b64decode(rest, validate=True).decode().partition(":")[2]  # RFC 7617
        except (binascii.Error, ValueError):
            return


def _other(value: Any) -> str:
    """Bytes, a handle on stored bytes, or bytes that are still to come."""
    if isinstance(value, bytes | bytearray | memoryview):
        if len(value) > _MOST_JSON:
            return f"<{len(value)} bytes>"
        return f"<{len(value)} bytes sha256:{hashlib.sha256(value).hexdigest()}>"
    if hasattr(value, "chunks"):
        return "<a stream of bytes>"
    if hasattr(value, "digest") and hasattr(value, "size"):
        return f"<{value.size} bytes {value.digest}>"
    return f"<{type(value).__name__}>"
