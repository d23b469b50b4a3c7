"""Many clients at once, over several processes: nothing twice, nothing lost, nobody held up."""

import random
import threading
from collections import Counter
from functools import partial

import pytest

from tests.journeys.crowd import together
from tests.journeys.inside import (
    Snapshot,
    blob_files,
    events_of,
    rows_of,
    snapshot,
    staged_files,
    versions_of,
)
from tests.journeys.raw import Line
from tests.journeys.said import code_of, fetch, hex_of
from tests.support.polling import until
from tests.support.server import Answer, LiveServer

CLIENTS = 64
SLOW = 4
SIZE = 2_500_000


def events_about(server: LiveServer, namespace: str) -> list[dict[str, object]]:
    return [e["payload"] for e in events_of(server) if e["payload"]["namespace"] == namespace]


@pytest.mark.parametrize("size", [100, 300_000], ids=["small", "large"])
def test_of_many_who_publish_one_coordinate_exactly_one_does(
    four: LiveServer, namespace: str, size: int
) -> None:
    contents = [random.Random(n).randbytes(size) for n in range(CLIENTS)]
    coordinate = f"{namespace}/a/1.0.0/bin"
    invited = threading.Barrier(CLIENTS)

    def upload(content: bytes) -> Answer:
        """Send nothing before everybody was asked to: all have found the coordinate free."""
        with Line(four) as line:
            length = {"Content_Length": str(size), "Expect": "100-continue"}
            line.ask("PUT", f"/v1/{coordinate}/blob", **length)
            assert line.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            invited.wait(30)
            return line.say(content).hear()

    answers = together([partial(upload, content) for content in contents])
    assert Counter(answer.status for answer in answers) == {201: 1, 409: CLIENTS - 1}
    (winner,) = [n for n, answer in enumerate(answers) if answer.status == 201]
    digest = f"sha256:{hex_of(contents[winner])}"
    for answer in answers[:winner] + answers[winner + 1 :]:
        assert code_of(answer) == "409 ALREADY_EXISTS"
        assert answer.json()["error"]["details"]["digest"] == digest
    assert fetch(four, coordinate) == contents[winner]
    rows = rows_of(four, "artifact_versions", "by_version")
    assert [key for key in rows if namespace in key] == [f"artifact/{coordinate}"]
    assert [payload["blob_digest"] for payload in events_about(four, namespace)] == [digest]
    kept = snapshot(four)
    ours = {hex_of(content) for content in contents}
    stored = {file.name for file in blob_files(four)} | {d[7:] for d in kept.inline}
    assert ours & stored == {hex_of(contents[winner])}
    assert staged_files(four) == []


def test_many_who_publish_versions_of_one_package_all_do(four: LiveServer, namespace: str) -> None:
    versions = [f"1.{n}.0" for n in range(CLIENTS)]
    shuffled = random.Random(1).sample(versions, CLIENTS)
    answers = together([partial(four.put, f"{namespace}/a/{v}/txt", v.encode()) for v in shuffled])
    assert Counter(answer.status for answer in answers) == {201: CLIENTS}
    listed = versions_of(four, f"{namespace}/a", limit=10)
    assert [row["version"] for row in listed] == versions[::-1]
    told = four.ask("GET", f"/v1/{namespace}/a/latest").json()
    assert told["version"] == versions[-1]
    assert four.ask("GET", f"/v1/{namespace}/a").json()["latest"] == versions[-1]
    published = [payload["version"] for payload in events_about(four, namespace)]
    assert sorted(map(str, published)) == sorted(versions)


def test_a_tag_that_many_move_ends_where_the_last_event_says(
    four: LiveServer, namespace: str
) -> None:
    versions = [f"1.{n}.0" for n in range(8)]
    for version in versions:
        four.put(f"{namespace}/a/{version}/txt", version.encode())

    def move(version: str) -> Answer:
        target = {"target_version": version, "target_variant": "txt"}
        return four.ask("PUT", f"/v1/{namespace}/a/tags/stable", target)

    answers = together([partial(move, versions[n % 8]) for n in range(32)])
    assert Counter(answer.status for answer in answers) == {200: 32}
    moves = [payload for payload in events_about(four, namespace) if "tag" in payload]
    assert len(moves) == 32
    told = four.ask("GET", f"/v1/{namespace}/a/tags/stable").json()
    assert told == moves[-1]


def test_publishing_and_withdrawing_at_once_leave_latest_right(
    four: LiveServer, namespace: str
) -> None:
    package = f"{namespace}/a"
    for n in range(16):
        four.put(f"{package}/1.{n}.0/txt", b"%d" % n)
    works = [partial(four.put, f"{package}/2.{n}.0/txt", b"%d" % n) for n in range(16)]
    works += [
        partial(four.ask, "DELETE", f"/v1/{package}/1.{n}.0/txt/blob") for n in range(0, 16, 2)
    ]
    assert Counter(answer.status for answer in together(works)) == {201: 16, 200: 8}
    expected = [f"2.{n}.0" for n in range(16)] + [f"1.{n}.0" for n in range(1, 16, 2)]
    listed = [row["version"] for row in versions_of(four, package)]
    assert sorted(listed) == sorted(expected)
    assert four.ask("GET", f"/v1/{package}").json()["latest"] == "2.15.0"


def test_slow_uploaders_hold_nobody_up(shared_server: LiveServer, namespace: str) -> None:
    quick_ones_are_done = threading.Event()

    def upload_slowly(number: int) -> tuple[int, Answer]:
        """About 1 KiB a second until the others are done, then the rest at once."""
        content, sent = random.Random(number).randbytes(SIZE), 0
        with Line(shared_server) as line:
            target = f"/v1/{namespace}/a/9.{number}.0/bin/blob"
            line.ask("PUT", target, Content_Length=str(SIZE))
            while not quick_ones_are_done.wait(0.1):
                line.say(content[sent : sent + 100])
                sent += 100
            return sent, line.say(content[sent:]).hear()

    def publish_quickly(client: int) -> list[int]:
        coordinates = [f"{namespace}/a/1.{client}.{n}/txt" for n in range(25)]
        return [shared_server.put(each, each.encode()).status for each in coordinates]

    def all_quick_ones() -> list[list[int]]:
        try:
            return together([partial(publish_quickly, client) for client in range(4)])
        finally:
            quick_ones_are_done.set()

    *slow, quick = together(
        [*(partial(upload_slowly, number) for number in range(SLOW)), all_quick_ones]
    )
    assert quick == [[201] * 25] * 4
    for sent, answer in slow:
        assert 0 < sent < SIZE
        assert answer.status == 201
    listed = [row["version"] for row in versions_of(shared_server, f"{namespace}/a")]
    assert listed[:SLOW] == [f"9.{n}.0" for n in reversed(range(SLOW))]
    assert len(listed) == 100 + SLOW


@pytest.mark.parametrize("leave", ["closes", "resets"])
@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("size", [1000, SIZE], ids=["in memory", "in staging"])
def test_an_upload_that_breaks_off_leaves_nothing_behind(
    shared_server: LiveServer, namespace: str, leave: str, framing: str, size: int
) -> None:
    before = snapshot(shared_server)
    headers = {"Content_Length": str(size + 1)}
    body = bytes(size)
    if framing == "chunked":
        headers = {"Transfer_Encoding": "chunked"}
        body = b"%x\r\n%b" % (size + 1, body)
    line = Line(shared_server)
    line.ask("PUT", f"/v1/{namespace}/a/1.0.0/bin/blob", body=body, **headers)
    if size == SIZE:
        until(lambda: staged_files(shared_server))
    if leave == "closes":
        line.socket.close()
    else:
        line.hang_up()
    until(lambda: in_flight(shared_server) == 1)
    until(lambda: not staged_files(shared_server))
    assert snapshot(shared_server) == before
    assert shared_server.ask("GET", f"/v1/{namespace}/a/1.0.0/bin").status == 404


def in_flight(server: LiveServer) -> int:
    """How many requests are being answered, this one among them."""
    page = server.ask("GET", "/metrics").content.decode()
    (line,) = [x for x in page.splitlines() if x.startswith("larder_requests_in_flight ")]
    return int(float(line.split()[1]))


def test_a_snapshot_sees_what_is_stored(shared_server: LiveServer, namespace: str) -> None:
    before = snapshot(shared_server)
    shared_server.put(f"{namespace}/a/1.0.0/bin", random.Random(namespace).randbytes(SIZE))
    shared_server.put(f"{namespace}/a/1.1.0/bin", namespace.encode())
    after = snapshot(shared_server)
    grown = Snapshot(*(set(new) - set(old) if isinstance(new, frozenset) else new - old
                       for new, old in zip(after, before, strict=True)))  # fmt: skip
    assert (len(grown.files), len(grown.inline), grown.events) == (1, 1, 2)
    assert len(grown.documents) == 3
