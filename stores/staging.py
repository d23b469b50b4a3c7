"""Where bytes lie while they are received: one folder a process, and one file a blob."""

import fcntl
import hashlib
import itertools
import os
import secrets
import shutil
import threading
from pathlib import Path

from stores.addressing import ALGORITHM, STAGING
from stores.folders import full_or_same, make_folder

_LOCK = "lock"

SYNC_EVERY = 16 * 1024 * 1024
"""This much of a staged file is written to the disk at a time, while the rest still arrives."""


class StagingFolder:
    """This store's own folder below `staging/`; held by a file lock as long as the store lives.

    Opening it removes the folders of those that died: a folder whose lock can be had is dead.
    """

    def __init__(self, root: Path) -> None:
        parent = root / STAGING
        make_folder(parent)
        # While this is held nobody can see a folder whose lock is not taken yet.
        everyone = _lock(parent / _LOCK)
        try:
            _remove_dead(parent)
            self.path = parent / f"{os.getpid()}-{secrets.token_hex(4)}"
            self.path.mkdir()
            self._held = _lock(self.path / _LOCK)
        finally:
            os.close(everyone)
        self._numbers = itertools.count(1)

    def spool(self) -> "Spool":
        """A new file for a blob. Raises StorageFull."""
        return Spool(self.path / str(next(self._numbers)))

    def remove(self) -> None:
        """Remove the folder with all that is in it; harmless when done twice."""
        if self._held >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._held)
            self._held = -1


class Spool:
    """One staged file and the hash of what went into it; safe to be removed while it is written."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise full_or_same(error) from error
        self._path = path
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()
        self._removed = False
        self._unsynced = 0
        self.size = 0

    @property
    def digest(self) -> str:
        """The digest of everything appended so far."""
        return f"{ALGORITHM}:{self._hash.hexdigest()}"

    def append(self, piece: bytes | bytearray) -> None:
        """Hash and write a piece, blocking. Raises StorageFull."""
        with self._lock:
            if self._removed:
                return
            self._hash.update(piece)
            self.size += len(piece)
            self._unsynced += len(piece)
            rest = memoryview(piece)
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError as error:
                raise full_or_same(error) from error

    def catch_up(self, at_most: int) -> None:
        """Wait for the disk, blocking, when more than `at_most` bytes have not reached it.

        Commits wait for `publish`, so there must be little left for it to do. Raises StorageFull.
        """
        with self._lock:
            if self._removed or self._unsynced <= at_most:
                return
            try:
                os.fdatasync(self._descriptor)
            except OSError as error:
                raise full_or_same(error) from error
            self._unsynced = 0

    def publish(self, final: Path, at: float) -> None:
        """Make the bytes durable, then give them their final name. Raises StorageFull.

        The name comes last: a reader sees the whole blob or none. The folder is not made durable
        here.
        """
        with self._lock:
            try:
                os.utime(self._descriptor, (at, at))
                os.fsync(self._descriptor)
                self._path.rename(final)
            except OSError as error:
                raise full_or_same(error) from error
            self._close()

    def remove(self) -> None:
        """Leave nothing behind; harmless when done twice, or after `publish`."""
        self._removed = True
        self._path.unlink(missing_ok=True)
        if self._lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lock.release()
        else:
            # A piece is being written right now; it is waited for elsewhere.
            threading.Thread(target=self._close_later, name="larder-spool").start()

    def _close_later(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _lock(path: Path) -> int:
    """Take the lock of a file, made if needed; closing the descriptor lets it go."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _remove_dead(parent: Path) -> None:
    for folder in parent.iterdir():
        if folder.is_dir() and _is_dead(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_dead(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
