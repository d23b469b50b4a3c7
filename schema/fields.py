"""One field of an entity: its type, its normal form, and what its values must look like."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from schema.document_data import Constraint, EntityField, FieldType
from schema.nearest import short
from schema.patterns import Pattern, compile_pattern
from schema.versions import RULES, VersionRules

Normalizer = Callable[[str], str]

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_ACTIONS: Mapping[str, Normalizer] = MappingProxyType(
    {"trim": str.strip, "lower": str.lower, "upper": str.upper}
)
_BY_TYPE: Mapping[str, Pattern] = MappingProxyType(
    {
        "digest": compile_pattern("sha256:[0-9a-f]{64}"),
        "integer": compile_pattern("0|-?[1-9][0-9]{0,18}"),
        "boolean": compile_pattern("true|false"),
    }
)
NORMALIZERS = ("trim", "lower", "upper", "replace:")


class NormalizerFault(ValueError):
    """The normaliser is not one of the language; the text says why."""


_REMEMBERED = 2048
_SHORT = 256
"""How many values a field remembers, and of up to how many characters: its memory is bounded."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `pattern` is the constraint's, else the type's own; None when neither bounds it.

    `max_length` counts characters. `optional` fields may be absent; a constraint that is not
    `when_present` asks for a value even of a field that is declared optional.
    """

    name: str
    type: FieldType
    optional: bool
    normalizers: tuple[Normalizer, ...]
    pattern: Pattern | None
    max_length: int | None
    versions: VersionRules
    allow_prerelease: bool
    converted: bool = field(init=False, repr=False, compare=False)
    """Whether a value is not the text that a path holds."""

    _normal: Callable[[str], str] = field(init=False, repr=False, compare=False)
    _judged: Callable[[str], str | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "converted", self.type in ("integer", "boolean"))
        # The same coordinates are asked for again and again; what became of them is remembered.
        object.__setattr__(self, "_normal", lru_cache(_REMEMBERED)(self._normalize))
        object.__setattr__(self, "_judged", lru_cache(_REMEMBERED)(self._judge))

    def fits(self, text: str) -> bool:
        """Whether a text may stand for this field in a key or a path."""
        return self.pattern is None or self.pattern.matches(text)

    def normalize(self, value: Any) -> Any:
        """The value's normal form; what is not text stays as it is."""
        if type(value) is not str:
            return value
        return self._normal(value) if len(value) <= _SHORT else self._normalize(value)

    def _normalize(self, value: str) -> str:
        for normalizer in self.normalizers:
            value = normalizer(value)
        return value

    def failure(self, value: Any) -> str | None:
        """What is wrong with a value, in words; None when nothing is."""
        if type(value) is str and len(value) <= _SHORT:
            return self._judged(value)
        return self._judge(value)

    def _judge(self, value: Any) -> str | None:
        text = _as_text(self.type, value)
        if text is None:
            return f"must be {_NOUNS[self.type]}"
        if self.max_length is not None and len(text) > self.max_length:
            return f"has {len(text)} characters, {self.max_length} are allowed"
        if self.pattern is not None and not self.pattern.matches(text):
            if self.type == "digest":
                return "must be `sha256:` and 64 lower-case hexadecimal digits"
            return f"`{short(text)}` does not match {short(self.pattern.source)}"
        return self._version_failure(text) if self.type == "version" else None

    def _version_failure(self, text: str) -> str | None:
        if not self.versions.is_valid(text):
            return f"`{short(text)}` is not a version of the declared scheme"
        if not self.allow_prerelease and self.versions.is_prerelease(text):
            return f"`{short(text)}` is a prerelease, which is not allowed"
        return None


_NOUNS = {
    "string": "text",
    "tag": "text",
    "version": "text",
    "digest": "text",
    "integer": "an integer",
    "boolean": "true or false",
}


def compile_field(
    name: str,
    declared: EntityField,
    constraint: Constraint | None,
    scheme: str = "semver",
    allow_prerelease: bool = True,
) -> Field:
    """Compile one field. Raises NormalizerFault, or PatternFault for its constraint."""
    most = constraint.max_length if constraint else None
    pattern = compile_pattern(constraint.regex, most) if constraint else _BY_TYPE.get(declared.type)
    return Field(
        name=name,
        type=declared.type,
        optional=declared.optional and (constraint is None or constraint.when_present),
        normalizers=tuple(compile_normalizer(text) for text in declared.normalize),
        pattern=pattern,
        max_length=most,
        versions=RULES[scheme],
        allow_prerelease=allow_prerelease,
    )


def compile_normalizer(text: str) -> Normalizer:
    r"""`trim`, `lower`, `upper`, or `replace:X:Y` (Y may be empty; `\:` writes a colon).

    Raises NormalizerFault.
    """
    if text in _ACTIONS:
        return _ACTIONS[text]
    action, *parts = re.split(r"(?<!\\):", text)
    if action != "replace":
        raise NormalizerFault(f"`{short(text)}` is not a normaliser")
    if len(parts) != 2 or not parts[0]:
        raise NormalizerFault("write `replace:X:Y`; a colon in X or Y is written `\\:`")
    old, new = (part.replace("\\:", ":") for part in parts)
    return lambda value: value.replace(old, new)


def value_of(of: Field, text: str) -> Any:
    """The value that a path segment's text stands for. Raises ValueError."""
    if of.type == "integer":
        if not _INTEGER.fullmatch(text):
            raise ValueError(f"{of.name} must be an integer")
        return int(text)
    if of.type == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"{of.name} must be true or false")
        return text == "true"
    return text


def _as_text(kind: FieldType, value: Any) -> str | None:
    """The text of a value of the right type, else None."""
    if kind == "integer":
        return str(value) if type(value) is int and abs(value) < 10**19 else None
    if kind == "boolean":
        return str(value).lower() if type(value) is bool else None
    return value if isinstance(value, str) else None
