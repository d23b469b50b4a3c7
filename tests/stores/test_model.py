"""The memory and the SQLite store do the same, whatever is done to them."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stores.events import verify
from stores.interfaces import Conflict, IndexEntry, KvStore, Transaction, UniqueViolation
from stores.memory import MemoryStore
from stores.sqlite import SqliteStore
from tests.stores.contract.acting import event

KEYS = st.sampled_from(["a", "ab", "b"])
BYTES = st.sampled_from([b"", b"1", b"12", b"2", b"2\xff", b"\xff"])
ENTRIES = st.lists(
    st.builds(IndexEntry, st.sampled_from("op"), BYTES, st.none() | st.sampled_from([b"u", b"v"])),
    max_size=3,
    unique_by=lambda entry: (entry.name, entry.position),
)
WHICH = st.integers(0, 1)
SCANS = st.fixed_dictionaries(
    {"prefix": BYTES, "after": st.none() | BYTES, "limit": st.integers(0, 3)}
    | {"reverse": st.booleans()}
)


class TwoStores(RuleBasedStateMachine):
    """Up to two transactions at a time run on both stores in lockstep."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.stores = self.runner.run(self.open())
        self.open_ones: list[tuple[Transaction, ...] | None] = [None, None]

    async def open(self) -> tuple[KvStore, KvStore]:
        return MemoryStore(), SqliteStore(Path(self.folder.name) / "store.sqlite3")

    def teardown(self) -> None:
        for store in self.stores:
            self.runner.run(store.close())
        self.runner.close()
        self.folder.cleanup()

    def both(self, subjects: Any, act: Callable[[Any], Coroutine[Any, Any, object]]) -> object:
        """Do the same to both; they must answer, or refuse, alike."""

        async def outcome(subject: Any) -> object:
            try:
                return await act(subject)
            except (Conflict, UniqueViolation) as error:
                return type(error), str(error)

        ours, theirs = (self.runner.run(outcome(subject)) for subject in subjects)
        assert ours == theirs
        return ours

    def transactions(self, which: int) -> tuple[Transaction, ...]:
        opened = self.open_ones[which]
        if opened is None:
            opened = self.open_ones[which] = tuple(store.begin() for store in self.stores)
        return opened

    @rule(which=WHICH, key=KEYS, value=BYTES)
    def put(self, which: int, key: str, value: bytes) -> None:
        for transaction in self.transactions(which):
            transaction.put("c", key, value)

    @rule(which=WHICH, key=KEYS)
    def delete(self, which: int, key: str) -> None:
        for transaction in self.transactions(which):
            transaction.delete("c", key)

    @rule(which=WHICH, identity=KEYS, entries=ENTRIES, value=BYTES)
    def upsert(self, which: int, identity: str, entries: list[IndexEntry], value: bytes) -> None:
        for transaction in self.transactions(which):
            transaction.upsert_row("i", identity, entries, value)

    @rule(which=WHICH, identity=KEYS)
    def delete_row(self, which: int, identity: str) -> None:
        for transaction in self.transactions(which):
            transaction.delete_row("i", identity)

    @rule(which=WHICH, name=KEYS)
    def append(self, which: int, name: str) -> None:
        for transaction in self.transactions(which):
            transaction.append("l", event(name))

    @rule(which=WHICH, key=KEYS)
    def get(self, which: int, key: str) -> None:
        self.both(self.transactions(which), lambda transaction: transaction.get("c", key))

    @rule(which=WHICH, arguments=SCANS)
    def scan(self, which: int, arguments: dict[str, Any]) -> None:
        self.both(
            self.transactions(which),
            lambda transaction: listed(transaction.scan("i", "o", **arguments)),
        )

    @precondition(lambda self: any(self.open_ones))
    @rule(which=WHICH)
    def commit(self, which: int) -> None:
        self.both(self.transactions(which), lambda transaction: transaction.commit())
        self.open_ones[which] = None

    @rule(which=WHICH)
    def abort(self, which: int) -> None:
        for transaction in self.transactions(which):
            transaction.abort()
        self.open_ones[which] = None

    @rule(arguments=SCANS)
    def scan_outside(self, arguments: dict[str, Any]) -> None:
        self.both(self.stores, lambda store: listed(store.scan("i", "o", **arguments)))

    @rule(prefix=KEYS | st.just(""), after=st.none() | KEYS, limit=st.integers(0, 3))
    def keys(self, prefix: str, after: str | None, limit: int) -> None:
        self.both(
            self.stores, lambda store: store.keys("c", prefix=prefix, after=after, limit=limit)
        )

    @invariant()
    def both_hold_the_same(self) -> None:
        for key in ("a", "ab", "b"):
            self.both(self.stores, lambda store, key=key: store.get("c", key))
        for ordering in "op":
            self.both(
                self.stores,
                lambda store, ordering=ordering: listed(store.scan("i", ordering, b"", limit=100)),
            )
        events = self.both(
            self.stores, lambda store: listed(store.events("l", after=0, limit=99, max_bytes=9999))
        )
        verify(events)  # type: ignore[arg-type]


async def listed(answer: Coroutine[Any, Any, Any]) -> list[object]:
    return list(await answer)


TwoStores.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestTwoStores = TwoStores.TestCase
