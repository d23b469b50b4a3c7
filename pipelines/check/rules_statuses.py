"""Statuses: each says what the reply is, and an error code always means the same."""

from collections.abc import Iterator

from errors.catalogue import CATALOGUE
from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.expressions import Fault
from pipelines.nodes import Constant

_WITHOUT_BODY = (204, 205)
_PARTS = 206
_REPLYING = frozenset({"reply"})


@rule("E402")
def fitting_statuses(analysis: Analysis) -> Iterator[Fault]:
    """Successes are answered 2xx, with a body where the status has one; all else is an error."""
    for step in analysis.steps_with(_REPLYING):
        status = step.static.get("status")
        if step.operation.name not in ("respond.json", "respond.bytes") or status is None:
            continue
        where, name = step.argument("status"), step.operation.name
        if status >= 400:
            told = f"{name} answers {status} without the error body that all errors have"
            yield Fault(where, told, "answer by respond.error")
        elif status >= 300:
            yield Fault(where, f"{name} does not redirect", "answer by respond.redirect")
        elif status == _PARTS:
            told = "206 belongs to ranges, which respond.bytes serves by itself"
            yield Fault(where, told, "answer 200")
        elif status in _WITHOUT_BODY and step.dynamic.get("body") != Constant(""):
            told = f"a reply with the status {status} has no body"
            yield Fault(where, told, 'answer 200, or by respond.bytes with "body": ""')


@rule("E403")
def known_codes(whole: Whole) -> Iterator[Fault]:
    """An error code has one status: the catalogue's, or the one it was first answered with."""
    statuses = {code: entry.status for code, entry in CATALOGUE.items()}
    for analysis in whole.pipelines:
        for step in analysis.steps_with(_REPLYING):
            code, status = step.static.get("code"), step.static.get("status")
            if code is None or status is None:
                continue
            usual = statuses.setdefault(code, status)
            if usual != status:
                told = f"{code} is answered {usual} elsewhere, and {status} here"
                hint = f'"status": {usual}, or a code of your own'
                yield Fault(step.argument("status"), told, hint)


RULES = (fitting_statuses,)
SCHEMA_RULES = (known_codes,)
"""The rules about the schema."""
