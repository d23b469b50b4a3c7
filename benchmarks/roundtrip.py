"""Real files there and back: every file of a folder is published, fetched twice and compared.

    python -m benchmarks.roundtrip FOLDER

Published by `larder publish`, fetched by curl and by `larder fetch`, compared byte for byte. Put
wheels and npm tarballs into the folder first (`pip download --no-deps`, `npm pack`). Printed: how
many files and bytes, the seconds of each way, and what differed; exit code 1 if anything did.
"""

import filecmp
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.load import need, scratch
from tests.support.server import ROOT, LiveServer

_VERSION = re.compile(r"[-_]v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[.-][0-9A-Za-z.+-]*)?")


def main() -> None:
    """Run over the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_file())
    folder = scratch("roundtrip")
    try:
        with LiveServer(folder) as server:
            failed = run(server, files, folder)
    finally:
        shutil.rmtree(folder)
    sys.exit(1 if failed or not files else 0)


def run(server: LiveServer, files: list[Path], folder: Path) -> list[str]:
    """Send all files there and back; the names of those that did not come back as they were."""
    environ = {**server.environ, "LARDER_URL": server.url, "LARDER_TOKEN": server.token}
    larder = [sys.executable, "-m", "service.commands"]
    seconds = {"publish": 0.0, "curl": 0.0, "fetch": 0.0}
    failed = []

    def timed(what: str, command: list[str]) -> bool:
        started = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=False)
        seconds[what] += time.perf_counter() - started
        if done.returncode:
            print(f"{what}: {done.stderr.decode(errors='replace').strip()}")
        return done.returncode == 0

    for file in files:
        place = coordinate(file.name)
        url = f"{server.url}/v1/{place}/blob"
        by_curl, by_larder = folder / "by-curl", folder / "by-larder"
        curl = [need("curl"), "-sSf", "-o", str(by_curl), "-H"]
        same = (
            timed("publish", [*larder, "publish", str(file), "--to", place])
            and timed("curl", [*curl, f"Authorization: Bearer {server.token}", url])
            and timed("fetch", [*larder, "fetch", place, "-o", str(by_larder)])
            and filecmp.cmp(file, by_curl, shallow=False)
            and filecmp.cmp(file, by_larder, shallow=False)
        )
        by_curl.unlink(missing_ok=True)
        by_larder.unlink(missing_ok=True)
        again = server.put(place, file.read_bytes()) if same else None
        if again is None or again.status != 409:
            failed.append(file.name)
    sizes = [file.stat().st_size for file in files]
    print(f"{len(files)} files, {min(sizes)} to {max(sizes)} bytes, {sum(sizes) / 2**20:.1f} MiB")
    print(", ".join(f"{what} {taken:.1f} s" for what, taken in seconds.items()))
    print(f"{len(files) - len(failed)} identical and refused a second time, {len(failed)} not")
    for name in failed:
        print(f"  {name}")
    return failed


def coordinate(name: str) -> str:
    """`namespace/name/version/variant` for a wheel's or tarball's file name.

    Versions of two or four numbers are brought to the three of Semantic Versioning.
    """
    stem = name.removesuffix(".whl").removesuffix(".tgz").removesuffix(".tar.gz")
    found = _VERSION.search(stem)
    if found is None:
        return f"real/{stem.lower()}/0.0.0/file"
    version = ".".join(str(int(part or 0)) for part in found.groups())
    rest = re.sub(r"[^a-z0-9._-]+", "-", stem[found.end() :].lower()).strip("-._")
    kind = "npm" if name.endswith(".tgz") else "wheel"
    return f"{kind}/{stem[: found.start()].lower()}/{version}/{rest or 'package'}"


if __name__ == "__main__":
    main()
