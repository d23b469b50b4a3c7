"""Keys that every store takes, and keys of caches that different values never share."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.expressions import Fault
from pipelines.nodes import Reference, StepNode, Template
from schema.fields import Field
from schema.keys import KeyTemplate
from schema.pointers import join
from schema.templates import Placeholder

_CACHING = frozenset({"cache.read", "cache.write"})

MAX_KEY_BYTES = 1024
"""UTF-8 bytes: what the names of objects in S3 may have, the shortest of all kinds of stores."""

_ASCII = 0x7F
_WIDEST = 4
"""Bytes that one character has at most in UTF-8 (RFC 3629)."""


@rule("E504")
def bounded_keys(whole: Whole) -> Iterator[Fault]:
    """No key of a document is longer than every kind of store takes."""
    for name, template in whole.keys.items():
        longest = _longest(template)
        if longest is not None and longest > MAX_KEY_BYTES:
            where = join("/storage/documents", name, "key_template")
            message = f"a key may have {longest} bytes, and {MAX_KEY_BYTES} are allowed"
            yield Fault(where, message, "give the fields in it a smaller max_length")


@rule("E505")
def injective_cache_keys(analysis: Analysis) -> Iterator[Fault]:
    """Two different requests never share the key of a cache."""
    for step in analysis.steps_with(_CACHING):
        key = step.dynamic.get("key")
        parts = key.parts if isinstance(key, Template) else ()
        for left, right in _neighbours(parts):
            between = right if isinstance(right, str) else ""
            if not any(not _holds(analysis, step, left, char) for char in between):
                told = f"`{between}`" if between else "nothing"
                message = f"{told} stands behind {left}, so that two keys may look alike"
                hint = f"separate them by a character that {left} cannot hold, or put it last"
                yield Fault(step.argument("key"), message, hint)


RULES = (injective_cache_keys,)
SCHEMA_RULES = (bounded_keys,)
"""The rules about the schema."""


def _longest(template: KeyTemplate) -> int | None:
    """The bytes of the longest key; None where a field has no bound, which E503 tells."""
    total = 0
    for part in template.parts:
        if isinstance(part, str):
            total += len(part.encode())
            continue
        most = _most(part, template.fields[part.field])
        if most is None:
            return None
        total += most
    return total


def _most(part: Placeholder, field: Field) -> int | None:
    if field.pattern is None or field.pattern.extent.longest is None:
        return None
    wide = any(high > _ASCII for _, high in field.pattern.extent.alphabet)
    characters = part.length if part.sliced else field.pattern.extent.longest
    return characters * (_WIDEST if wide else 1)


def _neighbours(parts: tuple[str | Reference, ...]) -> Iterator[tuple[Reference, str | Reference]]:
    """Each value that has another behind it, with what stands between the two."""
    for position, part in enumerate(parts):
        if isinstance(part, Reference) and any(
            isinstance(later, Reference) for later in parts[position + 1 :]
        ):
            yield part, parts[position + 1]


def _holds(analysis: Analysis, step: StepNode, value: Reference, char: str) -> bool:
    """Whether a value may hold that character, as far as is known."""
    target = analysis.plan.target(value, step.index)
    if target is None:
        return False  # What it means is another rule's fault.
    if target.shape.kind in _ALPHABETS:
        return char in _ALPHABETS[target.shape.kind]
    if target.source not in ("field", "param"):
        return True
    path = analysis.route.path if analysis.route is not None else ""
    if char == "/" and f"{{{target.name}*}}" not in path:
        return False  # The value of a parameter is one segment.
    entity = analysis.whole.entities.get(target.owner)
    field = None if entity is None else entity.fields[target.name]
    if field is None or field.pattern is None or not _is_validated(analysis, step, target.owner):
        return True
    return field.pattern.holds(char)


def _is_validated(analysis: Analysis, before: StepNode, entity: str) -> bool:
    """Whether the entity's last treatment before a step is an unguarded validate.entity."""
    steps = analysis.pipeline.steps[: before.index]
    names = [s for s in steps if s.static.get("entity") == entity]
    last = names[-1] if names else None
    return last is not None and last.operation.name == "validate.entity" and last.when is None


_ALPHABETS = {"integer": "-0123456789", "digest": "sha256:0123456789abcdef"}
