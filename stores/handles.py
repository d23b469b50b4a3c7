"""References to stored bytes: in memory, and in a file."""

import mmap
import os
from pathlib import Path

MAPPED_FROM = 256 * 1024
"""Files from this size on are read through a memory map, without a copy."""


def check_range(start: int, stop: int) -> None:
    """Raise ValueError for a range that runs backwards or starts before the bytes."""
    if not 0 <= start <= stop:
        raise ValueError(f"the range {start} to {stop} is none")


class BytesHandle:
    """Bytes that are in memory."""

    def __init__(self, digest: str, value: bytes, modified_at: float) -> None:
        self.digest = digest
        self.size = len(value)
        self.modified_at = modified_at
        self._value: bytes | None = value

    def read(self, start: int, stop: int) -> bytes | memoryview:
        """The bytes of the range, cut off at the end; ValueError when closed."""
        check_range(start, stop)
        if self._value is None:
            raise ValueError("the blob handle is closed")
        return self._value[start:stop]

    def close(self) -> None:
        """Let go of the bytes."""
        self._value = None


class FileHandle:
    """Bytes in a file that is held open, so that it outlives its name."""

    def __init__(self, digest: str, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        self.digest = digest
        self.size = status.st_size
        self.modified_at = status.st_mtime
        self._map: mmap.mmap | None = None

    def read(self, start: int, stop: int) -> bytes | memoryview:
        """The bytes of the range, cut off at the end; ValueError when closed."""
        check_range(start, stop)
        if self._descriptor < 0:
            raise ValueError("the blob handle is closed")
        stop = min(stop, self.size)
        if self.size < MAPPED_FROM:
            return _read_fully(self._descriptor, start, stop)
        if self._map is None:
            self._map = mmap.mmap(self._descriptor, self.size, prot=mmap.PROT_READ)
        return memoryview(self._map)[start:stop]

    def close(self) -> None:
        """Let go of the file; slices that were read before stay good."""
        # The map is not closed but forgotten: it ends with the last slice of it.
        self._map = None
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self.close()


def _read_fully(descriptor: int, start: int, stop: int) -> bytes:
    pieces = []
    while start < stop:
        piece = os.pread(descriptor, stop - start, start)
        if not piece:
            raise OSError("a blob's file is shorter than it was")
        pieces.append(piece)
        start += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
