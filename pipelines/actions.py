"""Which steps a principal answers for: language.md section 8. Checker and compiler share this."""

from functools import cache

from pipelines.nodes import StepNode

STORED = frozenset({"kv.write", "blob.write", "index.write", "event.write"})
"""The effects that outlast a request; caches may vanish."""

READING = ("GET", "HEAD")
"""The methods whose routes write nothing but caches, or what a proxy fetches (E304)."""

_CHARGED = ("kv.", "blob.", "index.", "network")


@cache
def _is_charged(effects: frozenset[str]) -> bool:
    return any(effect.startswith(_CHARGED) for effect in effects)


def charged_action(step: StepNode, tags: tuple[str, ...]) -> str | None:
    """The action that a scope must list for the step to run; None for the engine's own steps.

    A route tagged `proxy` fills itself in the name of the service, so its writes are not charged.
    """
    effects = step.operation.effects
    if not _is_charged(effects):
        return None
    verifies = step.operation.name == "blob.verify_digest"
    if "proxy" in tags and (verifies or not effects.isdisjoint(STORED)):
        return None
    return "blob.put" if verifies else step.operation.name
