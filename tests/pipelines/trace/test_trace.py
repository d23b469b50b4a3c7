"""Traced programs tell what they do, do the same as untraced ones, and hide secrets."""

import base64
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from errors.problem import Refusal
from operations.context import Conflict, Reply, World
from operations.vocabulary import VOCABULARY
from pipelines.examples.ask import Answered, ask
from pipelines.examples.format import Ask, parse_examples
from pipelines.examples.run import run_example
from pipelines.load import load
from pipelines.parse import parse_route
from pipelines.run import RETRIES, run
from pipelines.trace.mocks import BadMock, replacements
from pipelines.trace.preview import LONGEST_TEXT, MOST_MEMBERS, Preview
from pipelines.trace.programs import recording, traced_programs, watched_world
from pipelines.trace.recorder import Recorder, StepTrace
from service.scratch import scratch_world
from stores.memory import MemoryStore
from tests.support.mini import DIGEST, ENTRY, mini, step
from tests.support.server import ROOT

FIELDS = {"name": "widget", "digest": DIGEST, "count": "7", "flag": "true"}
KEY = "thing/{name}/{count}"
GET = step("kv.get", doc="thing", key=KEY, out="found")
MISSING = step(
    "respond.error", status=404, code="NOT_FOUND", message="none", when={"is_null": "$found"}
)
BEGIN = step("txn.begin", isolation="serializable")
PUT = step("kv.put", doc="thing", key=KEY, value={"value": "{name}"})
COMMIT = step("txn.commit")
OK = step("respond.json", status=200, body={"ok": True})
OPERATIONS = {operation.name: operation for operation in VOCABULARY}

Make = Callable[..., Any]


class Losing(MemoryStore):
    """A store in which somebody else wins the first `losses` races."""

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.losses = losses

    async def _apply(self, changes: Any) -> None:
        if self.losses:
            self.losses -= 1
            raise Conflict("somebody else was faster")
        await super()._apply(changes)


class Traced:
    """One traced run of a small schema: its reply or refusal, and its trace."""

    def __init__(self, made: Any, mocks: tuple[str, ...] = (), losses: int = 0) -> None:
        self.made, self.world = made, made.open()
        schema = made.loaded.schema
        if losses:
            self.world.kv["meta"] = Losing(losses)
        route = schema.document.api.routes[0]
        pipeline, _ = parse_route(route, "/api/routes/0", schema.document, OPERATIONS)
        replaced = replacements(mocks, pipeline)
        self.program = traced_programs(schema, OPERATIONS, replaced)["vector"]
        self.recorder = Recorder(Preview())
        self.refusal: Refusal | None = None

    async def ask(self, body: bytes = b"", **more: Any) -> "Traced":
        ctx = self.made.context(FIELDS, body, **more)
        self.recorder.preview.learn_request(ctx.request)
        ctx.world = watched_world(self.world, self.recorder)
        try:
            with recording(self.recorder):
                self.recorder.replied(await run(self.program, ctx))
        except Refusal as refusal:
            self.refusal = refusal
            self.recorder.refused(refusal.problem)
        return self

    @property
    def steps(self) -> list[StepTrace]:
        return self.recorder.steps

    def said(self, operation: str) -> list[str]:
        return [step.outcome for step in self.steps if step.operation == operation]


async def test_each_step_tells_arguments_results_calls_and_time(bench: Make) -> None:
    traced = await Traced(bench(mini(*ENTRY, GET, MISSING, OK))).ask()
    get = traced.steps[3]
    assert get.arguments == {"doc": "thing", "key": "thing/widget/7"}
    assert get.sets == {"$found": None}
    assert (get.effects, get.store_calls, get.outcome) == (("kv.read",), ["kv.read"], "done")
    assert get.microseconds > 0
    assert traced.steps[1].sets == {
        "{name}": "widget", "{digest}": DIGEST, "{count}": 7, "{flag}": True,
    }  # fmt: skip


async def test_a_guard_tells_its_words_and_whether_it_held(bench: Make) -> None:
    held = await Traced(bench(mini(*ENTRY, GET, MISSING, OK))).ask()
    assert held.steps[-1].as_json()["guard"] == {"when": "is_null $found", "held": True}
    assert held.steps[-1].error == {"code": "NOT_FOUND", "message": "none"}
    mocked = Traced(bench(mini(*ENTRY, GET, MISSING, OK)), mocks=('kv.get={"value": "x"}',))
    passed = await mocked.ask()
    assert passed.said("respond.error") == ["skipped"]
    assert passed.steps[-2].as_json()["guard"]["held"] is False
    assert passed.said("respond.json") == ["replied"]


async def test_a_refusal_while_arguments_are_evaluated_is_the_steps(bench: Make) -> None:
    empty = step(
        "respond.error", status=410, code="GONE", message="x", when={"is_null": "$found.value"}
    )
    told = step("respond.json", status=200, body={"a": "x/{name}/$found.value"})
    made = bench(mini(*ENTRY, GET, MISSING, empty, told))
    traced = await Traced(made, mocks=('kv.get={"value": [1]}',)).ask()
    assert traced.refusal is not None
    last = traced.steps[-1]
    assert (last.operation, last.outcome) == ("respond.json", "refused")
    assert last.error is not None
    assert last.error["code"] == traced.refusal.problem.code
    assert last.arguments == {}


async def test_every_shipped_example_comes_out_the_same_when_it_is_traced() -> None:
    loaded = load((ROOT / "schema.json").read_bytes(), "schema.json")
    assert loaded.schema is not None
    traced = traced_programs(loaded.schema, OPERATIONS)
    known = {program.id: program for program in loaded.routes}
    ran = 0

    async def asker(asked: Ask, program: Any, world: World, /) -> Answered:
        nonlocal ran
        recorder = Recorder(Preview())
        with recording(recorder):
            answered = await ask(asked, traced[program.id], watched_world(world, recorder))
        ran += len(recorder.steps)
        return answered

    for position, route in enumerate(loaded.schema.document.api.routes):
        for example in parse_examples(route, f"/api/routes/{position}", loaded.schema.document)[0]:
            opened = partial(scratch_world, loaded.schema, "memory")
            found = await run_example(example, known[route.id], known, opened, asker)
            assert found == (), (route.id, example.name)
    assert ran > 500


@pytest.mark.parametrize("losses", [1, 3, RETRIES])
async def test_each_try_of_a_segment_is_told_by_its_number(losses: int, bench: Make) -> None:
    traced = await Traced(bench(mini(*ENTRY, BEGIN, PUT, COMMIT, OK)), losses=losses).ask()
    tries = list(range(1, losses + 2))
    for operation in ("txn.begin", "kv.put", "txn.commit"):
        assert [s.attempt for s in traced.steps if s.operation == operation] == tries
    assert traced.said("txn.commit") == ["conflict"] * losses + ["done"]
    assert traced.recorder.retries == traced.made.meter.retries == losses
    assert [s.attempt for s in traced.steps if s.operation == "parse.path"] == [1]


async def test_a_segment_that_is_tried_again_knows_what_it_first_knew(bench: Make) -> None:
    traced, known = Traced(bench(mini(*ENTRY, BEGIN, GET, PUT, COMMIT, OK)), losses=1), []

    def look(step: StepTrace) -> None:
        if step.operation in ("txn.begin", "txn.commit"):
            known.append((step.attempt, "$found" in traced.recorder.known))

    traced.recorder = Recorder(Preview(), before=look)
    await traced.ask()
    assert known == [(1, False), (1, True), (2, False), (2, True)]


async def test_a_guard_that_is_refused_is_the_steps_refusal(bench: Make) -> None:
    empty = step(
        "respond.error", status=410, code="GONE", message="x", when={"is_null": "$found.value"}
    )
    asked = step(
        "respond.json", status=201, body={}, when={"equals": ["x/{name}/$found.value", "y"]}
    )
    traced = await Traced(
        bench(mini(*ENTRY, GET, MISSING, empty, asked, OK)), mocks=('kv.get={"value": [1]}',)
    ).ask()
    assert traced.refusal is not None
    last = traced.steps[-1]
    assert (last.index, last.outcome, last.held) == (6, "refused", False)


async def test_a_race_lost_for_good_is_refused_as_without_a_trace(bench: Make) -> None:
    made = bench(mini(*ENTRY, BEGIN, PUT, COMMIT, OK))
    traced = await Traced(made, losses=RETRIES + 1).ask()
    assert traced.refusal is not None
    assert traced.refusal.problem.code == "TXN_CONFLICT"
    assert traced.said("txn.commit") == ["conflict"] * (RETRIES + 1)
    assert await traced.world.kv["meta"].get("thing", "thing/widget/7") is None


async def test_a_traced_run_replies_and_writes_what_an_untraced_one_does(bench: Make) -> None:
    made = bench(mini(*ENTRY, GET, BEGIN, PUT, COMMIT, OK))
    traced = await Traced(made).ask()
    calls = list(made.meter.calls)
    stored = await traced.world.kv["meta"].get("thing", "thing/widget/7")
    made.open()
    made.meter.calls.clear()
    reply: Reply = await made.ask(FIELDS)
    assert traced.recorder.reply == {
        "status": reply.status, "headers": reply.headers, "body": json.loads(reply.body),
    }  # fmt: skip
    assert made.meter.calls == calls
    assert stored == await made.world.kv["meta"].get("thing", "thing/widget/7")


async def test_who_looks_at_a_step_takes_no_time_from_the_request(bench: Make) -> None:
    traced = Traced(bench(mini(*ENTRY, OK)))
    ctx = traced.made.context(FIELDS)
    deadline, seen = ctx.deadline, []

    def look(step: StepTrace) -> None:
        seen.append(step.operation)
        started = time.thread_time()
        while time.thread_time() < started + 0.01:
            sum(range(100))

    with recording(Recorder(Preview(), before=look)):
        await run(traced.program, ctx)
    assert seen == [s["op"] for s in (*ENTRY, OK)]
    assert ctx.deadline >= deadline + 0.01 * len(seen)
    assert time.thread_time() - ctx.cpu_started < 0.01 * (len(seen) - 1)


async def test_secrets_are_hidden_wherever_they_turn_up(bench: Make) -> None:
    steps = (
        *ENTRY,
        step("parse.json", out="body"),
        step(
            "respond.error",
            status=401,
            code="UNAUTHORIZED",
            message="who?",
            when={"is_null": "$request.headers.authorization"},
        ),
        step(
            "respond.json",
            status=200,
            body={
                "echo": "$body",
                "note": "$body.password",
                "told": "it is $request.headers.authorization",
                "mine": "$request.headers.cookie",
            },
        ),
    )
    password = base64.b64encode(b"ann:opensesame").decode()
    traced = await Traced(bench(mini(*steps))).ask(
        b'{"text": "say hunter2!", "deep": [{"api-key": "k-123456"}], "password": "hunter2"}',
        headers={"authorization": f"Basic {password}", "cookie": "sid=c00kie"},
        query="token=t0psecret&x=opensesame",
    )
    trace = traced.recorder.as_json()
    shown = json.dumps(trace)
    for secret in ("hunter2", "k-123456", "opensesame", password, "c00kie"):
        assert secret not in shown, secret
    assert trace["steps"][-1]["arguments"]["body"]["echo"]["text"] == "say [hidden]!"
    query = traced.recorder.preview.query("token=t0psecret&x=opensesame&y=1")
    assert query == "token=[hidden]&x=[hidden]&y=1"


@pytest.mark.parametrize(
    "text",
    [
        "Bearer abcdef0123456789",
        "larder_0123456789abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "https://ann:pass@example.org/x",
    ],
)
def test_what_looks_like_a_credential_is_hidden(text: str) -> None:
    shown = Preview().text(f"before {text} after")
    assert "[hidden]" in shown
    assert shown.startswith("before ")
    assert not {"abcdef0123456789", "c2ln", "0123456789abcdefghij", "ann:pass"} & {
        part for part in ("abcdef0123456789", "c2ln", "0123456789abcdefghij", "ann:pass")
        if part in shown
    }  # fmt: skip


def test_the_longest_secret_is_hidden_first() -> None:
    secrets = ["key-" * count for count in range(1, 9)]
    assert Preview(secrets=secrets).text(f"<{secrets[-1]}>") == "<[hidden]>"


async def test_what_comes_from_something_secret_is_hidden_and_so_is_all_in_it(bench: Make) -> None:
    answer = step("respond.json", status=200, body={"a": "$body.passwords", "b": "$body.other"})
    traced = await Traced(bench(mini(*ENTRY, step("parse.json", out="body"), answer))).ask(
        b'{"other": "it is xyzzy-1", "passwords": [{"old": ["xyzzy-1"]}, 1234567]}'
    )
    arguments = traced.steps[-1].arguments
    assert arguments["body"] == {"a": "[hidden]", "b": "it is [hidden]"}
    assert "xyzzy-1" not in json.dumps(traced.recorder.as_json())
    hidden = traced.recorder.reply
    assert hidden is not None
    assert hidden["body"]["b"] == "it is [hidden]"


def test_values_are_bounded() -> None:
    preview = Preview()
    assert preview.show("x" * 5000) == "x" * LONGEST_TEXT + "… (5000 characters)"
    assert preview.show(list(range(90)))[-1] == f"… ({90 - MOST_MEMBERS} more)"
    assert preview.show({str(n): n for n in range(90)})["…"] == f"{90 - MOST_MEMBERS} more"
    assert preview.show(b"hello").startswith("<5 bytes sha256:2cf24dba")
    deep: Any = "bottom"
    for _ in range(20):
        deep = [deep]
    assert "bottom" not in json.dumps(preview.show(deep))
    assert preview.body("application/json", b"[1") == preview.show(b"[1")
    assert preview.body("text/plain; charset=utf-8", b"hi") == "hi"


def test_a_trace_as_a_whole_is_bounded() -> None:
    preview = Preview(characters=1000)
    shown = [preview.show("y" * 100) for _ in range(50)]
    assert shown[-1] == "…"
    assert len(json.dumps(shown)) < 2500


def pipeline_of(route: str) -> Any:
    """The pipeline of a shipped route."""
    schema = load((ROOT / "schema.json").read_bytes(), "schema.json").schema
    assert schema is not None
    for position, each in enumerate(schema.document.api.routes):
        if each.id == route:
            return parse_route(each, f"/api/routes/{position}", schema.document, OPERATIONS)[0]
    raise AssertionError(f"no route {route}")


@pytest.mark.parametrize(
    ("route", "mock", "told"),
    [
        ("get_blob", "kv.get", "has no `=`"),
        ("get_blob", "99=null", "there is no step 99"),
        ("get_blob", "kv.gett=null", "no step is kv.gett"),
        ("get_blob", "respond.error=null", "several steps are respond.error"),
        ("get_blob", "auth.require_scopes=1", "sets nothing"),
        ("get_blob", "kv.get=nonsense", "is not JSON"),
        ("get_blob", "kv.get=[1]", "is an object, or null"),
        ("get_blob", "kv.get=!NOT_FOUND", "does not refuse with NOT_FOUND"),
        ("get_blob", "kv.get=!NONSENSE", "does not refuse with NONSENSE"),
        ("get_blob", "respond.bytes=null", "no value can stand in"),
        ("get_blob", "parse.path=null", "no value can stand in"),
        ("get_blob", "blob.get=1", "is bytes"),
        ("get_blob", 'blob.get={"base64": "%"}', "is not Base64"),
        ("publish_artifact", "blob.put=1", "sets out, out_size"),
        ("publish_artifact", 'blob.put={"out": "x", "out_size": 1}', "is a digest"),
        ("publish_artifact", f'blob.put={{"out": "{DIGEST}", "out_size": true}}', "is an integer"),
        ("get_proxied_blob", 'proxy.fetch={"status": 999}', "from 100 to 599"),
        ("get_proxied_blob", 'proxy.fetch={"text": "x"}', "status, headers and body"),
        ("get_proxied_blob", 'proxy.fetch={"headers": {"A": 1}}', "headers are texts"),
    ],
)
def test_a_mock_that_cannot_stand_in_is_refused(route: str, mock: str, told: str) -> None:
    with pytest.raises(BadMock, match=told):
        replacements((mock,), pipeline_of(route))


def test_a_step_has_one_mock() -> None:
    with pytest.raises(BadMock, match="step 4 has a mock already"):
        replacements(("kv.get=null", "4=null"), pipeline_of("get_blob"))


async def test_mocks_answer_refuse_and_are_told_as_such(bench: Make) -> None:
    made = bench(mini(*ENTRY, GET, MISSING, step("respond.json", status=200, body="$found")))
    traced = await Traced(made, mocks=('kv.get={"value": "mocked"}',)).ask()
    assert [s.operation for s in traced.steps if s.mocked] == ["kv.get"]
    assert traced.recorder.reply is not None
    assert traced.recorder.reply["body"] == {"value": "mocked"}
    refused = await Traced(made, mocks=("kv.get=!IO_LIMIT",)).ask()
    assert refused.refusal is not None
    assert refused.refusal.problem.status == 503
    assert refused.steps[-1].mocked
