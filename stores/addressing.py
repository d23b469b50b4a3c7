"""Digests, and where the bytes of a digest lie: a blob store's compiled `path_template`."""

import hashlib
import re
from dataclasses import dataclass

ALGORITHM = "sha256"
HEX_LENGTH = 64
DEFAULT_TEMPLATE = "blobs/{digest:0:2}/{digest:2:2}/{digest:0:64}"
STAGING = "staging"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PART = re.compile(r"\{digest(?::(?P<start>\d{1,2}):(?P<length>\d{1,2}))?\}")
_LITERAL = re.compile(r"[A-Za-z0-9._+=@/-]*")


def is_digest(text: str) -> bool:
    """Whether `text` is a digest in its one canonical form, `sha256:` and 64 lower case hex."""
    return _DIGEST.fullmatch(text) is not None


def digest_of(value: bytes) -> str:
    """The digest of some bytes."""
    return f"{ALGORITHM}:{hashlib.sha256(value).hexdigest()}"


def hex_part(digest: str) -> str:
    """The 64 hex digits of a digest; ValueError when it is not canonical."""
    if not is_digest(digest):
        raise ValueError(f"not a digest: {digest[:80]!r}; expected sha256:<64 lower case hex>")
    return digest[len(ALGORITHM) + 1 :]


@dataclass(frozen=True, slots=True)
class Addressing:
    """A compiled template: from a digest to a path below the store's root, and back.

    `parts` are literal text, or (start, stop) of a slice of the hex part.
    """

    template: str
    parts: tuple[str | tuple[int, int], ...]
    pattern: re.Pattern[str]

    def path(self, digest: str) -> str:
        """The path, with `/` between its segments; ValueError for what is not a digest."""
        digits = hex_part(digest)
        return "".join(
            part if isinstance(part, str) else digits[part[0] : part[1]] for part in self.parts
        )

    def digest(self, path: str) -> str | None:
        """The digest whose path this is; None when it is no blob's path."""
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        digits = [""] * HEX_LENGTH
        slices = (part for part in self.parts if not isinstance(part, str))
        for (start, stop), text in zip(slices, match.groups(), strict=True):
            digits[start:stop] = text
        digest = f"{ALGORITHM}:{''.join(digits)}"
        # Slices may overlap, and must then agree.
        return digest if self.path(digest) == path else None


def compile_addressing(template: str) -> Addressing:
    """Compile a template such as `blobs/{digest:0:2}/{digest}`.

    Slices are (start, length) and count in the hex part; `{digest}` is the whole text. Raises
    ValueError when two digests would share a path, or a path would leave the root.
    """
    parts = tuple(_parts(template))
    covered = {at for part in parts if not isinstance(part, str) for at in range(*part)}
    if len(covered) < HEX_LENGTH:
        missing = min(set(range(HEX_LENGTH)) - covered)
        raise ValueError(
            f"path_template {template!r} is not injective: hex digit {missing} of the digest is "
            "in no placeholder; end it with {digest:0:64}"
        )
    _check_segments(template, parts)
    source = "".join(
        re.escape(part) if isinstance(part, str) else f"([0-9a-f]{{{part[1] - part[0]}}})"
        for part in parts
    )
    return Addressing(template, parts, re.compile(source))


def _parts(template: str) -> list[str | tuple[int, int]]:
    parts: list[str | tuple[int, int]] = []
    end = 0
    for match in _PART.finditer(template):
        parts.append(_literal(template, template[end : match.start()]))
        if match["start"] is None:
            parts += [f"{ALGORITHM}:", (0, HEX_LENGTH)]
        else:
            parts.append(_slice(template, int(match["start"]), int(match["length"])))
        end = match.end()
    parts.append(_literal(template, template[end:]))
    return [part for part in parts if part]


def _literal(template: str, text: str) -> str:
    if _LITERAL.fullmatch(text) is None:
        raise ValueError(
            f"path_template {template!r} has {text!r}: outside of {{digest}} and "
            "{digest:start:length} only letters, digits and . _ + = @ - / may stand"
        )
    return text


def _slice(template: str, start: int, length: int) -> tuple[int, int]:
    if length == 0 or start + length > HEX_LENGTH:
        raise ValueError(
            f"path_template {template!r}: {{digest:{start}:{length}}} does not lie within the "
            f"{HEX_LENGTH} hex digits"
        )
    return start, start + length


def _check_segments(template: str, parts: tuple[str | tuple[int, int], ...]) -> None:
    sample = "".join(part if isinstance(part, str) else "0" * (part[1] - part[0]) for part in parts)
    segments = sample.split("/")
    for segment in segments:
        if segment in ("", ".", "..") or len(segment) > 255:
            raise ValueError(
                f"path_template {template!r} has the segment {segment[:20]!r}: it would leave "
                "the root, or be no file name"
            )
    if segments[0] == STAGING:
        raise ValueError(
            f"path_template {template!r} starts with {STAGING}/, where unfinished uploads lie"
        )
