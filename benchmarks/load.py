"""Load by wrk, the same for both sides."""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

SECONDS = 4
ROUNDS = 5


def need(program: str) -> str:
    """The path of a program that a benchmark needs; ends with a hint when there is none."""
    found = shutil.which(program)
    if found is None:
        sys.exit(f"this benchmark needs {program} (Debian: apt-get install {program})")
    return found


def requests_per_second(
    url: str,
    *,
    clients: int = 16,
    headers: Mapping[str, str] | None = None,
    script: str | None = None,
    seconds: int = SECONDS,
) -> float:
    """Requests per second that wrk counts; fails when any reply is not 2xx."""
    command = [need("wrk"), "-t1", f"-c{clients}", f"-d{seconds}s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if script is not None:
            file.write(script)
            file.flush()
            command += ["-s", file.name]
        said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert found is not None, said
    return float(found[1])


def compare(
    title: str, ours: Callable[[], float], theirs: Callable[[], float], rival: str
) -> float:
    """Measure both in turn and print medians and the median of the ratios, pair by pair."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    low, high = min(a / b for a, b in pairs), max(a / b for a, b in pairs)
    print(
        f"{title:36} {statistics.median(a for a, _ in pairs):10.0f}/s   {rival} "
        f"{statistics.median(b for _, b in pairs):10.0f}/s   ratio {ratio:5.2f}"
        f"  ({low:.2f}-{high:.2f})",
        flush=True,
    )
    return ratio


def publish_script(namespace: str, token: str, size: int) -> str:
    """A wrk script that publishes `size` bytes under a coordinate of its own each time."""
    return f"""
math.randomseed(os.time())
local run = math.random(1, 1000000000)
local body = string.rep("x", {size} - 24)
local n = 0
request = function()
  n = n + 1
  local unique = string.format("%012d%012d", run, n)
  return wrk.format("PUT", "/v1/{namespace}/p" .. run .. "-" .. (n % 997) .. "/1.0." .. n ..
    "/any/blob", {{["Authorization"] = "Bearer {token}"}}, body .. unique)
end
"""


def scratch(name: str) -> Path:
    """A new directory on the disk that is measured: beside the project, not in memory."""
    base = Path(__file__).resolve().parents[1] / "data" / "benchmarks"
    base.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
