"""`larder run`: one request step by step, and nothing is kept."""

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from stores.sqlite import FILE_NAME
from stores.sqlite_file import FORMAT, create_file
from tests.support.cli import Ran, larder_within
from tests.support.server import ROOT, LiveServer

FIRST = "the first publish of a coordinate is kept, indexed and announced"
PUBLISH = {
    "params": {"namespace": "acme", "name": "hello", "version": "1.0.0", "variant": "any"},
    "text": "hello",
}
FETCH = {"params": PUBLISH["params"]}
SCHEMA = json.loads((ROOT / "schema.json").read_bytes())


def run(home: Path, *arguments: str, request: Any = None, **more: Any) -> Ran:
    if request is not None:
        (home / "request.json").write_text(json.dumps(request))
        arguments = (*arguments, "--request", "request.json")
    return larder_within("run", *arguments, home=home, **more)


def trace(home: Path, *arguments: str, **more: Any) -> dict[str, Any]:
    ran = run(home, *arguments, "--format", "json", **more)
    assert ran.code == 0, ran.err
    return dict(ran.json())


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file below a folder, with its bytes and times, and every folder."""
    return {
        str(entry.relative_to(folder)): (
            hashlib.sha256(entry.read_bytes()).hexdigest() if entry.is_file() else "",
            entry.stat().st_mtime_ns,
        )
        for entry in sorted(folder.rglob("*"))
    }


def test_an_example_is_told_step_by_step(tmp_path: Path) -> None:
    ran = run(tmp_path, "publish_artifact", "--example", FIRST)
    lines = ran.out.decode().splitlines()
    assert ran.code == 0
    assert lines[0].endswith("on scratch stores")
    assert "  5  respond.error  skipped: when is_not_null $existing: did not hold" in lines
    assert '      key = "artifact/acme/hello/1.0.0/any"' in lines
    assert "      -> $blob_size = 5" in lines
    assert "reply 201" in lines
    assert any(line.startswith("  event artifact.published {") for line in lines)
    assert any("1 skipped, 0 retries; store calls: 3 kv.read" in line for line in lines)


def test_an_example_of_each_shipped_route_answers_as_it_expects(tmp_path: Path) -> None:
    for route in SCHEMA["api"]["routes"]:
        for example in route["examples"][:1]:
            told = trace(tmp_path, route["id"], "--example", example["name"])
            assert told["reply"]["status"] == example["expect"]["status"], example["name"]


def test_a_request_may_stand_alone_in_a_file_or_come_on_standard_input(tmp_path: Path) -> None:
    assert trace(tmp_path, "publish_artifact", request=PUBLISH)["reply"]["status"] == 201
    source = json.dumps(PUBLISH).encode()
    told = trace(tmp_path, "publish_artifact", "--request", "-", stdin=source)
    assert told["reply"]["status"] == 201
    assert [each["document"] for each in told["written"]["documents"]] == [
        "artifact_meta", "package_meta",
    ]  # fmt: skip
    assert told["written"]["events"][0]["type"] == "artifact.published"
    assert told["written"]["blobs"] == [
        {"digest": told["reply"]["body"]["digest"], "size": 5}
    ]  # fmt: skip


def test_a_whole_example_brings_what_is_given(tmp_path: Path) -> None:
    given = [{"requests": [{"route": "publish_artifact", **PUBLISH}]}]
    told = trace(tmp_path, "get_blob", request={"given": given, "request": FETCH})
    assert told["reply"]["status"] == 200
    assert told["reply"]["body"].startswith("<5 bytes sha256:2cf24dba")
    assert told["written"] == {"documents": [], "rows": [], "events": [], "blobs": []}


def test_a_refused_request_is_a_reply_too(tmp_path: Path) -> None:
    told = trace(tmp_path, "get_blob", request=FETCH)
    assert told["reply"]["error"]["code"] == "NOT_FOUND"
    anonymous = trace(tmp_path, "get_blob", request={**FETCH, "subject": None})
    assert (anonymous["reply"]["status"], anonymous["steps"]) == (401, [])


def test_a_schema_with_errors_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(
        (ROOT / "schema.json").read_bytes().replace(b'"op": "kv.get"', b'"op": "kv.gett"')
    )
    ran = run(tmp_path, "get_blob", "--schema", "bad.json", request=FETCH)
    assert ran.code == 1
    assert "kv.gett" in ran.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"params": }', "request.json:1:12: error"),
        (b'{\n  "paramz": {}\n}', "request.json:2:13: error"),
        (b'{\n  "params": {"a": "b"}\n}', "request.json:2:13: error"),
        (b'{"given": [\n {"requests": [{"route": "nobody"}]}]}', "request.json:2:26: error"),
        (b"[]", "request.json:1:1: error"),
    ],
)
def test_a_bad_request_file_exits_with_2_and_tells_the_place(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "request.json").write_bytes(content)
    ran = larder_within("run", "get_blob", "--request", "request.json", home=tmp_path)
    assert ran.code == 2
    assert told in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("get_blob",), "--request FILE or --example NAME"),
        (("get_blob", "--request", "x", "--example", "y"), "--request FILE or --example NAME"),
        (("get_blob", "--request", "missing.json"), "missing.json: No such file"),
        (("get_blobb", "--request", "-"), "did you mean `get_blob`?"),
        (("get_blob", "--example", "none such"), "has no example"),
        (("get_blob", "--request", "-", "--step"), "--step talks over the terminal"),
        (("get_blob", "--example", "x", "--data", "d"), "--live"),
        (("publish_artifact", "--example", FIRST, "--mock", "kv.get=1"), "several steps are"),
        (("publish_artifact", "--example", FIRST, "--live", "--data", "no"), "no data directory"),
    ],
)
def test_what_cannot_be_run_exits_with_2(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    ran = larder_within("run", *arguments, home=tmp_path)
    assert ran.code == 2
    assert told in ran.err


def test_a_mocked_upstream_answers_and_a_mocked_step_refuses(tmp_path: Path) -> None:
    digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    hexed = digest.removeprefix("sha256:")
    answer = {"status": 200, "headers": {"X-Checksum-Sha256": hexed}, "body": "hello"}
    mock = f"proxy.fetch={json.dumps(answer)}"
    told = trace(tmp_path, "get_proxied_blob", "--mock", mock, request=FETCH)
    fetch = next(step for step in told["steps"] if step["op"] == "proxy.fetch")
    assert fetch["mocked"] is True
    assert fetch["outcome"] == "done"
    late = trace(tmp_path, "get_proxied_blob", "--mock", "9=!UPSTREAM_TIMEOUT", request=FETCH)
    assert late["reply"]["status"] == 504
    assert late["steps"][-1]["outcome"] == "refused"


def test_mocked_bytes_are_sent_like_stored_ones(tmp_path: Path) -> None:
    cached = 'cache.get={"hit_out": true, "value_out": {"text": "cached"}}'
    told = trace(tmp_path, "get_proxied_blob", "--mock", cached, request=FETCH)
    assert (told["reply"]["status"], told["reply"]["body"][:8]) == (200, "<6 bytes")
    wrong = ("--mock", 'cache.get={"hit_out": true, "value_out": 5}')
    assert "value_out is bytes" in run(tmp_path, "get_proxied_blob", *wrong, request=FETCH).err
    never = ("--mock", 'cache.get={"hit_out": true, "value_out": null}')
    impossible = run(tmp_path, "get_proxied_blob", *never, request=FETCH)
    assert (impossible.code, "what cannot be" in impossible.err) == (2, True)
    meta = {"blob_digest": "sha256:" + "0" * 64, "size": 3, "withdrawn_at": None}
    mocks = ("--mock", f"kv.get={json.dumps(meta)}", "--mock", 'blob.get={"base64": "YWJj"}')
    stored = trace(tmp_path, "get_blob", *mocks, request=FETCH)
    assert stored["reply"]["body"].startswith("<3 bytes sha256:ba7816bf")


def test_without_network_an_upstream_is_refused(tmp_path: Path) -> None:
    told = trace(tmp_path, "get_proxied_blob", request=FETCH)
    assert told["reply"]["error"]["code"] == "UPSTREAM_ERROR"


def test_stepping_stops_before_each_step_and_prints_variables(tmp_path: Path) -> None:
    lines = b"\n" * 5 + b"p existing\np {namespace}\np nonsense\np\nwhat?\nc\n"
    example = ("publish_artifact", "--example", FIRST, "--step")
    ran = run(tmp_path, *example, stdin=lines)
    out = ran.out.decode()
    assert ran.code == 0
    assert "$existing = null" in out
    assert '{namespace} = "acme"' in out
    assert "nonsense is not set here" in out
    assert out.index("  6  blob.put") < out.index("\n$existing = null") < out.index("reply 201")
    assert "Enter: next step" in ran.err


def test_stepping_can_be_quit_and_then_nothing_more_runs(tmp_path: Path) -> None:
    ran = run(tmp_path, "publish_artifact", "--example", FIRST, "--step", stdin=b"\n\nq\n")
    assert ran.code == 130
    assert "  2  normalize.entity" in ran.out.decode()
    assert "validate.entity" not in ran.out.decode()
    assert "reply" not in ran.out.decode()


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_hidden(tmp_path: Path, form: str) -> None:
    request = {
        **PUBLISH,
        "headers": {
            "Authorization": "Bearer do-not-show",
            "Cookie": "a=nor-this-one",
            "X-Note": "see nor-this-one",
        },
        "query": "access_token=nor-that-one",
    }
    stepping = ("--step",) if form == "text" else ()
    lines = b"p request\nc\n"
    ran = run(
        tmp_path, "publish_artifact", "--format", form, *stepping, request=request, stdin=lines
    )
    assert ran.code == 0
    for secret in (b"do-not-show", b"nor-this-one", b"nor-that-one"):
        assert secret not in ran.out
    assert (b"[hidden]" in ran.out) is (form == "text")


def test_the_credentials_of_upstreams_are_hidden(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schema.json").read_bytes())
    schema["upstreams"]["origin"]["auth"] = {"mode": "bearer_token", "token_env": "ORIGIN"}
    route = next(each for each in schema["api"]["routes"] if each["id"] == "list_packages")
    route["pipeline"][-1]["args"]["headers"] = {"X-Echo": "$request.headers.x_note"}
    route["examples"] = []
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    request = {"headers": {"X-Note": "the origin knows swordfish"}}
    told = trace(tmp_path, "list_packages", request=request, environ={"ORIGIN": "swordfish"})
    assert told["reply"]["headers"]["x-echo"] == "the origin knows [hidden]"
    assert "swordfish" not in json.dumps(told)


def publish(server: LiveServer, name: str, content: bytes) -> None:
    assert server.put(f"acme/{name}/1.0.0/any", content).status == 201


def live_runs(home: Path, data: Path) -> None:
    """What reads, what would write, and what is refused, on a live directory."""
    place = ("--live", "--data", str(data))
    small = trace(home, "get_blob", *place, request=FETCH)
    assert small["reply"]["body"].startswith("<5 bytes sha256:2cf24dba")
    params = {**PUBLISH["params"], "name": "large"}
    large = trace(home, "get_blob", *place, request={"params": params})
    assert large["reply"]["body"].startswith("<300000 bytes sha256:")
    taken = trace(home, "publish_artifact", *place, request=PUBLISH)
    assert taken["reply"]["error"]["code"] == "ALREADY_EXISTS"
    params = {**PUBLISH["params"], "version": "2.0.0"}
    wrote = run(home, "publish_artifact", *place, request={**PUBLISH, "params": params})
    assert "reply 201" in wrote.out.decode()
    assert "would have been written; nothing was kept:" in wrote.out.decode()
    assert '"latest": "2.0.0"' in wrote.out.decode()
    refused = trace(home, "get_proxied_blob", *place, request=FETCH)
    assert refused["reply"]["error"]["code"] == "UPSTREAM_ERROR"


def test_live_runs_read_what_is_stored_and_leave_every_bit_as_it_is(
    live_server: LiveServer, tmp_path: Path
) -> None:
    publish(live_server, "hello", b"hello")
    publish(live_server, "large", b"x" * 300_000)
    home = tmp_path / "home"
    home.mkdir()
    before = fingerprint(live_server.data)
    live_runs(home, live_server.data)
    assert fingerprint(live_server.data) == before
    assert live_server.ask("GET", "/v1/acme/hello/2.0.0/any").status == 404
    assert live_server.stop() == 0
    stopped = fingerprint(live_server.data)
    live_runs(home, live_server.data)
    assert fingerprint(live_server.data) == stopped


def test_a_live_run_tells_that_nothing_was_ever_stored(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    asked = ("publish_artifact", "--live", "--data", "data")
    ran = run(tmp_path, *asked, request=PUBLISH)
    assert ran.code == 0
    assert "data: nothing was ever stored there, so all is empty" in ran.err


def test_a_live_run_refuses_what_a_newer_release_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "meta"
    create_file(folder / FILE_NAME)
    with closing(apsw.Connection(str(folder / FILE_NAME))) as db:
        db.pragma("user_version", FORMAT + 1)
    asked = ("publish_artifact", "--live", "--data", "data")
    ran = run(tmp_path, *asked, request=PUBLISH)
    assert ran.code == 2
    assert f"has format {FORMAT + 1}; this program knows up to {FORMAT}" in ran.err
