"""The counter that tells every process that a credential may have ended."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.revocations import AccountChanges


def generation(session: Session) -> int:
    """How many changes there have been that may end a credential."""
    return session.execute(select(AccountChanges.generation)).scalar_one()


def count_change(session: Session) -> int:
    """Count one more; the new number. It becomes visible with the change itself, at commit."""
    statement = (
        update(AccountChanges)
        .values(generation=AccountChanges.generation + 1)
        .returning(AccountChanges.generation)
    )
    return session.execute(statement).scalar_one()
