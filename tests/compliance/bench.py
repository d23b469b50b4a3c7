"""Runs the probe's routes on real stores, and remembers which operations were at work."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from errors.problem import Refusal
from operations.context import World
from operations.operation import Operation
from operations.vocabulary import VOCABULARY
from pipelines.examples.ask import Answered, ask
from pipelines.examples.format import Ask
from pipelines.load import Loaded, load
from service.scratch import Backend, Counts, scratch_world
from tests.compliance.probe import probe_schema
from tests.compliance.report import Failed, expect

_ANYWHERE = {"INVALID_KEY", "IO_LIMIT", "CPU_LIMIT", "DEADLINE", "TXN_CONFLICT", "INDEX_CONFLICT"}
"""Codes of language.md sections 2, 6 and 7, which no single operation declares for itself."""


@dataclass
class Recorder:
    """The vocabulary, each operation telling that it ran and what it refused with."""

    ran: set[str] = field(default_factory=set)
    undeclared: set[str] = field(default_factory=set)

    def vocabulary(self) -> tuple[Operation, ...]:
        """All operations, recorded."""
        return tuple(replace(each, function=self._recorded(each)) for each in VOCABULARY)

    def _recorded(self, operation: Operation) -> Callable[..., Any]:
        async def awaited(ctx: Any, *arguments: Any) -> Any:
            self.ran.add(operation.name)
            try:
                return await operation.function(ctx, *arguments)
            except Refusal as refusal:
                self._note(operation, refusal)
                raise

        def called(ctx: Any, *arguments: Any) -> Any:
            self.ran.add(operation.name)
            try:
                return operation.function(ctx, *arguments)
            except Refusal as refusal:
                self._note(operation, refusal)
                raise

        return awaited if operation.awaits else called

    def _note(self, operation: Operation, refusal: Refusal) -> None:
        code = refusal.problem.code
        if operation.name != "respond.error" and code not in {*operation.errors, *_ANYWHERE}:
            self.undeclared.add(f"{operation.name} refused with {code}")


class Bench:
    """One world that runs a loaded schema's routes."""

    def __init__(self, loaded: Loaded, world: World, backend: Backend) -> None:
        self.world = world
        self.backend = backend
        self._programs = {program.id: program for program in loaded.routes}

    @property
    def counts(self) -> Counts:
        """What the requests did to the world."""
        assert isinstance(self.world.meter, Counts)
        return self.world.meter

    async def ask(self, route: str, **asked: Any) -> Answered:
        """Send a request to a route; keywords are those of an example's request."""
        return await ask(Ask(**asked), self._programs[route], self.world)

    async def ok(self, route: str, name: str | None = None, **asked: Any) -> Any:
        """Send a request that has to succeed; the JSON of the answer."""
        answered = await self.ask(route, **_named(name, asked))
        if answered.status >= 300:
            raise Failed(f"{self.backend}: {route} answered {answered.status}: {answered.body!r}")
        return json.loads(answered.body)

    async def refused(
        self, status: int, code: str, route: str, name: str | None = None, **asked: Any
    ) -> dict[str, Any]:
        """Send a request that has to be refused like that; the details."""
        answered = await self.ask(route, **_named(name, asked))
        told = f"{self.backend}: {route}"
        expect((answered.status, answered.code), (status, code), told)
        details: dict[str, Any] = json.loads(answered.body)["error"].get("details", {})
        return details


class Probes:
    """Makes benches of the probe schema."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._loaded: dict[str, Loaded] = {}

    def load(self, schema: Mapping[str, Any]) -> Loaded:
        """Load a schema with the recorded vocabulary, once."""
        source = json.dumps(schema)
        if source not in self._loaded:
            vocabulary = self.recorder.vocabulary()
            self._loaded[source] = load(source.encode(), "probe.json", vocabulary)
        return self._loaded[source]

    @asynccontextmanager
    async def open(
        self, backend: Backend, schema: Mapping[str, Any] | None = None, **world: Any
    ) -> AsyncIterator[Bench]:
        """A bench on empty stores. Raises Failed when the probe's schema is refused."""
        loaded = self.load(schema or probe_schema())
        if loaded.schema is None:
            raise Failed("\n".join(str(f) for f in loaded.findings if f.severity == "error"))
        async with scratch_world(loaded.schema, backend, **world) as opened:
            yield Bench(loaded, opened, backend)


def _named(name: str | None, asked: dict[str, Any]) -> dict[str, Any]:
    return asked if name is None else {**asked, "params": {"name": name}}
