"""Events: their ids, their canonical payload, and the chain of hashes that makes a log verifiable.

The hash of an event is SHA-256 over these fields, in this order, each written as its length in
bytes (8 bytes, big endian) and then its bytes in UTF-8: the text `larder.event.1`, the
predecessor's hash in hex, the sequence in decimal, the event's id, its tenant (one byte 0 for
none, else one byte 1 and then the name), its type, its time, its payload. Lengths make the
encoding unambiguous: no two different events are hashed from the same bytes.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable

from stores.interfaces import Event, LoggedEvent

GENESIS = "0" * 64
_LABEL = b"larder.event.1"


class BrokenChain(ValueError):
    """A log is not what was written: `sequence` is the first event that does not fit."""

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(f"event {sequence}: {reason}")
        self.sequence = sequence


def canonical(payload: object) -> bytes:
    """JSON with sorted keys, no spaces, in UTF-8: equal payloads have equal bytes.

    Raises ValueError for what JSON cannot say (NaN, infinities, half a surrogate pair), TypeError
    for what is no JSON value.
    """
    text = json.dumps(
        payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def uuid7(now: float, randomness: bytes) -> str:
    """A UUID version 7 (RFC 9562): it sorts by time.

    `now` is in seconds since the epoch and counts to the millisecond; `randomness` is 10 bytes, of
    which 74 bits are used.
    """
    milliseconds = round(now * 1_000_000) // 1000
    if not 0 <= milliseconds < 1 << 48:
        raise ValueError(f"the time {now} does not fit into a UUID version 7")
    if len(randomness) != 10:
        raise ValueError(f"10 random bytes are needed, not {len(randomness)}")
    bits = int.from_bytes(randomness, "big")
    number = milliseconds << 80 | 0x7 << 76 | (bits >> 62 & 0xFFF) << 64 | 0b10 << 62
    return str(uuid.UUID(int=number | bits & (1 << 62) - 1))


def chain(previous: str, sequence: int, event: Event) -> str:
    """The hash of an event at its place in a log, in hex."""
    tenant = b"\x00" if event.tenant is None else b"\x01" + event.tenant.encode()
    digest = hashlib.sha256()
    for field in (
        _LABEL,
        previous.encode(),
        str(sequence).encode(),
        event.event_id.encode(),
        tenant,
        event.type.encode(),
        event.at.encode(),
        event.payload,
    ):
        digest.update(len(field).to_bytes(8, "big"))
        digest.update(field)
    return digest.hexdigest()


def verify(events: Iterable[LoggedEvent], *, after: int = 0, previous: str = GENESIS) -> str:
    """Check that events follow on `after` without a gap and that every hash is right.

    `previous` is the hash of event number `after`. Returns the last hash, for the next part of the
    log; raises BrokenChain at the first event that does not fit.
    """
    for logged in events:
        after += 1
        if logged.sequence != after:
            raise BrokenChain(after, f"expected here, but {logged.sequence} was found")
        if logged.previous != previous:
            raise BrokenChain(after, "does not name its predecessor's hash")
        if logged.hash != chain(previous, after, logged.event):
            raise BrokenChain(after, "its content does not fit its hash")
        previous = logged.hash
    return previous
