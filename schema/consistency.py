"""Parts of schema.json that contradict each other without being wrong (W101, W102), or that this
release does nothing with (W103).
"""

from collections.abc import Iterator

from errors.finding import Finding
from schema.document import Document
from schema.places import Places
from schema.pointers import join


def uncovered_capabilities(document: Document, places: Places) -> Iterator[Finding]:
    """What is used and not among the capabilities."""
    storage, told = document.storage, document.capabilities
    used = {
        ("storage", "blob"): storage.blob_stores,
        ("storage", "kv"): storage.kv_stores,
        ("storage", "index"): document.indexes,
        ("features", "proxy"): document.upstreams,
        ("features", "events"): document.events.types,
        ("features", "gc"): document.gc.enabled,
        ("features", "replication"): document.replication,
    }
    for (kind, name), use in used.items():
        listed = told.storage if kind == "storage" else told.features
        if use and name not in listed:
            yield places.finding(
                "W101",
                f"/capabilities/{kind}",
                f"`{name}` is used and not among the capabilities",
                f"add `{name}` to capabilities.{kind}",
                severity="warning",
            )


def features_off(document: Document, places: Places) -> Iterator[Finding]:
    """Sections that are switched on although their feature is off, so that they do nothing."""
    if document.gc.enabled and not document.features.gc_enabled:
        yield places.finding(
            "W102",
            "/gc/enabled",
            "the collector is on, but features.gc_enabled is off: it never runs",
            "switch both",
            severity="warning",
        )


def without_effect(document: Document, places: Places) -> Iterator[Finding]:
    """Values that change nothing in this release: none is ignored in silence."""
    caching, replication = document.caching, document.replication
    chosen = {
        "/ops/closed_world": not document.ops.closed_world,
        "/caching/response_cache/revalidate": not caching.response_cache.revalidate,
        "/caching/blob_cache/pin_on_access": caching.blob_cache.pin_on_access,
        "/replication/mode": replication is not None and replication.mode != "leader",
    }
    for name, upstream in document.upstreams.items():
        chosen[join("/upstreams", name, "health_check")] = upstream.health_check is not None
    for pointer, is_chosen in chosen.items():
        if is_chosen:
            yield places.finding(
                "W103",
                pointer,
                "this changes nothing: the release has no other way",
                "leave it out",
                severity="warning",
            )


RULES = (uncovered_capabilities, features_off, without_effect)
