"""Documents: read, written, compared and swapped, removed."""

from typing import Any

import pytest

from operations import kv

get, put, cas_put, delete = (operation.function for operation in kv.OPERATIONS)

KEY = "artifact/acme/TOOL/1.0.0"
DIGEST = "sha256:" + "a" * 64


async def _write(house: Any, key: str, value: Any, tenant: str | None = None) -> None:
    ctx = house.ctx(tenant=tenant)
    await ctx.begin(("meta",))
    put(ctx, doc=house.schema.documents["artifact_meta"], key=key, value=value)
    await ctx.commit()


async def test_a_document_that_is_not_there_is_null(house: Any) -> None:
    found = await get(house.ctx(), doc=house.schema.documents["artifact_meta"], key=KEY)
    assert (found.out, found.rev_out) == (None, None)


async def test_a_document_is_read_as_it_was_written_and_each_write_raises_its_revision(
    house: Any,
) -> None:
    doc = house.schema.documents["artifact_meta"]
    value = {"version": "1.0.0", "size": 2**70, "tags": ["é", None, 1.5, True]}
    await _write(house, KEY, value)
    first = await get(house.ctx(), doc=doc, key=KEY)
    await _write(house, KEY, value)
    second = await get(house.ctx(), doc=doc, key=KEY)
    assert first.out == value
    assert isinstance(first.rev_out, int)
    assert second.rev_out > first.rev_out
    assert house.meter.calls == ["kv.write", "kv.read", "kv.write", "kv.read"]


async def test_equal_documents_are_stored_as_equal_bytes(house: Any) -> None:
    await _write(house, "artifact/a/A/1", {"version": "1", "size": 1})
    await _write(house, "artifact/a/A/2", {"size": 1, "version": "1"})
    stored = [await house.kv.get("artifact_meta", f"artifact/a/A/{n}") for n in (1, 2)]
    assert [document.value for document in stored] == [b'{"size":1,"version":"1"}'] * 2


async def test_a_transaction_reads_what_it_has_written(house: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    ctx = house.ctx()
    await ctx.begin(("meta",))
    put(ctx, doc=doc, key=KEY, value={"version": "1.0.0"})
    assert (await get(ctx, doc=doc, key=KEY)).out == {"version": "1.0.0"}
    assert (await get(house.ctx(), doc=doc, key=KEY)).out is None
    ctx.abort()
    assert (await get(house.ctx(), doc=doc, key=KEY)).out is None


async def test_a_document_of_another_tenant_is_not_there(house: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    await _write(house, KEY, {"version": "1.0.0"}, tenant="red")
    assert (await get(house.ctx(tenant="blue"), doc=doc, key=KEY)).out is None
    assert (await get(house.ctx(), doc=doc, key=KEY)).out is None
    assert (await get(house.ctx(tenant="red"), doc=doc, key=KEY)).out == {"version": "1.0.0"}


async def test_a_document_that_breaks_its_schema_is_refused_with_every_place(
    house: Any, refused: Any
) -> None:
    ctx = house.ctx()
    await ctx.begin(("meta",))
    doc = house.schema.documents["artifact_meta"]
    refusal = await refused(
        "DOCUMENT_INVALID", lambda: put(ctx, doc=doc, key=KEY, value={"size": "x", "version": ""})
    )
    places = sorted(failure["where"] for failure in refusal.problem.details["failures"])
    assert places == ["/size", "/version"]
    assert refusal.problem.status == 422


async def test_a_document_over_the_limit_is_refused(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    await ctx.begin(("meta",))
    doc = house.schema.documents["artifact_meta"]
    value = {"version": "1" * 400}
    refusal = await refused("VALUE_TOO_LARGE", lambda: put(ctx, doc=doc, key=KEY, value=value))
    assert refusal.problem.details["limit"] == 300
    await refused(
        "VALUE_TOO_LARGE", lambda: cas_put(ctx, doc=doc, key=KEY, value=value, if_absent=True)
    )
    await refused(
        "DOCUMENT_INVALID", lambda: cas_put(ctx, doc=doc, key=KEY, value={}, if_absent=True)
    )


async def test_what_is_taken_is_never_written_over_and_its_digest_is_told(
    house: Any, refused: Any
) -> None:
    doc = house.schema.documents["artifact_meta"]
    value = {"version": "1.0.0", "blob_digest": DIGEST}
    ctx = house.ctx()
    await ctx.begin(("meta",))
    await cas_put(ctx, doc=doc, key=KEY, value=value, if_absent=True)
    refusal = await refused(
        "ALREADY_EXISTS", lambda: cas_put(ctx, doc=doc, key=KEY, value=value, if_absent=True)
    )
    assert refusal.problem.details == {"key": KEY, "digest": DIGEST}


@pytest.mark.parametrize("name", ["digest", "checksum"])
async def test_the_digest_of_what_is_taken_is_found_under_any_name(
    house: Any, refused: Any, name: str
) -> None:
    await _write(house, KEY, {"version": "1", name: DIGEST})
    ctx = house.ctx()
    await ctx.begin(("meta",))
    doc = house.schema.documents["artifact_meta"]
    refusal = await refused(
        "ALREADY_EXISTS",
        lambda: cas_put(ctx, doc=doc, key=KEY, value={"version": "2"}, if_absent=True),
    )
    assert refusal.problem.details == {"key": KEY, "digest": DIGEST}


async def test_a_swap_by_revision_needs_the_revision_that_was_read(
    house: Any, refused: Any
) -> None:
    doc = house.schema.documents["artifact_meta"]
    await _write(house, KEY, {"version": "1"})
    revision = (await get(house.ctx(), doc=doc, key=KEY)).rev_out
    ctx = house.ctx()
    await ctx.begin(("meta",))
    for wrong in (revision + 1, None):
        refusal = await refused(
            "PRECONDITION_FAILED",
            lambda wrong=wrong: cas_put(
                ctx, doc=doc, key=KEY, value={"version": "2"}, if_rev=wrong
            ),
        )
        assert refusal.problem.details == {"key": KEY, "revision": revision, "if_rev": wrong}
    await cas_put(ctx, doc=doc, key=KEY, value={"version": "2"}, if_rev=revision)
    assert (await get(ctx, doc=doc, key=KEY)).out == {"version": "2"}


async def test_a_swap_by_revision_null_needs_an_absent_document(house: Any, refused: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    ctx = house.ctx()
    await ctx.begin(("meta",))
    await refused(
        "PRECONDITION_FAILED",
        lambda: cas_put(ctx, doc=doc, key=KEY, value={"version": "1"}, if_rev=7),
    )
    await cas_put(ctx, doc=doc, key=KEY, value={"version": "1"}, if_rev=None)
    assert (await get(ctx, doc=doc, key=KEY)).out == {"version": "1"}


async def test_a_swap_by_value_compares_as_json_does(house: Any, refused: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    await _write(house, KEY, {"version": "1", "size": 1, "flags": [True, {"a": None}]})
    ctx = house.ctx()
    await ctx.begin(("meta",))
    same = {"flags": (True, {"a": None}), "size": 1.0, "version": "1"}
    for other in (
        {**same, "size": True},
        {**same, "flags": [1, {"a": None}]},
        {**same, "flags": [True]},
        {**same, "flags": {}},
        {"version": "1"},
        None,
    ):
        await refused(
            "PRECONDITION_FAILED",
            lambda other=other: cas_put(
                ctx, doc=doc, key=KEY, value={"version": "2"}, if_equals=other
            ),
        )
    await cas_put(ctx, doc=doc, key=KEY, value={"version": "2"}, if_equals=same)
    assert (await get(ctx, doc=doc, key=KEY)).out == {"version": "2"}


async def test_a_swap_by_value_null_needs_an_absent_document(house: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    ctx = house.ctx()
    await ctx.begin(("meta",))
    await cas_put(ctx, doc=doc, key=KEY, value={"version": "2"}, if_equals=None)
    assert (await get(ctx, doc=doc, key=KEY)).out == {"version": "2"}


async def test_removing_tells_whether_there_was_something(house: Any) -> None:
    doc = house.schema.documents["artifact_meta"]
    await _write(house, KEY, {"version": "1"})
    ctx = house.ctx()
    await ctx.begin(("meta",))
    assert (await delete(ctx, doc=doc, key=KEY)).existed_out is True
    assert (await delete(ctx, doc=doc, key=KEY)).existed_out is False
    await ctx.commit()
    assert (await get(house.ctx(), doc=doc, key=KEY)).out is None


async def test_store_calls_beyond_the_limit_are_refused(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    ctx.io_left = 1
    doc = house.schema.documents["artifact_meta"]
    await get(ctx, doc=doc, key=KEY)
    await refused("IO_LIMIT", lambda: get(ctx, doc=doc, key=KEY))
