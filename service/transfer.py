"""Publishing and fetching one artifact: hashed, streamed, verified, never half done."""

import hashlib
import os
import re
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from service.client import CHUNK, Client, path_of
from service.failures import CouldNotRun, Mismatch, Unreachable

Moved = Callable[[int], None]
"""Hears how many bytes were moved just now."""


class Coordinate(NamedTuple):
    """Where an artifact stands; written `namespace/name/version/variant`."""

    namespace: str
    name: str
    version: str
    variant: str

    def __str__(self) -> str:
        return "/".join(self)

    @property
    def blob(self) -> str:
        """The path of its bytes."""
        return path_of("v1", *self, "blob")


class Fetched(NamedTuple):
    """What came: `digest` is `sha256:` and 64 hexadecimal digits, `size` counts bytes."""

    digest: str
    size: int


def split(text: str, form: str) -> tuple[str, ...]:
    """The segments of `text`, as many as `form` has. Raises CouldNotRun."""
    parts = tuple(text.split("/"))
    if len(parts) != form.count("/") + 1 or not all(parts):
        raise CouldNotRun(f"{text!r} does not read {form}")
    return parts


def coordinate(text: str) -> Coordinate:
    """Read `namespace/name/version/variant`. Raises CouldNotRun."""
    return Coordinate(*split(text, "namespace/name/version/variant"))


def publish(client: Client, file: Path, to: Coordinate, hashed: Moved, sent: Moved) -> Any:
    """Publish `file`, declaring its digest, and return the service's answer.

    Raises CouldNotRun when the file cannot be read, Refused and Unreachable.
    """
    try:
        with file.open("rb") as source:
            size, digest = _hash(source, hashed)
            source.seek(0)
            headers = {
                "Content-Type": "application/octet-stream",
                "Repr-Digest": f"sha-256=:{b64encode(digest).decode()}:",
            }
            return client.send(to.blob, source, size, headers, sent)
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error


def fetch(
    client: Client, what: Coordinate, target: Path, sized: Callable[[int | None], Moved]
) -> Fetched:
    """Fetch into `target`, which appears whole and verified or not at all.

    `sized` is told the number of bytes to come, if known, and returns what hears of them.
    Raises Mismatch, Refused, Unreachable, and CouldNotRun when `target` cannot be written.
    """
    with client.receive(what.blob) as response:
        try:
            handle, part = tempfile.mkstemp(dir=target.parent, prefix=".larder-", suffix=".part")
        except OSError as error:
            raise CouldNotRun(f"{target.parent}: {error.strerror or error}") from error
        try:
            with os.fdopen(handle, "wb") as sink:
                fetched = _receive(response, sink, sized(response.length))
                _keep(sink)
            _finish(Path(part), target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    return fetched


def _hash(source: BinaryIO, hashed: Moved) -> tuple[int, bytes]:
    sha256, size = hashlib.sha256(), 0
    while piece := source.read(CHUNK):
        sha256.update(piece)
        size += len(piece)
        hashed(len(piece))
    return size, sha256.digest()


def _receive(response: HTTPResponse, sink: BinaryIO, moved: Moved) -> Fetched:
    announced, sha256, size = _announced(response), hashlib.sha256(), 0
    expected = response.length
    while piece := response.read(CHUNK):
        sha256.update(piece)
        size += len(piece)
        _write(sink, piece)
        moved(len(piece))
    if expected is not None and size != expected:
        raise Unreachable(f"the service broke off after {size} of {expected} bytes")
    if sha256.digest() != announced:
        raise Mismatch(
            f"announced sha256:{announced.hex()}, received sha256:{sha256.hexdigest()}",
            hint="Nothing was kept. Fetch again; if it happens again, tell the operator.",
            request_id=response.headers.get("X-Request-Id"),
        )
    return Fetched(f"sha256:{sha256.hexdigest()}", size)


def _announced(response: HTTPResponse) -> bytes:
    """The digest that the headers promise. Raises Mismatch when they promise none."""
    declared = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", response.headers.get("Repr-Digest", ""))
    if declared:
        try:
            return b64decode(declared[1], validate=True)
        except ValueError:
            return b""
    tagged = re.search(r'"(?:sha256:)?([0-9a-f]{64})"', response.headers.get("ETag", ""))
    if tagged:
        return bytes.fromhex(tagged[1])
    raise Mismatch("the service announced no digest; what came cannot be verified")


def _write(sink: BinaryIO, piece: bytes) -> None:
    try:
        sink.write(piece)
    except OSError as error:
        raise CouldNotRun(f"cannot write: {error.strerror or error}") from error


def _keep(sink: BinaryIO) -> None:
    try:
        sink.flush()
        os.fsync(sink.fileno())
    except OSError as error:
        raise CouldNotRun(f"cannot write: {error.strerror or error}") from error


def _finish(part: Path, target: Path) -> None:
    """Give the verified file its name and the permissions of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    try:
        part.chmod(0o666 & ~mask)
        part.replace(target)
    except OSError as error:
        raise CouldNotRun(f"{target}: {error.strerror or error}") from error
