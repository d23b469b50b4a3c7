"""Route compatibility: every route passes the checker, compiles, and does what its examples say."""

from collections.abc import Iterator
from functools import partial

from errors.finding import Finding
from service.example_runs import Tested, run_all
from tests.compliance.families import BACKENDS
from tests.compliance.report import Check, Failed, Noted, Skipped, expect
from tests.compliance.subject import Subject

CATEGORY = "route compatibility"


def checks(subject: Subject) -> Iterator[Check]:
    """The schema as a whole, then one check a route for the checker and one for its examples."""
    yield Check(
        CATEGORY, "the schema outside of its routes passes the checker", partial(_rest, subject)
    )
    yield Check(CATEGORY, "every route and apply pipeline compiles", partial(_compiled, subject))
    routes = subject.written("api", "routes")
    for position, route in enumerate(routes if isinstance(routes, list) else ()):
        name = route.get("id") if isinstance(route, dict) else None
        named = name if isinstance(name, str) else f"number {position}"
        passes = partial(_passes, subject, position)
        yield Check(CATEGORY, f"route {named} passes the checker", passes)
        yield Check(
            CATEGORY, f"route {named} does what its examples say", partial(_runs, subject, named)
        )


def _errors(subject: Subject) -> list[Finding]:
    return [found for found in subject.loaded.findings if found.severity == "error"]


async def _rest(subject: Subject) -> str:
    _fail_on([f for f in _errors(subject) if not f.pointer.startswith("/api/routes/")])
    warnings = sum(found.severity == "warning" for found in subject.loaded.findings)
    return f"{warnings} warnings"


async def _passes(subject: Subject, position: int) -> None:
    here = f"/api/routes/{position}"
    _fail_on([f for f in _errors(subject) if f.pointer == here or f.pointer.startswith(here + "/")])


def _fail_on(errors: list[Finding]) -> None:
    if errors:
        raise Failed("\n".join(str(found) for found in errors))


async def _compiled(subject: Subject) -> str:
    if subject.loaded.programs is None:
        raise Failed(
            f"the schema was refused with {len(_errors(subject))} errors, nothing compiles"
        )
    routes, apply = subject.loaded.routes, subject.loaded.programs.apply
    expect(len(routes), len(subject.document.api.routes), "compiled routes")
    return f"{len(routes)} routes, {len(apply)} apply pipelines"


async def _runs(subject: Subject, route: str) -> str:
    count, wrong, shown = 0, [], ""
    for backend in BACKENDS:
        assert subject.schema is subject.loaded.schema
        (tested,) = await run_all(subject.loaded, backend, {route})
        count = len(tested.outcomes)
        for outcome in tested.outcomes:
            told = [f"{outcome.name} (on {backend}): {each}" for each in outcome.differences]
            wrong += told
        shown = _shown(tested)
    if wrong:
        raise Failed("\n".join(wrong))
    if not count:
        raise Skipped("it has no examples")
    told_all = f"{count} examples, on memory and on sqlite + files; {shown}"
    if tested.coverage is not None and tested.coverage.missing:
        raise Noted("\n".join([told_all, *map(str, tested.coverage.missing)]))
    return told_all


def _shown(tested: Tested) -> str:
    shown = tested.coverage
    assert shown is not None, "all examples were run"
    steps, outcomes = (shown.steps_shown, shown.steps), (shown.outcomes_shown, shown.outcomes)
    return "they show {} of {} steps, {} of {} outcomes of guards".format(*steps, *outcomes)
