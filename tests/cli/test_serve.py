"""`larder serve` as a process: its first start, its second, its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import larder, larder_within
from tests.support.polling import until
from tests.support.server import LiveServer, ask

NOBODY = {"LARDER_ADMIN_PASSWORD": ""}
SEEDED = "example packages: "
HELLO = "/v1/acme/hello/1.0.0/txt/blob"


def said(server: LiveServer) -> str:
    return server.log.read_text(encoding="utf-8")


def seeding(server: LiveServer, times: int = 1) -> str:
    """What was said of the last seeding, once it was said so often."""
    until(lambda: said(server).count("look:    ") >= times)
    return said(server).split(SEEDED)[-1].splitlines()[0]


@pytest.fixture(scope="module")
def nobodys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A first start without an administrator."""
    with LiveServer(tmp_path_factory.mktemp("nobody"), NOBODY) as server:
        yield server


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The first start of `make serve`, its example packages published."""
    with LiveServer(tmp_path_factory.mktemp("seeded"), NOBODY, "--seed") as server:
        seeding(server)
        yield server


def password(server: LiveServer) -> str:
    return (server.data / "first-password").read_text(encoding="ascii").strip()


def test_it_stops_cleanly_and_starts_again_with_everything(live_server: LiveServer) -> None:
    assert live_server.put("acme/hello/1.0.0/txt", b"kept").status == 201
    assert live_server.stop() == 0
    assert "Traceback" not in said(live_server)
    live_server.start()
    assert live_server.ask("GET", HELLO).content == b"kept"


def test_several_workers_serve_one_folder(tmp_path: Path) -> None:
    with LiveServer(tmp_path, {}, "--workers", "2") as server:
        assert server.put("acme/hello/1.0.0/txt", b"shared").status == 201
        answers = {server.ask("GET", HELLO).content for _ in range(20)}
        assert answers == {b"shared"}
        assert server.stop() == 0


def test_a_first_start_without_an_administrator_says_how_to_make_one(nobodys: LiveServer) -> None:
    assert "larder user add admin --scopes" in said(nobodys)
    assert not (nobodys.data / "first-password").exists()


def test_the_user_that_was_told_of_can_log_in_at_once(nobodys: LiveServer) -> None:
    add = ("user", "add", "admin", "--scopes", "read,write,admin", "--data", str(nobodys.data))
    ran = larder_within(*add, home=nobodys.folder, stdin=b"correct horse\n")
    assert ran.code == 0, ran.err
    assert nobodys.log_in("admin", "correct horse")


def test_a_port_that_is_taken_is_told(nobodys: LiveServer, tmp_path: Path) -> None:
    ran = larder("serve", "--port", str(nobodys.port), home=tmp_path)
    assert ran.code == 2
    assert "in use" in ran.err
    assert ask(nobodys.url, "GET", "/health/ready").status == 200


def test_a_seeded_first_start_makes_an_administrator(seeded: LiveServer) -> None:
    assert seeded.log_in("admin", password(seeded))
    file = seeded.data / "first-password"
    assert f"larder login admin --password-file {file}" in said(seeded)


def test_the_first_password_is_its_owners_alone(seeded: LiveServer) -> None:
    assert (seeded.data / "first-password").stat().st_mode & 0o777 == 0o600
    assert password(seeded) not in said(seeded)


def test_the_token_that_seeded_is_revoked(seeded: LiveServer) -> None:
    token = seeded.log_in("admin", password(seeded))
    until(lambda: ask(seeded.url, "GET", "/auth/tokens", token=token).json()["tokens"] == [])


def test_seeding_again_changes_nothing(seeded: LiveServer) -> None:
    before = password(seeded)
    assert " created" in seeding(seeded)
    assert seeded.stop() == 0
    seeded.start()
    again = seeding(seeded, times=2)
    assert "unchanged" in again
    assert "created" not in again
    assert "failed" not in again
    assert password(seeded) == before


@pytest.mark.parametrize("source", [b"{", b"{}"])
def test_a_schema_that_is_refused_is_not_served(tmp_path: Path, source: bytes) -> None:
    schema = tmp_path / "schema.json"
    schema.write_bytes(source)
    ran = larder_within("check", str(schema), home=tmp_path)
    findings = ran.out.decode().splitlines()
    refused = larder_within("serve", "--schema", str(schema), home=tmp_path)
    assert (ran.code, refused.code) == (1, 1)
    assert findings
    assert set(findings) <= set(refused.err.splitlines())
