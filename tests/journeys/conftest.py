"""What the journeys share: names that no other test uses, and credentials of every kind."""

import hashlib
from collections.abc import Callable, Iterator

import pytest

from tests.support.server import LiveServer

MakeToken = Callable[..., str]


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    return "n" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


@pytest.fixture
def make_token(shared_server: LiveServer, namespace: str) -> MakeToken:
    """Makes API tokens of the shared server with some scopes and namespaces."""

    def make(*scopes: str, namespaces: list[str] | None = None) -> str:
        told = {"name": namespace, "scopes": list(scopes), "namespaces": namespaces}
        answer = shared_server.ask("POST", "/auth/tokens", told)
        assert answer.status == 201, answer
        return str(answer.json()["token"])

    return make


@pytest.fixture(scope="session")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Four processes behind one port, for all tests that ask for it."""
    with LiveServer(tmp_path_factory.mktemp("four"), None, "--workers", "4") as server:
        assert server.token
        yield server
