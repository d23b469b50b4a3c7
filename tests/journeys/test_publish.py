"""Publishing: what is sent is what is kept, and nothing else ever is."""

import random

import pytest

from tests.journeys.inside import events_of, snapshot
from tests.journeys.raw import Line, chunked
from tests.journeys.said import base64_of, code_of, fetch, hex_of
from tests.support.server import LiveServer

SMALL = b"Hello from Larder.\n"
LARGE = random.Random(7).randbytes(1_500_000)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("content", [b"", b"\0", SMALL, LARGE], ids=["empty", "nul", "txt", "big"])
def test_what_was_published_comes_back_byte_for_byte(
    shared_server: LiveServer, namespace: str, content: bytes
) -> None:
    answer = shared_server.put(f"{namespace}/hello/1.0.0/bin", content)
    digest = f"sha256:{hex_of(content)}"
    assert answer.status == 201
    assert answer.json() == {"ok": True, "digest": digest, "size": len(content)}
    got = shared_server.ask("GET", f"/v1/{namespace}/hello/1.0.0/bin/blob")
    assert got.content == content
    assert got.headers["etag"] == f'"{digest}"'
    assert got.headers["repr-digest"] == f"sha-256=:{base64_of(content)}:"
    assert got.headers["content-length"] == str(len(content))


def test_an_empty_artifact_has_the_digest_of_nothing(
    shared_server: LiveServer, namespace: str
) -> None:
    answer = shared_server.put(f"{namespace}/hello/1.0.0/bin", b"")
    assert (answer.status, answer.json()["digest"]) == (201, f"sha256:{EMPTY}")


def test_the_metadata_tell_what_when_and_who(shared_server: LiveServer, namespace: str) -> None:
    shared_server.put(f"{namespace}/hello/1.0.0/txt", SMALL)
    told = shared_server.ask("GET", f"/v1/{namespace}/hello/1.0.0/txt").json()
    assert told.pop("published_at").endswith("Z")
    assert told == {
        "namespace": namespace, "name": "hello", "version": "1.0.0", "variant": "txt",
        "blob_digest": f"sha256:{hex_of(SMALL)}", "size": len(SMALL), "published_by": "admin",
    }  # fmt: skip


@pytest.mark.parametrize("content", [SMALL, b"something else"])
def test_a_coordinate_is_taken_once_and_for_all(
    shared_server: LiveServer, namespace: str, content: bytes
) -> None:
    shared_server.put(f"{namespace}/hello/1.0.0/txt", SMALL)
    before = snapshot(shared_server)
    again = shared_server.put(f"{namespace}/hello/1.0.0/txt", content)
    assert code_of(again) == "409 ALREADY_EXISTS"
    assert again.json()["error"]["details"]["digest"] == f"sha256:{hex_of(SMALL)}"
    assert snapshot(shared_server) == before
    assert fetch(shared_server, f"{namespace}/hello/1.0.0/txt") == SMALL


@pytest.mark.parametrize(
    "header",
    [
        ("Repr-Digest", f"sha-256=:{base64_of(b'other')}:"),
        ("Content-Digest", f"sha-256=:{base64_of(b'other')}:"),
        ("Digest", f"SHA-256={base64_of(b'other')}"),
        ("X-Checksum-Sha256", hex_of(b"other")),
        ("Repr-Digest", "sha-256=:no base64:"),
        ("X-Checksum-Sha256", "abc"),
    ],
    ids=["repr", "content", "digest", "checksum", "malformed", "short"],
)
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["in the database", "in a file"])
def test_bytes_that_are_not_those_declared_leave_nothing_behind(
    shared_server: LiveServer, namespace: str, header: tuple[str, str], content: bytes
) -> None:
    before = snapshot(shared_server)
    fresh = content + namespace.encode()
    answer = shared_server.put(f"{namespace}/hello/1.0.0/txt", fresh, headers=dict([header]))
    assert code_of(answer) == "422 DIGEST_MISMATCH"
    assert answer.json()["error"]["details"]["received"] == f"sha256:{hex_of(fresh)}"
    assert snapshot(shared_server) == before
    assert shared_server.ask("GET", f"/v1/{namespace}/hello/1.0.0/txt/blob").status == 404
    assert shared_server.put(f"{namespace}/hello/1.0.0/txt", fresh).status == 201


def test_bytes_that_are_those_declared_are_kept(shared_server: LiveServer, namespace: str) -> None:
    declared = {
        "Repr-Digest": f"sha-512=:AAAA:, sha-256=:{base64_of(SMALL)}:",
        "Content-Digest": f"sha-256=:{base64_of(SMALL)}:",
        "Digest": f"SHA-256={base64_of(SMALL)}",
        "X-Checksum-Sha256": hex_of(SMALL).upper(),
    }
    assert shared_server.put(f"{namespace}/a/1.0.0/txt", SMALL, headers=declared).status == 201


def test_one_digest_of_several_that_is_wrong_is_enough(
    shared_server: LiveServer, namespace: str
) -> None:
    declared = {
        "Repr-Digest": f"sha-256=:{base64_of(SMALL)}:",
        "X-Checksum-Sha256": hex_of(b"other"),
    }
    answer = shared_server.put(f"{namespace}/a/1.0.0/txt", SMALL, headers=declared)
    assert code_of(answer) == "422 DIGEST_MISMATCH"


def test_names_are_normalised_before_they_are_stored(
    shared_server: LiveServer, namespace: str
) -> None:
    shouted = f"{namespace.upper()}/Hello%20World/1.0.0/TXT"
    assert shared_server.put(shouted, SMALL).status == 201
    told = shared_server.ask("GET", f"/v1/{namespace}/hello-world/1.0.0/txt").json()
    assert (told["namespace"], told["name"], told["variant"]) == (namespace, "hello-world", "txt")
    assert code_of(shared_server.put(f"{namespace}/hello-world/1.0.0/txt", SMALL)).startswith("409")
    assert fetch(shared_server, shouted) == SMALL


@pytest.mark.parametrize("pieces", [[], [b"one"], [b"one", b"t" * 70_000, b"hree"], [LARGE, LARGE]])
def test_an_upload_may_come_in_chunks(
    shared_server: LiveServer, namespace: str, pieces: list[bytes]
) -> None:
    with Line(shared_server) as line:
        line.ask("PUT", f"/v1/{namespace}/a/1.0.0/bin/blob", Transfer_Encoding="chunked")
        answer = line.say(chunked(pieces)).hear()
    assert (answer.status, answer.json()["size"]) == (201, sum(map(len, pieces)))
    assert fetch(shared_server, f"{namespace}/a/1.0.0/bin") == b"".join(pieces)


def test_a_client_that_waits_to_be_invited_is(shared_server: LiveServer, namespace: str) -> None:
    with Line(shared_server) as line:
        line.ask(
            "PUT", f"/v1/{namespace}/a/1.0.0/txt/blob", Content_Length="3", Expect="100-continue"
        )
        assert line.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert line.say(b"abc").hear().status == 201


def test_a_client_is_not_invited_when_the_coordinate_is_taken(
    shared_server: LiveServer, namespace: str
) -> None:
    shared_server.put(f"{namespace}/a/1.0.0/txt", SMALL)
    with Line(shared_server) as line:
        line.ask(
            "PUT", f"/v1/{namespace}/a/1.0.0/txt/blob", Content_Length="3", Expect="100-continue"
        )
        assert line.socket.recv(9, 2) == b"HTTP/1.1 "
        assert code_of(line.hear()) == "409 ALREADY_EXISTS"


def test_the_same_bytes_under_two_names_are_one_blob(
    shared_server: LiveServer, namespace: str
) -> None:
    content = LARGE + namespace.encode()
    shared_server.put(f"{namespace}/a/1.0.0/bin", content)
    before = snapshot(shared_server)
    assert shared_server.put(f"{namespace}/b/1.0.0/bin", content).status == 201
    assert snapshot(shared_server).files == before.files
    assert fetch(shared_server, f"{namespace}/b/1.0.0/bin") == content


def test_each_publish_is_told_in_the_event_log_once(
    shared_server: LiveServer, namespace: str
) -> None:
    versions = [f"1.{minor}.0" for minor in (0, 1, 2)]
    for version in versions:
        shared_server.put(f"{namespace}/hello/{version}/txt", version.encode())
        shared_server.put(f"{namespace}/hello/{version}/txt", b"again")
    ours = [e for e in events_of(shared_server) if e["payload"]["namespace"] == namespace]
    assert [e["type"] for e in ours] == ["artifact.published"] * 3
    assert [e["payload"]["version"] for e in ours] == versions
    assert [e["payload"]["blob_digest"] for e in ours] == [
        f"sha256:{hex_of(version.encode())}" for version in versions
    ]
