"""An ordering of an index: where each row stands, as bytes that compare as the rows do."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schema.document_data import IndexKey, Versioning
from schema.encoding import NULL, encode, encode_version, escape, invert
from schema.versions import RULES, VersionRules

PRERELEASE = ".prerelease"
"""What follows a version property's name to mean whether it is a prerelease."""

_CHECK = 6
_LONGEST_CURSOR = 16 * 1024

Reading = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Component:
    """One property of a row, in its place: `property` names it, `read` encodes its value.

    `plain` tells that text is encoded as itself, so that a prefix of it can be looked for.
    """

    property: str
    descending: bool
    plain: bool
    read: Reading

    def encode(self, value: Any) -> bytes:
        """The value's bytes in this component's direction."""
        encoded = self.read(value)
        return invert(encoded) if self.descending else encoded


@dataclass(frozen=True, slots=True)
class Ordering:
    """Rows equal on the first components stand together, ordered by the others, then by identity.

    `fields` counts the components that are `fields` of the key; the rest are its `sort`.
    """

    name: str
    components: tuple[Component, ...]
    fields: int
    unique: bool
    seal: bytes

    def entry(self, identity: str, row: Mapping[str, Any]) -> tuple[bytes, bytes | None]:
        """Where the row of `identity` stands, and the bytes no other row may hold (or None).

        A property that the row lacks counts as null. Raises ValueError for what has no order.
        """
        encoded = [part.encode(row.get(part.property)) for part in self.components]
        position = b"".join(encoded) + identity.encode("utf-8", "surrogatepass")
        return position, b"".join(encoded[: self.fields]) if self.unique else None

    def prefix(self, values: Sequence[Any] = (), starts_with: str | None = None) -> bytes:
        """What the positions begin with of all rows that equal `values` on the first components.

        `starts_with` is a text that the next component's value begins with. Raises ValueError for
        more values than components, and when the next component is none that text can begin.
        """
        if len(values) > len(self.components):
            raise ValueError(f"{self.name} has {len(self.components)} properties to look for")
        encoded = [part.encode(value) for part, value in zip(self.components, values, strict=False)]
        if starts_with is not None:
            encoded.append(self._beginning(len(values), starts_with))
        return b"".join(encoded)

    def _beginning(self, place: int, text: str) -> bytes:
        if place >= len(self.components) or not self.components[place].plain:
            raise ValueError(f"{self.name} has no text in place {place + 1} to begin with")
        raw = encode("")[:1] + escape(text.encode("utf-8", "surrogatepass"))
        return invert(raw) if self.components[place].descending else raw

    def cursor(self, position: bytes) -> str:
        """An opaque text that stands for a position of this ordering."""
        return base64.urlsafe_b64encode(self._check(position) + position).decode().rstrip("=")

    def position_of(self, cursor: str, prefix: bytes = b"") -> bytes:
        """The position a cursor stands for.

        Raises ValueError for one that this ordering did not give out for rows under `prefix`.
        """
        if len(cursor) > _LONGEST_CURSOR:
            raise ValueError("the cursor is too long")
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the cursor is not one of this listing") from None
        check, position = raw[:_CHECK], raw[_CHECK:]
        if check != self._check(position) or not position.startswith(prefix):
            raise ValueError("the cursor is not one of this listing")
        return position

    def _check(self, position: bytes) -> bytes:
        return hashlib.blake2b(position, digest_size=_CHECK, key=self.seal).digest()


def compile_ordering(
    index: str, key: IndexKey, versioning: Versioning, versions: frozenset[str]
) -> Ordering:
    """Compile one key of an index; `versions` names the properties that hold versions."""
    rules = VersionRules(
        RULES[versioning.scheme].is_valid,
        RULES[versioning.scheme].is_prerelease,
        RULES[versioning.ordering].sort_key,
    )
    declared = [(name, False) for name in key.fields]
    declared += [(sort.field, sort.order == "desc") for sort in key.sort]
    parts = tuple(_component(name, down, rules, versions) for name, down in declared)
    # Cursors of an earlier revision of the index are refused, not read wrongly.
    spec = repr((index, key.name, declared, len(key.fields), versioning.ordering, sorted(versions)))
    seal = hashlib.blake2b(spec.encode(), digest_size=32).digest()
    return Ordering(key.name, parts, len(key.fields), key.unique, seal)


def _component(
    name: str, descending: bool, rules: VersionRules, versions: frozenset[str]
) -> Component:
    base = name.removesuffix(PRERELEASE)
    if base != name and base in versions:

        def prerelease(value: Any) -> bytes:
            # A row brings a version; who looks for rows says true or false.
            if isinstance(value, bool):
                return encode(value)
            return encode(rules.is_prerelease(value)) if isinstance(value, str) else NULL

        return Component(base, descending, False, prerelease)
    if name in versions:

        def version(value: Any) -> bytes:
            return (
                encode_version(rules.sort_key(value)) if isinstance(value, str) else encode(value)
            )

        return Component(name, descending, False, version)
    return Component(name, descending, True, encode)
