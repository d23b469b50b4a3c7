"""Events, followers and the collector compared."""

from collections.abc import Iterator
from typing import Any

from pipelines.diff.difference import Difference, pairs
from pipelines.diff.routes import reply_kind, reply_told
from pipelines.diff.schemas import refusals
from pipelines.diff.variables import renamed
from schema.document import Document, EventType, MarkSource, Replication
from schema.pointers import join

Json = Any

_NEVER = 1 << 62
"""How many versions are kept where all are."""


def event_differences(old: Document, new: Document) -> Iterator[Difference]:
    """Every difference that consumers and followers of events see."""
    before = {
        event.name: (f"/events/types/{at}", event) for at, event in enumerate(old.events.types)
    }
    after = {
        event.name: (f"/events/types/{at}", event) for at, event in enumerate(new.events.types)
    }
    for name, was, now in pairs(before, after):
        if was is None and now is not None:
            yield Difference("event-added", None, now[0], f"the event `{name}` is new")
        elif now is None and was is not None:
            yield Difference("event-removed", was[0], None, f"the event `{name}` is gone")
        elif was is not None and now is not None:
            for kind, message in _event(was[1], now[1]):
                yield Difference(kind, was[0], now[0], f"`{name}`: {message}")
    yield from _replication(old.replication, new.replication)


def collection_differences(old: Document, new: Document) -> Iterator[Difference]:
    """Every difference in what the collector keeps."""
    runs = [each.gc.enabled and each.features.gc_enabled for each in (old, new)]
    if runs[0] != runs[1]:
        told = "the collector runs" if runs[1] else "the collector does not run"
        yield Difference("gc-on" if runs[1] else "gc-off", "/gc/enabled", "/gc/enabled", told)
    yield from _retention(old, new)
    yield from _sweep(old, new)
    before, after = _marks(old.gc.mark_sources), _marks(new.gc.mark_sources)
    for document, field in sorted(before - after):
        told = f"`{field}` of `{document}` keeps no blob alive any more"
        yield Difference("mark-removed", "/gc/mark_sources", "/gc/mark_sources", told)
    for document, field in sorted(after - before):
        told = f"`{field}` of `{document}` keeps blobs alive"
        yield Difference("mark-added", "/gc/mark_sources", "/gc/mark_sources", told)


def _event(old: EventType, new: EventType) -> Iterator[tuple[str, str]]:
    if old.durable != new.durable:
        yield "event-durable" if new.durable else "event-not-durable", f"durable is {new.durable}"
    widened = refusals(new.schema, old.schema)
    kinds = {"reply-lacks": "event-lacks", "reply-extended": "event-extended"}
    for refused in widened:
        yield kinds.get(reply_kind(refused), "event-widened"), reply_told(refused)
    for refused in refusals(old.schema, new.schema):
        if refused.where not in {other.where for other in widened}:
            yield "event-narrowed", f"{refused.where or 'the whole'}: {refused.message}"


def _replication(old: Replication | None, new: Replication | None) -> Iterator[Difference]:
    where = "/replication"
    if old is None or new is None:
        if old is not new:
            told = "events are shipped" if old is None else "events are not shipped any more"
            places = (None if old is None else where, None if new is None else where)
            yield Difference("replication-changed", *places, told)
        return
    if old.mode != new.mode:
        told = f"mode is {new.mode}, and was {old.mode}"
        yield Difference("replication-changed", f"{where}/mode", f"{where}/mode", told)
    if (old.log.store, old.log.key_prefix) != (new.log.store, new.log.key_prefix):
        told = f"the log is `{new.log.key_prefix}` in `{new.log.store}`"
        yield Difference("log-moved", f"{where}/log", f"{where}/log", told)
    for key in ("max_events", "max_bytes"):
        was, now = getattr(old.shipping.batch, key), getattr(new.shipping.batch, key)
        if now < was:
            place = f"{where}/shipping/batch/{key}"
            yield Difference("batch-lowered", place, place, f"{key} is {now}, and was {was}")
    for event, before, after in pairs(old.apply_pipelines, new.apply_pipelines):
        place = join(where, "apply_pipelines", event)
        if before is None:
            yield Difference("apply-added", None, place, f"followers apply `{event}`")
        elif after is None:
            yield Difference("apply-removed", place, None, f"followers do not apply `{event}`")
        elif renamed(before) != renamed(after):
            yield Difference("apply-changed", place, place, f"`{event}` is applied in another way")


def _retention(old: Document, new: Document) -> Iterator[Difference]:
    was, now = old.gc.retention, new.gc.retention
    where = "/gc/retention"
    before, after = (each.keep_last_n_versions or _NEVER for each in (was, now))
    if before != after:
        place = f"{where}/keep_last_n_versions"
        told = "all versions are kept" if after == _NEVER else f"only {after} versions are kept"
        kind = "retention-shortened" if after < before else "retention-lengthened"
        yield Difference(kind, place, place, told)
    for key in ("keep_tags_forever", "immutable_after_publish"):
        if getattr(was, key) != getattr(now, key):
            kind = "retention-lengthened" if getattr(now, key) else "retention-shortened"
            place = f"{where}/{key}"
            yield Difference(kind, place, place, f"{key} is {getattr(now, key)}")


def _sweep(old: Document, new: Document) -> Iterator[Difference]:
    was, now = old.gc.sweep, new.gc.sweep
    key = "sweep_unreferenced_after_seconds"
    before, after = getattr(was, key), getattr(now, key)
    if before != after:
        kind = "grace-shortened" if after < before else "grace-lengthened"
        place = f"/gc/sweep/{key}"
        told = f"unreferenced blobs are spared for {after} seconds, and were for {before}"
        yield Difference(kind, place, place, told)
    if was.schedule != now.schedule:
        place = "/gc/sweep/schedule"
        yield Difference("sweep-moved", place, place, "the collector runs at other times")


def _marks(sources: tuple[MarkSource, ...]) -> set[tuple[str, str]]:
    return {(source.document, field) for source in sources for field in source.fields}
