"""Rows in the declared order, a page at a time."""

from typing import Any

import pytest

from operations import emit, index, txn

query, upsert, delete = (operation.function for operation in index.OPERATIONS)

VERSIONS = ["1.9.0", "1.10.0", "2.0.0-rc.1", "0.1.0", "1.10.0-beta"]


async def _publish(
    house: Any, versions: list[str], name: str = "TOOL", tenant: str | None = None
) -> None:
    ctx = house.ctx(tenant=tenant)
    ctx.io_left = len(versions)
    await ctx.begin(("meta",))
    for version in versions:
        row = {"namespace": "acme", "name": name, "version": version}
        key = f"artifact/acme/{name}/{version}"
        upsert(ctx, index=house.schema.indexes["artifact_versions"], key=key, value=row)
    await ctx.commit()


async def _versions(ctx: Any, **arguments: Any) -> tuple[list[str], str | None]:
    found = await query(
        ctx,
        index=ctx.world.schema.indexes["artifact_versions"],
        **{"key": ["acme", "TOOL"], **arguments},
    )
    return [row["version"] for row in found.out], found.next_out


async def test_rows_come_in_the_declared_sort_versions_by_precedence(house: Any) -> None:
    await _publish(house, VERSIONS)
    await _publish(house, ["9.0.0"], name="OTHER")
    expected = ["2.0.0-rc.1", "1.10.0", "1.10.0-beta", "1.9.0", "0.1.0"]
    assert await _versions(house.ctx()) == (expected, None)
    assert await _versions(house.ctx(), order="asc") == (expected, None)
    assert await _versions(house.ctx(), order="desc") == (expected[::-1], None)


async def test_another_ordering_is_asked_for_by_its_name(house: Any) -> None:
    await _publish(house, VERSIONS)
    key = ["acme", "TOOL", False]
    assert await _versions(house.ctx(), name="releases", key=key) == (
        ["1.10.0", "1.9.0", "0.1.0"],
        None,
    )
    key = ["acme", "TOOL", True]
    assert await _versions(house.ctx(), name="releases", key=key, limit=1) == (
        ["2.0.0-rc.1"],
        (await _versions(house.ctx(), name="releases", key=key, limit=1))[1],
    )


@pytest.mark.parametrize("order", [None, "asc", "desc"])
async def test_pages_follow_each_other_without_gap_or_repetition(
    house: Any, order: str | None
) -> None:
    await _publish(house, VERSIONS)
    whole, _ = await _versions(house.ctx(), order=order)
    seen: list[str] = []
    after = None
    for _ in range(3):
        page, after = await _versions(house.ctx(), limit=2, after=after, order=order)
        seen += page
    assert seen == whole
    assert after is None


async def test_a_page_that_ends_with_the_last_row_has_no_next(house: Any) -> None:
    await _publish(house, VERSIONS[:2])
    page, after = await _versions(house.ctx(), limit=2)
    assert (len(page), after) == (2, None)


async def test_a_cursor_fits_only_the_listing_that_gave_it(house: Any, refused: Any) -> None:
    await _publish(house, VERSIONS)
    _, forward = await _versions(house.ctx(), limit=1)
    _, backward = await _versions(house.ctx(), limit=1, order="desc")
    key = ["acme", "TOOL", True]
    for arguments in (
        {"after": "nonsense"},
        {"after": ""},
        {"after": "é"},
        {"after": forward[:-2]},
        {"after": forward, "order": "desc"},
        {"after": backward},
        {"after": forward, "key": ["acme", "OTHER"]},
        {"after": forward, "name": "releases", "key": key},
    ):
        await refused("INVALID_CURSOR", lambda a=arguments: _versions(house.ctx(), **a))


async def test_the_limit_is_bounded_on_both_sides(house: Any) -> None:
    await _publish(house, [f"1.0.{n}" for n in range(1003)])
    counts = {
        limit: len((await _versions(house.ctx(), limit=limit))[0])
        for limit in (None, -5, 0, 1, 1000, 5000)
    }
    assert counts == {None: 100, -5: 1, 0: 1, 1: 1, 1000: 1000, 5000: 1000}


async def test_rows_are_found_by_the_beginning_of_the_next_field(house: Any) -> None:
    for name in ("TOOL", "TOOLS", "TO", "X"):
        await _publish(house, ["1.0.0"], name=name)
    rows = house.schema.indexes["artifact_versions"]
    found = await query(house.ctx(), index=rows, key=["acme"], starts_with="TOO")
    assert [row["name"] for row in found.out] == ["TOOL", "TOOLS"]
    everything = await query(house.ctx(), index=rows)
    assert [row["name"] for row in everything.out] == ["TO", "TOOL", "TOOLS", "X"]


async def test_a_value_that_has_no_order_is_refused(house: Any, refused: Any) -> None:
    rows = house.schema.indexes["artifact_versions"]
    for arguments in (
        {"key": [float("inf")]},
        {"key": ["acme", "TOOL"], "starts_with": "1."},
        {"key": ["acme", "TOOL", "1.0.0", "more"]},
    ):
        await refused("INVALID_KEY", lambda a=arguments: query(house.ctx(), index=rows, **a))
    ctx = house.ctx()
    await ctx.begin(("meta",))
    value = {"namespace": float("inf"), "name": "T", "version": "1"}
    await refused("INVALID_KEY", lambda: upsert(ctx, index=rows, key="k", value=value))


async def test_an_upsert_replaces_the_row_of_the_same_document(house: Any) -> None:
    rows = house.schema.indexes["artifact_versions"]
    for name in ("TOOL", "OTHER"):
        ctx = house.ctx()
        await ctx.begin(("meta",))
        row = {"namespace": "acme", "name": name, "version": "1.0.0"}
        upsert(ctx, index=rows, key="artifact/one", value=row)
        await ctx.commit()
    assert [row["name"] for row in (await query(house.ctx(), index=rows)).out] == ["OTHER"]


async def test_a_removed_row_is_gone_from_every_ordering(house: Any) -> None:
    await _publish(house, ["1.0.0", "2.0.0"])
    ctx = house.ctx()
    await ctx.begin(("meta",))
    rows = house.schema.indexes["artifact_versions"]
    delete(ctx, index=rows, key="artifact/acme/TOOL/1.0.0")
    delete(ctx, index=rows, key="artifact/acme/TOOL/7.0.0", value={"version": "7.0.0"})
    await ctx.commit()
    assert await _versions(house.ctx()) == (["2.0.0"], None)
    key = ["acme", "TOOL", False]
    assert await _versions(house.ctx(), name="releases", key=key) == (["2.0.0"], None)


async def test_rows_of_another_tenant_are_not_there(house: Any) -> None:
    await _publish(house, ["1.0.0"], tenant="red")
    assert (await _versions(house.ctx(tenant="red")))[0] == ["1.0.0"]
    assert (await _versions(house.ctx(tenant="blue")))[0] == []
    assert (await _versions(house.ctx()))[0] == []


async def test_a_unique_value_is_held_by_one_row(house: Any, refused: Any) -> None:
    for tenant in (None, "red"):
        for number in (1, 1, 2):
            ctx = house.ctx(tenant=tenant)
            await ctx.begin(("meta",))
            paths = house.schema.indexes["by_path"]
            upsert(ctx, index=paths, key=f"artifact/{number}", value={"path": "acme/tool"})
            if number == 1:
                await txn.commit.function(ctx)
                continue
            refusal = await refused("INDEX_CONFLICT", lambda ctx=ctx: txn.commit.function(ctx))
            assert refusal.problem.details == {
                "index": "by_path", "name": "path", "key": "artifact/1"
            }  # fmt: skip


async def test_the_event_log_is_listed_like_an_index(house: Any, refused: Any) -> None:
    ctx = house.ctx()
    await ctx.begin(("meta",))
    for number in range(3):
        emit.event.function(
            ctx, type=house.schema.events["published"], payload={"version": str(number)}
        )
    await ctx.commit()
    log = house.schema.log
    first = await query(house.ctx(), index=log, limit=2)
    assert [row["sequence"] for row in first.out] == [1, 2]
    assert first.out[0]["payload"] == {"version": "0"}
    assert first.out[1]["previous"] == first.out[0]["hash"]
    rest = await query(house.ctx(), index=log, limit=2, after=first.next_out)
    assert ([row["sequence"] for row in rest.out], rest.next_out) == ([3], None)
    assert await query(house.ctx(tenant="red"), index=log) == ([], None)
    for wrong in ("x", "-1", "9" * 19, ""):
        await refused("INVALID_CURSOR", lambda w=wrong: query(house.ctx(), index=log, after=w))
