"""What `larder check` reads and finds: files, their findings, and the text that these are about."""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from errors.finding import Finding
from pipelines.load import load
from schema.parse import MAX_BYTES

STDIN = "-"
LOOK = 1000
"""Characters in which a token's end is looked for."""

_PAIRS = {"{": "}", "[": "]"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORD = re.compile(r"""[^ \t,:{}\[\]"]*""")


class Text:
    """The lines of a source, as findings count them: from 1, in characters."""

    def __init__(self, source: bytes) -> None:
        self.source = source

    @cached_property
    def _lines(self) -> list[str]:
        return self.source.decode("utf-8", "replace").split("\n")

    def line(self, number: int) -> str:
        """The line without its end; empty when there is none of that number."""
        return self._lines[number - 1].removesuffix("\r") if number <= len(self._lines) else ""

    def token(self, number: int, column: int) -> int:
        """How many characters, at least one, the token takes that begins at `column`.

        An object or a list that does not end on its line within LOOK characters is its sign.
        """
        piece = self.line(number)[column - 1 : column - 1 + LOOK]
        if piece.startswith('"'):
            return _quoted(piece, 0)
        if piece[:1] in _PAIRS:
            return _bracketed(piece)
        word = _WORD.match(piece)
        return max(1, word.end() if word is not None else 1)


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: its name as it is shown, its text, and all that was found in it."""

    name: str
    text: Text
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """One file that cannot be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every file that was asked for."""

    checked: tuple[Checked, ...]
    unread: tuple[Unread, ...]
    strict: bool = False

    @property
    def findings(self) -> list[Finding]:
        """Those of all files, file by file."""
        return [finding for each in self.checked for finding in each.findings]

    def count(self, severity: str) -> int:
        """How many findings there are of that severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def fails(self, finding: Finding) -> bool:
        """Whether the finding counts: an error always, a warning when the check is strict."""
        return finding.severity == "error" or self.strict

    @property
    def exit_code(self) -> int:
        """2 when a file could not be read, 1 when a finding counts, 0 otherwise."""
        if self.unread:
            return 2
        return int(any(self.fails(finding) for finding in self.findings))


def check_files(files: Iterable[str], *, strict: bool = False) -> Report:
    """Check every file, `-` standard input; one that cannot be read keeps no other from it."""
    done = [_check(file) for file in files]
    return Report(
        tuple(each for each in done if isinstance(each, Checked)),
        tuple(each for each in done if isinstance(each, Unread)),
        strict,
    )


def read(file: str) -> bytes:
    """A file's bytes; one more than a schema may have is enough to refuse it. Raises OSError."""
    if file == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(file).open("rb") as source:
        return source.read(MAX_BYTES + 1)


def _check(file: str) -> Checked | Unread:
    name = "<stdin>" if file == STDIN else file
    try:
        source = read(file)
    except (OSError, ValueError) as error:  # A name with a NUL is a ValueError.
        return Unread(name, getattr(error, "strerror", None) or str(error))
    return Checked(name, Text(source), load(source, name).findings)


def _quoted(piece: str, start: int) -> int:
    """Where the text in quotes that begins at `start` has ended, with the piece at the latest."""
    found = _STRING.match(piece, start)
    return len(piece) if found is None else found.end()


def _bracketed(piece: str) -> int:
    """Where the object or list has ended that the piece begins with, or behind its sign."""
    open_, at = 0, 0
    while at < len(piece):
        if piece[at] == '"':
            at = _quoted(piece, at)
            continue
        open_ += (piece[at] in _PAIRS) - (piece[at] in _PAIRS.values())
        at += 1
        if not open_:
            return at
    return 1


def rules_of(findings: Iterable[Finding]) -> Iterator[str]:
    """The ids of the rules that were broken, each once, in order of their first finding."""
    yield from dict.fromkeys(finding.rule for finding in findings)
