"""Garbage collection: nothing that a document names, and nothing that is on its way, is taken."""

from collections.abc import Iterator

from pipelines.check.analysis import Whole, rule
from pipelines.expressions import Fault
from schema.pointers import join
from schema.recurrence import faults as recurrence_faults


@rule("E601")
def marked_documents(whole: Whole) -> Iterator[Fault]:
    """Where blobs are collected, every document that holds digests is a mark source."""
    gc = whole.document.gc
    sources = {source.document for source in gc.mark_sources}
    for document, places in whole.digest_paths.items() if gc.enabled else ():
        if places and document not in sources:
            names = sorted({place[0] for place in places if place})
            message = f"{document} names blobs by {', '.join(names)}, and nothing marks them"
            listed = ", ".join(f'"{name}"' for name in names)
            hint = f'add {{"document": "{document}", "fields": [{listed}]}}'
            yield Fault("/gc/mark_sources", message, hint)


@rule("E602")
def marked_fields(whole: Whole) -> Iterator[Fault]:
    """A mark source lists every property of its document that holds a digest, and no other."""
    paths = whole.digest_paths
    for position, source in enumerate(whole.document.gc.mark_sources):
        where = join("/gc/mark_sources", position, "fields")
        places = paths.get(source.document)
        if places is None:
            continue  # There is no such document, which E107 tells.
        for number, field in enumerate(source.fields):
            if (field,) not in places:
                message = f"{field} of {source.document} holds no digests"
                yield Fault(f"{where}/{number}", message, "leave it out")
        for place in sorted(places):
            if len(place) > 1:
                message = f"{source.document} has a digest inside {place[0]}, where none is marked"
                yield Fault(where, message, "keep digests in properties of the document itself")
            elif place and place[0] not in source.fields:
                message = f"{source.document} names blobs by {place[0]}, and nothing marks them"
                yield Fault(where, message, f'add "{place[0]}"')


@rule("E604")
def grace_outlives_uploads(whole: Whole) -> Iterator[Fault]:
    """The collector spares what is younger than the longest request can last."""
    gc, limits = whole.document.gc, whole.document.ops.limits
    grace = gc.sweep.sweep_unreferenced_after_seconds
    if gc.enabled and grace * 1000 <= limits.deadline_ms:
        message = f"an upload may last {limits.deadline_ms / 1000:g} s and is spared for {grace} s"
        hint = f"more than {limits.deadline_ms // 1000}, or a smaller ops.limits.deadline_ms"
        yield Fault("/gc/sweep/sweep_unreferenced_after_seconds", message, hint)


@rule("E605")
def bearable_schedules(whole: Whole) -> Iterator[Fault]:
    """The collector's schedule is a recurrence rule without an end, at most every hour."""
    schedule = whole.document.gc.sweep.schedule
    for fault in recurrence_faults(schedule.rrule) if schedule is not None else ():
        hint = "such as FREQ=DAILY;BYHOUR=3;BYMINUTE=0 (RFC 5545), at most every hour"
        yield Fault("/gc/sweep/schedule/rrule", fault, hint)


SCHEMA_RULES = (marked_documents, marked_fields, grace_outlives_uploads, bearable_schedules)
"""The rules about the schema."""
