"""What `validation` makes of the rules: which of them only warn."""

from collections.abc import Collection, Iterator, Mapping

from errors.finding import Severity
from pipelines.check.analysis import Whole, rule
from pipelines.expressions import Fault
from schema.document import Document

LOAD, RUN = "load_time_checks", "runtime_checks"
_ACTIONS = {LOAD: ("reject_config", "warn"), RUN: ("abort_request", "warn")}  # A warning is logged.


@rule("E108")
def possible_consequences(whole: Whole) -> Iterator[Fault]:
    """A load-time check rejects or warns, a run-time check aborts; unsafe rules never only warn."""
    checks = {
        LOAD: whole.document.validation.load_time_checks,
        RUN: whole.document.validation.runtime_checks,
    }
    for name, entries in checks.items():
        for position, entry in enumerate(entries):
            where = f"/validation/{name}/{position}/on_fail"
            if entry.on_fail not in _ACTIONS[name]:
                message = f"{name} cannot {entry.on_fail}"
                yield Fault(where, message, f"one of {', '.join(_ACTIONS[name])}")
            elif entry.on_fail == "warn" and not _may_warn(entry.require, whole):
                message = f"{entry.require} cannot only warn: no program could run without it"
                yield Fault(where, message, "write reject_config")


RULES = (possible_consequences,)


def severities(
    document: Document, usual: Mapping[str, Severity], lowerable: Collection[str]
) -> dict[str, Severity]:
    """What breaking each rule means in this schema: as `usual`, but for its load-time checks."""
    found = dict(usual)
    for entry in document.validation.load_time_checks:
        if entry.require in found:
            if entry.on_fail == "warn" and entry.require in lowerable:
                found[entry.require] = "warning"
            elif entry.on_fail == "reject_config":
                found[entry.require] = "error"
    return found


def _may_warn(id: str, whole: Whole) -> bool:
    invariants = [invariant.id for invariant in whole.document.invariants.global_]
    return id in whole.lowerable or id.startswith("W") or id in invariants
