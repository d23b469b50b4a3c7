"""The promises about the cache, whose bounds are 100 bytes, and 60 for an entry."""

from stores.interfaces import Cache
from tests.stores.conftest import HandClock


async def put(cache: Cache, key: str, *, size: int = 10, ttl: float = 60.0) -> None:
    await cache.put("kind", key, key.upper(), ttl_seconds=ttl, size=size)


async def kept(cache: Cache, *keys: str) -> list[str]:
    """Those of the keys that are still there."""
    return [key for key in keys if await cache.get("kind", key) is not None]


class CacheContract:
    async def test_a_value_is_got_as_it_was_put(self, cache: Cache) -> None:
        value = object()
        await cache.put("kind", "key", value, ttl_seconds=60, size=1)
        assert await cache.get("kind", "key") is value

    async def test_there_is_none_under_an_unused_key(self, cache: Cache) -> None:
        assert await cache.get("kind", "key") is None

    async def test_kinds_do_not_meet(self, cache: Cache) -> None:
        await put(cache, "key")
        assert await cache.get("other", "key") is None

    async def test_every_value_has_a_lifetime_of_its_own(
        self, cache: Cache, clock: HandClock
    ) -> None:
        await put(cache, "short", ttl=5)
        await put(cache, "long", ttl=50)
        clock.now += 4.9
        assert await kept(cache, "short", "long") == ["short", "long"]
        clock.now += 0.1
        assert await kept(cache, "short", "long") == ["long"]

    async def test_getting_does_not_lengthen_a_life(self, cache: Cache, clock: HandClock) -> None:
        await put(cache, "key", ttl=5)
        for _ in range(5):
            clock.now += 1
            await cache.get("kind", "key")
        assert await kept(cache, "key") == []

    async def test_no_lifetime_is_not_kept(self, cache: Cache) -> None:
        await put(cache, "key", ttl=0)
        assert await kept(cache, "key") == []

    async def test_the_least_recently_used_makes_room(self, cache: Cache) -> None:
        for key in ("a", "b", "c"):
            await put(cache, key, size=30)
        await cache.get("kind", "a")
        await put(cache, "d", size=30)
        assert await kept(cache, "a", "b", "c", "d") == ["a", "c", "d"]

    async def test_as_many_make_room_as_are_needed(self, cache: Cache) -> None:
        for key in ("a", "b", "c"):
            await put(cache, key, size=30)
        await put(cache, "d", size=60)
        assert await kept(cache, "a", "b", "c", "d") == ["c", "d"]

    async def test_a_value_over_the_bound_is_not_kept_and_drives_none_out(
        self, cache: Cache
    ) -> None:
        await put(cache, "small", size=50)
        await put(cache, "large", size=61)
        assert await kept(cache, "small", "large") == ["small"]

    async def test_a_value_over_the_bound_still_ends_what_it_replaces(self, cache: Cache) -> None:
        await put(cache, "key", size=10)
        await put(cache, "key", size=61)
        assert await kept(cache, "key") == []

    async def test_a_replaced_value_no_longer_counts(self, cache: Cache) -> None:
        await put(cache, "other", size=40)
        for _ in range(5):
            await put(cache, "key", size=60)
        assert await kept(cache, "other", "key") == ["other", "key"]

    async def test_a_value_whose_time_ran_out_no_longer_counts(
        self, cache: Cache, clock: HandClock
    ) -> None:
        await put(cache, "old", size=60, ttl=1)
        await put(cache, "young", size=40)
        clock.now += 2
        await cache.get("kind", "old")
        await put(cache, "new", size=60)
        assert await kept(cache, "young", "new") == ["young", "new"]

    async def test_clearing_forgets_everything(self, cache: Cache) -> None:
        await put(cache, "key")
        await cache.clear()
        assert await kept(cache, "key") == []

    async def test_closing_twice_is_harmless(self, cache: Cache) -> None:
        await cache.close()
        await cache.close()
