"""Every error that an operation may raise, and every limit, provoked over HTTP."""

import json
import os
import resource
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from errors.catalogue import CATALOGUE
from operations.vocabulary import VOCABULARY
from schema.document import Limits
from tests.journeys.inside import snapshot, staged_files
from tests.journeys.misbehaving import misbehaving
from tests.journeys.raw import Line, chunked
from tests.journeys.said import code_of, hex_of
from tests.journeys.small import BLOB_BYTES, BODY_BYTES, JSON_BYTES, KIB, LIMITS, MIB, small_schema
from tests.support.cli import larder_within
from tests.support.server import Answer, LiveServer

MISSING = f"sha256:{'0' * 64}"
TEXT = "hello"
CROWDED_JSON = b"[" + b"{},[]," * (MIB // 6) + b"0]"
"""Quick to send and slow to read."""
Details = dict[str, Any]
Ask = Callable[[LiveServer], Answer]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The small schema, served, with one plain and one indexed document."""
    folder = tmp_path_factory.mktemp("small")
    with misbehaving() as upstream:
        file = folder / "small.json"
        file.write_text(json.dumps(small_schema(upstream)), encoding="utf-8")
        with LiveServer(folder, {"LARDER_SCHEMA": str(file)}) as server:
            for path in ("plain/one", "indexed/one"):
                assert put(path, TEXT)(server).status == 200
            for text in "abcd":
                assert put(f"indexed/{text}", text)(server).status == 200
            yield server


def put(path: str, text: str, **more: Any) -> Ask:
    return lambda server: server.ask("PUT", f"/{path}", {"text": text, **more})


def get(path: str, **more: Any) -> Ask:
    return lambda server: server.ask("GET", f"/{path}", **more)


def post(path: str, body: bytes = b"") -> Ask:
    return lambda server: server.ask("POST", f"/{path}", body)


def upload(body: bytes, **headers: str) -> Ask:
    return lambda server: server.ask("PUT", "/blobs", body, headers=headers)


def as_reader(server: LiveServer) -> Answer:
    told = {"name": "reader", "scopes": ["read"]}
    token = server.ask("POST", "/auth/tokens", told).json()["token"]
    return server.ask("GET", "/plain/one", token=token)


@contextmanager
def bounded_files(server: LiveServer, most: int) -> Iterator[None]:
    """No file of the server's process can grow over so many bytes: the disk is full."""
    endless = resource.RLIM_INFINITY
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, endless))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (endless, endless))


def with_a_full_disk(server: LiveServer) -> Answer:
    with bounded_files(server, MIB):
        return upload(os.urandom(2 * MIB))(server)


def with_a_full_database(server: LiveServer) -> Answer:
    with bounded_files(server, log_size(server)):
        return put("plain/full", TEXT)(server)


def with_no_room_for_a_small_blob(server: LiveServer) -> Answer:
    with bounded_files(server, log_size(server)):
        return upload(os.urandom(KIB))(server)


def log_size(server: LiveServer) -> int:
    return (server.data / "meta" / "store.sqlite3-wal").stat().st_size


def with_a_locked_database(server: LiveServer) -> Answer:
    """Somebody else writes for longer than a request may wait."""
    db = apsw.Connection(str(server.data / "meta" / "store.sqlite3"))
    db.execute("BEGIN IMMEDIATE")
    try:
        return put("plain/locked", TEXT)(server)
    finally:
        db.close()


def with_a_slow_body(server: LiveServer) -> Answer:
    with Line(server) as line:
        return line.ask("POST", "/json", body=b"[1,", Content_Length="100").hear()


def without_end(path: str) -> Ask:
    """A body that names no length and does not stop before it is answered."""

    def ask(server: LiveServer) -> Answer:
        with Line(server) as line:
            line.ask("PUT", path, Transfer_Encoding="chunked")
            while not select.select([line.socket], [], [], 0)[0]:
                line.say(b"%x\r\n%b\r\n" % (64 * KIB, bytes(64 * KIB)))
            return line.hear()

    return ask


def with_a_length_that_is_too_large(server: LiveServer) -> Answer:
    with Line(server) as line:
        length = {"Content_Length": str(BODY_BYTES + 1), "Expect": "100-continue"}
        return line.ask("PUT", "/blobs", **length).hear()


def with_a_large_body_in_chunks(server: LiveServer) -> Answer:
    """The JSON that it is, is small; what stands around it is not."""
    with Line(server) as line:
        line.ask("POST", "/json", Transfer_Encoding="chunked")
        return line.say(chunked([b" " * JSON_BYTES, b" "])).hear()


CASES: dict[tuple[str, str], tuple[Ask, Details]] = {
    ("auth.require_scopes", "UNAUTHORIZED"): (get("plain/one", token=None), {}),
    ("auth.require_scopes", "FORBIDDEN"): (as_reader, {}),
    ("parse.path", "INVALID_PATH"): (get("count/many"), {"failures": 1}),
    ("parse.query", "INVALID_QUERY"): (get("list?limit=4&size=1"), {"failures": 1}),
    ("parse.json", "INVALID_JSON"): (post("json", b'{"a": 1, "a": 2}'), {}),
    ("parse.json", "JSON_TOO_LARGE"): (with_a_large_body_in_chunks, {"limit": JSON_BYTES}),
    ("validate.entity", "VALIDATION_ERROR"): (get("plain/No"), {"failures": 1}),
    ("validate.json_schema", "VALIDATION_ERROR"): (
        lambda server: server.ask("PUT", "/plain/one", {"rev": "x"}), {"failures": 2},
    ),
    ("txn.commit", "TXN_CONFLICT"): (with_a_locked_database, {}),
    ("txn.commit", "INDEX_CONFLICT"): (put("indexed/two", TEXT), {"key": "indexed/one"}),
    ("txn.commit", "STORAGE_FULL"): (with_a_full_database, {}),
    ("kv.put", "DOCUMENT_INVALID"): (
        put("plain/one", "1"), {"document": "plain", "failures": 1},
    ),
    ("kv.put", "VALUE_TOO_LARGE"): (
        put("plain/one", "x" * 1000), {"document": "plain", "limit": 1000},
    ),
    ("kv.cas_put", "ALREADY_EXISTS"): (put("plain/one/new", TEXT), {"key": "plain/one"}),
    ("kv.cas_put", "PRECONDITION_FAILED"): (
        put("plain/one/rev", TEXT, rev=12345), {"key": "plain/one", "if_rev": 12345},
    ),
    ("kv.cas_put", "DOCUMENT_INVALID"): (
        put("plain/two/new", "1"), {"document": "plain", "failures": 1},
    ),
    ("kv.cas_put", "VALUE_TOO_LARGE"): (
        put("plain/two/new", "x" * 1000), {"document": "plain", "limit": 1000},
    ),
    ("blob.put", "BLOB_TOO_LARGE"): (upload(bytes(BLOB_BYTES + 1)), {"limit": BLOB_BYTES}),
    ("blob.put", "BLOB_TOO_SMALL"): (upload(b"abc"), {"size": 3, "limit": 4}),
    ("blob.put", "STORAGE_FULL"): (with_a_full_disk, {}),
    ("blob.get", "BLOB_NOT_FOUND"): (get(f"blobs/{MISSING}"), {"digest": MISSING}),
    ("blob.verify_digest", "DIGEST_MISMATCH"): (
        upload(b"bytes", **{"X-Checksum-Sha256": hex_of(b"other")}),
        {"received": f"sha256:{hex_of(b'bytes')}", "declared": f"sha256:{hex_of(b'other')}"},
    ),
    ("blob.verify_digest", "STORAGE_FULL"): (with_no_room_for_a_small_blob, {}),
    ("index.query", "INVALID_CURSOR"): (get("list?after=made-up"), {"where": "after"}),
    ("index.upsert", "INDEX_CONFLICT"): (
        put("indexed/two", TEXT), {"index": "by_text", "name": "text", "key": "indexed/one"},
    ),
    ("proxy.fetch", "UPSTREAM_ERROR"): (get("up/fails"), {"upstream": "up", "status": 500}),
    ("proxy.fetch", "UPSTREAM_TIMEOUT"): (get("up/silent"), {"upstream": "up"}),
    ("emit.event", "EVENT_INVALID"): (put("told/two", "LOUD"), {"event": "told", "failures": 1}),
    ("emit.event", "EVENT_TOO_LARGE"): (
        put("told/two", "x" * 200), {"event": "told", "limit": 200},
    ),
    ("respond.json", "VALIDATION_ERROR"): (put("headers/json", "é"), {"failures": 1}),
    ("respond.bytes", "VALIDATION_ERROR"): (put("headers/bytes", "é"), {"failures": 1}),
    ("respond.redirect", "VALIDATION_ERROR"): (put("elsewhere", "é"), {"failures": 1}),
}  # fmt: skip
"""(operation, code) → what provokes it, and what the details tell; `failures` by their count."""

LIMIT_CASES: dict[str, list[tuple[str, Ask, Details]]] = {
    "max_request_body_bytes": [
        ("BODY_TOO_LARGE", with_a_length_that_is_too_large, {"limit": BODY_BYTES}),
        ("BODY_TOO_LARGE", without_end("/wide"), {"limit": BODY_BYTES}),
    ],
    "max_json_bytes": [("JSON_TOO_LARGE", with_a_large_body_in_chunks, {"limit": JSON_BYTES})],
    "max_kv_value_bytes": [("VALUE_TOO_LARGE", put("plain/one", "x" * 1000), {"limit": 1000})],
    "max_event_bytes": [("EVENT_TOO_LARGE", put("told/one", "x" * 200), {"limit": 200})],
    "max_io_ops_per_request": [("IO_LIMIT", get("many/one"), {"limit": 12})],
    "max_cpu_ms_per_request": [("CPU_LIMIT", post("json", CROWDED_JSON), {"limit_ms": 40})],
    "deadline_ms": [("DEADLINE", with_a_slow_body, {"limit_ms": 1500})],
}
"""Each limit of `ops.limits` that is enforced per request → what goes over it."""


def check(server: LiveServer, code: str, ask: Ask, details: Details) -> None:
    """Provoke it: the catalogue's status, the one shape, the details, and nothing is kept."""
    before = snapshot(server)
    answer = ask(server)
    assert code_of(answer) == f"{CATALOGUE[code].status} {code}"
    told = dict(answer.json()["error"].get("details", {}))
    if "failures" in told:
        told["failures"] = len(told["failures"])
    assert {name: told.get(name) for name in details} == details
    assert snapshot(server) == before


@pytest.mark.parametrize(("operation", "code"), CASES)
def test_every_error_of_every_operation(small: LiveServer, operation: str, code: str) -> None:
    check(small, code, *CASES[operation, code])


@pytest.mark.parametrize(
    ("limit", "case"), [(limit, case) for limit, cases in LIMIT_CASES.items() for case in cases]
)
def test_every_limit(small: LiveServer, limit: str, case: tuple[str, Ask, Details]) -> None:
    assert limit in LIMITS
    check(small, *case)


def test_no_error_that_an_operation_declares_is_left_out() -> None:
    declared = {(each.name, code) for each in VOCABULARY for code in each.errors}
    assert CASES.keys() == declared


def test_no_limit_is_left_out() -> None:
    assert LIMIT_CASES.keys() | {"max_pipeline_ops"} == set(Limits.__struct_fields__)


def test_a_pipeline_that_is_too_long_is_refused_at_load(tmp_path: Path) -> None:
    file = tmp_path / "long.json"
    file.write_text(json.dumps(small_schema("http://127.0.0.1:1", max_pipeline_ops=16)))
    ran = larder_within("check", str(file), "--format", "json", home=tmp_path)
    assert ran.code == 1
    (finding,) = [each for each in ran.json()["findings"] if each["severity"] == "error"]
    assert "max_pipeline_ops is 16" in finding["message"]


@pytest.mark.parametrize(
    ("code", "ask", "details"),
    [
        ("PRECONDITION_FAILED", put("plain/one/same", "other"), {"key": "plain/one"}),
        ("PRECONDITION_FAILED", put("plain/two/rev", TEXT, rev=1), {"revision": None}),
        ("PRECONDITION_FAILED", put("plain/two/same", TEXT), {"key": "plain/two"}),
        ("INVALID_JSON", post("json"), {}),
        ("INVALID_JSON", post("json", b"\xff"), {}),
        ("INVALID_JSON", post("json", b"[NaN]"), {}),
        ("INVALID_JSON", post("json", b"[1] 2"), {}),
        ("INVALID_JSON", post("json", b"[" * 65 + b"]" * 65), {}),
        ("INVALID_QUERY", get("list?limit=%zz"), {}),
        ("INVALID_CURSOR", get("list?after="), {"where": "after"}),
        ("BLOB_TOO_LARGE", without_end("/blobs"), {"limit": BLOB_BYTES}),
        ("UPSTREAM_ERROR", get("up/hangsup"), {"upstream": "up"}),
        ("UPSTREAM_ERROR", get("up/redirects"), {"upstream": "up", "status": 302}),
        ("UPSTREAM_ERROR", get("nobody"), {"upstream": "nobody"}),
        ("UPSTREAM_ERROR", post("pull/cut"), {"upstream": "up"}),
        ("UPSTREAM_TIMEOUT", post("pull/stalls"), {"upstream": "up"}),
        ("BODY_TOO_LARGE", upload(b"", **{"Content-Length": str(BODY_BYTES + 1)}), {}),
    ],
)
def test_other_ways_to_the_same_errors(
    small: LiveServer, code: str, ask: Ask, details: Details
) -> None:
    check(small, code, ask, details)


def test_what_is_just_within_its_limits_is_taken(small: LiveServer) -> None:
    assert upload(b"four")(small).status == 201
    assert upload(bytes(BLOB_BYTES))(small).status == 201
    assert post("pull/whole")(small).status == 201
    assert put("told/within", "x" * 150)(small).status == 200
    revision = get("plain/ok")(small).json()["rev"]
    assert revision is None
    assert put("plain/ok", TEXT)(small).status == 200
    revision = get("plain/ok")(small).json()["rev"]
    assert put("plain/ok/same", TEXT)(small).status == 200
    assert put("plain/ok/rev", TEXT, rev=revision)(small).status == 412
    assert put("plain/ok/rev", TEXT, rev=get("plain/ok")(small).json()["rev"])(small).status == 200
    page = get("list")(small).json()
    assert [row["text"] for row in page["rows"]] == ["a", "b", "c"]
    rest = get(f"list?after={page['next']}")(small).json()
    assert [row["text"] for row in rest["rows"]] == ["d", TEXT]


def test_what_found_no_room_is_taken_when_there_is_some(small: LiveServer) -> None:
    assert with_a_full_database(small).status == 507
    assert put("plain/full", TEXT)(small).status == 200
    assert with_a_full_disk(small).status == 507
    assert upload(bytes(2 * MIB))(small).status == 201


def test_bytes_beyond_the_length_that_was_told_are_no_part_of_the_body(small: LiveServer) -> None:
    with Line(small) as line:
        line.ask("PUT", "/blobs", body=b"four and more", Content_Length="4")
        answer = line.hear()
        assert (answer.status, answer.json()["size"]) == (201, 4)
        assert code_of(line.hear()) == "400 BAD_REQUEST"


def test_a_body_that_does_not_come_is_given_up(small: LiveServer) -> None:
    with Line(small) as line:
        answer = line.ask("PUT", "/blobs", body=b"abc", Content_Length="10").hear()
    assert code_of(answer) == "504 DEADLINE"
    assert staged_files(small) == []
