"""Canonical payloads, event ids and the chain of hashes."""

import json
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.events import GENESIS, BrokenChain, canonical, chain, uuid7, verify
from stores.interfaces import Event, LoggedEvent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
).filter(lambda value: "inf" not in repr(value))
TEXT = st.text(max_size=3)
EVENTS = st.builds(Event, TEXT, st.none() | TEXT, TEXT, TEXT, st.binary(max_size=3))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"b": 1, "a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true],"b":1}'),
        ({"ä": "€"}, '{"ä":"€"}'.encode()),
        ({}, b"{}"),
        ("a\nb", b'"a\\nb"'),
    ],
)
def test_a_payload_has_one_form(payload: object, expected: bytes) -> None:
    assert canonical(payload) == expected


@given(JSON)
def test_a_payload_is_read_back_from_its_form(payload: object) -> None:
    assert json.loads(canonical(payload)) == payload


@given(st.dictionaries(st.text(), st.integers(), max_size=5))
def test_the_order_of_keys_does_not_matter(payload: dict[str, int]) -> None:
    assert canonical(payload) == canonical(dict(reversed(payload.items())))


@pytest.mark.parametrize("payload", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_say_is_refused(payload: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        canonical(payload)


def test_what_is_no_json_value_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical(b"bytes")


def test_an_event_id_is_the_example_of_the_standard() -> None:
    # RFC 9562, appendix A.6: rand_a is 0xCC3, rand_b is 0x18C4DC0C0C07398F.
    randomness = (0xCC3 << 62 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(1645557742.000, randomness) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.floats(0, 2**47 / 1000), st.binary(min_size=10, max_size=10))
def test_an_event_id_says_its_version_variant_and_time(now: float, randomness: bytes) -> None:
    made = uuid.UUID(uuid7(now, randomness))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == round(now * 1_000_000) // 1000


def test_later_event_ids_sort_later() -> None:
    assert uuid7(1.000, b"\xff" * 10) < uuid7(1.001, b"\x00" * 10)


@pytest.mark.parametrize(("now", "size"), [(-1.0, 10), (2**48 / 1000, 10), (1.0, 9), (1.0, 11)])
def test_an_event_id_needs_a_time_and_10_random_bytes(now: float, size: int) -> None:
    with pytest.raises(ValueError, match=r"fit|needed"):
        uuid7(now, b"\x00" * size)


@given(EVENTS, EVENTS)
def test_different_events_have_different_hashes(one: Event, two: Event) -> None:
    assert (chain(GENESIS, 1, one) == chain(GENESIS, 1, two)) == (one == two)


def test_the_hash_never_changes() -> None:
    event = Event("id", "tenant", "type", "at", b"{}")
    assert (
        chain(GENESIS, 1, event)
        == "824af0dc7094a7ce70b4304f2bf6c390314931ae7e969e2f5a90063580b0644f"
    )


def test_the_hash_depends_on_place_and_predecessor() -> None:
    event = Event("id", None, "type", "at", b"{}")
    hashes = {chain(GENESIS, 1, event), chain(GENESIS, 2, event), chain("1" * 64, 1, event)}
    assert len(hashes) == 3


def log_of(length: int) -> list[LoggedEvent]:
    """A log that verifies."""
    events, previous = [], GENESIS
    for sequence in range(1, length + 1):
        event = Event(f"id{sequence}", None, "type", "at", b"{}")
        hash_ = chain(previous, sequence, event)
        events.append(LoggedEvent(sequence, event, previous, hash_))
        previous = hash_
    return events


def test_a_whole_log_verifies_to_its_last_hash() -> None:
    assert verify(log_of(3)) == log_of(3)[-1].hash
    assert verify([]) == GENESIS


def test_a_log_verifies_in_parts() -> None:
    events = log_of(5)
    middle = verify(events[:2])
    assert verify(events[2:], after=2, previous=middle) == events[-1].hash


def changed(**fields: object) -> Callable[[LoggedEvent], LoggedEvent]:
    return lambda logged: logged._replace(event=logged.event._replace(**fields))


@pytest.mark.parametrize(
    "change",
    [
        changed(payload=b"[]"),
        changed(event_id="other"),
        changed(tenant=""),
        changed(type="other"),
        changed(at="other"),
        lambda logged: logged._replace(hash="0" * 64),
        lambda logged: logged._replace(previous="0" * 64),
        lambda logged: logged._replace(sequence=9),
    ],
)
def test_a_changed_event_is_found_where_it_stands(
    change: Callable[[LoggedEvent], LoggedEvent],
) -> None:
    events = log_of(3)
    events[1] = change(events[1])
    with pytest.raises(BrokenChain) as broken:
        verify(events)
    assert broken.value.sequence == 2


def test_a_missing_event_is_found() -> None:
    with pytest.raises(BrokenChain, match="event 2: expected here, but 3"):
        verify([log_of(3)[0], log_of(3)[2]])
