"""JSON Pointers (RFC 6901): written, taken apart, followed."""

import re
from typing import Any

Json = Any
MISSING: Any = object()
"""What `follow` gives for a pointer to nothing."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def join(pointer: str, *steps: str | int) -> str:
    """The pointer with further steps."""
    for step in steps:
        text = str(step)
        if "~" in text or "/" in text:
            text = text.replace("~", "~0").replace("/", "~1")
        pointer = f"{pointer}/{text}"
    return pointer


def steps(pointer: str) -> list[str]:
    """A pointer's steps. Raises ValueError for a text that is no pointer."""
    if pointer and not pointer.startswith("/"):
        raise ValueError("a JSON Pointer is empty or starts with `/`")
    parts = pointer.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def index_of(step: str, length: int) -> int | None:
    """The place in an array of that length that a step names, None when it names none."""
    if not _INDEX.fullmatch(step) or int(step) >= length:
        return None
    return int(step)


def follow(value: Json, pointer: str) -> Json:
    """What a pointer leads to, MISSING for nothing. Raises ValueError for one that is none."""
    for step in steps(pointer):
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(value, list):
            place = index_of(step, len(value))
            value = MISSING if place is None else value[place]
        else:
            return MISSING
    return value
