"""Findings as SARIF 2.1.0 (OASIS Standard, "Static Analysis Results Interchange Format").

One run; the broken rules with their texts from the rulebook; each result with its region, the
JSON Pointer as its logical location, and a fingerprint that outlives other lines.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from errors.finding import Finding
from errors.rulebook.book import entry_of
from service.check_source import Checked, Report, Unread, rules_of
from service.console import json_text

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def as_sarif(report: Report) -> str:
    """The log file's text."""
    rules = list(rules_of(report.findings))
    driver = {
        "name": "larder check",
        "semanticVersion": version("larder"),
        "rules": [_rule(id, report) for id in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [
            _result(finding, checked, rules.index(finding.rule))
            for checked in report.checked
            for finding in checked.findings
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(log)


def _rule(id: str, report: Report) -> dict[str, Any]:
    """The rule's texts; of a schema's own rule, what the rulebook says of such rules."""
    severity = next(finding.severity for finding in report.findings if finding.rule == id)
    described: dict[str, Any] = {"id": id, "defaultConfiguration": {"level": severity}}
    entry = entry_of(id)
    if entry is not None:
        fence = "```json\n{}\n```"
        text = f"{entry.why} {entry.how}"
        wrong, right = fence.format(entry.wrong), fence.format(entry.right)
        markdown = f"{entry.why}\n\n{entry.how}\n\nWrong:\n\n{wrong}\n\nRight:\n\n{right}"
        described["shortDescription"] = {"text": entry.title}
        described["fullDescription"] = {"text": entry.proves}
        described["help"] = {"text": text, "markdown": markdown}
    return described


def _result(finding: Finding, checked: Checked, rule: int) -> dict[str, Any]:
    length = checked.text.token(finding.line, finding.column)
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.line,
        "endColumn": finding.column + length,
    }
    physical = {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}
    location = {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": finding.pointer or "/"}],
    }
    told = [finding.message, *(f"{text}." for text in _more(finding))]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": "\n".join(told)},
        "locations": [location],
        "partialFingerprints": {"larder/v1": _fingerprint(finding)},
        "properties": {"hint": finding.hint, "path": finding.path},
    }


def _more(finding: Finding) -> list[str]:
    path = [f"Path: {finding.path}"] if finding.path else []
    return path + ([f"Hint: {finding.hint}"] if finding.hint else [])


def _fingerprint(finding: Finding) -> str:
    """Of rule, place in the document and message: what stays the same when lines move."""
    parts = "\0".join((finding.rule, finding.pointer, finding.message))
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()


def _invocation(report: Report) -> dict[str, Any]:
    done: dict[str, Any] = {"executionSuccessful": not report.unread, "exitCode": report.exit_code}
    if report.unread:
        done["toolExecutionNotifications"] = [_notification(each) for each in report.unread]
    return done


def _notification(unread: Unread) -> dict[str, Any]:
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(unread.name)}}}
    text = f"{unread.name} cannot be read: {unread.reason}"
    return {"level": "error", "message": {"text": text}, "locations": [location]}


def _uri(file: str) -> str:
    """A relative reference for a relative path, as code scanning wants it; else `file://`."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
