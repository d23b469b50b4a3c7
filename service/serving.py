"""What answers requests: a checked schema, its routes, and the stores it names.

A `Serving` never changes; another schema is another one, and a request keeps the one it began with.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from errors.finding import Finding
from operations.context import Meter, Network, World
from pipelines.check.rules_routes import RESERVED
from pipelines.load import load
from pipelines.program import Program
from schema.model import Schema
from schema.parse import MAX_BYTES
from service.routing import RouteTable
from service.settings import Settings
from stores.addressing import compile_addressing
from stores.interfaces import BlobStore, InlineBlobs, KvStore
from stores.kinds import inline_place, open_blobs, open_cache, open_kv


class StartError(Exception):
    """The service cannot start; the message is for its operator."""


class SchemaRefused(StartError):
    """The schema, whose text is `source`, has errors; `findings` holds all of them."""

    def __init__(self, file: str, source: bytes, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.file = file
        self.source = source
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Plan:
    """A schema that was found good: its text, itself, and its routes."""

    source: bytes
    schema: Schema
    table: RouteTable[Program]
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Serving:
    """A plan with its stores open."""

    plan: Plan
    world: World

    async def ready(self) -> None:
        """Return when every store can serve; raise OSError with the reason when one cannot."""
        probes = [(name, store.ready) for name, store in self.world.kv.items()]
        probes += [(name, store.ready) for name, store in self.world.blobs.items()]
        for name, probe in probes:
            try:
                async with asyncio.timeout(2):
                    await probe()
            except TimeoutError:
                raise OSError(f"{name} does not answer") from None
            except OSError as reason:
                raise OSError(f"{name}: {reason}") from reason


def read_plan(file: Path) -> Plan:
    """The schema in a file, checked and compiled. Raises StartError, or SchemaRefused for it."""
    try:
        with file.open("rb") as opened:
            source = opened.read(MAX_BYTES + 1)
    except OSError as problem:
        raise StartError(f"{file}: {problem.strerror or problem}") from problem
    loaded = load(source, str(file))
    if loaded.schema is None:
        raise SchemaRefused(str(file), source, tuple(loaded.findings))
    declared = ((route.method, route.path, route) for route in loaded.routes)
    routes = RouteTable(declared, RESERVED)
    return Plan(source, loaded.schema, routes, tuple(loaded.findings))


async def open_serving(
    plan: Plan,
    settings: Settings,
    stack: AsyncExitStack,
    *,
    network: Network,
    meter: Meter,
    clock: Callable[[], float],
) -> Serving:
    """Open the stores that a plan names; `stack` closes them. Raises StartError."""
    _check_addresses(settings)
    schema = plan.schema
    caching = schema.document.caching
    try:
        kv: dict[str, KvStore] = {}
        for name, store in schema.kv_stores.items():
            root = _root(settings.data, name, store.root)
            kv[name] = open_kv(store.kind, root, clock=clock)
            stack.push_async_callback(kv[name].close)
        inline = next((place for store in kv.values() if (place := inline_place(store))), None)
        blobs = _open_blobs(schema, settings, inline, clock)
        for blob_store in blobs.values():
            stack.push_async_callback(blob_store.close)
        cache = open_cache(
            "memory",
            max_bytes=settings.cache_bytes,
            max_entry_bytes=caching.response_cache.max_entry_bytes,
        )
        stack.push_async_callback(cache.close)
    except (OSError, ValueError) as problem:
        raise StartError(str(problem)) from problem
    world = World(schema, kv, blobs, cache, network, clock, meter)
    return Serving(plan, world)


def _open_blobs(
    schema: Schema, settings: Settings, inline: InlineBlobs | None, clock: Callable[[], float]
) -> Mapping[str, BlobStore]:
    opened = {}
    for name, store in schema.blob_stores.items():
        declared = store.declaration
        opened[name] = open_blobs(
            declared.kind,
            _root(settings.data, name, declared.root),
            compile_addressing(declared.addressing.path_template),
            inline=inline,
            inline_limit=settings.inline_blob_bytes,
            clock=clock,
        )
    return opened


def _root(data: Path, name: str, root: str | None) -> Path:
    """A store's folder below the data directory; made when it is not there."""
    folder = data / (root or name)
    if not folder.resolve().is_relative_to(data.resolve()) or folder.resolve() == data.resolve():
        raise StartError(f"{name}: the root {root!r} is not below the data directory")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _check_addresses(settings: Settings) -> None:
    for name in ("store_url", "blob_url", "cache_url"):
        if getattr(settings, name) is not None:
            raise StartError(f"LARDER_{name.upper()}: this release has no store for that")
