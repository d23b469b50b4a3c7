"""Power goes off while many publish: what was acknowledged is there, and nothing is half there.

`LARDER_TEST_CRASHES` sets how many times each kind of server is killed; once if it is not set.
"""

import os
import signal
from pathlib import Path

import pytest

from tests.journeys.crowd import together
from tests.journeys.inside import staged_files, staging_folders
from tests.journeys.processes import workers_of
from tests.journeys.publishers import CLIENTS, PUBLISHES, Publishers, check
from tests.support.polling import until
from tests.support.server import LiveServer

ROUNDS = int(os.environ.get("LARDER_TEST_CRASHES", "1"))
SEVERAL = 4 if ROUNDS > 1 else 2


@pytest.mark.parametrize("workers", [1, SEVERAL])
def test_what_was_acknowledged_outlives_the_process(tmp_path: Path, workers: int) -> None:
    killed = LiveServer(tmp_path, None, "--workers", str(workers))
    after = LiveServer(tmp_path, None, port=killed.port)
    kept = lost = unsure = 0
    for round_ in range(ROUNDS):
        killed.start()
        publishers = Publishers(killed, round_)
        together([*[publishers.publish] * CLIENTS, publishers.kill])
        with after:
            present = check(after, publishers)
            assert staged_files(after) == []
            assert len(staging_folders(after)) == 1
            kept += len(publishers.acknowledged)
            unsure += present - len(publishers.acknowledged)
            lost += PUBLISHES - present
            assert after.put(f"crash-{round_}/after/1.0.0/bin", b"alive").status == 201
            assert after.stop() == 0
        assert staging_folders(after) == []
    print(f"{workers} workers, {ROUNDS} kills: {kept} acknowledged and there, "
          f"{unsure} there without word, {lost} never arrived")  # fmt: skip
    assert kept > 0


def test_a_killed_worker_is_replaced_and_takes_nothing_with_it(four: LiveServer) -> None:
    """The others go on, a new process comes, and what was acknowledged is there."""
    before = workers_of(four.process.pid)
    publishers = Publishers(four, 77)

    def kill_one() -> None:
        assert publishers.time_to_kill.wait(60)
        os.kill(before[0], signal.SIGKILL)

    def publish_on() -> None:
        for _ in range(3):  # A client that has lost its connection comes again.
            publishers.publish()

    together([*[publish_on] * CLIENTS, kill_one])
    assert check(four, publishers) >= len(publishers.acknowledged) > publishers.kill_at
    until(lambda: len(workers_of(four.process.pid)) == len(before))
    assert before[0] not in workers_of(four.process.pid)
    until(lambda: not any(f.name.startswith(f"{before[0]}-") for f in staging_folders(four)))
    assert staged_files(four) == []
