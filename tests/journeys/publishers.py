"""Clients that publish while the server is killed, and what must hold afterwards."""

import http.client
import itertools
import random
import threading
from typing import Any

from tests.journeys.inside import events_of, versions_of
from tests.journeys.said import fetch, hex_of
from tests.support.server import LiveServer, ask

PUBLISHES = 200
CLIENTS = 8
PACKAGES = 5
SIZES = (0, 100, 60_000, 70_000, 1_200_000)


class Publishers:
    """Clients that publish until everything is published or the server is gone."""

    def __init__(self, server: LiveServer, round_: int) -> None:
        self._server = server
        self._token = server.token
        self._round = round_
        self._numbers = itertools.count()
        self.acknowledged: set[int] = set()
        self.kill_at = random.Random(round_).randrange(1, PUBLISHES - CLIENTS)
        self.time_to_kill = threading.Event()

    def package(self, number: int) -> str:
        return f"crash-{self._round}/p{number % PACKAGES}"

    def version(self, number: int) -> str:
        return f"1.{number}.0"

    def content(self, number: int) -> bytes:
        size = SIZES[number % len(SIZES)]
        return random.Random(number * 1000 + self._round).randbytes(size)

    def publish(self) -> None:
        while (number := next(self._numbers)) < PUBLISHES:
            path = f"/v1/{self.package(number)}/{self.version(number)}/bin/blob"
            try:
                answer = ask(self._server.url, "PUT", path, self.content(number), token=self._token)
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 201, answer
            self.acknowledged.add(number)
            if len(self.acknowledged) >= self.kill_at:
                self.time_to_kill.set()

    def kill(self) -> None:
        """At a random moment soon after so many publishes."""
        assert self.time_to_kill.wait(60)
        threading.Event().wait(random.random() * 0.02)
        self._server.kill()


def check(server: LiveServer, publishers: Publishers) -> int:
    """Everything that must hold after the restart; how many artifacts there are."""
    listed: dict[int, dict[str, Any]] = {}
    for first in range(PACKAGES):
        for row in versions_of(server, publishers.package(first)):
            listed[int(row["version"].split(".")[1])] = row
    assert publishers.acknowledged <= listed.keys()
    for number, row in listed.items():
        coordinate = f"{publishers.package(number)}/{row['version']}/bin"
        content = fetch(server, coordinate)
        assert content == publishers.content(number)
        assert row["blob_digest"] == f"sha256:{hex_of(content)}"
        told = server.ask("GET", f"/v1/{coordinate}").json()
        assert told == row
    namespace = publishers.package(0).split("/")[0]
    told_of = [
        int(event["payload"]["version"].split(".")[1])
        for event in events_of(server)
        if event["payload"]["namespace"] == namespace
    ]
    assert sorted(told_of) == sorted(listed)
    for first in range(PACKAGES):
        versions = versions_of(server, publishers.package(first))
        latest = server.ask("GET", f"/v1/{publishers.package(first)}/latest")
        if versions:
            assert latest.json() == versions[0]
        else:
            assert latest.status == 404
    return len(listed)
