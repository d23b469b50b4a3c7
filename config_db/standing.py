"""How a credential stands: everything that decides whether it still counts, read at one time."""

from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from config_db.accounts import Account, account, find_user
from config_db.changes import count_change, generation
from config_db.tokens import TokenRecord, find_token
from models.revocations import RevokedJti
from models.users import User


@dataclass(frozen=True, slots=True)
class SessionStanding:
    """A session's user (None when gone), whether its jti was revoked, and as of which change."""

    generation: int
    user: Account | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class TokenStanding:
    """A token and its owner (None when there is no such token), and as of which change."""

    generation: int
    token: TokenRecord | None
    owner: Account | None


def session_standing(session: Session, username: str, jti: str) -> SessionStanding:
    """How the session with that jti stands."""
    # Read first: what changes while the rest is read then counts as a later change.
    as_of = generation(session)
    revoked = session.get(RevokedJti, jti) is not None
    return SessionStanding(as_of, find_user(session, username), revoked)


def token_standing(session: Session, token_id: str) -> TokenStanding:
    """How the API token with that id stands."""
    as_of = generation(session)
    token = find_token(session, token_id)
    if token is None:
        return TokenStanding(as_of, None, None)
    owner = session.get(User, token.owner_id)
    return TokenStanding(as_of, token, None if owner is None else account(owner))


def revoke_session(session: Session, jti: str, *, expires_at: int, now: int) -> int:
    """End a session before its time; the new generation. Ending it twice is harmless.

    Rows of sessions that have expired since are removed on the way.
    """
    as_of = count_change(session)
    session.execute(delete(RevokedJti).where(RevokedJti.expires_at < now))
    session.merge(RevokedJti(jti=jti, expires_at=expires_at))
    return as_of
