"""The clock."""

from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import Text


@operation("time.now_iso8601", effects=("clock",))
def now_iso8601(ctx: ExecutionContext) -> Text:
    """The request's one reading of the clock: UTC, milliseconds, `Z`."""
    return ctx.time_iso()
