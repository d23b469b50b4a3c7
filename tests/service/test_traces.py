"""Traces of requests to a real service: asked for by administrators, kept for a while, bounded."""

import http.client
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from errors.problem import Refusal
from pipelines.trace.preview import Preview
from pipelines.trace.recorder import Recorder, StepTrace
from service.traces import MOST_TIMING, MOST_TRACES, Kept, server_timing
from tests.support.server import ROOT, Answer, LiveServer

TRACE = {"X-Larder-Trace": "1"}
METRIC = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+;dur=\d+\.\d+(;desc=\"try \d\")?")
TWO_HEADERS = {"server-timing", "x-larder-trace"}


def traced(server: LiveServer, method: str, path: str, body: Any = None, **more: Any) -> Answer:
    headers = {**TRACE, **more.pop("headers", {})}
    return server.ask(method, path, body, headers=headers, **more)


def trace_of(server: LiveServer, answer: Answer) -> dict[str, Any]:
    found = server.ask("GET", f"/admin/traces/{answer.headers['x-larder-trace']}")
    assert found.status == 200, found
    return dict(found.json()["trace"])


def token(server: LiveServer, *scopes: str, **more: Any) -> str:
    made = server.ask("POST", "/auth/tokens", {"name": "t", "scopes": list(scopes), **more})
    assert made.status == 201, made
    return str(made.json()["token"])


def test_an_administrators_trace_tells_every_step(shared_server: LiveServer) -> None:
    answer = traced(shared_server, "PUT", "/v1/traced/one/1.0.0/any/blob", b"hello")
    assert answer.status == 201
    trace = trace_of(shared_server, answer)
    steps = {step["op"]: step for step in trace["steps"]}
    assert (trace["route"], trace["principal"], trace["status"]) == (
        "publish_artifact", "admin", 201,
    )  # fmt: skip
    assert [step["index"] for step in trace["steps"]] == list(range(19))
    assert steps["respond.error"]["guard"] == {"when": "is_not_null $existing", "held": False}
    assert steps["kv.cas_put"]["arguments"]["key"] == "artifact/traced/one/1.0.0/any"
    assert steps["kv.cas_put"]["store_calls"] == ["kv.read", "kv.write"]
    assert steps["blob.put"]["set"]["$blob_size"] == 5
    assert steps["txn.commit"]["us"] > 0
    assert trace["totals"]["ran"] == 18
    assert trace["reply"]["body"]["ok"] is True


def test_server_timing_names_each_step_that_ran_by_a_token(shared_server: LiveServer) -> None:
    answer = traced(shared_server, "GET", "/v1/packages")
    metrics = answer.headers["server-timing"].split(", ")
    assert all(METRIC.fullmatch(metric) for metric in metrics), metrics
    names = [metric.partition(";")[0] for metric in metrics]
    assert names == [
        "total", "0-auth.require_scopes", "1-parse.query", "2-index.query", "3-respond.json",
    ]  # fmt: skip
    assert len(answer.headers["server-timing"]) <= MOST_TIMING


def test_a_traced_reply_is_the_reply_without_a_trace(shared_server: LiveServer) -> None:
    path = "/v1/traced/same/1.0.0/any/blob"
    shared_server.ask("PUT", path, b"the same bytes")
    for headers in ({}, {"Range": "bytes=4-7"}, {"If-None-Match": "*"}):
        plain = shared_server.ask("GET", path, headers=headers)
        with_trace = traced(shared_server, "GET", path, headers=headers)
        assert (with_trace.status, with_trace.content) == (plain.status, plain.content)
        assert with_trace.headers.keys() - plain.headers.keys() == TWO_HEADERS


def test_a_refused_request_is_refused_alike_and_its_trace_names_the_step(
    shared_server: LiveServer,
) -> None:
    path, known = "/v1/traced/refused/1.0.0/any/blob", {"X-Request-Id": "refused-1"}
    shared_server.ask("PUT", path, b"first")
    plain = shared_server.ask("PUT", path, b"second", headers=known)
    answer = traced(shared_server, "PUT", path, b"second", headers=known)
    assert (answer.status, answer.json()) == (plain.status, plain.json())
    assert answer.headers.keys() - plain.headers.keys() == TWO_HEADERS
    last = trace_of(shared_server, answer)["steps"][-1]
    assert (last["op"], last["outcome"], last["error"]["code"]) == (
        "respond.error", "refused", "ALREADY_EXISTS",
    )  # fmt: skip
    assert last["guard"]["held"] is True


@pytest.mark.parametrize("value", ["0", "true", "1, 1", ""])
def test_any_other_value_of_the_header_is_ignored(shared_server: LiveServer, value: str) -> None:
    answer = shared_server.ask("GET", "/v1/packages", headers={"X-Larder-Trace": value})
    assert answer.status == 200
    assert not TWO_HEADERS & answer.headers.keys()


def test_the_header_of_anybody_else_is_ignored(live_server: LiveServer) -> None:
    writer = token(live_server, "read", "write")
    path = "/v1/traced/other/1.0.0/any/blob"
    answers = [
        traced(live_server, "PUT", path, b"hello", token=writer),
        traced(live_server, "GET", path, token=writer),
        traced(live_server, "GET", path, token=None),
    ]
    assert [answer.status for answer in answers] == [201, 200, 401]
    assert not any(TWO_HEADERS & answer.headers.keys() for answer in answers)
    assert live_server.ask("GET", "/admin/traces").json()["traces"] == []


def test_traces_are_for_administrators(shared_server: LiveServer) -> None:
    answer = traced(shared_server, "GET", "/v1/packages")
    kept = f"/admin/traces/{answer.headers['x-larder-trace']}"
    bound = token(shared_server, "admin", namespaces=["acme"])
    for path in ("/admin/traces", kept):
        nobody = shared_server.ask("GET", path, token=None)
        reader = shared_server.ask("GET", path, token=token(shared_server, "read"))
        elsewhere = shared_server.ask("GET", path, token=bound)
        assert (nobody.status, nobody.json()["error"]["code"]) == (401, "UNAUTHORIZED")
        assert (reader.status, reader.json()["error"]["code"]) == (403, "FORBIDDEN")
        assert (elsewhere.status, elsewhere.json()["error"]["code"]) == (403, "FORBIDDEN")
        assert shared_server.ask("DELETE", path).status == 405


def test_a_trace_that_is_not_kept_is_404_and_the_hint_tells_of_processes(
    shared_server: LiveServer,
) -> None:
    answer = shared_server.ask("GET", "/admin/traces/never-seen")
    assert (answer.status, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert "several processes" in answer.json()["error"]["details"]["hint"]


def test_a_request_id_that_comes_again_replaces_no_trace(shared_server: LiveServer) -> None:
    known = {"X-Request-Id": "the-same-again"}
    first = traced(shared_server, "GET", "/v1/traced/a", headers=known)
    second = traced(shared_server, "GET", "/v1/traced/b", headers=known)
    assert first.headers["x-larder-trace"] == "the-same-again"
    assert second.headers["x-larder-trace"] != "the-same-again"
    paths = [trace_of(shared_server, answer)["path"] for answer in (first, second)]
    assert paths == ["/v1/traced/a", "/v1/traced/b"]
    assert trace_of(shared_server, second)["request_id"] == "the-same-again"


def test_a_trace_holds_no_secret(shared_server: LiveServer) -> None:
    cookie = "session=do-not-show-this-one; theme=x"
    path = "/v1/packages?limit=5&after=do-not-show-this-one&access_token=nor-this-thing"
    answer = traced(shared_server, "GET", path, headers={"Cookie": cookie})
    name = answer.headers["x-larder-trace"]
    kept = shared_server.ask("GET", f"/admin/traces/{name}").content.decode()
    assert shared_server.token not in kept
    assert "do-not-show-this-one" not in kept
    assert "nor-this-thing" not in kept
    assert "access_token=[hidden]" in kept


def test_a_processs_traces_are_bounded(live_server: LiveServer) -> None:
    host = live_server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    sent = {**TRACE, "Authorization": f"Bearer {live_server.token}"}
    for number in range(MOST_TRACES + 3):
        connection.request("GET", f"/v1/p{number}/x", headers=sent)
        assert connection.getresponse().read()
    connection.close()
    first = live_server.ask("GET", "/admin/traces?limit=60").json()
    second = live_server.ask("GET", f"/admin/traces?limit=60&after={first['next']}").json()
    paths = [trace["path"] for trace in first["traces"] + second["traces"]]
    assert paths == [f"/v1/p{number}/x" for number in reversed(range(3, MOST_TRACES + 3))]
    assert second["next"] is None
    for query, code in (
        ("limit=0", "INVALID_QUERY"), ("limit=x", "INVALID_QUERY"), ("limit=101", "INVALID_QUERY"),
        ("limit=10000", "INVALID_QUERY"), ("after=gone", "INVALID_CURSOR"),
    ):  # fmt: skip
        assert live_server.ask("GET", f"/admin/traces?{query}").json()["error"]["code"] == code


def test_the_oldest_traces_make_room_for_large_ones() -> None:
    kept = Kept(most=10, most_bytes=1000)
    for number in range(4):
        kept.add({"request_id": f"r{number}"}, {"steps": "x" * 300})
    assert [each["request_id"] for each in kept.latest(10, None)[0]] == ["r3", "r2"]
    with pytest.raises(Refusal, match="NOT_FOUND"):
        kept.find("r1")
    kept.add({"request_id": "huge"}, {"steps": "x" * 2000})
    assert kept.latest(10, None) == ([], None)


def test_a_timing_header_is_bounded_however_many_steps_there_are() -> None:
    recorder = Recorder(Preview())
    for index in range(900):
        step = StepTrace(index, "kv get", None, 1 + index // 450, None, (), outcome="done")
        step.microseconds = 1000.0
        recorder.steps.append(step)
    header = server_timing(recorder)
    assert len(header) <= MOST_TIMING
    metrics = header.split(", ")
    assert all(METRIC.fullmatch(metric) for metric in metrics)
    assert metrics[0] == "total;dur=900.000"
    assert metrics[1] == "0-kv_get;dur=1.000"
    assert metrics[-1] == f"rest;dur={900 - (len(metrics) - 2)}.000"


def test_publishers_that_are_traced_keep_every_promise(live_server: LiveServer) -> None:
    admin = live_server.token

    def publish(number: int) -> Answer:
        path = f"/v1/traced/crowd/1.0.{number % 12}/any/blob"
        headers = TRACE if number % 3 else {}
        return live_server.ask("PUT", path, b"%d" % (number % 12), token=admin, headers=headers)

    with ThreadPoolExecutor(12) as crowd:
        answers = list(crowd.map(publish, range(24)))
    assert sorted(answer.status for answer in answers) == [201] * 12 + [409] * 12
    assert live_server.ask("GET", "/v1/traced/crowd/latest").json()["version"] == "1.0.11"
    for answer in answers:
        if "x-larder-trace" in answer.headers:
            trace = trace_of(live_server, answer)
            begun = [step for step in trace["steps"] if step["op"] == "txn.begin"]
            assert trace["status"] == answer.status
            assert [step["attempt"] for step in begun] == list(range(1, len(begun) + 1))
            assert trace["retries"] == max(0, len(begun) - 1)


def test_each_worker_keeps_its_own(start_server: Any) -> None:
    server: LiveServer = start_server("--workers", "2")
    answer = traced(server, "GET", "/v1/packages")
    path = f"/admin/traces/{answer.headers['x-larder-trace']}"
    statuses = {server.ask("GET", path).status for _ in range(40)}
    assert 200 in statuses
    assert statuses <= {200, 404}


def test_upstreams_keys_and_their_header_are_secret_too(start_server: Any, tmp_path: Any) -> None:
    schema = json.loads((ROOT / "schema.json").read_bytes())
    schema["upstreams"]["origin"]["auth"] = {
        "mode": "api_key", "key_env": "ORIGIN_KEY", "header": "X-Partner-Pass",
    }  # fmt: skip
    route = next(r for r in schema["api"]["routes"] if r["id"] == "list_packages")
    route["pipeline"][-1]["args"]["headers"] = {
        "X-Echo": "$request.headers.x_partner_pass", "X-Copy": "$request.headers.x_note",
    }  # fmt: skip
    route["examples"] = []
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    server = start_server(
        environ={"LARDER_SCHEMA": str(tmp_path / "schema.json"), "ORIGIN_KEY": "kept-by-operator"}
    )
    sent = {"X-Partner-Pass": "swordfish", "X-Note": "is it kept-by-operator?"}
    answer = traced(server, "GET", "/v1/packages", headers=sent)
    assert answer.headers["x-echo"] == "swordfish"
    trace = trace_of(server, answer)
    assert trace["steps"][-1]["arguments"]["headers"] == {
        "X-Echo": "[hidden]", "X-Copy": "is it [hidden]?",
    }  # fmt: skip
    assert "swordfish" not in json.dumps(trace)
