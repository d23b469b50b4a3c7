"""A tiny application that holds only the accounts' routes, on a database of its own."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from config_db.accounts import create_user
from config_db.engine import default_url, open_database, writing
from config_db.migrate import migrate
from service.accounts import Accounts, open_accounts, routes
from service.passwords import hash_password

PASSWORD = "correct horse"
COST = 4


@dataclasses.dataclass
class Clock:
    """A clock that stands still until it is moved; seconds since 1970."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclasses.dataclass
class Service:
    """A running service and the hands that reach behind it."""

    client: TestClient
    accounts: Accounts
    engine: Engine
    clock: Clock

    def login(self, username: str = "ann", password: str = PASSWORD) -> str:
        """A session's token."""
        reply = self.client.post("/auth/login", json={"username": username, "password": password})
        assert reply.status_code == 200, reply.text
        return reply.json()["token"]

    def create(self, session: str, **body: Any) -> dict[str, Any]:
        """A new API token, made with the credential given."""
        body = {"name": "ci", "scopes": ["read"]} | body
        reply = self.client.post("/auth/tokens", json=body, headers=bearer(session))
        assert reply.status_code == 201, reply.text
        return reply.json()

    def me(self, token: str) -> Any:
        """What /auth/me answers to a Bearer token."""
        return self.client.get("/auth/me", headers=bearer(token))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(default_url(tmp_path))
    migrate(engine)
    with writing(engine) as session:
        hashed = hash_password(PASSWORD, COST)
        create_user(session, "ann", hashed, ["read", "write"], now=1)
        create_user(session, "bob", hashed, ["read"], now=1)
    yield engine
    engine.dispose()


@pytest.fixture
def start(engine: Engine, clock: Clock, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start one more process' worth of service on the same database and key file."""
    clients: list[TestClient] = []

    def start(**options: Any) -> Service:
        keys = tmp_path / "jwt_secret.json"
        accounts = open_accounts(engine, keys, clock, **({"bcrypt_cost": COST} | options))

        @asynccontextmanager
        async def lifespan(_app: Starlette):
            yield
            await accounts.close()

        client = TestClient(Starlette(routes=routes(accounts), lifespan=lifespan))
        client.__enter__()
        clients.append(client)
        return Service(client, accounts, engine, clock)

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    return start()
