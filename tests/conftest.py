"""Fixtures for every room."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from operations.extensions import extended
from tests.support.server import EXTENSION, LiveServer

# A slow machine is no fault of the code: what is too slow is found by the run's own time limit.
settings.register_profile("larder", deadline=None)
settings.load_profile("larder")

StartServer = Callable[..., LiveServer]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package acme-larder is installed."""
    monkeypatch.syspath_prepend(str(EXTENSION))
    importlib.invalidate_caches()
    extended.cache_clear()
    yield
    extended.cache_clear()


@pytest.fixture
def live_server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server of the test's own, ready, with the shipped schema and the user admin."""
    with LiveServer(tmp_path) as server:
        yield server


@pytest.fixture
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Starts servers with settings of the test's own; they end with the test.

    `start_server("--workers", "4", environ={"LARDER_SCHEMA": …})`
    """
    with ExitStack() as servers:

        def start(*options: str, environ: Mapping[str, str] | None = None) -> LiveServer:
            folder = tmp_path_factory.mktemp("server")
            return servers.enter_context(LiveServer(folder, environ, *options))

        yield start


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all tests that ask for it; each keeps to a namespace of its own."""
    with LiveServer(tmp_path_factory.mktemp("shared")) as server:
        yield server
