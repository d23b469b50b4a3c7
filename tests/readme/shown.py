"""README shows commands with what they print: `python -m tests.readme.shown` prints it anew.

In a block that is marked `<!-- shown: … -->`, `$ ` begins a command and `> ` goes on with it; the
lines behind are its output. The blocks run in order, in one folder that is like a fresh clone.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.server import ROOT

_BLOCK = re.compile(r"(<!-- shown: \w+ -->\n```console\n)(.*?)(```)", re.DOTALL)
_COMMAND = re.compile(r"^\$ .*(?:\n> .*)*", re.MULTILINE)


def clone(folder: Path) -> Path:
    """What the commands need of a clone, in a folder of its own."""
    made = folder / "clone"
    made.mkdir()
    shutil.copy(ROOT / "schema.json", made)
    shutil.copytree(ROOT / "templates", made / "templates")
    (made / ".venv").symlink_to(sys.prefix)
    return made


def renewed(text: str, folder: Path) -> str:
    """The text with what its commands print now."""

    def block(found: re.Match[str]) -> str:
        shown = "".join(
            f"{command}\n{_printed(command, folder)}" for command in _COMMAND.findall(found[2])
        )
        return f"{found[1]}{shown}{found[3]}"

    return _BLOCK.sub(block, text)


def _printed(command: str, folder: Path) -> str:
    script = "\n".join(line[2:] for line in command.split("\n"))
    ran = subprocess.run(
        ["bash", "-u", "-c", script],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return "\n".join(line.rstrip() for line in ran.stdout.splitlines()) + "\n" * bool(ran.stdout)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        page = ROOT / "README.md"
        fresh = renewed(page.read_text(encoding="utf-8"), clone(Path(scratch)))
        page.write_text(fresh, encoding="utf-8")
