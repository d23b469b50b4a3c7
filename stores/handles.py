"""References to stored bytes: in memory, and in a file."""

import mmap
import os
from pathlib import Path

MAPPED_FROM = 256 * 1024
"""Files from this size on are read through memory maps, without a copy."""


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

    def read(self, start: int, stop: int) -> bytes | memoryview:
        """The bytes of the range, cut off at the end; ValueError when closed."""
        check_range(start, stop)
        if self._descriptor < 0:
            raise ValueError("the blob handle is closed")
        stop = min(stop, self.size)
        if self.size < MAPPED_FROM:
            return _read_fully(self._descriptor, start, stop)
        if start >= stop:
            return b""
        # Only the slice is mapped, and only until it was sent: a map of the whole file would
        # count as this process's memory, page by page, up to the file's size.
        first = start - start % mmap.ALLOCATIONGRANULARITY
        mapped = mmap.mmap(self._descriptor, stop - first, prot=mmap.PROT_READ, offset=first)
        return memoryview(mapped)[start - first :]

    def close(self) -> None:
        """Let go of the file; slices that were read before stay good."""
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
