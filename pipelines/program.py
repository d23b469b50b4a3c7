"""What is compiled: programs, and what they read of a request before their first step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errors.problem import refuse
from operations.context import ExecutionContext
from pipelines.bind import BoundStep
from pipelines.evaluate import Slots
from pipelines.policies import Admission
from schema.entities import Entity

REQUEST_BODY = "request.body"


@dataclass(frozen=True, slots=True)
class Program:
    """One compiled pipeline.

    `actions` are the operations that one of the principal's scopes must list; `stores` the kv
    stores that its transactions cover; `disabled` names the flag that switches it off, if it does.
    """

    id: str
    method: str
    path: str
    tags: tuple[str, ...]
    steps: tuple[BoundStep, ...]
    slots: int
    params: tuple[tuple[str, int], ...]
    roots: tuple[tuple[Callable[[ExecutionContext], Any], int], ...]
    field_slots: Mapping[str, Mapping[str, int]]
    actions: frozenset[str]
    stores: tuple[str, ...]
    namespace_param: tuple[str, Entity] | None
    reads_only: bool
    admission: Admission | None
    disabled: str | None

    def enter(self, ctx: ExecutionContext) -> None:
        """Give the request its slots and admit its principal. Raises Refusal."""
        if self.disabled is not None:
            raise refuse("ROUTE_DISABLED", f"{self.disabled} is switched off")
        ctx.program = self
        slots: Slots = [None] * self.slots
        ctx.slots = slots
        if self.admission is not None:
            self.admission.check(ctx)
        for name, slot in self.params:
            slots[slot] = ctx.request.params[name]
        for load, slot in self.roots:
            slots[slot] = load(ctx)


@dataclass(frozen=True, slots=True)
class Programs:
    """Everything that a schema runs: a program per route, and one per replicated event type."""

    routes: tuple[Program, ...]
    apply: Mapping[str, Program]


def _principal(ctx: ExecutionContext) -> dict[str, Any]:
    principal = ctx.principal
    return {
        "subject": principal.subject,
        "scopes": sorted(principal.scopes),
        "tenant": principal.tenant,
    }


def _request(ctx: ExecutionContext) -> dict[str, Any]:
    request = ctx.request
    return {
        "id": request.id,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": {
            name.replace("-", "_"): value
            for name, value in request.headers.items()
            if "_" not in name  # It would pose as the header with a dash.
        },
        "body": request.body,
    }


def _route(ctx: ExecutionContext) -> dict[str, Any]:
    program = ctx.program
    assert isinstance(program, Program)
    return {"id": program.id, "method": program.method, "tags": list(program.tags)}


ROOTS: dict[str, Callable[[ExecutionContext], Any]] = {
    "principal": _principal,
    "request": _request,
    "route": _route,
    "tenant": lambda ctx: ctx.tenant,
    "event": lambda ctx: ctx.event,
    REQUEST_BODY: lambda ctx: ctx.request.body,
}
