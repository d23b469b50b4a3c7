"""Making, listing and revoking API tokens, under /auth/tokens."""

import re
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request

from config_db.accounts import SCOPE
from config_db.tokens import TokenRecord, create_token, list_tokens, revoke_token
from errors.problem import refuse
from service import api_tokens
from service.bodies import read_body
from service.desk import Accounts
from service.endpoint import Answer
from service.namespaces import PATTERN, uncovered
from service.times import iso_seconds
from service.tokens import Identity

TOKEN_ID = re.compile(rf"[0-9A-Za-z]{{{api_tokens.ID_LENGTH}}}", re.ASCII)


class NewToken(Struct, frozen=True):
    """The body of POST /auth/tokens. Without `expires_in_seconds` it lasts until it is revoked;
    without `namespaces` it reaches as far as its maker."""

    name: Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,128}\Z")]
    scopes: Annotated[
        list[Annotated[str, Meta(pattern=rf"^{SCOPE.pattern}\Z")]],
        Meta(min_length=1, max_length=64),
    ]
    expires_in_seconds: Annotated[int, Meta(ge=1, le=api_tokens.LONGEST_SECONDS)] | None = None
    namespaces: (
        Annotated[list[Annotated[str, Meta(pattern=PATTERN)]], Meta(min_length=1, max_length=64)]
        | None
    ) = None


class TokenRoutes:
    """A session manages all tokens of its user; a token itself and what was made with it."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._calls = accounts.calls

    async def list(self, request: Request) -> Answer:
        """The user's tokens, without their text."""
        identity, account = await self._accounts.known(request)
        records = await self._calls.read(list_tokens, account.id, _by(identity))
        return Answer(200, {"ok": True, "tokens": [_token(record) for record in records]})

    async def create(self, request: Request) -> Answer:
        """A new token; its text is shown this once. Raises Refusal FORBIDDEN."""
        identity, account = await self._accounts.known(request)
        body = await read_body(request, NewToken)
        minted = api_tokens.mint()
        record = TokenRecord(
            id=minted.id,
            owner_id=account.id,
            parent_id=_by(identity),
            name=body.name,
            prefix=minted.prefix,
            digest=minted.digest,
            scopes=_scopes(body, identity),
            namespaces=_namespaces(body, identity),
            tenant=identity.principal.tenant,
            created_at=self._accounts.now(),
            expires_at=_expires_at(body, identity, self._accounts.now()),
        )
        await self._calls.write(create_token, record)
        return Answer(201, {"ok": True, "token": minted.text, **_token(record)})

    async def revoke(self, request: Request) -> Answer:
        """End one token and what was made with it. Raises Refusal NOT_FOUND."""
        identity, account = await self._accounts.known(request)
        token_id = request.path_params["id"]
        if not TOKEN_ID.fullmatch(token_id):
            raise refuse("NOT_FOUND", "you have no such token")
        now = self._accounts.now()
        changed = await self._calls.write(
            revoke_token, account.id, token_id, now=now, by=_by(identity)
        )
        self._accounts.authenticator.learn(changed)
        return Answer(200, {"ok": True})


def _by(identity: Identity) -> str | None:
    return identity.credential if identity.kind == "api_token" else None


def _scopes(body: NewToken, identity: Identity) -> tuple[str, ...]:
    missing = sorted(set(body.scopes) - identity.principal.scopes)
    if missing:
        raise refuse(
            "FORBIDDEN",
            "a token cannot have scopes that its maker lacks",
            where="/scopes",
            hint="Leave them out, or use a credential that has them.",
            missing=missing,
        )
    return tuple(sorted(set(body.scopes)))


def _namespaces(body: NewToken, identity: Identity) -> tuple[str, ...] | None:
    held = identity.principal.namespaces
    if body.namespaces is None:
        return held
    beyond = uncovered(body.namespaces, held)
    if beyond:
        raise refuse(
            "FORBIDDEN",
            "a token cannot reach namespaces that its maker does not",
            where="/namespaces",
            hint=f"Stay within {', '.join(held or ())}.",
            beyond=beyond,
        )
    return tuple(sorted(set(body.namespaces)))


def _expires_at(body: NewToken, identity: Identity, now: int) -> int | None:
    """A token made with an API token does not outlive it."""
    bound = identity.expires_at if identity.kind == "api_token" else None
    if body.expires_in_seconds is None:
        return bound
    expires_at = now + body.expires_in_seconds
    if bound is not None and expires_at > bound:
        raise refuse(
            "FORBIDDEN",
            "a token cannot outlive the one it is made with",
            where="/expires_in_seconds",
            hint=f"At most {bound - now} seconds, or log in with a password.",
        )
    return expires_at


def _token(record: TokenRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "prefix": record.prefix,
        "scopes": record.scopes,
        "namespaces": record.namespaces,
        "tenant": record.tenant,
        "created_at": iso_seconds(record.created_at),
        "expires_at": iso_seconds(record.expires_at),
        "last_used_at": iso_seconds(record.last_used_at),
    }
