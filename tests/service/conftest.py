"""A server with the service's own protocol, for the tests that speak raw HTTP."""

import pytest

from service.head import Bounds
from tests.service.wire import Wire, until

BOUNDS = {
    "header_seconds": 5.0, "write_idle_seconds": 5.0, "write_min_bytes": 1,
    "max_header_count": 20, "max_header_bytes": 4096, "max_target_bytes": 512,
}  # fmt: skip


def stop(wire):
    wire.app.released.set()
    wire.server.should_exit = True
    wire.thread.join(10)
    wire.socket.close()


def start(keep_alive=1, **changed):
    wire = Wire(Bounds(**BOUNDS | changed), timeout_keep_alive=keep_alive)
    wire.thread.start()
    until(lambda: wire.server.started)
    return wire


@pytest.fixture
def wire_with():
    """Starts servers whose bounds are other than usual."""
    wires = []

    def start_one(**changed):
        wires.append(start(**changed))
        return wires[-1]

    yield start_one
    for wire in wires:
        stop(wire)


@pytest.fixture(scope="module")
def shared_wire():
    wire = start()
    yield wire
    stop(wire)


@pytest.fixture
def wire(shared_wire):
    """A server with the usual bounds; it has seen nothing yet."""
    shared_wire.app.seen.clear()
    shared_wire.app.ended.clear()
    shared_wire.app.released.clear()
    return shared_wire
