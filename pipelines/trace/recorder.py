"""The trace of one request while it grows: each step with its arguments, results, calls and time.

What recording costs, and how long somebody looked at a step, does not count against the request's
deadline and processor time.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from errors.problem import Problem, Refusal
from operations.context import Conflict, ExecutionContext, Reply
from pipelines.nodes import ArrayNode, Node, ObjectNode, StepNode, references
from pipelines.trace.preview import HIDDEN, Preview
from pipelines.words import condition_words

MOST_STEPS = 1000
"""Steps that one trace holds; further ones are counted."""


@dataclass(slots=True)
class StepTrace:
    """One step as it ran, or was passed by.

    `attempt` counts the tries of the transaction's segment from 1. `outcome` is one of skipped,
    done, replied, refused, conflict and broken off. `arguments` and `sets` are previews.
    """

    index: int
    operation: str
    id: str | None
    attempt: int
    guard: str | None
    effects: tuple[str, ...]
    outcome: str = "skipped"
    held: bool = False
    mocked: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    sets: dict[str, Any] = field(default_factory=dict)
    store_calls: list[str] = field(default_factory=list)
    microseconds: float = 0.0
    error: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as JSON; what does not apply is left out."""
        told: dict[str, Any] = {"index": self.index, "op": self.operation, "attempt": self.attempt}
        if self.id is not None:
            told["id"] = self.id
        if self.guard is not None:
            told["guard"] = {"when": self.guard, "held": self.held}
        told["outcome"] = self.outcome
        if self.outcome != "skipped":
            told["arguments"] = self.arguments
            told["set"] = self.sets
            told["effects"] = list(self.effects)
            told["store_calls"] = self.store_calls
            told["us"] = round(self.microseconds, 1)
        if self.mocked:
            told["mocked"] = True
        if self.error is not None:
            told["error"] = self.error
        return told


class Recorder:
    """The trace of one request while it grows.

    `before` is called when a step's arguments are known and it is about to run, `after` when it is
    over or was passed by; what they raise ends the request.
    """

    def __init__(
        self,
        preview: Preview,
        before: Callable[[StepTrace], None] | None = None,
        after: Callable[[StepTrace], None] | None = None,
    ) -> None:
        self.preview = preview
        self.steps: list[StepTrace] = []
        self.left_out = 0
        self.retries = 0
        self.known: dict[str, Any] = {}
        self.reply: dict[str, Any] | None = None
        self._before, self._after = before, after
        self._tries: dict[int, int] = {}
        self._attempt = 1
        self._kept: dict[str, Any] = {}
        self._now: StepTrace | None = None
        self._fields: list[tuple[str, int, Any]] = []
        self._opened = self._entered = 0.0
        self._evaluating = 0.0

    # what wrapped programs report

    def guarded(self, node: StepNode, held: bool) -> None:
        """The guard of a step was asked."""
        if not held:
            passed = self._step(node)
            self._keep(passed)

    def opened(self, node: StepNode, ctx: ExecutionContext | None) -> None:
        """A step's turn has come; its arguments, or (without `ctx`) its guard, are evaluated."""
        if node.operation.name == "txn.begin":
            self._begin(node.index)
        self._now = self._step(node)
        self._fields = []
        if ctx is not None:
            self._now.held = True
            self._fields = [
                (name, slot, ctx.slots[slot])
                for fields in ctx.program.field_slots.values()
                for name, slot in fields.items()
            ]
        self._evaluating = 0.0
        self._opened = self._entered = time.perf_counter()

    def called(
        self, node: StepNode, ctx: ExecutionContext, arguments: tuple[Any, ...], *, mocked: bool
    ) -> None:
        """A step's arguments are evaluated, and its operation is next."""
        started, cpu = time.perf_counter(), time.thread_time()
        self._evaluating = started - self._opened
        now = self._current()
        now.mocked = mocked
        now.arguments = dict(self._arguments(node, arguments))
        if self._before is not None:
            self._before(now)
        self._entered = _uncounted(ctx, started, cpu)

    def ended(self, node: StepNode, ctx: ExecutionContext, result: Any, outcome: str) -> None:
        """A step's operation has come to its end."""
        started, cpu = time.perf_counter(), time.thread_time()
        now = self._current()
        now.microseconds = (started - self._entered + self._evaluating) * 1e6
        now.outcome = outcome
        for name, value in self._results(node, ctx, result):
            self.preview.learn_members(value)
            now.sets.update(self.preview.members({name: value}))
        self.known.update(now.sets)
        self._keep(now)
        _uncounted(ctx, started, cpu)

    def failed(self, error: BaseException) -> None:
        """A step was refused, lost a race, or was broken off."""
        now = self._current()
        spent = time.perf_counter() - self._entered
        now.microseconds = (spent + self._evaluating) * 1e6
        if isinstance(error, Refusal):
            now.outcome, now.error = "refused", self._problem(error.problem)
        else:
            now.outcome = "conflict" if isinstance(error, Conflict) else "broken off"
        self._keep(now)

    def store_called(self, effect: str) -> None:
        """A store was called."""
        if self._now is not None:
            self._now.store_calls.append(effect)

    # how the request ended

    def replied(self, reply: Reply) -> None:
        """The pipeline replied."""
        headers = self.preview.members(reply.headers)
        body = self.preview.body(reply.headers.get("content-type", ""), reply.body)
        self.reply = {"status": reply.status, "headers": headers, "body": body}

    def refused(self, problem: Problem) -> None:
        """The request was refused, by a step or around them."""
        self.reply = {"status": problem.status, "error": self._problem(problem)}

    def as_json(self) -> dict[str, Any]:
        """The trace so far: steps, retries, reply, totals."""
        ran = [step for step in self.steps if step.outcome != "skipped"]
        calls: dict[str, int] = {}
        for step in ran:
            for effect in step.store_calls:
                calls[effect] = calls.get(effect, 0) + 1
        totals = {
            "ran": len(ran),
            "skipped": len(self.steps) - len(ran),
            "left_out": self.left_out,
            "store_calls": calls,
            "us": round(sum(step.microseconds for step in ran), 1),
        }
        steps = [step.as_json() for step in self.steps]
        return {"steps": steps, "retries": self.retries, "reply": self.reply, "totals": totals}

    # plumbing

    def _step(self, node: StepNode) -> StepTrace:
        guard = None if node.when is None else condition_words(node.when)
        effects = tuple(sorted(node.operation.effects))
        return StepTrace(node.index, node.operation.name, node.id, self._attempt, guard, effects)

    def _current(self) -> StepTrace:
        if self._now is None:
            raise RuntimeError("a step ended that never began")
        return self._now

    def _keep(self, step: StepTrace) -> None:
        self._now = None
        if len(self.steps) < MOST_STEPS:
            self.steps.append(step)
        else:
            self.left_out += 1
        if self._after is not None:
            self._after(step)

    def _begin(self, index: int) -> None:
        """A segment begins, or begins again with what was known when it first did."""
        self._attempt = self._tries[index] = self._tries.get(index, 0) + 1
        if self._attempt > 1:
            self.retries += 1
            self.known = dict(self._kept)
        else:
            self._kept = dict(self.known)

    def _arguments(self, node: StepNode, values: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
        for parameter, value in zip(node.operation.parameters, values, strict=True):
            if parameter.name in node.static:
                yield parameter.name, self.preview.show(node.static[parameter.name])
            elif parameter.name in node.dynamic:
                yield parameter.name, self._argument(node.dynamic[parameter.name], value)

    def _argument(self, node: Node, value: Any) -> Any:
        """An evaluated argument; what comes from something secret is hidden, and remembered."""
        preview = self.preview
        if isinstance(node, ObjectNode) and isinstance(value, Mapping):
            return {
                name: HIDDEN
                if preview.is_secret(name) and value[name] is not None
                else self._argument(item, value[name])
                for name, item in node.items
            }
        if isinstance(node, ArrayNode) and isinstance(value, list):
            return [
                self._argument(item, each) for item, each in zip(node.items, value, strict=True)
            ]
        for reference in references(node):
            parts = (reference.name, *(part for part in reference.path if isinstance(part, str)))
            if value is not None and any(map(preview.is_secret, parts)):
                preview.learn(value)
                return HIDDEN
        return preview.show(value)

    def _results(
        self, node: StepNode, ctx: ExecutionContext, result: Any
    ) -> Iterator[tuple[str, Any]]:
        operation = node.operation
        for position, output in enumerate(operation.outputs):
            if output.name in node.outputs:
                value = result if operation.one_output else result[position]
                yield f"${node.outputs[output.name]}", value
        for name, slot, before in self._fields:
            if ctx.slots[slot] != before:
                yield f"{{{name}}}", ctx.slots[slot]

    def _problem(self, problem: Problem) -> dict[str, Any]:
        told: dict[str, Any] = {"code": problem.code, "message": self.preview.text(problem.message)}
        if problem.details:
            self.preview.learn_members(problem.details)
            told["details"] = self.preview.show(problem.details)
        return told


def _uncounted(ctx: ExecutionContext, since: float, cpu: float) -> float:
    """Give back the time that went by since then; the time it is now."""
    now = time.perf_counter()
    ctx.deadline += now - since
    ctx.check_at += now - since
    ctx.cpu_started += time.thread_time() - cpu
    return now
