"""Text with placeholders, as keys and paths are written: `a/{field}/{digest:0:2}/{variant?}`.

`{{`, `}}` and `$$` write `{`, `}` and `$`; a `$` that no letter or `_` follows is itself.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_DIGEST = "sha256:"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_TOKEN = re.compile(r"\{\{|\}\}|\$\$|\{[^{}]*\}|[{}]|\$(?=[A-Za-z_])")
_PLACEHOLDER = re.compile(rf"({_NAME})(?:(\?)|:([0-9]{{1,4}}):([0-9]{{1,4}}))?")


class TemplateFault(ValueError):
    """The template is malformed; `hint` says how to write what was probably meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A field's place: all of its value, or `length` characters from `start`.

    Of a digest the slice counts in the hexadecimal part. `optional` is the `?`.
    """

    field: str
    optional: bool = False
    start: int | None = None
    length: int = 0

    @property
    def sliced(self) -> bool:
        """Whether only a part of the value stands here."""
        return self.start is not None

    def whole(self, kind: str) -> bool:
        """Whether all of a value of that field type stands here."""
        return not self.sliced or (kind, self.start, self.length) == ("digest", 0, 64)

    def __str__(self) -> str:
        part = f":{self.start}:{self.length}" if self.sliced else "?" * self.optional
        return f"{{{self.field}{part}}}"


def parse_template(text: str) -> tuple[str | Placeholder, ...]:
    """Literals and placeholders in order, literals joined and not empty. Raises TemplateFault."""
    parts: list[str | Placeholder] = []
    literal, at = "", 0
    for token in _TOKEN.finditer(text):
        literal += text[at : token.start()]
        at = token.end()
        found = token.group()
        if found in ("{{", "}}", "$$"):
            literal += found[0]
        elif len(found) == 1:
            name = "a variable" if found == "$" else f"a lone `{found}`"
            raise TemplateFault(
                f"{name} at character {token.start() + 1}", f"write `{found}{found}` for `{found}`"
            )
        else:
            if literal:
                parts.append(literal)
            literal = ""
            parts.append(_placeholder(found))
    literal += text[at:]
    return (*parts, literal) if literal else tuple(parts)


def assemble(pieces: Iterable[tuple[str | None, bool]]) -> str:
    """The text of literals and values, in order, each with whether it is a value.

    A value that is None is absent, and its neighbouring `/` goes with it.
    """
    out: list[str] = []
    skip_slash = False
    for text, is_value in pieces:
        if text is not None:
            out.append(text.removeprefix("/") if skip_slash and not is_value else text)
            skip_slash = False
        elif out and out[-1].endswith("/"):
            out[-1] = out[-1][:-1]
        else:
            skip_slash = True
    return "".join(out)


def cut(value: str, start: int, length: int) -> str:
    """A slice of text; of a digest it counts in the hexadecimal part."""
    begin = start + (len(_DIGEST) if value.startswith(_DIGEST) else 0)
    return value[begin : begin + length]


def _placeholder(text: str) -> Placeholder:
    match = _PLACEHOLDER.fullmatch(text[1:-1])
    if match is None:
        raise TemplateFault(
            f"`{text[:60]}` is not a placeholder",
            "write {field}, {field?} or {field:START:LENGTH}; `{{` and `}}` for braces",
        )
    name, optional, start, length = match.groups()
    if start is None:
        return Placeholder(name, bool(optional))
    if int(length) == 0:
        raise TemplateFault(f"`{text}` takes no characters", "the second number is a length")
    return Placeholder(name, start=int(start), length=int(length))
