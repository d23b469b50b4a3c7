"""The effect monitor: an operation reaches only what it declared, and only while its step runs.

A watched operation gets a `WatchedContext` instead of the request's context. Each door to the world
(stores, blobs, caches, network, clock, the request's body) asks the operation's declaration first;
what it did not declare is refused before it happens, and so is a refusal with a code that it did
not declare. Either way the request ends with EFFECT_VIOLATION, also where the operation catches the
exception: the transaction is aborted, nothing is written, the log names the operation and the
effect.

Operations of extension vocabularies are always watched (`operations/extensions.py`). The thirty are
not: watching costs a step more than a microsecond, several times what the interpreter adds to it.
Their declarations are proved by a test instead, which runs every example of the shipped schema
under the monitor. What `validation.runtime_checks` asks of every operation, whoever wrote it, the
context holds for all of them at no cost: `ExecutionContext.writer` stops a write outside a
transaction (E310) and one in a route that only reads (E304).

What Python does not let it see: code that opens files or sockets by itself, starts threads, or
looks into objects by introspection (closures, frames, the garbage collector). The monitor catches
an extension that is wrong, not one that is hostile.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from errors.problem import Refusal
from operations.context import ExecutionContext
from operations.operation import Operation
from operations.violation import EffectViolation
from operations.watched_context import WatchedContext

_ENGINE = frozenset(
    ("BAD_REQUEST", "BODY_TOO_LARGE", "CPU_LIMIT", "DEADLINE", "IO_LIMIT", "REQUEST_TIMEOUT")
)
"""Codes with which the engine itself ends a request, whatever operation runs."""


def watched(operation: Operation) -> Operation:
    """The same operation, held to what it declares."""
    return replace(operation, function=watching(operation, operation.function))


def watching(operation: Operation, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of an operation, held to what the operation declares."""
    allowed = _ENGINE.union(operation.errors)

    async def wait(ctx: ExecutionContext, *arguments: Any) -> Any:
        watch = _Watch(operation)
        try:
            return await function(WatchedContext(ctx, watch.ask), *arguments)
        except Refusal as refusal:
            watch.refused(refusal, allowed)
            raise
        finally:
            watch.close()

    def call(ctx: ExecutionContext, *arguments: Any) -> Any:
        watch = _Watch(operation)
        try:
            return function(WatchedContext(ctx, watch.ask), *arguments)
        except Refusal as refusal:
            watch.refused(refusal, allowed)
            raise
        finally:
            watch.close()

    return wait if operation.awaits else call


class _Watch:
    """One run of an operation; `violation` is the first thing it did that it may not."""

    __slots__ = ("is_over", "operation", "violation")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.is_over = False
        self.violation: EffectViolation | None = None

    def ask(self, effect: str) -> None:
        """Raises EffectViolation for what was not declared, or comes when the step is over."""
        if self.is_over:
            self._stop(f"{effect} after its step")
        if effect not in self.operation.effects:
            self._stop(effect)

    def refused(self, refusal: Refusal, allowed: frozenset[str]) -> None:
        """Raises EffectViolation where the operation declared no such code."""
        if isinstance(refusal, EffectViolation):
            self.violation = self.violation or refusal
        elif self.violation is None and refusal.problem.code not in allowed:
            if "reply" not in self.operation.effects:  # What a reply says is its step's matter.
                self._stop(f"the error {refusal.problem.code}")

    def close(self) -> None:
        """The step is over. Raises the violation, also where the operation has caught it."""
        self.is_over = True
        if self.violation is not None:
            raise self.violation

    def _stop(self, effect: str) -> None:
        found = EffectViolation(self.operation.name, effect)
        self.violation = self.violation or found
        raise found
