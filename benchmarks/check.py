"""Checking schemas of 30, 300 and 3000 routes, fourteen steps each, against a mere validation.

    python -m benchmarks check

The rival reads the same text with msgspec and asks jsonschema-rs, a compiled validator, whether it
has the shape that the meta-schema declares: it sees no name, type, path or effect. Printed: the
milliseconds from text to findings (what `larder check` does), to programs (what `serve` does) and
of the rival, the ratio of the first to the last, and where the time goes. Times are processor
time. Target: 300 routes in 100 ms.
"""

import gc
import time
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import msgspec

from benchmarks.schemas import STEPS, many_routes
from operations.vocabulary import VOCABULARY
from pipelines.check.rules import analyse, check
from pipelines.compile import compile_schema
from pipelines.load import load
from schema import check as schema_check
from schema.link import link
from schema.meta import meta_schema
from schema.parse import parse
from schema.shape import typed

TRIES = {30: 9, 300: 5, 3000: 1}


def main() -> None:
    """Print a line a size, and one of its stages."""
    validator = jsonschema_rs.Draft202012Validator(_without_free(meta_schema()))
    for count, tries in TRIES.items():
        source = many_routes(count)
        rival = best(tries, lambda: validator.is_valid(msgspec.json.decode(source)))  # noqa: B023
        split = stages(source, tries)
        whole = best(tries, lambda: load(source, "schema.json").ok)  # noqa: B023
        checked = sum(split[name] for name in split if name not in ("link", "compile"))
        print(
            f"{count:5} routes, {len(source) / 1e6:5.2f} MB   to findings {checked:7.1f} ms"
            f" ({checked / count / STEPS * 1000:4.0f} us a step)   to programs {whole:7.1f} ms"
            f"   jsonschema-rs {rival:6.1f} ms   ratio {checked / rival:6.1f}",
            flush=True,
        )
        print("   " + "   ".join(f"{name} {spent:.1f}" for name, spent in split.items()))


def stages(source: bytes, tries: int) -> dict[str, float]:
    """The milliseconds of each stage of `load`, the least of several runs."""
    runs = []
    for _ in range(tries):
        gc.collect()
        gc.disable()
        runs.append(dict(_laps(source)))
        gc.enable()
    return {name: min(run[name] for run in runs) for name in runs[0]}


def _laps(source: bytes) -> Iterator[tuple[str, float]]:
    operations = {operation.name: operation for operation in VOCABULARY}
    lap = _clock()
    parsed = parse(source, "schema.json")
    yield "read", lap()
    declared = typed(parsed.value)
    assert declared is not None
    yield "shape", lap()
    found: list[Any] = list(schema_check.findings(declared, parsed.places))
    yield "schema rules", lap()
    whole = analyse(declared, operations)
    yield "parse steps", lap()
    for analysis in whole.pipelines:
        assert analysis.plan.steps
    yield "names", lap()
    for analysis in whole.pipelines:
        assert analysis.flow.visits
    yield "walk", lap()
    found += check(whole)
    yield "rules", lap()
    if found:
        raise ValueError(f"something is found in the schema: {found[0]}")
    linked = link(declared, "sha256:")
    yield "link", lap()
    compile_schema(linked, operations, scopes=[analysis.scope for analysis in whole.pipelines])
    yield "compile", lap()


def _clock() -> Callable[[], float]:
    """A function that gives the milliseconds since it was last called."""
    last = time.process_time()

    def lap() -> float:
        nonlocal last
        before, last = last, time.process_time()
        return (last - before) * 1000

    return lap


def best(tries: int, work: Callable[[], bool]) -> float:
    """The least milliseconds of several runs."""
    spent = []
    for _ in range(tries):
        lap = _clock()
        if not work():
            raise ValueError("the schema is refused")
        spent.append(lap())
        gc.collect()
    return min(spent)


def _without_free(meta: Any) -> Any:
    """The meta-schema, its closed objects open: remarks are free keys."""
    if isinstance(meta, list):
        return [_without_free(item) for item in meta]
    if not isinstance(meta, dict):
        return meta
    return {
        name: _without_free(item)
        for name, item in meta.items()
        if not (name == "additionalProperties" and item is False)
    }


if __name__ == "__main__":
    main()
