"""API tokens, as rows: their digests, never their text."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config_db.changes import count_change
from errors.problem import refuse
from models.tokens import ApiToken


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token as it was when read; times in seconds since 1970. It holds no secret but `digest`,
    which lets nobody in."""

    id: str
    owner_id: int
    parent_id: str | None
    name: str
    prefix: str
    digest: str
    scopes: tuple[str, ...]
    namespaces: tuple[str, ...] | None
    tenant: str | None
    created_at: int
    expires_at: int | None
    revoked_at: int | None = None
    last_used_at: int | None = None


def create_token(session: Session, record: TokenRecord) -> None:
    """Keep a new token. Raises Refusal UNAUTHORIZED when its parent has ended meanwhile."""
    if record.parent_id is not None:
        query = select(ApiToken).where(ApiToken.id == record.parent_id).with_for_update()
        parent = session.scalars(query).one_or_none()
        if parent is None or parent.revoked_at is not None:
            raise refuse("UNAUTHORIZED", "the token has been revoked")
    session.add(
        ApiToken(
            id=record.id,
            owner_id=record.owner_id,
            parent_id=record.parent_id,
            name=record.name,
            prefix=record.prefix,
            digest=record.digest,
            scopes=list(record.scopes),
            namespaces=None if record.namespaces is None else list(record.namespaces),
            tenant=record.tenant,
            created_at=record.created_at,
            expires_at=record.expires_at,
        )
    )


def find_token(session: Session, token_id: str) -> TokenRecord | None:
    """One token by its id, revoked ones too; None when there is none."""
    token = session.get(ApiToken, token_id)
    return None if token is None else _record(token)


def list_tokens(session: Session, owner_id: int, by: str | None = None) -> list[TokenRecord]:
    """A user's tokens that were not revoked (expired ones too), oldest first.

    With `by`, the id of one of them, only that one and what was made with it, at any remove.
    """
    query = (
        select(ApiToken)
        .where(ApiToken.owner_id == owner_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at, ApiToken.id)
    )
    records = [_record(token) for token in session.scalars(query)]
    return records if by is None else _made_with(records, by)


def revoke_token(
    session: Session, owner_id: int, token_id: str, *, now: int, by: str | None = None
) -> int:
    """End a token and all that were made with it; the new generation.

    With `by` it has to be among `list_tokens` of that one. Raises Refusal NOT_FOUND.
    """
    generation = count_change(session)
    if by is not None and token_id not in {one.id for one in list_tokens(session, owner_id, by)}:
        raise refuse("NOT_FOUND", "you have no such token")
    query = select(ApiToken.id).where(
        ApiToken.id == token_id, ApiToken.owner_id == owner_id, ApiToken.revoked_at.is_(None)
    )
    if session.scalars(query.with_for_update()).one_or_none() is None:
        raise refuse("NOT_FOUND", "you have no such token")
    ended: Sequence[str] = [token_id]
    while ended:
        session.execute(update(ApiToken).where(ApiToken.id.in_(ended)).values(revoked_at=now))
        children = select(ApiToken.id).where(
            ApiToken.parent_id.in_(ended), ApiToken.revoked_at.is_(None)
        )
        ended = session.scalars(children).all()
    return generation


def note_use(session: Session, token_id: str, *, now: int) -> None:
    """Remember that a token was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


def _made_with(records: list[TokenRecord], root: str) -> list[TokenRecord]:
    known = {record.id: record for record in records}

    def belongs(record: TokenRecord | None) -> bool:
        while record is not None and record.id != root:
            record = known.get(record.parent_id or "")
        return record is not None

    return [record for record in records if belongs(record)]


def _record(token: ApiToken) -> TokenRecord:
    return TokenRecord(
        token.id,
        token.owner_id,
        token.parent_id,
        token.name,
        token.prefix,
        token.digest,
        tuple(token.scopes),
        None if token.namespaces is None else tuple(token.namespaces),
        token.tenant,
        token.created_at,
        token.expires_at,
        token.revoked_at,
        token.last_used_at,
    )
