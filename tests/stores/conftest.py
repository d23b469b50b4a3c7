"""Fixtures for the stores; the contracts' asserts are rewritten like those of tests."""

import pytest

CONTRACTS = (
    "acting",
    "blobs",
    "cache",
    "documents",
    "events",
    "exclusive",
    "isolation",
    "rows",
    "transactions",
)

pytest.register_assert_rewrite(*(f"tests.stores.contract.{name}" for name in CONTRACTS))


class HandClock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()
