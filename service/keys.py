"""The keys that sign sessions, in one file that only its owner can read.

The file is `{"keys": [{"kid", "secret", "retires_at"}, …]}`, the signing key first; `retires_at` is
null for it, and for each older one the second at which the last session it signed has expired. A
file that holds nothing but a secret (as secret managers mount them) is one key.
"""

import base64
import binascii
import fcntl
import hashlib
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

MIN_BYTES = 32
MAX_FILE_BYTES = 64 * 1024

log = logging.getLogger(__name__)


class KeyFileError(Exception):
    """The key file cannot be used; the message says why and never what is in it."""


class Key(msgspec.Struct, frozen=True):
    """One key; `secret` is base64. `retires_at` in seconds since 1970, None for the signing key."""

    kid: str
    secret: str
    retires_at: int | None = None

    def raw(self) -> bytes:
        """The secret's bytes."""
        return base64.b64decode(self.secret, validate=True)


class KeyFile(msgspec.Struct, frozen=True):
    """The file as written."""

    keys: tuple[Key, ...]


class SigningKeys:
    """The keys as the file holds them now. Raises KeyFileError when it cannot be read at first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: object = None
        self._complaint = ""
        self._secrets: dict[str, tuple[bytes, int | None]] = {}
        self._current = ""
        self._load()

    def refresh(self) -> bool:
        """Read the file again if it has changed, and tell whether it had.

        A file that has become unusable is logged, and the keys known so far go on.
        """
        try:
            changed = self._load()
        except KeyFileError as problem:
            if str(problem) != self._complaint:
                log.error("%s; the keys read before stay in use", problem)
            self._complaint = str(problem)
            return False
        self._complaint = ""
        return changed

    def signing(self) -> tuple[str, bytes]:
        """The key to sign with: its kid and secret."""
        self.refresh()
        return self._current, self._secrets[self._current][0]

    def verifying(self, kid: str, now: float) -> bytes | None:
        """The secret of that kid; None when there is none or it has retired."""
        if kid not in self._secrets:
            self.refresh()
        secret, retires_at = self._secrets.get(kid, (None, None))
        return secret if retires_at is None or now < retires_at else None

    def _load(self) -> bool:
        try:
            stat = self._path.stat()
        except OSError as problem:
            raise _unreadable(self._path, problem) from problem
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen == self._seen:
            return False
        keys = read_keys(self._path)
        self._secrets = {key.kid: (key.raw(), key.retires_at) for key in keys}
        self._current = keys[0].kid
        self._seen = seen
        return True


def open_keys(path: Path) -> SigningKeys:
    """Open the key file, making it at the first start; processes that start together agree.

    Raises KeyFileError, also for a secret of fewer than 32 bytes.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with _written_aside(path, [_new_key()]) as aside, _first_wins():
                os.link(aside, path)
            _flush_folder(path)
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    return SigningKeys(path)


def rotate(path: Path, *, now: float, longest_session_seconds: int) -> str:
    """Sign with a new key from now on; the kid of it. Sessions that are signed already go on.

    Raises KeyFileError.
    """
    try:
        with _locked(path):
            previous = read_keys(path)
            # One second more: a process that is signing just now may still use the old key.
            retires_at = int(now) + longest_session_seconds + 1
            retired = msgspec.structs.replace(previous[0], retires_at=retires_at)
            older = [key for key in previous[1:] if (key.retires_at or 0) > now]
            key = _new_key()
            with _written_aside(path, [key, retired, *older]) as aside:
                aside.replace(path)
            _flush_folder(path)
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    return key.kid


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys in a file, the signing one first. Raises KeyFileError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES)
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    if not content.lstrip().startswith(b"{"):
        keys: tuple[Key, ...] = (_bare_key(content.strip()),)
    else:
        try:
            keys = msgspec.json.decode(content, type=KeyFile).keys
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise KeyFileError(f"{path} is no key file: restore it, or remove it") from None
    _check(path, keys)
    return keys


def _check(path: Path, keys: tuple[Key, ...]) -> None:
    if not keys:
        raise KeyFileError(f"{path} holds no key: restore it, or remove it")
    for key in keys:
        try:
            length = len(key.raw())
        except (binascii.Error, ValueError):
            raise KeyFileError(f"{path}: a secret is not base64") from None
        if length < MIN_BYTES:
            raise KeyFileError(
                f"{path}: a secret has {length} bytes and needs at least {MIN_BYTES}; "
                "make one with: openssl rand -hex 32"
            )


def _new_key() -> Key:
    secret = base64.b64encode(secrets.token_bytes(64)).decode("ascii")
    return Key(secrets.token_hex(8), secret)


def _bare_key(secret: bytes) -> Key:
    kid = hashlib.sha256(b"larder kid" + secret).hexdigest()[:16]
    return Key(kid, base64.b64encode(secret).decode("ascii"))


@contextmanager
def _written_aside(path: Path, keys: list[Key]) -> Iterator[Path]:
    """A whole, flushed file beside `path`; removed afterwards if it is still there."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(KeyFile(tuple(keys))))
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def _first_wins() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        return  # Another process was first; its key is everybody's.


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _flush_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unreadable(path: Path, problem: OSError) -> KeyFileError:
    return KeyFileError(f"the key file {path} cannot be used: {problem.strerror}")
