"""What operators' commands do on the database itself, with no service in between."""

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from config_db.accounts import (
    Account,
    create_first_user,
    create_user,
    find_user,
    has_users,
    list_users,
    set_password,
)
from config_db.engine import DatabaseError, default_url, open_database, reading, writing
from config_db.migrate import migrate
from config_db.tokens import TokenRecord, create_token, revoke_token
from errors.problem import refuse
from service.api_tokens import LONGEST_SECONDS, Minted, mint
from service.bootstrap import ADMINISTRATOR, SCOPES
from service.failures import CouldNotRun
from service.namespaces import malformed
from service.passwords import check_new_password, hash_password
from service.settings import Settings

FIRST_PASSWORD = "first-password"
"""The file in the data directory that holds the first administrator's password."""
PASSING_SECONDS = 600


@contextmanager
def database(chosen: Settings) -> Iterator[Engine]:
    """The users' database, brought up to date. Raises CouldNotRun."""
    try:
        engine = open_database(chosen.database_url or default_url(chosen.data))
        try:
            migrate(engine)
            yield engine
        finally:
            engine.dispose()
    except DatabaseError as wrong:
        raise CouldNotRun(str(wrong), code="DATABASE") from wrong


def add_user(chosen: Settings, username: str, password: str, scopes: Sequence[str]) -> Account:
    """Add a user. Raises Refusal VALIDATION_ERROR or ALREADY_EXISTS, and CouldNotRun."""
    check_new_password(password)
    with database(chosen) as engine:
        hashed = hash_password(password, chosen.bcrypt_cost)
        with writing(engine) as session:
            return create_user(session, username, hashed, scopes, now=int(time.time()))


def change_password(chosen: Settings, username: str, password: str) -> None:
    """Set a password; the user's sessions end. Raises Refusal NOT_FOUND, and CouldNotRun."""
    check_new_password(password)
    with database(chosen) as engine:
        hashed = hash_password(password, chosen.bcrypt_cost)
        with writing(engine) as session:
            set_password(session, username, hashed)


def issue_token(
    engine: Engine,
    name: str,
    owner: str,
    scopes: Sequence[str],
    *,
    namespaces: Sequence[str] | None = None,
    lifetime: int | None = None,
) -> tuple[Minted, int | None]:
    """Make an API token that lives `lifetime` seconds; it and its expiry (seconds since 1970).

    Raises Refusal NOT_FOUND when there is no such owner, and VALIDATION_ERROR for a malformed
    namespace, for more than ten years, and when the owner lacks a scope: a token can never do more
    than its owner.
    """
    if wrong := malformed(namespaces or ()):
        raise refuse("VALIDATION_ERROR", f"no patterns of namespaces: {', '.join(wrong)}")
    if lifetime is not None and lifetime > LONGEST_SECONDS:
        raise refuse("VALIDATION_ERROR", "a token that expires lives for ten years at most")
    now = int(time.time())
    expires_at = None if lifetime is None else now + lifetime
    minted = mint()
    with writing(engine) as session:
        user = find_user(session, owner)
        if user is None:
            raise refuse("NOT_FOUND", f"there is no user {owner}")
        if lacking := sorted(set(scopes) - set(user.scopes)):
            raise refuse("VALIDATION_ERROR", f"{owner} lacks the scopes {', '.join(lacking)}")
        create_token(
            session,
            TokenRecord(
                id=minted.id,
                owner_id=user.id,
                parent_id=None,
                name=name,
                prefix=minted.prefix,
                digest=minted.digest,
                scopes=tuple(scopes),
                namespaces=None if namespaces is None else tuple(namespaces),
                tenant=user.tenant,
                created_at=now,
                expires_at=expires_at,
            ),
        )
    return minted, expires_at


def make_first_administrator(chosen: Settings, engine: Engine) -> Path | None:
    """Where nobody has an account yet: make `admin`, its password in a file only its owner reads.

    The file, or None when there is somebody already. Raises CouldNotRun.
    """
    with reading(engine) as session:
        if has_users(session):
            return None
    password, file = secrets.token_urlsafe(18), chosen.data / FIRST_PASSWORD
    hashed = hash_password(password, chosen.bcrypt_cost)
    with writing(engine) as session:
        made = create_first_user(session, ADMINISTRATOR, hashed, SCOPES, now=int(time.time()))
        if made is None:
            return None
        # Written before the commit: an account without its password would lock everybody out.
        _write_secret(file, password)
    return file


@contextmanager
def passing_token(engine: Engine, name: str, scopes: Sequence[str]) -> Iterator[str | None]:
    """A token of somebody who has these scopes, revoked at the end; None when nobody has them.

    It expires by itself after `PASSING_SECONDS`, should the process die first.
    """
    with reading(engine) as session:
        able = [u for u in list_users(session) if not u.disabled and set(scopes) <= set(u.scopes)]
    if not able:
        yield None
        return
    owner = min(able, key=lambda user: (user.username != ADMINISTRATOR, user.username))
    minted, _ = issue_token(engine, name, owner.username, scopes, lifetime=PASSING_SECONDS)
    try:
        yield minted.text
    finally:
        with writing(engine) as session:
            revoke_token(session, owner.id, minted.id, now=int(time.time()))


def _write_secret(file: Path, secret: str) -> None:
    try:
        file.unlink(missing_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as sink:
            sink.write(secret + "\n")
            sink.flush()
            os.fsync(sink.fileno())
    except OSError as error:
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
