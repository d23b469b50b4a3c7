"""Pipelines whatever their variables and steps are called."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from operations.vocabulary import VOCABULARY
from schema.document import Step

Json = Any

_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_OUTPUTS = {each.name: tuple(output.name for output in each.outputs) for each in VOCABULARY}


def renamed(steps: Sequence[Step]) -> list[Json]:
    """The operations and arguments of steps, each variable called by its number."""
    names: dict[Json, str] = {}
    for step in steps:
        for output in _OUTPUTS.get(step.op, ()):
            if output in step.args:
                names.setdefault(step.args[output], f"v{len(names)}")
    return [[step.op, _arguments(step, names)] for step in steps]


def _arguments(step: Step, names: Mapping[Json, str]) -> dict[str, Json]:
    outputs = _OUTPUTS.get(step.op, ())
    return {
        name: names[value] if name in outputs else _value(value, names)
        for name, value in step.args.items()
    }


def _value(value: Json, names: Mapping[Json, str]) -> Json:
    if isinstance(value, dict):
        return {name: _value(item, names) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, names) for item in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: f"${names.get(found[1], found[1])}", value)
    return value
