"""Event log semantics: language.md section 9."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from stores.events import BrokenChain, chain, verify
from stores.interfaces import LoggedEvent
from tests.compliance.bench import Bench, Probes
from tests.compliance.families import on_both
from tests.compliance.report import Check, Failed, expect, expect_that

CATEGORY = "event log semantics"


def checks(probes: Probes) -> Iterator[Check]:
    """All of them."""
    yield from on_both(CATEGORY, ON_BOTH, probes)


async def _log(bench: Bench, log: str = "events") -> Sequence[LoggedEvent]:
    return await bench.world.kv["meta"].events(log, after=0, limit=1000, max_bytes=1 << 24)


async def _emit(bench: Bench, many: int = 5) -> None:
    for number in range(many):
        await bench.ok("note_absent", f"n{number}")


async def gap_free(bench: Bench) -> None:
    """Events are numbered from 1 without a gap, in the order of their commits."""
    await _emit(bench)
    events = await _log(bench)
    expect([each.sequence for each in events], [1, 2, 3, 4, 5], "sequences")
    payloads = [each.event.payload for each in events]
    expect(payloads, [b'{"text":"n%d"}' % number for number in range(5)], "payloads")


async def gap_free_at_once(bench: Bench) -> None:
    """20 requests at once, half of them refused, leave no gap and no double."""
    await asyncio.gather(
        *(bench.ask("note_absent", params={"name": f"n{number % 10}"}) for number in range(20)),
        *(bench.ask("note_refused", params={"name": f"n{number}"}) for number in range(5)),
    )
    events = await _log(bench)
    expect([each.sequence for each in events], list(range(1, 11)), "sequences")
    expect(len({each.event.payload for each in events}), 10, "different events")
    verify(events)


async def chained(bench: Bench) -> None:
    """Each event holds its predecessor's hash, so that the log verifies offline."""
    await _emit(bench)
    events = await _log(bench)
    expect(events[0].previous, "0" * 64, "what the first one follows on")
    for before, after in pairwise(events):
        expect(after.previous, before.hash, f"previous of event {after.sequence}")
    expect(verify(events), events[-1].hash, "the hash of the whole log")


async def tampering_shows(bench: Bench) -> None:
    """A changed, removed, reordered or rewritten event breaks the chain."""
    await _emit(bench)
    events = list(await _log(bench))
    changed = events[2].event._replace(payload=b'{"text":"forged"}')
    for what, forged in (
        ("changed", [*events[:2], events[2]._replace(event=changed), *events[3:]]),
        ("removed", [*events[:2], *events[3:]]),
        ("reordered", [events[1], events[0], *events[2:]]),
        ("rewritten", _rewritten(events)),
    ):
        try:
            verify(forged)
        except BrokenChain:
            continue
        raise Failed(f"a log with an event {what} verifies")


def _rewritten(events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    """A forged first event whose hash is right, and a second one that names it."""
    first, second, *rest = events
    forged = first.event._replace(payload=b'{"text":"forged"}')
    named = chain(first.previous, 1, forged)
    first = first._replace(event=forged, hash=named)
    return [first, second._replace(previous=named), *rest]


async def atomic_with_data(bench: Bench) -> None:
    """An event is there exactly when the data that it announces is."""
    await bench.ok("note_absent", "one")
    await bench.refused(409, "TXN_CONFLICT", "note_abort", "two")
    await bench.refused(412, "PRECONDITION_FAILED", "note_refused", "three")
    await bench.refused(409, "ALREADY_EXISTS", "note_absent", "one")
    stats = await bench.world.kv["meta"].stats()
    expect((stats.documents, stats.events), (1, 1), "documents and events")


async def identified(bench: Bench) -> None:
    """Every event has a UUIDv7 of its own, made at the event's time."""
    await _emit(bench)
    events = await _log(bench)
    ids = [uuid.UUID(each.event.event_id) for each in events]
    expect(len(set(ids)), 5, "different ids")
    for each, logged in zip(ids, events, strict=True):
        expect((each.version, each.variant), (7, uuid.RFC_4122), "version and variant")
        at = datetime.fromisoformat(logged.event.at).timestamp()
        apart = abs((each.int >> 80) - round(at * 1000))
        expect_that(apart <= 1, f"the time in {each} is {apart} ms from the event's")


async def payloads_are_valid(bench: Bench) -> None:
    """A payload that breaks its schema answers 422, one over the limit 413; no event, no data."""
    await bench.refused(422, "EVENT_INVALID", "event", "one", headers={"X-Text": ""})
    await bench.refused(413, "EVENT_TOO_LARGE", "event", "one", headers={"X-Text": "x" * 400})
    stats = await bench.world.kv["meta"].stats()
    expect((stats.documents, stats.events), (0, 0), "documents and events")


async def tenants_apart(bench: Bench) -> None:
    """Each tenant has a log and documents of its own."""
    for tenant in ("red", "blue"):
        await bench.ok("note_absent", "one", tenant=tenant)
        events = await _log(bench, f"{tenant}\x1fevents")
        expect([(each.sequence, each.event.tenant) for each in events], [(1, tenant)], tenant)
    expect(await _log(bench), [], "the log of no tenant")
    expect((await bench.ok("note", "one"))["note"], None, "the document of no tenant")


async def read_in_batches(bench: Bench) -> None:
    """The log is read on from a sequence, at most so many events and bytes at a time."""
    await _emit(bench)
    store = bench.world.kv["meta"]
    batch = await store.events("events", after=2, limit=2, max_bytes=1 << 20)
    expect([each.sequence for each in batch], [3, 4], "two events after the second")
    batch = await store.events("events", after=0, limit=9, max_bytes=1)
    expect([each.sequence for each in batch], [1], "events within one byte")


ON_BOTH = (
    gap_free, gap_free_at_once, chained, tampering_shows, atomic_with_data, identified,
    payloads_are_valid, tenants_apart, read_in_batches,
)  # fmt: skip
