"""One request to one route, run and traced without a service and without keeping anything."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from click import Abort

from errors.problem import Refusal
from operations.context import ExecutionContext, World
from operations.extensions import operations_for
from operations.world import Network
from pipelines.examples.ask import GivenNetwork, NotGiven, ask, give, principal_of, request_of
from pipelines.examples.format import Example, Others
from pipelines.program import Program, Programs
from pipelines.run import run
from pipelines.trace.programs import Replaced, recording, traced_programs, watched_world
from pipelines.trace.recorder import Recorder, StepTrace
from schema.model import Schema
from service.dry_run import apart, live, scratch, written
from service.failures import CouldNotRun
from service.masks import preview_for
from service.upstream import UpstreamNetwork

MOST_CHARACTERS = 4 * 1024 * 1024
"""What all previews of one trial may take."""

Watcher = Callable[[StepTrace], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried.

    `data` is the data directory whose stores are read, None for scratch stores. `network` says
    whether upstreams are asked; if not, those answer that the example gives. `replaced` are mocks.
    """

    schema: Schema
    programs: Programs
    route: str
    example: Example
    environ: Mapping[str, str]
    data: Path | None = None
    network: bool = False
    replaced: Replaced = field(default_factory=dict)


def recorder_of(trial: Trial, before: Watcher | None, after: Watcher | None) -> Recorder:
    """A recorder that knows the trial's secrets: its request's, and the upstreams' credentials."""
    preview = preview_for(trial.schema, trial.environ, MOST_CHARACTERS)
    return Recorder(preview, before, after)


async def attempt(trial: Trial, recorder: Recorder) -> dict[str, Any]:
    """Run the request; its trace as JSON, and what it wrote. Raises CouldNotRun."""
    given = GivenNetwork(trial.example.given)
    upstreams = UpstreamNetwork(trial.environ) if trial.network else None
    network: Network = given if upstreams is None else upstreams
    try:
        async with _open(trial, network) as world:
            given.others = partial(_others, trial, world)
            for others in trial.example.given:
                await given.others(others)
            await _mocked(trial, world, recorder)
            return {
                "route": trial.route,
                "stores": "scratch" if trial.data is None else "live",
                **recorder.as_json(),
                "written": written(world, recorder.preview),
            }
    except NotGiven as wrong:
        raise CouldNotRun(str(wrong), hint="The example presupposes what cannot be.") from wrong
    except BrokenPipeError:  # Who read the steps went away: that is no fault of the stores.
        raise
    except OSError as reason:
        raise CouldNotRun(reason.strerror or str(reason)) from reason
    finally:
        if upstreams is not None:
            await upstreams.close()


def _open(trial: Trial, network: Network) -> AbstractAsyncContextManager[World]:
    if trial.data is None:
        return scratch(trial.schema, network)
    return live(trial.schema, network, trial.data)


async def _others(trial: Trial, world: World, others: Others) -> None:
    known = {program.id: program for program in trial.programs.routes}
    await apart(world, give(others, known, world, trial.example.request.tenant, ask))


async def _mocked(trial: Trial, world: World, recorder: Recorder) -> None:
    """Run it. Raises CouldNotRun where mocks give what no operation would."""
    try:
        await _run(trial, world, recorder)
    except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as fault:
        if not trial.replaced or isinstance(fault, Abort):
            raise
        told = f"with these mocks the pipeline meets what cannot be: {type(fault).__name__}"
        raise CouldNotRun(told, hint="Give the outcomes that belong to each other.") from fault


async def _run(trial: Trial, world: World, recorder: Recorder) -> None:
    operations = operations_for(trial.schema.document.ops.allowed)
    program: Program = traced_programs(trial.schema, operations, trial.replaced)[trial.route]
    asked = trial.example.request
    request = request_of(asked, program)
    principal = principal_of(asked, world)
    ctx = ExecutionContext(watched_world(world, recorder), request, principal, asked.tenant)
    preview = recorder.preview
    preview.learn_request(request)
    headers = {name.replace("-", "_"): value for name, value in request.headers.items()}
    recorder.known = {
        "$request": {
            "method": request.method,
            "path": preview.text(request.path),
            "query": preview.query(request.query),
            "headers": preview.members(headers),
        },
        "$principal": {"subject": principal.subject, "scopes": sorted(principal.scopes)},
        "$tenant": asked.tenant,
    }
    try:
        with recording(recorder):
            reply = await run(program, ctx)
    except Refusal as refusal:
        recorder.refused(refusal.problem)
        return
    recorder.replied(reply)
    if not isinstance(reply.body, bytes):
        reply.body.close()
