"""Routes: paths that can be matched."""

import re
from collections.abc import Iterator

from pipelines.check.analysis import Analysis, rule
from pipelines.expressions import Fault

_SEGMENT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\*?)\}|([^{}]+)")
_LITERAL = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]+")


RESERVED = frozenset(("admin", "auth", "docs", "health", "metrics", "openapi.json", "schema"))
"""First segments of the paths that the service answers itself, whatever a schema declares."""


@rule("E110")
def reserved_path(analysis: Analysis) -> Iterator[Fault]:
    """A route does not stand where the service has pages of its own."""
    if analysis.route is None:
        return
    first = analysis.route.path[1:].partition("/")[0]
    if first in RESERVED:
        message = f"/{first} is the service's own: the route would never be asked"
        yield Fault(f"{analysis.pipeline.pointer}/path", message, "begin it with /v1, say")


@rule("E110")
def matchable_path(analysis: Analysis) -> Iterator[Fault]:
    """A path starts with `/`; its segments are literals, {name}, or one {name*} before literals."""
    if analysis.route is None:
        return
    where, path = f"{analysis.pipeline.pointer}/path", analysis.route.path
    if not path.startswith("/"):
        yield Fault(where, f"{path!r} does not start with /", "as in /v1/{name}")
    elif path != "/":
        for message, hint in _path_faults(path[1:].split("/")):
            yield Fault(where, message, hint)


RULES = (
    reserved_path,
    matchable_path,
)


def _path_faults(segments: list[str]) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    rest = ""
    for segment in segments:
        found = _SEGMENT.fullmatch(segment)
        if found is None:
            message = f"{segment!r} is no literal, {{name}} or {{name*}}"
            yield message, "a segment is one or the other, and not empty"
            continue
        name, star, literal = found.groups()
        if literal is not None:
            if literal in (".", "..") or not _LITERAL.fullmatch(literal):
                yield f"{literal!r} cannot be a segment", "letters, digits and -._~!$&'()*+,;=:@"
            continue
        if name in names:
            yield f"the parameter {name} stands twice", "a name stands once in a path"
        names.add(name)
        if rest:
            yield f"{{{name}{star}}} stands behind {{{rest}*}}", "only literals can stand there"
        rest = rest or (name if star else "")
