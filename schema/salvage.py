"""What of a misshapen schema can still be checked, so that all findings come in one run.

Unknown keys are left out; a misshapen route is replaced by an empty one, a misshapen section that
nothing else refers to by its default. Whatever else is misshapen ends the check there.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from errors.finding import Finding
from schema.pointers import steps

_ROUTE = re.compile(r"(/api/routes/[0-9]+)(?:/.*)?")
_OPTIONAL = (
    "/caching", "/capabilities", "/features", "/gc", "/invariants", "/tenancy", "/validation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A value without what was misshapen; nothing is to be said of the places in `broken`."""

    value: Any
    broken: tuple[str, ...]

    def covers(self, pointer: str) -> bool:
        """Whether a place lies in what was replaced."""
        return any(pointer == place or pointer.startswith(f"{place}/") for place in self.broken)


def salvage(value: Any, findings: Sequence[Finding]) -> Salvaged | None:
    """The value as far as it has the right shape; None when too little of it has."""
    made = copy.deepcopy(value)
    broken: set[str] = set()
    for finding in findings:
        if finding.rule == "E102":
            _remove(made, finding.pointer)
            continue
        place = _replaceable(finding.pointer)
        if place is None:
            return None
        broken.add(place)
    for place in broken:
        _replace(made, place)
    return Salvaged(made, tuple(sorted(broken)))


def _replaceable(pointer: str) -> str | None:
    route = _ROUTE.fullmatch(pointer)
    if route is not None:
        return route[1]
    return next((p for p in _OPTIONAL if pointer == p or pointer.startswith(f"{p}/")), None)


def _replace(value: Any, place: str) -> None:
    *path, last = steps(place)
    for step in path:
        value = value[int(step)] if isinstance(value, list) else value[step]
    if isinstance(value, list):
        stub = {"id": f"misshapen_{last}", "method": "GET", "path": f"/misshapen/{last}"}
        value[int(last)] = {**stub, "pipeline": []}
    else:
        del value[last]


def _remove(value: Any, pointer: str) -> None:
    *path, last = steps(pointer)
    for step in path:
        value = value[int(step)] if isinstance(value, list) else value[step]
    value.pop(last, None)
