"""Orderings of versions: what is a version, what is a prerelease, which one is higher.

A sort key is bytes that compare as the versions do. Two texts of equal precedence (`1.0` and
`1.0.0` in PEP 440, builds of one SemVer version) are told apart by their text, so that sort keys of
different texts differ. A text that is no version sorts below all versions.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion
from semver import Version as SemanticVersion

MAX_VERSION = 256
"""Characters a version may have, in every scheme."""

_INVALID = b"\x00"
_VALID = b"\x01"
_LOWEST = b"\x00"
_HIGHEST = b"\xff"
_NUMBER = b"\x01"
_WORD = b"\x02"
_PYTHON_NUMBER = b"\x02"
_PYTHON_WORD = b"\x01"
_DIGITS = re.compile(r"[0-9]+")


class VersionRules(NamedTuple):
    """One scheme: each function takes any text and never raises."""

    is_valid: Callable[[str], bool]
    is_prerelease: Callable[[str], bool]
    sort_key: Callable[[str], bytes]


def _semver(version: str) -> SemanticVersion | None:
    return _parsed(version) if len(version) <= MAX_VERSION and version.isascii() else None


@lru_cache(maxsize=4096)
def _parsed(version: str) -> SemanticVersion | None:
    # The same versions are asked for again and again, and parsing one costs 3 µs.
    try:
        return SemanticVersion.parse(version)
    except ValueError:
        return None


def _semver_is_valid(version: str) -> bool:
    return _semver(version) is not None


def _semver_is_prerelease(version: str) -> bool:
    parsed = _semver(version)
    return parsed is not None and parsed.prerelease is not None


def _semver_key(version: str) -> bytes:
    parsed = _semver(version)
    if parsed is None:
        return _INVALID + version.encode("utf-8", "surrogatepass")
    parts = [_VALID, *map(_number, (parsed.major, parsed.minor, parsed.patch))]
    if parsed.prerelease is None:
        parts.append(_HIGHEST)
    else:
        parts += [_identifier(name, _NUMBER, _WORD) for name in parsed.prerelease.split(".")]
        parts.append(_LOWEST)
    parts.append((parsed.build or "").encode())
    return b"".join(parts)


def _python(version: str) -> PythonVersion | None:
    if len(version) > MAX_VERSION or not version.isascii():
        return None
    try:
        return PythonVersion(version)
    except InvalidVersion:
        return None


def _python_is_valid(version: str) -> bool:
    return _python(version) is not None


def _python_is_prerelease(version: str) -> bool:
    parsed = _python(version)
    return parsed is not None and parsed.is_prerelease


def _python_key(version: str) -> bytes:
    parsed = _python(version)
    if parsed is None:
        return _INVALID + version.encode("utf-8", "surrogatepass")
    release = list(parsed.release)
    while release and release[-1] == 0:
        release.pop()
    parts = [_VALID, _number(parsed.epoch)]
    parts += [_NUMBER + _number(part) for part in release]
    parts += [_LOWEST, _python_pre(parsed)]
    parts.append(_LOWEST if parsed.post is None else _NUMBER + _number(parsed.post))
    parts.append(_HIGHEST if parsed.dev is None else _NUMBER + _number(parsed.dev))
    if parsed.local is not None:
        locals_ = parsed.local.split(".")
        parts += [_identifier(name, _PYTHON_NUMBER, _PYTHON_WORD) for name in locals_]
    parts += [_LOWEST, version.encode()]
    return b"".join(parts)


def _python_pre(parsed: PythonVersion) -> bytes:
    """A dev release of nothing else comes before its prereleases; a release after them."""
    if parsed.pre is not None:
        letter, number = parsed.pre
        return _NUMBER + letter[0].encode() + _number(number)
    only_dev = parsed.post is None and parsed.dev is not None
    return _LOWEST if only_dev else _HIGHEST


def _lexical_is_valid(version: str) -> bool:
    return 0 < len(version) <= MAX_VERSION


def _lexical_is_prerelease(version: str) -> bool:
    return False


def _lexical_key(version: str) -> bytes:
    return version.encode("utf-8", "surrogatepass")


def _number(value: int) -> bytes:
    """A number of up to 256 digits: its size in bytes, then the bytes, so it compares as itself."""
    size = (value.bit_length() + 7) // 8
    return bytes((size,)) + value.to_bytes(size, "big")


def _identifier(name: str, number: bytes, word: bytes) -> bytes:
    if _DIGITS.fullmatch(name):
        return number + _number(int(name))
    return word + name.encode() + _LOWEST


RULES: Mapping[str, VersionRules] = {
    "semver": VersionRules(_semver_is_valid, _semver_is_prerelease, _semver_key),
    "pep440": VersionRules(_python_is_valid, _python_is_prerelease, _python_key),
    "lexical": VersionRules(_lexical_is_valid, _lexical_is_prerelease, _lexical_key),
}
