"""A large blob reaches the disk while it arrives, so that its commit holds nobody up."""

import os
from pathlib import Path

import pytest

from stores.addressing import compile_addressing
from stores.filesystem import FilesystemBlobs
from stores.staging import SYNC_EVERY

PIECE = bytes(1024 * 1024)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How large a file was, each time that it was made durable while it was staged."""
    sizes: list[int] = []
    fdatasync = os.fdatasync

    def told(descriptor: int) -> None:
        fdatasync(descriptor)
        sizes.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", told)
    return sizes


@pytest.mark.parametrize(("pieces", "expected"), [(16, []), (17, [17]), (40, [17, 34, 40])])
async def test_little_of_a_large_blob_is_left_for_its_commit(
    tmp_path: Path, synced: list[int], pieces: int, expected: list[int]
) -> None:
    assert 16 * len(PIECE) == SYNC_EVERY
    blobs = FilesystemBlobs(tmp_path, compile_addressing("{digest:0:64}"))
    writer = blobs.writer()
    for _ in range(pieces):
        await writer.write(PIECE)
    staged = await writer.finish()
    assert [size // len(PIECE) for size in synced] == expected
    staged.discard()
    await blobs.close()
