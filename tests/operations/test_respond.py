"""Replies, events, the clock, texts and transactions."""

import json
import uuid
from typing import Any

import pytest

from errors.catalogue import CATALOGUE
from operations import emit, kv, respond, string, time, txn
from stores.events import verify
from stores.interfaces import Conflict, StorageFull

as_json, as_bytes, redirect, error = (operation.function for operation in respond.OPERATIONS)
event = emit.event.function


async def test_a_json_reply_is_compact_and_named(house: Any) -> None:
    ctx = house.ctx()
    as_json(ctx, status=201, body={"b": [1, "é", None], "a": True}, headers={"ETag": '"1"'})
    assert ctx.reply.status == 201
    assert ctx.reply.headers == {"content-type": "application/json", "etag": '"1"'}
    assert ctx.reply.body == '{"b":[1,"é",null],"a":true}'.encode()


async def test_a_reply_of_bytes_is_a_text_or_a_handle(house: Any) -> None:
    ctx = house.ctx()
    as_bytes(ctx, status=200, body="é")
    assert ctx.reply.headers == {"content-type": "application/octet-stream"}
    assert ctx.reply.body == "é".encode()
    house.blobs["primary"].take("sha256:" + "0" * 64, b"x")
    handle = await house.blobs["primary"].open("sha256:" + "0" * 64)
    as_bytes(ctx, status=200, body=handle, headers={"Content-Type": "text/plain", "Age": 7})
    assert ctx.reply.headers == {"content-type": "text/plain", "age": "7"}
    assert ctx.reply.body is handle


async def test_a_header_that_is_null_is_left_out(house: Any) -> None:
    ctx = house.ctx()
    as_json(ctx, status=200, body=None, headers={"X-One": None})
    assert ctx.reply.headers == {"content-type": "application/json"}
    assert ctx.reply.body == b"null"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\x00b", "a\x7f", "é", "a\tb"])
async def test_a_header_value_that_could_start_another_header_is_refused(
    house: Any, refused: Any, value: str
) -> None:
    ctx = house.ctx()
    for attempt in (as_json, as_bytes):
        refusal = await refused(
            "VALIDATION_ERROR",
            lambda attempt=attempt: attempt(ctx, status=200, body="", headers={"X-One": value}),
        )
        assert refusal.problem.where == "X-One"
    await refused("VALIDATION_ERROR", lambda: redirect(ctx, status=302, location=value))
    assert ctx.reply is None


async def test_a_redirect_names_its_target(house: Any) -> None:
    ctx = house.ctx()
    redirect(ctx, status=308, location="/v1/acme/tool?x=1")
    assert ctx.reply.status == 308
    assert ctx.reply.headers == {"location": "/v1/acme/tool?x=1"}
    assert ctx.reply.body == b""


async def test_an_error_has_the_code_the_status_and_the_details_it_was_given(
    house: Any, refused: Any
) -> None:
    ctx = house.ctx()
    refusal = await refused(
        "NOT_FOUND",
        lambda: error(ctx, status=404, code="NOT_FOUND", message="no", details={"a": 1}),
    )
    problem = refusal.problem
    assert (problem.status, problem.message, problem.details) == (404, "no", {"a": 1})
    assert problem.hint == CATALOGUE["NOT_FOUND"].remedy
    own = await refused("TEAPOT", lambda: error(ctx, status=418, code="TEAPOT", message="tea"))
    assert (own.problem.status, own.problem.hint, own.problem.details) == (418, None, None)
    assert ctx.reply is None


async def test_a_request_reads_the_clock_once(house: Any) -> None:
    ctx = house.ctx()
    readings = [time.now_iso8601.function(ctx) for _ in range(3)]
    assert readings == ["2023-11-14T22:13:20.123Z"] * 3
    assert house.readings == 1


async def test_a_text_is_the_template_that_the_compiler_filled(house: Any) -> None:
    assert string.format_.function(house.ctx(), template="acme/tool") == "acme/tool"


async def test_events_are_logged_with_their_data_in_a_chain(house: Any) -> None:
    ctx = house.ctx()
    await ctx.begin(("meta",))
    kind = house.schema.events["published"]
    event(ctx, type=kind, payload={"version": "1", "a": "é"})
    event(ctx, type=kind, payload={"version": "2"})
    assert not await house.kv.events("events", after=0, limit=9, max_bytes=9999)
    await txn.commit.function(ctx)
    first, second = await house.kv.events("events", after=0, limit=9, max_bytes=9999)
    assert verify([first, second]) == second.hash
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.event.payload == '{"a":"é","version":"1"}'.encode()
    assert (first.event.type, first.event.tenant) == ("published", None)
    assert first.event.at == "2023-11-14T22:13:20.123Z"
    identity = uuid.UUID(first.event.event_id)
    assert (identity.version, identity.int >> 80) == (7, 1_700_000_000_123)


async def test_an_event_of_a_tenant_is_in_the_tenants_log(house: Any) -> None:
    ctx = house.ctx(tenant="red")
    await ctx.begin(("meta",))
    event(ctx, type=house.schema.events["published"], payload={"version": "1"})
    await ctx.commit()
    assert not await house.kv.events("events", after=0, limit=9, max_bytes=9999)
    (logged,) = await house.kv.events(ctx.scoped("events"), after=0, limit=9, max_bytes=9999)
    assert logged.event.tenant == "red"


async def test_an_event_that_is_not_durable_is_checked_but_not_logged(
    house: Any, refused: Any
) -> None:
    ctx = house.ctx()
    await ctx.begin(("meta",))
    event(ctx, type=house.schema.events["seen"], payload={})
    await refused("EVENT_INVALID", lambda: event(ctx, type=house.schema.events["seen"], payload=1))
    await ctx.commit()
    assert not await house.kv.events("events", after=0, limit=9, max_bytes=9999)


async def test_an_event_that_breaks_its_schema_is_refused(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    await ctx.begin(("meta",))
    kind = house.schema.events["published"]
    refusal = await refused("EVENT_INVALID", lambda: event(ctx, type=kind, payload={}))
    assert refusal.problem.details["event"] == "published"
    assert refusal.problem.details["failures"][0]["where"] == ""


async def test_an_event_over_the_limit_is_refused(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    await ctx.begin(("meta",))
    kind = house.schema.events["published"]
    payload = {"version": "é" * 100}
    refusal = await refused("EVENT_TOO_LARGE", lambda: event(ctx, type=kind, payload=payload))
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    assert refusal.problem.details == {"event": "published", "size": size, "limit": 200}


async def test_a_transaction_is_begun_committed_and_aborted(house: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    for version, end in (("1", txn.commit.function), ("2", None)):
        ctx = house.ctx()
        await txn.begin.function(ctx, isolation="serializable")
        kv.put.function(ctx, doc=doc, key=f"artifact/a/A/{version}", value={"version": version})
        if end is not None:
            await end(ctx)
        else:
            txn.abort.function(ctx)
        assert ctx.transactions is None
    assert await house.kv.keys("artifact_meta", limit=9) == ["artifact/a/A/1"]


async def test_a_conflict_passes_through_to_the_interpreter(house: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    loser, winner = house.ctx(), house.ctx()
    for ctx in (loser, winner):
        await txn.begin.function(ctx, isolation="serializable")
        await kv.cas_put.function(
            ctx, doc=doc, key="artifact/a/A/1", value={"version": "1"}, if_absent=True
        )
    await txn.commit.function(winner)
    with pytest.raises(Conflict):
        await txn.commit.function(loser)


async def test_a_full_storage_is_told_at_commit(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    await txn.begin.function(ctx, isolation="serializable")
    ctx.transactions = {"meta": Full()}
    await refused("STORAGE_FULL", lambda: txn.commit.function(ctx))
    assert ctx.transactions is None


class Full:
    """A transaction whose disk is full."""

    async def commit(self) -> None:
        raise StorageFull

    def abort(self) -> None:
        return None
