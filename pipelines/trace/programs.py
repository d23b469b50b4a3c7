"""Programs that tell what they do, step by step.

The interpreter is the one of `pipelines/run.py` and knows nothing of this: a traced program is the
same program, compiled with something around each operation, each call and each guard that reports
to the recorder of the request.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from errors.problem import Refusal
from operations.context import ExecutionContext, Meter, World
from operations.operation import Operation
from pipelines.bind import AWAIT, AWAIT_SET, AWAIT_SPREAD, BEGIN, REPLY, BoundStep, Call
from pipelines.compile import compile_schema
from pipelines.evaluate import Guard, Slots
from pipelines.nodes import StepNode
from pipelines.program import Program
from pipelines.trace.recorder import Recorder
from schema.model import Schema

Function = Callable[..., Any]
Replaced = Mapping[str, Function]
"""Functions that stand in for those of some steps, by the steps' pointers."""

_RECORDER: ContextVar[Recorder] = ContextVar("larder-recorder")


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """While this lasts, traced programs that this task runs report to the recorder."""
    before = _RECORDER.set(recorder)
    try:
        yield
    finally:
        _RECORDER.reset(before)


def traced_programs(
    schema: Schema, vocabulary: Mapping[str, Operation], replaced: Replaced | None = None
) -> dict[str, Program]:
    """The routes' programs by id, such that they run inside of `recording` only."""
    nodes: dict[str, StepNode] = {}
    replacements = replaced or {}

    def wrap(node: StepNode, function: Function) -> Function:
        nodes[node.pointer] = node
        return _noted(node, replacements.get(node.pointer, function), node.pointer in replacements)

    routes = compile_schema(schema, vocabulary, wrap).routes
    return {
        program.id: replace(
            program,
            steps=tuple(
                _watched(nodes[f"/api/routes/{position}/pipeline/{step.position}"], step)
                for step in program.steps
            ),
        )
        for position, program in enumerate(routes)
    }


def watched_world(world: World, recorder: Recorder) -> World:
    """The same world, whose store calls the recorder hears of too."""
    return replace(world, meter=_Meter(world.meter, recorder))


class _Meter:
    """Tells a recorder, and then who counted before."""

    def __init__(self, meter: Meter, recorder: Recorder) -> None:
        self._recorder = recorder
        self._counted = meter.store_call
        self.cache = meter.cache
        self.blob_bytes = meter.blob_bytes
        self.transaction_retry = meter.transaction_retry

    def store_call(self, effect: str) -> None:
        """One call of a store."""
        self._recorder.store_called(effect)
        self._counted(effect)


def _noted(node: StepNode, function: Function, mocked: bool) -> Function:
    def noted(ctx: ExecutionContext, *arguments: Any) -> Any:
        _RECORDER.get().called(node, ctx, arguments, mocked=mocked)
        return function(ctx, *arguments)

    return noted


def _watched(node: StepNode, step: BoundStep) -> BoundStep:
    guard = None if step.guard is None else _watched_guard(node, step.guard)
    if step.kind in (AWAIT, AWAIT_SET, AWAIT_SPREAD, BEGIN):
        return step._replace(guard=guard, call=_watched_await(node, step.call))
    outcome = "replied" if step.kind == REPLY else "done"
    return step._replace(guard=guard, call=_watched_call(node, step.call, outcome))


def _watched_guard(node: StepNode, guard: Guard) -> Guard:
    def asked(slots: Slots) -> bool:
        recorder = _RECORDER.get()
        try:
            held = guard(slots)
        except Refusal as refusal:
            recorder.opened(node, None)
            recorder.failed(refusal)
            raise
        recorder.guarded(node, held)
        return held

    return asked


def _watched_call(node: StepNode, call: Call, outcome: str) -> Call:
    def watched(ctx: ExecutionContext) -> Any:
        recorder = _RECORDER.get()
        recorder.opened(node, ctx)
        try:
            result = call(ctx)
        except BaseException as error:
            recorder.failed(error)
            raise
        recorder.ended(node, ctx, result, outcome)
        return result

    return watched


def _watched_await(node: StepNode, call: Call) -> Call:
    async def watched(ctx: ExecutionContext) -> Any:
        recorder = _RECORDER.get()
        recorder.opened(node, ctx)
        try:
            result = await call(ctx)
        except BaseException as error:
            recorder.failed(error)
            raise
        recorder.ended(node, ctx, result, "done")
        return result

    return watched
