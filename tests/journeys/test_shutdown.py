"""Stopping: what is in flight is finished, nothing new is begun, no process stays behind."""

import http.client
import os
import random
import signal

import pytest

from tests.conftest import StartServer
from tests.journeys.inside import blob_files, rows_of, staged_files, staging_folders
from tests.journeys.processes import processes
from tests.journeys.raw import Line
from tests.journeys.said import code_of, hex_of
from tests.support.polling import until
from tests.support.server import LiveServer, ask

CONTENT = random.Random(5).randbytes(2_500_000)
HALF = len(CONTENT) // 2


def upload_half(server: LiveServer, coordinate: str) -> Line:
    """An upload that is under way: its first bytes lie in staging."""
    line = Line(server)
    length = {"Content_Length": str(len(CONTENT))}
    line.ask("PUT", f"/v1/{coordinate}/blob", body=CONTENT[:HALF], **length)
    until(lambda: staged_files(server))
    return line


def is_refused(server: LiveServer) -> bool:
    """Whether nobody listens any more."""
    try:
        ask(server.url, "GET", "/health/live")
    except ConnectionRefusedError:
        return True
    except (OSError, http.client.HTTPException):
        return False
    return False


def left_over(server: LiveServer) -> list[int]:
    """Processes of the server's group that still live."""
    return [each.pid for each in processes() if each.group == server.process.pid]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_upload_under_way_is_finished_and_idle_connections_are_not_waited_for(
    start_server: StartServer, workers: int
) -> None:
    server = start_server("--workers", str(workers))
    with upload_half(server, "a/b/1.0.0/bin") as line, Line(server) as idle:
        assert idle.ask("GET", "/v1/packages").hear().status == 200
        server.process.send_signal(signal.SIGTERM)
        until(lambda: is_refused(server))
        assert idle.socket.recv(1) == b""
        assert server.process.poll() is None
        answer = line.say(CONTENT[HALF:]).hear()
    assert (answer.status, answer.json()["digest"]) == (201, f"sha256:{hex_of(CONTENT)}")
    assert answer.headers["connection"] == "close"
    assert server.process.wait(30) == 0
    until(lambda: not left_over(server), 5)
    assert staging_folders(server) == []
    (blob,) = blob_files(server)
    assert blob.read_bytes() == CONTENT
    assert rows_of(server, "artifact_versions", "by_version") == ["artifact/a/b/1.0.0/bin"]


def test_what_takes_longer_than_the_grace_is_broken_off_and_leaves_nothing(
    start_server: StartServer,
) -> None:
    server = start_server(environ={"LARDER_GRACE_SECONDS": "1"})
    with upload_half(server, "a/b/1.0.0/bin") as line:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
        with pytest.raises((OSError, http.client.HTTPException)):
            answer = line.hear()
            raise ConnectionError(code_of(answer))
    assert blob_files(server) == []
    assert staging_folders(server) == []


def test_workers_do_not_outlive_their_supervisor(start_server: StartServer) -> None:
    server = start_server("--workers", "2")
    with upload_half(server, "a/b/1.0.0/bin") as line:
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)
        assert line.say(CONTENT[HALF:]).hear().status == 201
    until(lambda: not left_over(server))
    assert staging_folders(server) == []
