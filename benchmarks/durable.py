"""Durable publishes per second with 1, 16 and 64 clients, against the disk's bare append + fsync.

    python -m benchmarks.durable

Every publish is a PUT of 1 KiB that is answered only when it would survive the power going off.
The rival is one process that appends 1 KiB to a file and fsyncs it, over and over, on the same
disk. Target with 16 clients: 0.4.
"""

import os
import shutil
import time
from functools import partial
from pathlib import Path

from benchmarks.load import compare, publish_script, requests_per_second, scratch
from tests.support.server import LiveServer

SIZE = 1024


def main() -> None:
    """Print a line per number of clients, for one process and for two."""
    for workers in ("1", "2"):
        folder = scratch("durable")
        try:
            with LiveServer(folder, {}, "--workers", workers) as server:
                measure(server, folder, workers)
        finally:
            shutil.rmtree(folder)


def measure(server: LiveServer, folder: Path, workers: str) -> None:
    """Three comparisons with a server of so many processes."""
    script = publish_script("bench", server.token, SIZE)
    for clients in (1, 16, 64):
        compare(
            f"publishes, {clients} clients, {workers} process{'es' * (workers != '1')}",
            partial(requests_per_second, server.url, clients=clients, script=script),
            partial(append_and_fsync, folder),
            "append+fsync",
        )


def append_and_fsync(folder: Path, seconds: float = 2.0) -> float:
    """How often a second this disk makes 1 KiB durable when asked one at a time."""
    path = folder / "append"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    done = 0
    started = time.perf_counter()
    try:
        while time.perf_counter() - started < seconds:
            os.write(file, b"x" * SIZE)
            os.fsync(file)
            done += 1
    finally:
        os.close(file)
        path.unlink()
    return done / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
