"""Declared routes as a tree of segments: a look-up costs what its path is deep.

A path is split on `/` before it is decoded, and each segment is decoded once. A literal segment
beats a parameter, a parameter beats a rest parameter (`{path*}`); where the better branch leads
nowhere the next one is tried.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from errors.problem import Refusal, refuse

T = TypeVar("T")

_SEGMENT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\*?)\}|([^{}]+)")
_BAD_PATH = re.compile(r"//|/\.{1,2}(?:/|\Z)|[^\x21-\x5b\x5d-\x7e]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BAD_SEGMENT = re.compile(r"\A\.{0,2}\Z|[\x00-\x1f\x7f-\x9f/\\]")


_REMEMBERED = 8192
_LONGEST_REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """The route that answers, and its parameters, decoded."""

    route: T
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Endpoint(Generic[T]):
    """A route, where its parameters stand (`names`), and its rest parameter if it has one."""

    route: T
    names: tuple[tuple[int, str], ...]
    rest: tuple[int, str, int] | None = None

    def match(self, segments: list[str]) -> Match[T]:
        params = {name: segments[at] for at, name in self.names}
        if self.rest is not None:
            start, name, behind = self.rest
            params[name] = "/".join(segments[start : len(segments) - behind])
        return Match(self.route, params)


_Methods = dict[str, _Endpoint[T]]


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: "dict[str, _Node[T]]" = field(default_factory=dict)
    parameter: "_Node[T] | None" = None
    rests: dict[tuple[str, ...], _Methods[T]] = field(default_factory=dict)
    behind: tuple[int, ...] = ()
    methods: _Methods[T] = field(default_factory=dict)


class RouteTable(Generic[T]):
    """Routes to look up. Raises ValueError for a malformed path and for two routes of one shape."""

    def __init__(
        self, routes: Iterable[tuple[str, str, T]], reserved: frozenset[str] = frozenset()
    ) -> None:
        """`routes` are (method, path template, what to find); no path is found whose first segment
        is `reserved`, not even by a parameter."""
        self._reserved = reserved
        self._root: _Node[T] = _Node()
        self._found: dict[tuple[str, str], Match[T]] = {}
        for method, template, route in routes:
            self._add(method, template, route)

    def find(self, method: str, raw_path: str) -> Match[T] | tuple[str, ...]:
        """The match, or the methods that the path has: none of them means that it is not there.

        HEAD is answered by GET routes. Raises Refusal INVALID_PATH.
        """
        known = self._found.get((method, raw_path))
        if known is not None:
            return known
        segments = split_path(raw_path)
        if segments[0] in self._reserved:
            return ()
        allowed: set[str] = set()
        found = _walk(self._root, segments, 0, method, allowed)
        if found is not None:
            return self._remember(method, raw_path, found.match(segments))
        if "GET" in allowed:
            allowed.add("HEAD")
        return tuple(sorted(allowed | {"OPTIONS"})) if allowed else ()

    def _remember(self, method: str, raw_path: str, match: Match[T]) -> Match[T]:
        """What is asked for often is found at once; memory stays bounded."""
        if len(raw_path) <= _LONGEST_REMEMBERED:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[method, raw_path] = match
        return match

    def _add(self, method: str, template: str, route: T) -> None:
        parts = [_parse_segment(part, template) for part in _template_segments(template)]
        rest_at = [at for at, (kind, _) in enumerate(parts) if kind == "rest"]
        if len(rest_at) > 1:
            raise ValueError(f"{template}: only one rest parameter can stand in a path")
        stop = rest_at[0] if rest_at else len(parts)
        names = tuple((at, text) for at, (kind, text) in enumerate(parts[:stop]) if kind == "one")
        known = [text for kind, text in parts if kind != "literal"]
        if len(set(known)) != len(known):
            raise ValueError(f"{template}: a parameter's name can stand only once")
        node = self._descend(parts[:stop])
        if not rest_at:
            _register(node.methods, method, _Endpoint(route, names), template)
            return
        suffix = parts[stop + 1 :]
        if any(kind != "literal" for kind, _ in suffix):
            raise ValueError(f"{template}: only literals can stand behind a rest parameter")
        texts = tuple(text for _, text in suffix)
        node.behind = tuple(sorted({*node.behind, len(texts)}, reverse=True))
        rest = (stop, parts[stop][1], len(texts))
        _register(node.rests.setdefault(texts, {}), method, _Endpoint(route, names, rest), template)

    def _descend(self, parts: list[tuple[str, str]]) -> _Node[T]:
        node = self._root
        for kind, text in parts:
            if kind == "literal":
                node = node.literals.setdefault(text, _Node())
            else:
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
        return node


def split_path(raw_path: str) -> list[str]:
    """The decoded segments of a path as it stood in the request.

    The last one is empty when the path ends in `/`. Raises Refusal INVALID_PATH for what could be
    read in two ways: empty, `.` and `..` segments, and any that hold `/`, `\\`, NUL or another
    control character once decoded, or bytes that are not UTF-8.
    """
    if not raw_path.startswith("/") or _BAD_PATH.search(raw_path):
        raise _invalid()
    segments = raw_path[1:].split("/")
    if "%" in raw_path:
        if _BAD_ESCAPE.search(raw_path):
            raise _invalid()
        segments = [_decode(segment) if "%" in segment else segment for segment in segments]
    return segments


def _decode(segment: str) -> str:
    try:
        decoded = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise _invalid() from None
    if _BAD_SEGMENT.search(decoded):
        raise _invalid()
    return decoded


def _invalid() -> Refusal:
    return refuse(
        "INVALID_PATH",
        "the path has a segment that is empty, `.` or `..`, or that holds a slash, a backslash, "
        "a control character or a malformed escape",
    )


def _walk(
    node: _Node[T], segments: list[str], at: int, method: str, allowed: set[str]
) -> _Endpoint[T] | None:
    if at == len(segments):
        return _choose(node.methods, method, allowed)
    segment = segments[at]
    below = node.literals.get(segment)
    if below is not None:
        found = _walk(below, segments, at + 1, method, allowed)
        if found is not None:
            return found
    if not segment:
        return None
    if node.parameter is not None:
        found = _walk(node.parameter, segments, at + 1, method, allowed)
        if found is not None:
            return found
    if segments[-1]:
        for behind in node.behind:
            first = len(segments) - behind
            if first > at and (methods := node.rests.get(tuple(segments[first:]))):
                found = _choose(methods, method, allowed)
                if found is not None:
                    return found
    return None


def _choose(
    methods: Mapping[str, _Endpoint[T]], method: str, allowed: set[str]
) -> _Endpoint[T] | None:
    found = methods.get(method)
    if found is None and method == "HEAD":
        found = methods.get("GET")
    if found is None:
        allowed.update(methods)
    return found


def _register(methods: _Methods[T], method: str, endpoint: _Endpoint[T], template: str) -> None:
    if method in methods:
        raise ValueError(f"{method} {template}: another route has that method and shape")
    methods[method] = endpoint


def _template_segments(template: str) -> list[str]:
    if not template.startswith("/"):
        raise ValueError(f"{template}: a path starts with /")
    return template[1:].split("/")


def _parse_segment(part: str, template: str) -> tuple[str, str]:
    """(`literal`, text), (`one`, name) or (`rest`, name); the root's segment is empty."""
    if template == "/":
        return "literal", ""
    found = _SEGMENT.fullmatch(part)
    if found is None or found[3] in (".", ".."):
        raise ValueError(f"{template}: {part!r} is not a literal, {{name}} or {{name*}}")
    if found[3] is not None:
        return "literal", found[3]
    return ("rest" if found[2] else "one"), found[1]
