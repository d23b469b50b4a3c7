"""The way out: another repository is asked."""

from typing import Literal

from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import Headers, Text, UpstreamReply
from schema.model import UpstreamKind


@operation("proxy.fetch", effects=("network",), errors=("UPSTREAM_ERROR", "UPSTREAM_TIMEOUT"))
async def fetch(
    ctx: ExecutionContext,
    upstream: UpstreamKind,
    method: Literal["GET", "HEAD"],
    path: Text,
    headers: Headers = None,
) -> UpstreamReply:
    """Ask an upstream: `status`, `headers` and a `body` that is read as it arrives.

    Header names are lower case with `_` for `-`, so that `$answer.headers.content_type` can be
    written. A header given as null is left out.
    """
    ctx.count_io("network")
    sent = {name: str(value) for name, value in (headers or {}).items() if value is not None}
    answer = await ctx.wait(
        ctx.world.network.fetch(upstream.name, upstream.declaration, method, path, sent)
    )
    ctx.on_exit.append(answer.close)
    named = {name.replace("-", "_"): value for name, value in answer.headers.items()}
    return {"status": answer.status, "headers": named, "body": answer.body}
