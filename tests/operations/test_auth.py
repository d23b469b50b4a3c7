"""Scopes, the actions they list, and the namespaces a token is bound to."""

from typing import Any

import pytest

from operations import auth

require = auth.require_scopes.function


async def test_any_of_the_scopes_is_enough(house: Any) -> None:
    assert require(house.ctx(scopes=("read",)), scopes=("write", "read")) is None


async def test_an_anonymous_request_without_the_scope_is_asked_who_it_is(
    house: Any, refused: Any
) -> None:
    refusal = await refused(
        "UNAUTHORIZED", lambda: require(house.ctx(subject=None), scopes=("read",))
    )
    assert refusal.problem.status == 401


async def test_an_anonymous_request_that_has_the_scope_enters(house: Any) -> None:
    assert require(house.ctx(subject=None, scopes=("read",)), scopes=("read",)) is None


async def test_a_known_principal_without_the_scope_is_forbidden(house: Any, refused: Any) -> None:
    refusal = await refused(
        "FORBIDDEN", lambda: require(house.ctx(scopes=("read",)), scopes=("admin", "write"))
    )
    assert refusal.problem.details == {"scopes": ["admin", "write"], "mode": "any"}


async def test_all_scopes_are_asked_for_in_mode_all(house: Any, refused: Any) -> None:
    both = ("read", "write")
    await refused("FORBIDDEN", lambda: require(house.ctx(scopes=both[:1]), scopes=both, mode="all"))
    assert require(house.ctx(scopes=both), scopes=both, mode="all") is None


async def test_a_scope_that_does_not_list_the_actions_does_not_let_in(
    house: Any, refused: Any
) -> None:
    program = {"actions": frozenset({"kv.get", "kv.put"})}
    ctx = house.ctx(scopes=("read",), program=program)
    for _ in range(2):
        refusal = await refused("FORBIDDEN", lambda: require(ctx, scopes=("read",)))
        assert refusal.problem.details == {"actions": ["kv.put"]}
    assert require(house.ctx(scopes=("admin",), program=program), scopes=("admin",)) is None
    both = house.ctx(scopes=("read", "write"), program=program)
    assert require(both, scopes=("read",)) is None


async def test_what_scopes_allow_is_remembered_within_bounds(house: Any) -> None:
    ctx = house.ctx(scopes=("read",), program={"actions": frozenset({"kv.get"})})
    for number in range(1024):
        ctx.world.denials[frozenset({str(number)}), frozenset()] = frozenset()
    require(ctx, scopes=("read",))
    assert ctx.world.denials == {(frozenset({"kv.get"}), frozenset({"read"})): frozenset()}


@pytest.mark.parametrize(
    ("pattern", "namespace", "enters"),
    [
        ("acme", " ACME ", True),
        ("ac?e", "acme", True),
        ("a*", "acme", True),
        ("*", "acme", True),
        ("Acme", "acme", False),
        ("acm", "acme", False),
        ("[a]cme", "acme", False),
        ("[a]cme", "[a]cme", True),
        ("a.me", "acme", False),
    ],
)
async def test_a_token_of_some_namespaces_enters_those_only(
    house: Any, refused: Any, pattern: str, namespace: str, enters: bool
) -> None:
    entity = house.schema.entities["artifact"]
    ctx = house.ctx(
        scopes=("read",),
        namespaces=("other", pattern),
        params={"ns": namespace},
        program={"namespace_param": ("ns", entity)},
    )
    if enters:
        assert require(ctx, scopes=("read",)) is None
    else:
        refusal = await refused("FORBIDDEN", lambda: require(ctx, scopes=("read",)))
        assert refusal.problem.details == {"namespaces": ["other", pattern]}


async def test_a_token_of_some_namespaces_does_not_enter_a_route_without_one(
    house: Any, refused: Any
) -> None:
    ctx = house.ctx(scopes=("read",), namespaces=("*",))
    await refused("FORBIDDEN", lambda: require(ctx, scopes=("read",)))


async def test_a_hostile_pattern_costs_no_time(house: Any, refused: Any) -> None:
    entity = house.schema.entities["artifact"]
    ctx = house.ctx(
        scopes=("read",),
        namespaces=("*a" * 30 + "b",),
        params={"ns": "a" * 64},
        program={"namespace_param": ("ns", entity)},
    )
    await refused("FORBIDDEN", lambda: require(ctx, scopes=("read",)))
