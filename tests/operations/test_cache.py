"""Caches keep values and references for a time; the network is asked through the context."""

from typing import Any

import pytest

from errors.problem import refuse
from operations import blob, cache, proxy
from stores.addressing import digest_of

look, keep = (operation.function for operation in cache.OPERATIONS)
fetch = proxy.fetch.function

KEY = "pages/acme"


async def _keep(ctx: Any, value: Any, ttl: int | None = 10, kind: str = "response") -> None:
    await keep(ctx, kind=kind, key=KEY, ttl_seconds=ttl, value=value)


async def _look(ctx: Any, kind: str = "response") -> tuple[bool, Any]:
    found = await look(ctx, kind=kind, key=KEY)
    return found.hit_out, found.value_out


@pytest.mark.parametrize("value", [None, False, 0, "é", [1, {"a": None}], 2**70])
async def test_a_value_is_found_as_it_was_put(house: Any, value: Any) -> None:
    assert await _look(house.ctx()) == (False, None)
    await _keep(house.ctx(), value)
    assert await _look(house.ctx()) == (True, value)
    assert await _look(house.ctx(), "blob") == (False, None)
    assert house.meter.looks == [("response", False), ("response", True), ("blob", False)]
    assert house.meter.calls == ["cache.read", "cache.write", "cache.read", "cache.read"]


async def test_a_value_that_is_changed_later_stays_as_it_was_in_the_cache(house: Any) -> None:
    value = ["a"]
    await _keep(house.ctx(), value)
    value.append("b")
    assert await _look(house.ctx()) == (True, ["a"])


async def test_a_value_is_forgotten_when_its_time_has_run_out(house: Any) -> None:
    await _keep(house.ctx(), "x", ttl=10)
    house.seconds = 9.9
    assert await _look(house.ctx()) == (True, "x")
    house.seconds = 10.0
    assert await _look(house.ctx()) == (False, None)


async def test_a_response_is_kept_for_each_value_of_the_headers_it_varies_by(house: Any) -> None:
    house.relink(caching={"response_cache": {"vary_headers": ["Accept"]}})
    plain, rich = house.ctx(headers={"accept": "a"}), house.ctx(headers={"accept": "b"})
    await _keep(plain, "x")
    await _keep(plain, "x", kind="blob")
    assert await _look(plain) == (True, "x")
    assert await _look(rich) == (False, None)
    assert await _look(rich, "blob") == (True, "x")


async def test_a_lifetime_of_null_is_the_default_one(house: Any) -> None:
    await _keep(house.ctx(), "x", ttl=None)
    house.seconds = 29.9
    assert await _look(house.ctx()) == (True, "x")
    house.seconds = 30.0
    assert await _look(house.ctx()) == (False, None)


@pytest.mark.parametrize(("value", "ttl"), [("x" * 198, 10), ("x", 0), ("x", -1)])
async def test_what_is_too_large_or_has_no_time_is_not_kept_nor_what_it_replaces(
    house: Any, value: str, ttl: int
) -> None:
    await _keep(house.ctx(), "old")
    await _keep(house.ctx(), value, ttl=ttl)
    assert await _look(house.ctx()) == (False, None)


async def test_the_largest_entry_is_kept(house: Any) -> None:
    await _keep(house.ctx(), "x" * 197)
    assert (await _look(house.ctx()))[0] is True


async def test_tenants_do_not_share_a_cache(house: Any) -> None:
    await _keep(house.ctx(tenant="red"), "x")
    assert await _look(house.ctx(tenant="blue")) == (False, None)
    assert await _look(house.ctx()) == (False, None)
    assert await _look(house.ctx(tenant="red")) == (True, "x")


async def test_no_key_of_the_nameless_tenant_is_one_of_another(house: Any) -> None:
    await _keep(house.ctx(tenant="red"), "x")
    posed = await look(house.ctx(), kind="response", key=f"red\x1f{KEY}")
    assert posed == (False, None)


async def test_a_lifetime_that_no_clock_can_count_is_a_long_one(house: Any) -> None:
    await _keep(house.ctx(), "x", ttl=10**400)
    house.seconds = 86_400.0
    assert await _look(house.ctx()) == (True, "x")


@pytest.mark.parametrize(
    ("kind", "section"), [("response", "response_cache"), ("blob", "blob_cache")]
)
async def test_a_cache_that_is_switched_off_has_nothing(
    house: Any, kind: str, section: str
) -> None:
    await _keep(house.ctx(), "x", kind=kind)
    house.relink(caching={section: {"enabled": False}})
    assert await _look(house.ctx(), kind) == (False, None)
    await house.cache.clear()
    await _keep(house.ctx(), "x", kind=kind)
    house.relink()
    assert await _look(house.ctx(), kind) == (False, None)


async def test_a_handle_is_cached_as_a_reference_and_opened_again(house: Any) -> None:
    digest = digest_of(b"bytes" * 100)
    house.blobs["mirror"].take(digest, b"bytes" * 100)
    ctx = house.ctx()
    store = house.schema.blob_stores["mirror"]
    handle = await blob.get.function(ctx, store=store, digest=digest)
    await _keep(ctx, handle, kind="blob")
    later = house.ctx()
    hit, found = await _look(later, "blob")
    assert (hit, found.digest, found.size) == (True, digest, 500)
    assert later.handles == [(found, "mirror")]


async def test_a_reference_to_a_blob_or_a_store_that_is_gone_is_a_miss(house: Any) -> None:
    digest = digest_of(b"bytes")
    house.blobs["mirror"].take(digest, b"bytes")
    ctx = house.ctx()
    store = house.schema.blob_stores["mirror"]
    await _keep(ctx, await blob.get.function(ctx, store=store, digest=digest), kind="blob")
    await house.blobs["mirror"].delete(digest)
    assert await _look(house.ctx(), "blob") == (False, None)
    del house.blobs["mirror"]
    assert await _look(house.ctx(), "blob") == (False, None)


async def test_an_upstream_is_asked_and_its_answer_can_be_stored(house: Any) -> None:
    house.origin.answer = (200, {"content-type": "text/plain", "etag": '"1"'}, b"hello")
    ctx = house.ctx()
    answer = await fetch(
        ctx,
        upstream=house.schema.upstreams["origin"],
        method="GET",
        path="/v1/x",
        headers={"accept": "a/b", "if-none-match": None, "x-n": 5},
    )
    assert house.origin.asked == [("origin", "GET", "/v1/x", {"accept": "a/b", "x-n": "5"})]
    assert answer["status"] == 200
    assert answer["headers"] == {"content_type": "text/plain", "etag": '"1"'}
    primary = house.schema.blob_stores["primary"]
    received = await blob.put.function(ctx, store=primary, from_=answer["body"])
    assert received == (digest_of(b"hello"), 5)
    assert house.origin.closed == 0
    await ctx.leave()
    assert house.origin.closed == 1
    assert house.meter.calls == ["network", "blob.write"]


@pytest.mark.parametrize("code", ["UPSTREAM_ERROR", "UPSTREAM_TIMEOUT"])
async def test_an_upstream_that_fails_is_told_as_such(house: Any, refused: Any, code: str) -> None:
    async def fail(*_: Any) -> None:
        raise refuse(code, "the upstream failed")

    house.origin.fetch = fail
    origin = house.schema.upstreams["origin"]
    await refused(code, lambda: fetch(house.ctx(), upstream=origin, method="HEAD", path="/"))
