"""What one step may cost: store calls as `ctx.count_io` counts them, and bytes."""

from collections.abc import Callable, Mapping

from pipelines.check.analysis import Analysis
from pipelines.check.worlds import World
from pipelines.derive.facts import Cost
from pipelines.derive.sizes import Sizes
from pipelines.nodes import Reference, StepNode

_STORES = (
    "kv.read", "kv.write", "blob.read", "blob.write", "index.read", "index.write", "cache.read",
    "cache.write", "event.write", "network",
)  # fmt: skip
"""Effects of which each costs an operation one store call, unless it is known to be otherwise. What
an extension's operation really calls is counted at run time, against the same limit."""


class StepCosts:
    """The worst case of each step of one pipeline."""

    def __init__(self, analysis: Analysis) -> None:
        document = analysis.whole.document
        self._analysis = analysis
        self._caching = document.caching
        self._limits = document.ops.limits
        self._blob_stores = len(document.storage.blob_stores)
        # Each look at a tenant's blob asks every kv store whether it is the tenant's.
        self._owning = 0 if document.tenancy.mode == "off" else len(document.storage.kv_stores)
        steps = analysis.pipeline.steps
        self._puts = sum("blob.write" in step.operation.effects for step in steps)
        self._sizes = Sizes(analysis.whole, analysis.scope, steps)
        self._known: dict[tuple[int, int], Cost] = {}

    def of(self, step: StepNode, world: World | None = None) -> Cost:
        """The cost of running a step; in any world, or in that one."""
        calls = self.calls(step, world)
        known = self._known.get((step.index, calls))
        if known is None:
            known = self._known[step.index, calls] = Cost(1, calls, *self._bytes(step))
        return known

    def calls(self, step: StepNode, world: World | None = None) -> int:
        """The store calls of a step; in any world, or in that one."""
        count = _CALLS.get(step.operation.name)
        if count is not None:
            return count(self, step, world)
        return sum(effect in step.operation.effects for effect in _STORES)

    def _opened(self, step: StepNode, world: World | None) -> int:
        return 1 + self._owning

    def _verified(self, step: StepNode, world: World | None) -> int:
        """Bytes that were put join the transaction, or are kept at once; a digest of other bytes
        is looked for in every store. Of several puts the bytes may be the same, and kept already.
        """
        every = self._blob_stores * (1 + self._owning)
        digest = step.dynamic.get("digest")
        if world is None or self._puts > 1 or not isinstance(digest, Reference):
            return every
        place = self._analysis.plan.place(digest, step.index)
        if all(entry[1] != place for entry in world.pending):
            return every
        return 0 if world.transaction is not None else 1

    def _listed(self, step: StepNode, world: World | None) -> int:
        """A page of the event log asks once more whether there are others."""
        return 1 if step.static.get("index") in self._analysis.whole.document.indexes else 2

    def _looked_up(self, step: StepNode, world: World | None) -> int:
        """A cached handle is opened again."""
        if not self._cache_enabled(step):
            return 0
        kinds = self._analysis.whole.cached.get(step.static.get("kind", ""), frozenset())
        return 2 if "handle" in kinds else 1

    def _cached(self, step: StepNode, world: World | None) -> int:
        return int(self._cache_enabled(step))

    def _cache_enabled(self, step: StepNode) -> bool:
        caching = self._caching
        if step.static.get("kind") == "blob":
            return caching.blob_cache.enabled
        return caching.response_cache.enabled

    def _bytes(self, step: StepNode) -> tuple[int | None, int | None, int | None]:
        """Bytes in, out and stored."""
        sizes, limits = self._sizes, self._limits
        match step.operation.name:
            case "parse.json":
                return limits.max_json_bytes, 0, 0
            case "kv.put" | "kv.cas_put":
                value = sizes.argument(step, "value")
                most = limits.max_kv_value_bytes
                return 0, 0, most if value is None else min(value, most)
            case "index.upsert":
                value = sizes.argument(step, "value")
                return 0, 0, limits.max_kv_value_bytes if value is None else value
            case "emit.event":
                payload = sizes.argument(step, "payload")
                most = sizes.event_bytes()
                return 0, 0, most if payload is None else min(payload, most)
            case "blob.put":
                taken, stored = sizes.received(step)
                return taken, 0, stored
            case "cache.put":
                return 0, 0, self._caching.response_cache.max_entry_bytes
            case "respond.json" | "respond.bytes":
                return 0, sizes.argument(step, "body"), 0
            case _:
                return 0, 0, 0


Count = Callable[[StepCosts, StepNode, World | None], int]

_CALLS: Mapping[str, Count] = {
    "blob.get": StepCosts._opened,
    "blob.verify_digest": StepCosts._verified,
    "blob.put": lambda costs, step, world: 1,
    "index.query": StepCosts._listed,
    "cache.get": StepCosts._looked_up,
    "cache.put": StepCosts._cached,
}
"""Operations whose store calls do not follow from their effects alone."""
