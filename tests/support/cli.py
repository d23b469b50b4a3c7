"""Runs `larder`: as a process, as people and scripts do, or in this process, which is quick."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from service.commands import run
from tests.support.server import ROOT, clean_environment


class Ran(NamedTuple):
    """A command that has ended."""

    code: int
    out: bytes
    err: str

    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


def larder_within(
    *arguments: str, home: Path, environ: Mapping[str, str] | None = None, stdin: bytes = b""
) -> Ran:
    """What `larder` does, in this process; for commands that start nothing."""
    texts = [
        io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") for content in (stdin, b"", b"")
    ]
    given, out, err = texts
    with (
        patch.dict(os.environ, _environment(home, environ), clear=True),
        contextlib.chdir(home),
        patch("sys.stdin", given),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = run(arguments)
        except SystemExit as exit:
            code = int(exit.code or 0)
    out.flush()
    err.flush()
    return Ran(code, out.buffer.getvalue(), err.buffer.getvalue().decode())


def larder(
    *arguments: str,
    home: Path,
    environ: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    cwd: Path | None = None,
) -> Ran:
    """Run `larder` at home in `home`, without this machine's settings."""
    done = subprocess.run(
        [sys.executable, "-m", "service.commands", *arguments],
        cwd=cwd or home,
        env=_environment(home, environ),
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


def _environment(home: Path, environ: Mapping[str, str] | None) -> dict[str, str]:
    env = {**clean_environment(), "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    return env | {"PYTHONPATH": str(ROOT), **(environ or {})}
