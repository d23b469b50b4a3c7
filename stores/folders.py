"""Folders whose entries survive the power going off."""

import errno
import os
from pathlib import Path

from stores.interfaces import StorageFull

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when a file cannot grow."""


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, below: Path | None = None) -> None:
    """Make a folder and all above it, each durably an entry of its parent.

    With `below`, the entries on the way from `below` down are made durable even where the folders
    are there already: another process may have made them and not have come to that yet.
    """
    missing = [folder]
    while missing[-1] != below and not (below is None and missing[-1].exists()):
        missing.append(missing[-1].parent)
    for parent, child in zip(reversed(missing), reversed(missing[:-1]), strict=False):
        child.mkdir(exist_ok=True)
        sync_folder(parent)


def full_or_same(error: OSError) -> Exception:
    """StorageFull when the error means that there is no room, else the error itself."""
    if error.errno in NO_ROOM:
        return StorageFull(error.strerror)
    return error
