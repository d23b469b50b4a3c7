"""What everything about accounts works with, put together once a process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from starlette.requests import Request

from config_db.accounts import USERNAME, Account, find_user
from config_db.calls import Calls
from errors.problem import refuse
from service.keys import open_keys
from service.login_gate import LoginGate, address_name, user_name
from service.passwords import Passwords
from service.refusals import unauthorized
from service.sessions import Sessions
from service.tokens import Authenticator, Identity


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the accounts' routes work with; `clock` gives seconds since 1970."""

    calls: Calls
    passwords: Passwords
    sessions: Sessions
    authenticator: Authenticator
    gate: LoginGate
    clock: Callable[[], float]

    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(self.clock())

    async def known(self, request: Request) -> tuple[Identity, Account]:
        """Who asks, and the user behind it. Raises Refusal UNAUTHORIZED for nobody."""
        identity = await self.authenticator.identify(request.scope["headers"])
        if identity.account is None:
            raise unauthorized("log in first")
        return identity, identity.account

    async def checked(self, request: Request, username: str, password: str) -> Account:
        """The user whose password that is. Raises Refusal INVALID_CREDENTIALS, whether the user
        or the password is wrong, or LOGIN_RATE_LIMITED."""
        address = address_name(request.client.host if request.client else None)
        async with self.gate.attempt(address, user_name(username)) as attempt:
            account = None
            if USERNAME.fullmatch(username):
                account = await self.calls.read(find_user, username)
            stored = account.password_hash if account else None
            right = await self.passwords.matches(password, stored)
            if account is None or not right or account.disabled:
                attempt.failed()
                raise refuse("INVALID_CREDENTIALS", "user name or password is wrong")
        return account

    async def close(self) -> None:
        """Finish what runs; the engine stays open."""
        await self.authenticator.close()
        self.passwords.close()
        self.calls.close()


def open_accounts(
    engine: Engine,
    key_file: Path,
    clock: Callable[[], float],
    *,
    token_ttl_seconds: int = 3600,
    bcrypt_cost: int = 12,
    login_failures: int = 10,
    login_window_seconds: int = 60,
    sources: tuple[str, ...] = ("jwt", "api_token", "basic"),
    anonymous_scopes: tuple[str, ...] = (),
) -> Accounts:
    """Put the accounts together on a migrated database. Raises KeyFileError."""
    calls = Calls(engine)
    sessions = Sessions(open_keys(key_file), clock, token_ttl_seconds)
    authenticator = Authenticator(
        calls, sessions, clock, sources=sources, anonymous_scopes=anonymous_scopes
    )
    gate = LoginGate(login_failures, login_window_seconds)
    return Accounts(calls, Passwords(bcrypt_cost), sessions, authenticator, gate, clock)
