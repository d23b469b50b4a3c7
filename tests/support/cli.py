"""Runs `larder` as a process, the way people and scripts do."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.server import ROOT, clean_environment


class Ran(NamedTuple):
    """A command that has ended."""

    code: int
    out: bytes
    err: str

    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


def larder(
    *arguments: str,
    home: Path,
    environ: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    cwd: Path | None = None,
) -> Ran:
    """Run `larder` at home in `home`, without this machine's settings."""
    env = {**clean_environment(), "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    env |= {"PYTHONPATH": str(ROOT), **(environ or {})}
    done = subprocess.run(
        [sys.executable, "-m", "service.commands", *arguments],
        cwd=cwd or home,
        env=env,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())
