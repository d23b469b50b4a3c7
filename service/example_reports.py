"""What came of examples, for people and for programs: text, JSON, JUnit."""

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from pipelines.examples.coverage import Coverage
from pipelines.examples.run import Outcome
from service.example_runs import Tested


def as_text(tested: Sequence[Tested], cover: float | None) -> Iterator[str]:
    """Lines: one a route, then what failed and what no example shows."""
    width = max((len(each.route) for each in tested), default=0)
    for each in tested:
        total = len(each.outcomes)
        told = f"{total - each.failed} of {total} passed" if total else "no examples"
        shown = "" if each.coverage is None else _shown(each.coverage)
        yield f"{each.route:{width}}  {told:16}{shown}".rstrip()
        for outcome in each.outcomes:
            yield from _differences(outcome)
        if each.coverage is not None:
            yield from (f"  not shown: {missing}" for missing in each.coverage.missing)
        if not each.failed and not each.passes(cover):
            yield f"  FAILED: less than {cover:g} % is shown"


def summary(tested: Sequence[Tested]) -> str:
    """All routes in one line."""
    total = sum(len(each.outcomes) for each in tested)
    failed = sum(each.failed for each in tested)
    routes = f"{len(tested)} route{'' if len(tested) == 1 else 's'}"
    examples = f"{total} example{'' if total == 1 else 's'}"
    return f"{routes}, {examples}: {total - failed} passed, {failed} failed"


def as_json(tested: Sequence[Tested], cover: float | None) -> dict[str, Any]:
    """All of it as one JSON object."""
    failed = sum(each.failed for each in tested)
    return {
        "ok": all(each.passes(cover) for each in tested),
        "passed": sum(len(each.outcomes) for each in tested) - failed,
        "failed": failed,
        "routes": [
            {
                "route": each.route,
                "ok": each.passes(cover),
                "examples": [
                    {
                        "name": outcome.name,
                        "ok": not outcome.differences,
                        "seconds": round(outcome.seconds, 4),
                        "differences": [found._asdict() for found in outcome.differences],
                    }
                    for outcome in each.outcomes
                ],
                "coverage": None if each.coverage is None else _coverage(each.coverage),
            }
            for each in tested
        ],
    }


def as_junit(tested: Sequence[Tested], cover: float | None) -> bytes:
    """A JUnit file: a suite a route, a case an example; with `cover` one for the coverage too."""
    root = ElementTree.Element("testsuites", {"name": "larder test"})
    for each in tested:
        suite = ElementTree.SubElement(root, "testsuite", {"name": each.route})
        for outcome in each.outcomes:
            case = _case(suite, each.route, outcome.name, outcome.seconds)
            if outcome.differences:
                _fail(case, [str(found) for found in outcome.differences])
        if cover is not None and each.coverage is not None:
            case = _case(suite, each.route, f"at least {cover:g} % is shown", 0.0)
            if each.coverage.percent < cover:
                _fail(case, [str(missing) for missing in each.coverage.missing])
        failures = len(suite.findall("testcase/failure"))
        suite.attrib |= {"tests": str(len(suite)), "failures": str(failures)}
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _differences(outcome: Outcome) -> Iterator[str]:
    if outcome.differences:
        yield f"  FAILED {outcome.name}"
    for place, expected, found in outcome.differences:
        yield f"      {place}"
        yield f"        expected  {expected}"
        yield f"        found     {found}"


def _shown(shown: Coverage) -> str:
    steps = f"steps {shown.steps_shown}/{shown.steps}"
    outcomes = f"guards {shown.outcomes_shown}/{shown.outcomes}"
    return f"  {steps:12}  {outcomes:13}  {int(shown.percent)} %"


def _coverage(shown: Coverage) -> dict[str, Any]:
    return {
        "percent": round(shown.percent, 2),
        "steps": {"shown": shown.steps_shown, "of": shown.steps},
        "outcomes": {"shown": shown.outcomes_shown, "of": shown.outcomes},
        "missing": [{**missing._asdict(), "message": str(missing)} for missing in shown.missing],
    }


def _case(suite: ElementTree.Element, route: str, name: str, seconds: float) -> ElementTree.Element:
    facts = {"classname": route, "name": _printable(name), "time": f"{seconds:.4f}"}
    return ElementTree.SubElement(suite, "testcase", facts)


def _fail(case: ElementTree.Element, lines: Sequence[str]) -> None:
    told = _printable("\n".join(lines))
    ElementTree.SubElement(case, "failure", {"message": told[:200]}).text = told


def _printable(text: str) -> str:
    """XML holds no control characters."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)
