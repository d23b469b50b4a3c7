"""All tables, for whoever compares them with the migrations."""

from models.base import Base
from models.revocations import AccountChanges, RevokedJti
from models.tokens import ApiToken
from models.users import User

METADATA = Base.metadata

__all__ = ["METADATA", "AccountChanges", "ApiToken", "RevokedJti", "User"]
