"""A finding is what the check of a schema says about one place in it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule at one place: `file:line:column` for people, `pointer` for programs.

    Lines and columns count from 1; column counts characters. `pointer` is an RFC 6901 JSON Pointer.
    """

    file: str
    line: int
    column: int
    rule: str
    pointer: str
    severity: Severity
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        hint = f" ({self.hint})" if self.hint else ""
        told = (
            f"{place}: {self.severity} {self.rule} at {self.pointer or '/'}: {self.message}{hint}"
        )
        # What stands in a schema must not move the cursor of who checks it.
        return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in told)
