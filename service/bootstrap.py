"""The first user. There is none by default, and no password that everybody knows."""

from sqlalchemy import Engine

from config_db.accounts import create_first_user, has_users
from config_db.engine import reading, writing
from service.passwords import check_new_password, hash_password

ADMINISTRATOR = "admin"
SCOPES = ("read", "write", "admin")
COMMAND = f"larder user add {ADMINISTRATOR} --scopes {','.join(SCOPES)}"


def bootstrap(engine: Engine, admin_password: str | None, *, cost: int, now: int) -> str | None:
    """Add `admin` if there is no user at all and a password is given.

    Returns the command that adds the first user if there is still none, for the operator to see.
    Existing users are never changed. Raises Refusal VALIDATION_ERROR for a password under 8
    characters, in the terms of LARDER_ADMIN_PASSWORD.
    """
    with reading(engine) as session:
        if has_users(session):
            return None
    if admin_password is None:
        return COMMAND
    check_new_password(admin_password, where="LARDER_ADMIN_PASSWORD")
    hashed = hash_password(admin_password, cost)
    with writing(engine) as session:
        create_first_user(session, ADMINISTRATOR, hashed, SCOPES, now=now)
    return None
