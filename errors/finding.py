"""A finding is what the check of a schema says about one place in it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule at one place: `file:line:column` for people, `pointer` for programs.

    Lines and columns count from 1; column counts characters. `pointer` is an RFC 6901 JSON Pointer.
    `path` is the counterexample of a rule about paths: what has to hold for the rule to be broken.
    """

    file: str
    line: int
    column: int
    rule: str
    pointer: str
    severity: Severity
    message: str
    hint: str = ""
    path: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        more = "".join(f" ({text})" for text in (self.path, self.hint) if text)
        told = (
            f"{place}: {self.severity} {self.rule} at {self.pointer or '/'}: {self.message}{more}"
        )
        # What stands in a schema must not move the cursor of who checks it.
        return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in told)
