"""What a run found, and how it is printed: text, JSON, JUnit."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TextIO
from xml.etree import ElementTree

CATEGORIES = (
    "operation coverage",
    "route compatibility",
    "operation semantics",
    "storage semantics",
    "auth semantics",
    "event log semantics",
)

Status = Literal["passed", "failed", "skipped", "noted"]

_MARKS: dict[Status, tuple[str, str, str]] = {
    "passed": ("✓", "ok", "32"),
    "failed": ("✗", "FAILED", "31"),
    "skipped": ("-", "skipped", "33"),
    "noted": ("!", "NOTE", "33"),
}


class Failed(Exception):
    """A check does not hold; the text says what was found instead."""


class Skipped(Exception):
    """A check has nothing to look at; the text says why."""


class Noted(Exception):
    """A check has found nothing that fails, but something to know; the text says what."""


@dataclass(frozen=True)
class Result:
    """One check's outcome; `detail` counts what was looked at, or tells what went wrong."""

    category: str
    name: str
    status: Status
    detail: str
    seconds: float


@dataclass(frozen=True)
class Check:
    """One statement that is tried out; `run` gives a detail, or raises Failed, Skipped or Noted."""

    category: str
    name: str
    run: Callable[[], Awaitable[str | None]]


def expect(found: Any, wanted: Any, what: str) -> None:
    """Raises Failed when `found` is not equal to `wanted`."""
    if found != wanted:
        raise Failed(f"{what}: {found!r} instead of {wanted!r}")


def expect_that(holds: bool, what: str) -> None:
    """Raises Failed, telling `what` is wrong, unless it holds."""
    if not holds:
        raise Failed(what)


async def perform(check: Check) -> Result:
    """Run one check. What it raises beside those three is a failure too, never an end."""
    started = time.perf_counter()
    status: Status
    try:
        detail = await check.run() or ""
        status = "passed"
    except Skipped as reason:
        status, detail = "skipped", str(reason)
    except Noted as reason:
        status, detail = "noted", str(reason)
    except Failed as reason:
        status, detail = "failed", str(reason)
    except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
        status, detail = "failed", f"{type(error).__name__}: {error}"
    return Result(check.category, check.name, status, detail, time.perf_counter() - started)


def write_text(results: Sequence[Result], subject: str, out: TextIO) -> None:
    """Every check on a line of its own, under its category, with counts."""
    colours = out.isatty()
    plain = "utf" not in (out.encoding or "").lower()
    print(f"Compliance of {subject}", file=out)
    for category in CATEGORIES:
        ours = [result for result in results if result.category == category]
        print(f"\n{category}: {_counted(ours)}", file=out)
        for result in ours:
            mark, word, colour = _MARKS[result.status]
            shown = word if plain else mark
            if colours:
                shown = f"\x1b[{colour}m{shown}\x1b[0m"
            if result.status in ("failed", "noted"):
                detail = "".join(f"\n      {line}" for line in result.detail.splitlines())
            else:
                detail = f" ({result.detail})" if result.detail else ""
            print(f"  {shown} {result.name}{detail}", file=out)
    print(f"\n{_counted(results)}", file=out)


def as_json(results: Sequence[Result], subject: str) -> dict[str, Any]:
    """The run as one JSON object."""
    return {
        "subject": subject,
        "ok": succeeded(results),
        "counts": _counts(results),
        "categories": [
            {
                "name": category,
                "counts": _counts([r for r in results if r.category == category]),
                "checks": [
                    {**asdict(result), "seconds": round(result.seconds, 4)}
                    for result in results
                    if result.category == category
                ],
            }
            for category in CATEGORIES
        ],
    }


def as_junit(results: Sequence[Result]) -> bytes:
    """The run as a JUnit file: a suite a category, a case a check."""
    root = ElementTree.Element("testsuites", {"name": "schema compliance", **_numbers(results)})
    for category in CATEGORIES:
        ours = [result for result in results if result.category == category]
        suite = ElementTree.SubElement(root, "testsuite", {"name": category, **_numbers(ours)})
        for result in ours:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=category,
                name=result.name,
                time=f"{result.seconds:.4f}",
            )
            if result.status == "noted":
                ElementTree.SubElement(case, "system-out").text = _printable(result.detail)
            elif result.status != "passed":
                word = "failure" if result.status == "failed" else "skipped"
                told = _printable(result.detail)
                ElementTree.SubElement(case, word, message=told[:200]).text = told
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def succeeded(results: Iterable[Result]) -> bool:
    """Whether nothing failed."""
    return all(result.status != "failed" for result in results)


def _counts(results: Sequence[Result]) -> dict[str, int]:
    counted = Counter(result.status for result in results)
    return {status: counted[status] for status in _MARKS}


def _counted(results: Sequence[Result]) -> str:
    counts = _counts(results)
    aside = {status: counts[status] for status in ("skipped", "noted") if counts[status]}
    told = f"{counts['passed']} of {len(results) - sum(aside.values())} passed"
    return told + "".join(f", {count} {status}" for status, count in aside.items())


def _numbers(results: Sequence[Result]) -> dict[str, str]:
    counts = _counts(results)
    return {
        "tests": str(len(results)),
        "failures": str(counts["failed"]),
        "skipped": str(counts["skipped"]),
        "time": f"{sum(result.seconds for result in results):.4f}",
    }


def _printable(text: str) -> str:
    """XML holds no control characters."""
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in text)
