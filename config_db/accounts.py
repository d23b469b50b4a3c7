"""Users, as rows. Passwords come and go as hashes only.

Every function works in the caller's session (`config_db.engine.reading` or `writing`). A change
that may end a session returns the new generation (`config_db.changes`).
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config_db.changes import count_change
from errors.problem import refuse
from models.users import User

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,127}")
SCOPE = re.compile(r"[a-z][a-z0-9._:-]{0,63}")
TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Account:
    """One user as it was when read; `created_at` in seconds since 1970."""

    id: int
    username: str
    password_hash: str
    scopes: tuple[str, ...]
    tenant: str | None
    disabled: bool
    must_change_password: bool
    session_stamp: str
    kept_jti: str | None
    created_at: int


def create_user(
    session: Session,
    username: str,
    password_hash: str,
    scopes: Sequence[str],
    *,
    now: int,
    tenant: str | None = None,
    must_change_password: bool = False,
) -> Account:
    """Add a user. Raises Refusal VALIDATION_ERROR or ALREADY_EXISTS."""
    check_user(username, scopes, tenant)
    user = User(
        username=username,
        password_hash=password_hash,
        scopes=sorted(set(scopes)),
        tenant=tenant,
        disabled=False,
        must_change_password=must_change_password,
        session_stamp=_new_stamp(),
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise refuse("ALREADY_EXISTS", f"there is a user {username} already") from None
    return account(user)


def create_first_user(
    session: Session, username: str, password_hash: str, scopes: Sequence[str], *, now: int
) -> Account | None:
    """Add a user if there is none at all; None when there is one, whoever made it."""
    # Counting first takes the row's lock: of several processes only one finds no user.
    count_change(session)
    if has_users(session):
        return None
    return create_user(session, username, password_hash, scopes, now=now)


def has_users(session: Session) -> bool:
    """Whether anybody was ever added."""
    return session.execute(select(func.count()).select_from(User)).scalar_one() > 0


def find_user(session: Session, username: str) -> Account | None:
    """One user by name; None when there is none."""
    user = _by_name(session, username)
    return None if user is None else account(user)


def list_users(session: Session) -> list[Account]:
    """All users, by name."""
    return [account(user) for user in session.scalars(select(User).order_by(User.username))]


def set_password(
    session: Session,
    username: str,
    password_hash: str,
    *,
    expected_hash: str | None = None,
    kept_jti: str | None = None,
    must_change_password: bool = False,
) -> int:
    """Replace a password and end all sessions but `kept_jti`; the new generation.

    With `expected_hash` only if that is still the stored one: of two changes at once, one wins.
    Raises Refusal NOT_FOUND or PRECONDITION_FAILED.
    """
    generation = count_change(session)
    user = _existing(session, username)
    if expected_hash is not None and user.password_hash != expected_hash:
        raise refuse("PRECONDITION_FAILED", "the password was changed in the meantime")
    user.password_hash = password_hash
    user.must_change_password = must_change_password
    user.session_stamp = _new_stamp()
    user.kept_jti = kept_jti
    return generation


def set_disabled(session: Session, username: str, disabled: bool) -> int:
    """Shut a user out, or in again; sessions do not survive it. Raises Refusal NOT_FOUND."""
    generation = count_change(session)
    user = _existing(session, username)
    user.disabled = disabled
    user.session_stamp = _new_stamp()
    user.kept_jti = None
    return generation


def set_scopes(session: Session, username: str, scopes: Sequence[str]) -> int:
    """Replace a user's scopes; sessions and tokens follow. Raises Refusal NOT_FOUND."""
    generation = count_change(session)
    user = _existing(session, username)
    check_user(username, scopes, user.tenant)
    user.scopes = sorted(set(scopes))
    return generation


def account(user: User) -> Account:
    """A row as a value."""
    return Account(
        user.id,
        user.username,
        user.password_hash,
        tuple(user.scopes),
        user.tenant,
        user.disabled,
        user.must_change_password,
        user.session_stamp,
        user.kept_jti,
        user.created_at,
    )


def check_user(username: str, scopes: Sequence[str], tenant: str | None = None) -> None:
    """Raises Refusal VALIDATION_ERROR that names every value that breaks its rule."""
    failures = []
    if not USERNAME.fullmatch(username):
        rule = "1 to 128 of a-z 0-9 . _ @ + -, the first a letter or digit, all lower case"
        failures.append({"where": "/username", "message": rule})
    for place, scope in enumerate(scopes):
        if not SCOPE.fullmatch(scope):
            rule = "1 to 64 of a-z 0-9 . _ : -, the first a letter, all lower case"
            failures.append({"where": f"/scopes/{place}", "message": rule})
    if tenant is not None and not TENANT.fullmatch(tenant):
        failures.append({"where": "/tenant", "message": "1 to 128 of a-z A-Z 0-9 . _ -"})
    if failures:
        raise refuse("VALIDATION_ERROR", "a user's values break their rules", failures=failures)


def _by_name(session: Session, username: str) -> User | None:
    return session.scalars(select(User).where(User.username == username)).one_or_none()


def _existing(session: Session, username: str) -> User:
    user = _by_name(session, username)
    if user is None:
        raise refuse("NOT_FOUND", "there is no such user")
    return user


def _new_stamp() -> str:
    return secrets.token_urlsafe(16)
