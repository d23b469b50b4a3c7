"""Turns functions into checks: the first line of a docstring is the statement that is tried out."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

from service.scratch import Backend
from tests.compliance.bench import Bench, Probes
from tests.compliance.report import Check, Failed

OnBench = Callable[[Bench], Awaitable[None]]
OnProbes = Callable[[Probes], Awaitable[str | None]]

BACKENDS: tuple[Backend, ...] = ("memory", "disk")


def on_both(category: str, functions: Sequence[OnBench], probes: Probes) -> Iterator[Check]:
    """Checks that run on stores in memory and again on SQLite and files."""
    for function in functions:
        yield Check(category, statement(function), partial(_on_both, function, probes))


def once(category: str, functions: Sequence[OnProbes], probes: Probes) -> Iterator[Check]:
    """Checks that open what they need themselves."""
    for function in functions:
        yield Check(category, statement(function), partial(function, probes))


def statement(function: Callable[..., object]) -> str:
    """The first line of a docstring, without its full stop."""
    return (inspect.getdoc(function) or function.__name__).splitlines()[0].rstrip(".")


async def _on_both(function: OnBench, probes: Probes) -> str:
    for backend in BACKENDS:
        async with probes.open(backend) as bench:
            try:
                await function(bench)
            except Failed as wrong:
                raise Failed(f"on {backend}: {wrong}") from wrong
    return "memory, sqlite + files"
