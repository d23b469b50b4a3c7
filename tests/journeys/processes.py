"""Which processes there are, as Linux tells it."""

from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """One process: its number, its parent's and its group's."""

    pid: int
    parent: int
    group: int
    command: str


def processes() -> list[Process]:
    """Every process that lives; the dead that nobody has buried do not count."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                found.append(Process(int(folder.name), int(fields[1]), int(fields[2]), command))
    return found


def workers_of(supervisor: int) -> list[int]:
    """The processes that serve for a supervisor."""
    return sorted(
        each.pid
        for each in processes()
        if each.parent == supervisor and "spawn_main" in each.command
    )


def memory_of(pid: int) -> dict[str, int]:
    """Bytes by kind: VmHWM and VmRSS (all that is resident), RssAnon, RssFile."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = (line.split() for line in lines if line.startswith(("Vm", "Rss")))
    return {name.rstrip(":"): int(kib) * 1024 for name, kib, *_ in fields}
