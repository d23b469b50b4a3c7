"""Events, appended to the log with the data that they announce."""

from errors.problem import refuse
from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import AnyValue
from schema.model import EventKind
from stores.events import canonical, uuid7
from stores.interfaces import Event


@operation("emit.event", effects=("event.write",), errors=("EVENT_INVALID", "EVENT_TOO_LARGE"))
def event(ctx: ExecutionContext, type: EventKind, payload: AnyValue) -> None:
    """Append an event to the log, in the open transaction; one that is not durable is checked only.

    An event has a UUIDv7, the request's one time, the tenant, and its payload in canonical JSON.
    """
    ctx.count_io("event.write")
    failures = type.validator.failures(payload)
    if failures:
        first = failures[0]
        raise refuse(
            "EVENT_INVALID",
            f"{type.name}{first['where']}: {first['message']}",
            event=type.name,
            failures=failures,
        )
    schema = ctx.world.schema
    log = schema.log
    encoded = canonical(payload)
    limit = schema.limits.max_event_bytes if log is None else log.max_event_bytes
    if len(encoded) > limit:
        raise refuse(
            "EVENT_TOO_LARGE",
            f"the event has {len(encoded)} bytes, {limit} are allowed",
            event=type.name,
            size=len(encoded),
            limit=limit,
        )
    if not type.durable:
        return
    if log is None:
        raise RuntimeError(f"the durable event {type.name} has no kv store to go to")
    event_id = uuid7(ctx.time(), ctx.world.randomness(10))
    ctx.writer(log.store).append(
        ctx.scoped(log.name), Event(event_id, ctx.tenant, type.name, ctx.time_iso(), encoded)
    )
