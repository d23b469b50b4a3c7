"""What is derived of a route: names and their types, paths, entrances; always bounded."""

import json
from typing import Any

import pytest

from operations.vocabulary import VOCABULARY
from pipelines.check.rules import RULES
from pipelines.derive.facts import RouteFacts
from pipelines.derive.paths import MAX_PATHS
from pipelines.derive.routes import apply_facts, route_facts
from pipelines.explain.formats import explain
from pipelines.load import load
from tests.pipelines.explain.golden_files import every
from tests.support.mini import ENTRY, mini, step

KEY = {"doc": "thing", "key": "thing/{name}/{count}"}
OK = step("respond.json", status=200, body={"ok": True})
NONE = {"status": 404, "code": "NOT_FOUND", "message": "there is none"}


def facts_of(*steps: dict[str, Any], entry: bool = True, **sections: Any) -> RouteFacts:
    """The facts of the small schema's route made of these steps."""
    source = mini(*(ENTRY if entry else ()), *steps, **sections)
    loaded = load(json.dumps(source).encode(), "schema.json")
    assert loaded.ok, loaded.findings
    (facts,) = route_facts(loaded)
    return facts


def guarded(count: int) -> list[dict[str, Any]]:
    """Steps whose guards know nothing of each other."""
    return [
        step("kv.get", **KEY, out=f"x{n}", when={"starts_with": ["$request.query", f"q{n}"]})
        for n in range(count)
    ]


def test_a_name_has_the_type_that_is_known_where_it_is_read() -> None:
    facts = every()["get_blob"]
    guard, withdrawn, opened = (dict(facts.steps[at].reads) for at in (5, 6, 7))
    assert guard == {"$meta": "document artifact_meta or null"}
    assert withdrawn["$meta.withdrawn_by"] == "text or null"
    assert opened == {"$meta.blob_digest": "text"}


def test_what_steps_set_is_told_with_its_type() -> None:
    steps = every()["list_versions"].steps
    assert steps[7].sets == (
        ("$versions", "rows of artifact_versions"),
        ("$next", "cursor or null"),
    )
    assert steps[1].sets == (("{namespace}", "text"), ("{name}", "text"))


def test_an_answer_of_an_upstream_and_its_parts_have_types() -> None:
    steps = every()["get_proxied_blob"].steps
    assert steps[9].sets == (("$answer", "upstream answer"),)
    assert dict(steps[12].reads) == {"$answer.body": "byte stream"}
    assert dict(steps[19].sets) == {"$fetched": "blob handle"}


def test_each_path_tells_its_decisions_its_steps_and_its_reply() -> None:
    found = [(path.when, path.steps, path.status, path.code) for path in every()["get_tag"].paths]
    assert found == [
        ("is_null $tag_entry", (0, 1, 2, 3, 4, 5), 404, "NOT_FOUND"),
        ("is_not_null $tag_entry", (0, 1, 2, 3, 4, 6), 200, None),
    ]


def test_what_is_decided_already_is_no_decision() -> None:
    facts = facts_of(
        step("kv.get", **KEY, out="one"),
        step("kv.get", **KEY, out="two", when={"is_null": "$one"}),
        step("kv.get", **KEY, out="three", when={"is_null": "$one"}),
        OK,
    )
    assert [path.when for path in facts.paths] == ["is_null $one", "is_not_null $one"]


def test_guards_of_several_parts_stand_in_brackets() -> None:
    either = {"any": [{"is_null": "$one"}, {"equals": ["$request.query", ""]}]}
    facts = facts_of(
        step("kv.get", **KEY, out="one"),
        step("respond.error", **NONE, when=either),
        step("kv.get", **KEY, out="two", when={"equals": ["{name}", "a"]}),
        OK,
    )
    told = 'is_null $one or equals $request.query ""'
    assert [path.when for path in facts.paths] == [
        told,
        f'not ({told}) and equals {{name}} "a"',
        f'not ({told}) and not_equals {{name}} "a"',
    ]


def test_a_step_that_no_path_runs_is_told_as_such() -> None:
    facts = facts_of(OK, step("kv.get", **KEY, out="late"), OK)
    assert [one.runs for one in facts.steps[3:]] == [True, False, False]
    assert facts.effects == ("reply",)
    assert "never runs" in explain(facts)


def test_paths_are_listed_up_to_a_bound_and_the_cost_is_exact_beyond() -> None:
    facts = facts_of(*guarded(9), OK)
    assert (len(facts.paths), facts.complete) == (MAX_PATHS, False)
    assert facts.cost.store_calls == 9
    assert "200, and more than can be listed" in explain(facts)


def test_a_path_of_many_decisions_tells_the_first_of_them() -> None:
    assert facts_of(*guarded(30), OK).paths[0].when.endswith(' "q23" and 6 more decisions')


def test_where_paths_cannot_be_followed_all_steps_are_counted() -> None:
    asked = [
        step("kv.get", **KEY, out=f"y{n}", when=guarded(12)[n]["args"]["when"]) for n in range(12)
    ]
    source = json.dumps(mini(*ENTRY, *guarded(12), *asked, OK)).encode()
    lenient = [rule for rule in RULES if rule.id != "E404"]
    (facts,) = route_facts(load(source, "schema.json", VOCABULARY, lenient))
    assert (facts.paths, facts.complete) == ((), False)
    assert facts.cost.store_calls == 24
    assert all(one.runs for one in facts.steps)
    assert "paths: too many to be followed" in explain(facts)


@pytest.mark.parametrize(
    ("scopes", "mode", "policies", "entrances"),
    [
        (["a", "b"], "any", [(["a", "b", "c"], "any")], (("a",), ("b",))),
        (["a", "b"], "any", [(["b", "c"], "any")], (("b",), ("a", "c"))),
        (["a", "b"], "all", [(["a"], "any")], (("a", "b"),)),
        (["a"], "any", [(["a", "b"], "all")], (("a", "b"),)),
        (["a"], "any", [(["b"], "any"), (["a"], "any")], (("a",),)),
    ],
)
def test_steps_and_policies_together_say_who_enters(
    scopes: list[str], mode: str, policies: list[tuple[list[str], str]], entrances: Any
) -> None:
    facts = entered(scopes, mode, policies)
    assert facts.entrances == entrances
    assert facts.every is (len(entrances) == 1 and len(entrances[0]) > 1)
    assert facts.scopes == tuple(sorted({scope for way in entrances for scope in way}))


def test_whom_a_policy_denies_does_not_enter() -> None:
    deny = {"name": "no", "effect": "deny", "require": {"scopes": ["b"]}}
    assert entered(["a", "b"], "any", [(["a", "b"], "any")], deny).entrances == (("a",),)


def test_a_scope_of_the_anonymous_lets_everybody_in() -> None:
    facts = entered(["a"], "any", [(["a"], "any")], anonymous=["a"])
    assert facts.anonymous
    assert "scopes    everybody" in explain(facts)


def entered(
    scopes: list[str],
    mode: str,
    policies: list[tuple[list[str], str]],
    *more: dict[str, Any],
    anonymous: list[str] | None = None,
) -> RouteFacts:
    allowed = [
        {
            "name": f"p{at}", "effect": "allow", "require": {"scopes": wanted, "mode": how},
        }
        for at, (wanted, how) in enumerate(policies)
    ]  # fmt: skip
    auth = {
        "scopes": [{"name": name, "actions": ["*"]} for name in ("a", "b", "c")],
        "policies": [*allowed, *more],
        "anonymous": {"scopes": anonymous or []},
    }
    enter = step("auth.require_scopes", scopes=scopes, mode=mode)
    return facts_of(enter, *ENTRY[1:], OK, entry=False, auth=auth)


def test_apply_pipelines_have_facts_too() -> None:
    facts = every()["tag.updated"]
    assert (facts.method, facts.path, facts.entrances) == ("", "", ())
    assert {path.status for path in facts.paths} == {0}


def test_a_schema_with_errors_has_no_facts() -> None:
    loaded = load(b"{}", "schema.json")
    assert route_facts(loaded) == apply_facts(loaded) == ()


@pytest.mark.parametrize("text", ["\x1b[2J\u202e", "a\nb", "x" * 500, "{{name}}"])
def test_a_listing_keeps_its_form_whatever_a_schema_says(text: str) -> None:
    when = {"equals": ["$request.query", text]}
    told = explain(facts_of(step("respond.error", **NONE, when=when), OK))
    assert all(line.isprintable() and len(line) <= 120 for line in told.split("\n"))
