"""What values a place may still have: a finite set of literals, or all but a finite set."""

import json
from dataclasses import dataclass
from typing import Any

from pipelines.shapes import Shape

NULL = "null"
EMPTY = frozenset({NULL, '""', "[]", "{}"})
"""What `is_empty` holds of."""

_TEXT = ("text", "digest")
_BY_START = {
    '"': _TEXT, "t": ("boolean",), "f": ("boolean",), "[": ("array", "rows"),
    "{": ("object", "headers"),
}  # fmt: skip


def canonical(value: Any) -> str:
    """A JSON value as text: equal texts are equal values (`1` and `1.0` are one, `true` is not)."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def possible(shape: Shape, literal: str) -> bool:
    """Whether a value of that shape can be that literal."""
    if literal == NULL:
        return shape.nullable or shape.kind == "null"
    if shape.kind == "any":
        return True
    kinds = _BY_START.get(literal[0])
    if kinds is not None:
        return shape.kind in kinds
    return shape.kind == "number" or (shape.kind == "integer" and "." not in literal)


@dataclass(frozen=True, slots=True)
class Domain:
    """The values a place may have: `only` these (None: any), and `never` those."""

    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def within(self, literals: frozenset[str], shape: Shape) -> bool | None:
        """Whether the value is one of the literals; None when it may be or not be."""
        left = self._left(shape)
        if left is not None:
            if left <= literals:
                return True
            return None if left & literals else False
        open_ = [text for text in literals if text not in self.never and possible(shape, text)]
        return None if open_ else False

    def narrowed(self, literals: frozenset[str], *, inside: bool) -> "Domain":
        """The same, once it is known that the value is (not) one of the literals."""
        if self.only is not None:
            return Domain(self.only & literals if inside else self.only - literals)
        if inside:
            return Domain(literals - self.never)
        return Domain(None, self.never | literals)

    @property
    def excludes_null(self) -> bool:
        """Whether null is ruled out."""
        return NULL in self.never if self.only is None else NULL not in self.only

    @property
    def is_null(self) -> bool:
        """Whether null is the only value left."""
        return self.only is not None and self.only == {NULL}

    def _left(self, shape: Shape) -> frozenset[str] | None:
        """The finitely many values that are left, None when there are more than can be listed."""
        if self.only is not None:
            return frozenset(text for text in self.only if possible(shape, text))
        if shape.kind == "boolean":
            every = {"true", "false", NULL} if shape.nullable else {"true", "false"}
            return frozenset(every) - self.never
        if shape.kind == "null":
            return frozenset({NULL})
        return None


ANYTHING = Domain()
