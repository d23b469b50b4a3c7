"""Findings for people: as compilers print them, with the line, a caret, the hint and the path."""

import unicodedata
from collections.abc import Iterable, Iterator

import click

from errors.finding import Finding
from service.check_source import Report, Text
from service.console import plain

WIDTH = 100
"""Cells of an excerpt; a longer line is cut on both sides of what the finding is about."""

_BEFORE = 40
_CUT = "…"
_COLOURS = {"error": "red", "warning": "yellow"}


def tell(findings: Iterable[Finding], text: Text, *, color: bool = False) -> Iterator[str]:
    """The lines about each finding; with ANSI colours if `color`, else without any control."""
    for finding in findings:
        place = plain(f"{finding.file}:{finding.line}:{finding.column}:")
        kind = _styled(f"{finding.severity} {finding.rule}:", color, _COLOURS[finding.severity])
        message = _styled(plain(finding.message), color)
        yield f"{_styled(place, color)} {kind} {message}"
        margin = " " * len(f"{finding.line:>5}")
        excerpt, caret = excerpt_of(finding, text)
        if excerpt.strip():
            yield f"{finding.line:>5} | {excerpt}".rstrip()
            yield f"{margin} | {_styled(caret, color, _COLOURS[finding.severity])}"
        if excerpt.strip() in ("{", "["):  # What it holds tells more than its sign.
            within = _cut(text.line(finding.line + 1))
            yield f"{finding.line + 1:>{len(margin)}} | {within}".rstrip()
        notes = (("hint", finding.hint), ("path", finding.path), ("at", finding.pointer))
        for name, note in notes:
            if note:
                yield f"{margin} = {_styled(name, color)}: {plain(note)}"


def excerpt_of(finding: Finding, text: Text) -> tuple[str, str]:
    """The finding's line, cut to WIDTH, and the carets under what it is about."""
    line, start = text.line(finding.line), finding.column - 1
    first = 0 if _cells(line[: WIDTH + 1]) <= WIDTH else max(0, start - _BEFORE)
    left = _CUT if first else ""
    shown = left + _cut(line[first : first + WIDTH + 1])
    length = text.token(finding.line, finding.column)
    before = _cells(left + _printable(line[first:start]))
    under = _cells(_printable(line[start : start + length])) or 1
    return shown, " " * before + "^" * max(1, min(under, _cells(shown) - before))


def _cut(line: str) -> str:
    """The beginning of a line, printable, that fits into WIDTH with signs that it was cut."""
    shown = line[:WIDTH]
    while _cells(shown) > WIDTH - 2 * len(_CUT):
        shown = shown[:-1]
    return _printable(shown) + (_CUT if len(shown) < len(line) else "")


def summary(report: Report) -> str:
    """How many files were checked, and what was found in them."""
    parts = [_count(report.count(severity), severity) for severity in ("error", "warning")]
    told = f"{_count(len(report.checked), 'file')} checked: {', '.join(parts)}"
    if report.unread:
        told += f"; {_count(len(report.unread), 'file')} could not be read"
    return told


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _styled(text: str, color: bool, colour: str | None = None) -> str:
    return click.style(text, fg=colour, bold=True) if color and text else text


def _printable(text: str) -> str:
    return plain(text.replace("\t", " "))


def _cells(text: str) -> int:
    """The cells that a text takes on a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )
