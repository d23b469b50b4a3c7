"""The `assert` language of invariants: statements about schema.json itself, evaluated at load.

`equals`, `not_equals` take [pointer, value], `in` [pointer, [values]]; `all`, `any` take lists of
assertions, `not` one, `implies` {"if", "then"}. `route_requires` takes {"where": {"id"?, "tag"?,
"method"?}, "ops": […], "forbids": […], "scopes": […]}: every route that matches `where` runs all of
`ops`, none of `forbids`, and is entered by `scopes` only. Several in one object are AND. A pointer
to nothing, and a `where` that no route matches, break the invariant.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from errors.finding import Finding
from schema.nearest import hint, short
from schema.places import Places
from schema.pointers import MISSING, follow, join
from schema.predicates import json_equal, json_in

Json = Any


class AssertionFault(ValueError):
    """The assertion itself is malformed, or with `empty` speaks of nothing that is there.

    `pointer` leads into it.
    """

    def __init__(self, message: str, pointer: str, hint: str = "", *, empty: bool = False) -> None:
        super().__init__(message)
        self.empty = empty
        self.pointer = pointer
        self.hint = hint


def invariant_findings(value: Json, places: Places) -> Iterator[Finding]:
    """Every invariant of a parsed schema.json of the right shape that does not hold.

    A finding's rule is the invariant's id; a malformed assertion is E108.
    """
    for at, invariant in enumerate(value.get("invariants", {}).get("global", ())):
        pointer = join("/invariants/global", at, "assert")
        try:
            broken = list(_broken(value, invariant["assert"], pointer))
        except AssertionFault as fault:
            rule = invariant["id"] if fault.empty else "E108"
            yield places.finding(rule, fault.pointer, str(fault), fault.hint)
            continue
        for message in broken:
            said = invariant.get("description", "")
            yield places.finding(invariant["id"], pointer, message, short(str(said), 200))


def _broken(root: Json, assertion: Json, pointer: str) -> Iterator[str]:
    """Why an assertion does not hold, in words; nothing when it does. Raises AssertionFault."""
    if not isinstance(assertion, dict) or not assertion:
        raise AssertionFault("an assertion is an object that is not empty", pointer)
    for name, operand in assertion.items():
        judge = _JUDGES.get(name)
        if judge is None:
            raise AssertionFault(
                f"`{short(name)}` is not an assertion", join(pointer, name), hint(name, _JUDGES)
            )
        yield from judge(root, operand, join(pointer, name))


def _compare(
    word: str, test: Callable[[Json, Json], bool]
) -> Callable[[Json, Json, str], Iterator[str]]:
    def judge(root: Json, operand: Json, pointer: str) -> Iterator[str]:
        if not isinstance(operand, list) or len(operand) != 2 or not isinstance(operand[0], str):
            raise AssertionFault("a list of a JSON Pointer and a value is expected", pointer)
        where, expected = operand
        try:
            found = follow(root, where)
        except ValueError as fault:
            raise AssertionFault(str(fault), join(pointer, 0)) from None
        if found is MISSING:
            raise AssertionFault(f"nothing stands at {short(where)}", join(pointer, 0), empty=True)
        if not test(found, expected):
            yield f"{short(where)} is {_text(found)}, which is not {word} {_text(expected)}"

    return judge


def _all(root: Json, operand: Json, pointer: str) -> Iterator[str]:
    for at, item in enumerate(_list(operand, pointer)):
        yield from _broken(root, item, join(pointer, at))


def _any(root: Json, operand: Json, pointer: str) -> Iterator[str]:
    items = _list(operand, pointer)
    reasons = [list(_broken(root, item, join(pointer, at))) for at, item in enumerate(items)]
    if all(reasons):
        yield "none holds: " + "; ".join(reason[0] for reason in reasons)


def _not(root: Json, operand: Json, pointer: str) -> Iterator[str]:
    if not list(_broken(root, operand, pointer)):
        yield f"{_text(operand)} holds, and must not"


def _implies(root: Json, operand: Json, pointer: str) -> Iterator[str]:
    _known(operand, ("if", "then"), ("if", "then"), pointer)
    if not list(_broken(root, operand["if"], join(pointer, "if"))):
        yield from _broken(root, operand["then"], join(pointer, "then"))


def _route_requires(root: Json, operand: Json, pointer: str) -> Iterator[str]:
    _known(operand, ("where", "ops", "forbids", "scopes"), ("where",), pointer)
    _known(operand["where"], ("id", "tag", "method"), (), join(pointer, "where"))
    for name in operand.keys() - {"where"}:
        _list(operand[name], join(pointer, name), texts=True)
    routes = [r for r in root.get("api", {}).get("routes", ()) if _matches(r, operand["where"])]
    if not routes:
        place = join(pointer, "where")
        raise AssertionFault(f"no route matches {_text(operand['where'])}", place, empty=True)
    for route in routes:
        for reason in _route_reasons(route, operand):
            yield f"route `{route['id']}` {reason}"


def _matches(route: Mapping[str, Json], where: Mapping[str, Json]) -> bool:
    facts = {"id": route["id"], "method": route["method"]}
    tag = where.get("tag")
    others = {name: value for name, value in where.items() if name != "tag"}
    tagged = "tag" not in where or json_in(tag, route.get("tags", ()))
    return tagged and all(json_equal(facts[name], value) for name, value in others.items())


def _route_reasons(route: Mapping[str, Json], operand: Mapping[str, Json]) -> Iterator[str]:
    used = [step["op"] for step in route["pipeline"]]
    missing = [name for name in operand.get("ops", ()) if name not in used]
    if missing:
        yield f"does not run {', '.join(missing)}"
    forbidden = [name for name in operand.get("forbids", ()) if name in used]
    if forbidden:
        yield f"runs {', '.join(forbidden)}"
    if "scopes" in operand:
        yield from _scope_reasons(route["pipeline"], set(operand["scopes"]))


def _scope_reasons(pipeline: Sequence[Mapping[str, Json]], allowed: set[str]) -> Iterator[str]:
    """Without a scope of `allowed` nobody may pass all of the route's scope checks."""
    checks = [s.get("args", {}) for s in pipeline if s["op"] == "auth.require_scopes"]
    others: list[str] = []
    for args in checks:
        listed = args.get("scopes")
        scopes = [n for n in listed if isinstance(n, str)] if isinstance(listed, list) else []
        strangers = [name for name in scopes if name not in allowed]
        everyone = args.get("mode") == "all"
        if "when" not in args and (len(strangers) < len(scopes) if everyone else not strangers):
            return
        others += strangers
    found = ", ".join(others) or "anybody"
    yield f"lets in {found}, and only {', '.join(sorted(allowed))} may enter"


def _list(operand: Json, pointer: str, *, texts: bool = False) -> list[Json]:
    if not isinstance(operand, list) or not operand:
        raise AssertionFault("a list that is not empty is expected", pointer)
    if texts and not all(isinstance(item, str) for item in operand):
        raise AssertionFault("a list of names is expected", pointer)
    return operand


def _known(operand: Json, names: Sequence[str], needed: Sequence[str], pointer: str) -> None:
    if not isinstance(operand, dict) or any(name not in operand for name in needed):
        raise AssertionFault(f"an object with {', '.join(needed) or 'names'} is expected", pointer)
    for name in operand:
        if name not in names:
            place = join(pointer, name)
            raise AssertionFault(f"unknown key `{short(name)}`", place, hint(name, names))


def _text(value: Json) -> str:
    return short(msgspec.json.encode(value).decode(), 60)


_JUDGES: Mapping[str, Callable[[Json, Json, str], Iterator[str]]] = {
    "equals": _compare("equal to", json_equal),
    "not_equals": _compare("other than", lambda left, right: not json_equal(left, right)),
    "in": _compare("one of", json_in),
    "all": _all,
    "any": _any,
    "not": _not,
    "implies": _implies,
    "route_requires": _route_requires,
}
