"""`larder serve` as a process: its first start, its second, its end."""

from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.support.cli import larder_within
from tests.support.polling import until
from tests.support.server import ROOT, LiveServer, ask

NOBODY = {"LARDER_ADMIN_PASSWORD": ""}
ALL_SEEDED = "example packages: "


def said(server: LiveServer) -> str:
    return server.log.read_text(encoding="utf-8")


def seeded(server: LiveServer, times: int = 1) -> bool:
    return said(server).count(ALL_SEEDED) >= times


def test_it_stops_cleanly_when_it_is_told_to(live_server: LiveServer) -> None:
    assert live_server.stop() == 0
    assert "Traceback" not in said(live_server)


def test_what_was_published_is_there_after_a_restart(live_server: LiveServer) -> None:
    assert live_server.put("acme/hello/1.0.0/txt", b"kept").status == 201
    live_server.stop()
    live_server.start()
    assert live_server.ask("GET", "/v1/acme/hello/1.0.0/txt/blob").content == b"kept"


def test_a_first_start_without_an_administrator_says_how_to_make_one(
    start_server: StartServer,
) -> None:
    server = start_server(environ=NOBODY)
    assert "larder user add admin --scopes" in said(server)


def test_the_user_that_was_told_of_can_log_in_at_once(start_server: StartServer) -> None:
    server = start_server(environ=NOBODY)
    add = ("user", "add", "admin", "--scopes", "read,write,admin")
    home, password = server.folder, b"correct horse\n"
    assert larder_within(*add, home=home, environ=server.environ, stdin=password).code == 0
    assert server.log_in("admin", "correct horse")


def test_a_seeded_first_start_makes_an_administrator_and_keeps_the_password_to_its_owner(
    start_server: StartServer,
) -> None:
    server = start_server("--seed", environ=NOBODY)
    file = server.data / "first-password"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in said(server)
    assert f"larder login admin --password-file {file}" in said(server)
    assert server.log_in("admin", file.read_text().strip())


def test_seeding_again_changes_nothing(start_server: StartServer) -> None:
    server = start_server("--seed", environ=NOBODY)
    until(lambda: seeded(server))
    password = (server.data / "first-password").read_text()
    assert " created" in said(server)
    server.stop()
    server.start()
    until(lambda: seeded(server, 2))
    last = said(server).split(ALL_SEEDED)[-1].splitlines()[0]
    assert "unchanged" in last
    assert "created" not in last
    assert (server.data / "first-password").read_text() == password


def test_the_token_that_seeded_is_revoked(start_server: StartServer) -> None:
    server = start_server("--seed")
    until(lambda: seeded(server))
    tokens = server.ask("GET", "/auth/tokens").json()["tokens"]
    until(lambda: server.ask("GET", "/auth/tokens").json()["tokens"] == [])
    assert all(token["name"] == "example packages" for token in tokens)


def test_several_workers_serve_one_folder(start_server: StartServer) -> None:
    server = start_server("--workers", "2")
    assert server.put("acme/hello/1.0.0/txt", b"shared").status == 201
    answers = {server.ask("GET", "/v1/acme/hello/1.0.0/txt/blob").content for _ in range(20)}
    assert answers == {b"shared"}
    assert server.stop() == 0


@pytest.mark.parametrize("source", [b"{", b"{}"])
def test_a_schema_that_is_refused_is_not_served(tmp_path: Path, source: bytes) -> None:
    schema = tmp_path / "schema.json"
    schema.write_bytes(source)
    ran = larder_within("check", str(schema), "--format", "json", home=tmp_path)
    assert ran.code == 1
    rules = {finding["rule"] for finding in ran.json()["findings"]}
    with (
        pytest.raises(AssertionError) as failure,
        LiveServer(tmp_path, {}, "--schema", str(schema)),
    ):
        pass
    assert all(rule in str(failure.value) for rule in rules)


def test_a_port_that_is_taken_is_told(live_server: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = LiveServer(tmp_path / "second", port=live_server.port)
    with pytest.raises(AssertionError, match="in use"), second:
        pass
    assert ask(live_server.url, "GET", "/health/ready").status == 200


def test_the_shipped_schema_is_clean(tmp_path: Path) -> None:
    ran = larder_within("check", str(ROOT / "schema.json"), "--json", home=tmp_path)
    assert ran.json() == {"errors": 0, "warnings": 0, "findings": []}
