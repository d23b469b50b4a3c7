"""Logging in and out, passwords and API tokens, under /auth."""

from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.routing import Route

from config_db.accounts import Account, set_password
from config_db.standing import revoke_session
from errors.problem import refuse
from service.bodies import read_body
from service.desk import Accounts, open_accounts
from service.endpoint import Answer, Endpoint, Handler
from service.passwords import MAX_LENGTH, check_new_password
from service.times import iso_seconds
from service.token_routes import TokenRoutes

__all__ = ["Accounts", "open_accounts", "routes"]

Password = Annotated[str, Meta(max_length=MAX_LENGTH)]


class Login(Struct, frozen=True):
    """The body of POST /auth/login."""

    username: Annotated[str, Meta(max_length=256)]
    password: Password


class ChangePassword(Struct, frozen=True):
    """The body of POST /auth/change-password."""

    old_password: Password
    new_password: Password


def routes(accounts: Accounts) -> list[Route]:
    """Everything under /auth."""
    own, tokens = _SessionRoutes(accounts), TokenRoutes(accounts)
    table: dict[str, dict[str, Handler]] = {
        "/auth/login": {"POST": own.login},
        "/auth/me": {"GET": own.me},
        "/auth/change-password": {"POST": own.change_password},
        "/auth/logout": {"POST": own.logout},
        "/auth/tokens": {"GET": tokens.list, "POST": tokens.create},
        "/auth/tokens/{id}": {"DELETE": tokens.revoke},
    }
    return [Route(path, Endpoint(handlers)) for path, handlers in table.items()]


class _SessionRoutes:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._calls = accounts.calls

    async def login(self, request: Request) -> Answer:
        body = await read_body(request, Login)
        account = await self._accounts.checked(request, body.username, body.password)
        token = self._accounts.sessions.issue(account)
        expires_in = self._accounts.sessions.ttl_seconds
        user = _user(account, account.scopes)
        return Answer(200, {"ok": True, "token": token, "expires_in": expires_in, "user": user})

    async def me(self, request: Request) -> Answer:
        identity, account = await self._accounts.known(request)
        principal = identity.principal
        credential = {
            "kind": identity.kind,
            "expires_at": iso_seconds(identity.expires_at),
            "namespaces": principal.namespaces,
            "tenant": principal.tenant,
        }
        user = _user(account, tuple(principal.scopes))
        return Answer(200, {"ok": True, "user": user, "credential": credential})

    async def change_password(self, request: Request) -> Answer:
        identity, account = await self._accounts.known(request)
        body = await read_body(request, ChangePassword)
        check_new_password(body.new_password, where="/new_password")
        if body.new_password == body.old_password:
            same = {"where": "/new_password", "message": "the same as the old one"}
            raise refuse("VALIDATION_ERROR", "the password would not change", failures=[same])
        checked = await self._accounts.checked(request, account.username, body.old_password)
        changed = await self._calls.write(
            set_password,
            account.username,
            await self._accounts.passwords.hash(body.new_password),
            expected_hash=checked.password_hash,
            kept_jti=identity.credential if identity.kind == "jwt" else None,
        )
        self._accounts.authenticator.learn(changed)
        return Answer(200, {"ok": True})

    async def logout(self, request: Request) -> Answer:
        identity, _ = await self._accounts.known(request)
        if identity.kind != "jwt" or identity.expires_at is None:
            raise refuse(
                "BAD_REQUEST",
                "an API token does not log out",
                hint=f"DELETE /auth/tokens/{identity.credential} revokes it.",
            )
        changed = await self._calls.write(
            revoke_session,
            identity.credential,
            expires_at=identity.expires_at,
            now=self._accounts.now(),
        )
        self._accounts.authenticator.learn(changed)
        return Answer(200, {"ok": True})


def _user(account: Account, scopes: tuple[str, ...]) -> dict[str, Any]:
    user: dict[str, Any] = {"username": account.username, "scopes": sorted(scopes)}
    if account.must_change_password:
        user["must_change_password"] = True
    return user
