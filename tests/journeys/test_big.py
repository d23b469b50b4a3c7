"""A large artifact passes through in constant memory.

`LARDER_TEST_BIG_MIB` sets its size; 256 MiB if it is not set.
"""

import hashlib
import http.client
import os
from collections.abc import Iterator

from tests.conftest import StartServer
from tests.journeys.processes import memory_of
from tests.support.server import LiveServer

MIB = 1024 * 1024
SIZE = int(os.environ.get("LARDER_TEST_BIG_MIB", "256")) * MIB
BOUND = 200 * MIB
BLOCK = os.urandom(MIB)
PATH = "/v1/big/one/1.0.0/bin/blob"


class Source:
    """Bytes that never repeat a block, and their digest once they were all given."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for number in range(SIZE // MIB):
            block = number.to_bytes(8, "big") + BLOCK[8:]
            self.hash.update(block)
            yield block


def asked(server: LiveServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)


def upload(server: LiveServer) -> str:
    """Publish; the digest of what was sent."""
    source, connection = Source(), asked(server)
    headers = {"Authorization": f"Bearer {server.token}", "Content-Length": str(SIZE)}
    connection.request("PUT", PATH, iter(source), headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status == 201, said
    assert source.hash.hexdigest().encode() in said
    return source.hash.hexdigest()


def download(server: LiveServer) -> tuple[str, int]:
    """Fetch; the digest of what came, and the most that was resident meanwhile."""
    hashed, most, connection = hashlib.sha256(), 0, asked(server)
    connection.request("GET", PATH, headers={"Authorization": f"Bearer {server.token}"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(SIZE))
    while piece := answer.read(4 * MIB):
        hashed.update(piece)
        most = max(most, memory_of(server.process.pid)["VmRSS"])
    connection.close()
    return hashed.hexdigest(), most


def test_a_large_artifact_costs_no_memory(start_server: StartServer) -> None:
    server = start_server()
    told = [f"{SIZE // MIB} MiB;"]

    def measure(when: str) -> None:
        memory = memory_of(server.process.pid)
        kinds = ", ".join(f"{kind} {memory[kind] // MIB}" for kind in ("VmHWM", "VmRSS", "RssAnon"))
        told.append(f"{when}: {kinds} MiB;")
        assert memory["VmHWM"] < BOUND, " ".join(told)

    measure("before")
    sent = upload(server)
    measure("after the upload")
    received, most = download(server)
    measure("after the download")
    print(*told)
    assert received == sent
    assert most < BOUND
