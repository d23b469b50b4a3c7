"""Findings for programs: this project's JSON, JUnit XML, and the commands of GitHub workflows.

JUnit: the form that Jenkins and GitLab read. GitHub: "Workflow commands for GitHub Actions",
`::error file=…,line=…,col=…,endColumn=…,title=…::message`.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from errors.finding import Finding
from service.check_source import Checked, Report, Unread
from service.console import json_text, plain

_KEYS = ("rule", "severity", "pointer", "file", "line", "column", "message", "hint", "path")


def as_json(report: Report) -> str:
    """`{"errors", "warnings", "findings": [{"rule", …}]}`; `path` is a counterexample or empty."""
    value = {
        "errors": report.count("error"),
        "warnings": report.count("warning"),
        "findings": [finding_json(finding) for finding in report.findings],
    }
    return json_text(value)


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as a JSON object."""
    return {name: getattr(finding, name) for name in _KEYS}


def as_junit(report: Report) -> str:
    """One suite a file and one case a finding; a file without findings is one case that passes."""
    suites = [_suite(report, each) for each in report.checked]
    suites += [_unread_suite(each) for each in report.unread]
    root = ElementTree.Element("testsuites", name="larder check")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode")


def as_github(report: Report) -> str:
    """One command a finding, which GitHub shows at its line of a pull request."""
    lines = [
        _command(finding, checked) for checked in report.checked for finding in checked.findings
    ]
    for each in report.unread:
        lines.append(f"::error file={_property(each.name)}::{_data(f'cannot read: {each.reason}')}")
    return "\n".join(lines)


def _suite(report: Report, checked: Checked) -> ElementTree.Element:
    failing = [finding for finding in checked.findings if report.fails(finding)]
    suite = _empty_suite(checked.name, max(1, len(checked.findings)), len(failing), 0)
    if not checked.findings:
        _case(suite, checked.name, "no findings")
    for finding in checked.findings:
        case = _case(suite, checked.name, f"{finding.rule} {finding.pointer or '/'}")
        case.set("file", plain(finding.file))
        case.set("line", str(finding.line))
        if report.fails(finding):
            told = ElementTree.SubElement(case, "failure", type=finding.rule)
            told.set("message", plain(finding.message))
        else:
            told = ElementTree.SubElement(case, "system-out")
        told.text = "\n".join(_told(finding))
    return suite


def _unread_suite(unread: Unread) -> ElementTree.Element:
    suite = _empty_suite(unread.name, 1, 0, 1)
    case = _case(suite, unread.name, "cannot be read")
    ElementTree.SubElement(case, "error", type="unread", message=plain(unread.reason))
    return suite


def _empty_suite(name: str, tests: int, failures: int, errors: int) -> ElementTree.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors}
    suite = ElementTree.Element("testsuite", name=plain(name))
    for what, count in counts.items():
        suite.set(what, str(count))
    return suite


def _case(suite: ElementTree.Element, file: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=plain(file), name=plain(name))


def _told(finding: Finding) -> Iterator[str]:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    yield plain(f"{place}: {finding.severity} {finding.rule}: {finding.message}")
    for name, note in (("hint", finding.hint), ("path", finding.path), ("at", finding.pointer)):
        if note:
            yield plain(f"{name}: {note}")


def _command(finding: Finding, checked: Checked) -> str:
    end = finding.column + checked.text.token(finding.line, finding.column)
    properties = {
        "file": finding.file,
        "line": finding.line,
        "col": finding.column,
        "endColumn": end,
        "title": f"{finding.rule} at {finding.pointer or '/'}",
    }
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    told = [finding.message]
    told += [f"path: {finding.path}"] if finding.path else []
    told += [f"hint: {finding.hint}"] if finding.hint else []
    return f"::{finding.severity} {given}::{_data(chr(10).join(told))}"


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return plain(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
