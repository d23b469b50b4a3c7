"""Text and JSON of an argument become nodes: language.md section 2.

A string is a reference (the whole string is one name), a template (names inside text) or a
literal. This is decided here, once, at load.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipelines.nodes import (
    ArrayNode,
    Constant,
    Node,
    ObjectNode,
    PathPart,
    Reference,
    Template,
)
from schema.pointers import join

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH = rf"{_NAME}(?:\.{_NAME}|\[[0-9]{{1,9}}\])*"
_DOLLAR = re.compile(rf"\$({_PATH})", re.ASCII)
_BRACE = re.compile(rf"\{{({_PATH})(?::([0-9]{{1,9}}):([0-9]{{1,9}}))?(\?)?\}}", re.ASCII)
_PART = re.compile(rf"\.({_NAME})|\[([0-9]+)\]", re.ASCII)
_SPECIAL = re.compile(r"[{}$]")
_FIRST = re.compile(_NAME, re.ASCII)

MAX_PARTS = 1000
"""References and the texts between them in one text."""

_REMEMBERED, _LONG = 4096, 256
"""Texts that are parsed once, and the characters of one that is too long to be among them."""


class Malformed(ValueError):
    """A string that is no value of the language; `hint` says how to write what was meant."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in an argument, at `pointer`; `path` is how it comes to be so."""

    pointer: str
    message: str
    hint: str
    rule: str = "E108"
    path: str = ""


def parse_value(value: Any, pointer: str, faults: list[Fault], key: str | None = None) -> Node:
    """The node of an argument's JSON at `pointer`, or of the property `key` of the object there;
    objects and arrays are walked.

    Every malformed string is added to `faults` and stands as the text it is.
    """
    if isinstance(value, str):
        try:
            return parse_text(value)
        except Malformed as fault:
            where = pointer if key is None else join(pointer, key)
            faults.append(Fault(where, str(fault), fault.hint))
            return Constant(value)
    if not isinstance(value, list | tuple | dict):
        return Constant(value)
    if key is not None:
        pointer = join(pointer, key)
    if isinstance(value, list | tuple):
        nodes = tuple(parse_value(v, f"{pointer}/{i}", faults) for i, v in enumerate(value))
        if all(isinstance(node, Constant) for node in nodes):
            return Constant([node.value for node in nodes if isinstance(node, Constant)])
        return ArrayNode(nodes)
    pairs = tuple((k, parse_value(item, pointer, faults, k)) for k, item in value.items())
    if all(isinstance(node, Constant) for _, node in pairs):
        return Constant({key: node.value for key, node in pairs if isinstance(node, Constant)})
    return ObjectNode(pairs)


def parse_text(text: str) -> Node:
    """The node of one string. Raises Malformed."""
    return _parse(text) if len(text) > _LONG else _parsed(text)


def _parse(text: str) -> Node:
    if _SPECIAL.search(text) is None:
        return Constant(text)
    parts = _parts(text)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return parts[0]
    if any(isinstance(part, Reference) for part in parts):
        return Template(tuple(parts))
    return Constant("".join(part for part in parts if isinstance(part, str)))


_parsed = lru_cache(_REMEMBERED)(_parse)


def _parts(text: str) -> list[str | Reference]:
    parts: list[str | Reference] = []
    plain: list[str] = []
    position = 0
    while position < len(text):
        special = _SPECIAL.search(text, position)
        end = len(text) if special is None else special.start()
        plain.append(text[position:end])
        if special is None:
            break
        part, position = _part(text, end)
        if isinstance(part, str):
            plain.append(part)
            continue
        _add(parts, plain)
        parts.append(part)
        if len(parts) > MAX_PARTS:
            raise Malformed(f"more than {MAX_PARTS} parts in {_quote(text)}", "part the text")
    _add(parts, plain)
    return parts


def _part(text: str, at: int) -> tuple[str | Reference, int]:
    sign = text[at]
    if text.startswith(sign * 2, at):
        return sign, at + 2
    if sign == "$":
        found = _DOLLAR.match(text, at)
        if found is None:
            return "$", at + 1
        name, path = _split(found[1])
        return Reference("$", name, path), found.end()
    if sign == "}":
        raise Malformed(f"a lone }} at character {at + 1} of {_quote(text)}", "write }} for a }")
    found = _BRACE.match(text, at)
    if found is None:
        raise Malformed(
            f"a lone {{ or a malformed part at character {at + 1} of {_quote(text)}",
            "write {{ for a {, or {name}, {name.field}, {name:start:length}, {name?}",
        )
    name, path = _split(found[1])
    cut = (int(found[2]), int(found[3])) if found[2] else None
    if cut and cut[1] == 0:
        raise Malformed(f"an empty slice in {_quote(text)}", "a slice is {name:start:length}")
    return Reference("{", name, path, cut, bool(found[4])), found.end()


def _split(path: str) -> tuple[str, tuple[PathPart, ...]]:
    if "." not in path and "[" not in path:
        return path, ()
    name = _FIRST.match(path)
    assert name is not None
    rest = _PART.findall(path, name.end())
    return name[0], tuple(field if field else int(index) for field, index in rest)


def _add(parts: list[str | Reference], plain: list[str]) -> None:
    """Add the text before a reference, if there is any, and begin anew."""
    text = "".join(plain)
    plain.clear()
    if text:
        parts.append(text)


def _quote(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
