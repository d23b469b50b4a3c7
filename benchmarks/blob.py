"""A blob of 100 MiB fetched over loopback, against nginx serving the same file.

    python -m benchmarks.blob

Target: 0.8 of nginx's bytes per second.
"""

import http.client
import os
import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.load import compare, need, scratch
from tests.support.server import LiveServer, free_port

MIB = 1024 * 1024
SIZE = 100 * MIB
FETCHES = 4


def main() -> None:
    """Print MiB per second of both, and the ratio."""
    folder = scratch("blob")
    content = os.urandom(SIZE)
    static = folder / "static"
    static.mkdir()
    (static / "blob").write_bytes(content)
    port = free_port()
    nginx = start_nginx(folder, static, port)
    try:
        with LiveServer(folder) as server:
            published = server.put("bench/big/1.0.0/any", content)
            assert published.status == 201, published
            token = server.token
            compare(
                "MiB, one client",
                lambda: fetch(server.port, "/v1/bench/big/1.0.0/any/blob", token),
                lambda: fetch(port, "/blob", None),
                "nginx",
            )
    finally:
        nginx.terminate()
        nginx.wait()
        shutil.rmtree(folder)


def start_nginx(folder: Path, static: Path, port: int) -> "subprocess.Popen[bytes]":
    """nginx as it comes: one worker, sendfile on, no logs."""
    folder.chmod(0o755)
    config = folder / "nginx.conf"
    config.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;
user root;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{port}; root {static}; }} }}
"""
    )
    process = subprocess.Popen([need("nginx"), "-c", str(config), "-p", str(folder)])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            fetch(port, "/blob", None)
        except OSError:
            time.sleep(0.05)
        else:
            return process
    raise RuntimeError("nginx did not start")


def fetch(port: int, path: str, token: str | None) -> float:
    """MiB per second over FETCHES fetches on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    buffer = bytearray(MIB)
    total = 0
    started = time.perf_counter()
    try:
        for _ in range(FETCHES):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            assert response.status == 200, response.status
            while count := response.readinto(buffer):
                total += count
    finally:
        connection.close()
    assert total == FETCHES * SIZE, total
    return total / MIB / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
