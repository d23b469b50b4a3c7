"""Declared routes against the same work written by hand on Starlette: see handwritten.py.

    python -m benchmarks.serving

Both serve the same files, in one process each, loaded in turn by wrk with 16 clients. Targets:
metadata GET 1.2, blob GET of 1 KiB 1.0.
"""

import http.client
import shutil
import subprocess
import sys
import time

from benchmarks.load import compare, publish_script, requests_per_second, scratch
from tests.support.server import ROOT, LiveServer, ask, free_port


def main() -> None:
    """Print requests per second of both and their ratio."""
    folder = scratch("serving")
    try:
        with LiveServer(folder, {"LARDER_LOG_LEVEL": "warning"}) as server:
            published = server.put("acme/hello/1.0.0/any", b"x" * 1024)
            assert published.status == 201, published
            port = free_port()
            rival = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.handwritten"],
                cwd=ROOT,
                env={**server.environ, "LARDER_PORT": str(port)},
                stderr=subprocess.DEVNULL,
            )
            try:
                measure(server, f"http://127.0.0.1:{port}")
            finally:
                rival.terminate()
                rival.wait()
    finally:
        shutil.rmtree(folder)


def measure(server: LiveServer, rival: str) -> None:
    """Three comparisons: metadata, a small blob, a publish."""
    path = "/v1/acme/hello/1.0.0/any"
    wait(rival, path, server.token)
    headers = {"Authorization": f"Bearer {server.token}"}
    for title, where in (("metadata GET", path), ("blob GET, 1 KiB", f"{path}/blob")):
        compare(
            title,
            lambda where=where: requests_per_second(server.url + where, headers=headers),
            lambda where=where: requests_per_second(rival + where, headers=headers),
            "by hand",
        )
    script = publish_script("bench", server.token, 1024)
    compare(
        "publish, 1 KiB",
        lambda: requests_per_second(server.url, script=script),
        lambda: requests_per_second(rival, script=script),
        "by hand",
    )


def wait(url: str, path: str, token: str) -> None:
    """Until the rival answers what it is asked for."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if ask(url, "GET", path, token=token).status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    raise RuntimeError("the hand-written rival did not start")


if __name__ == "__main__":
    main()
