"""Publish, fetch, list, tag and look, through the command line and a real service."""

import hashlib
from pathlib import Path

import pytest

from tests.support.cli import Ran, larder, larder_within
from tests.support.server import PASSWORD, LiveServer

CONTENT = b"bytes \x00\xff of some size\n" * 5000
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Shell:
    """A person at a terminal, logged in by environment, in a namespace of their own."""

    def __init__(self, server: LiveServer, home: Path, namespace: str) -> None:
        self.server, self.home, self.namespace = server, home, namespace
        self.environ = {"LARDER_URL": server.url, "LARDER_TOKEN": server.token}

    def __call__(self, *arguments: str) -> Ran:
        """Run `larder`; `@` stands for the namespace."""
        named = [argument.replace("@", self.namespace) for argument in arguments]
        return larder_within(*named, home=self.home, environ=self.environ)

    def publish(self, coordinate: str, content: bytes = CONTENT) -> Ran:
        """Publish bytes from a file."""
        (self.home / "file").write_bytes(content)
        return self("publish", "file", "--to", coordinate, "--json")


@pytest.fixture
def shell(shared_server: LiveServer, tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    return Shell(shared_server, tmp_path, f"cli-{name}")


def test_what_is_published_is_fetched_byte_for_byte(shell: Shell) -> None:
    assert shell.publish("@/hello/1.0.0/txt").json() == {
        "ok": True, "digest": DIGEST, "size": len(CONTENT),
    }  # fmt: skip
    assert shell("fetch", "@/hello/1.0.0/txt", "-o", "out").code == 0
    assert (shell.home / "out").read_bytes() == CONTENT


def test_an_empty_file_travels_too(shell: Shell) -> None:
    assert shell.publish("@/empty/1.0.0/txt", b"").code == 0
    assert shell("fetch", "@/empty/1.0.0/txt", "-o", "-").out == b""


def test_fetch_tells_what_it_wrote_as_json(shell: Shell) -> None:
    shell.publish("@/hello/1.0.0/txt")
    told = shell("fetch", "@/hello/1.0.0/txt", "-o", "out", "--json").json()
    assert told == {"file": "out", "digest": DIGEST, "size": len(CONTENT)}


def test_a_second_publish_is_refused_with_what_to_do(shell: Shell) -> None:
    shell.publish("@/hello/1.0.0/txt")
    again = shell.publish("@/hello/1.0.0/txt")
    assert again.code == 1
    assert "error ALREADY_EXISTS" in again.err
    assert DIGEST in again.err
    assert "hint: " in again.err
    assert "request id: " in again.err


def test_what_is_not_there_is_refused(shell: Shell) -> None:
    ran = shell("fetch", "@/nothing/1.0.0/txt")
    assert (ran.code, ran.err.split(":")[0]) == (1, "error NOT_FOUND")
    assert list(shell.home.iterdir()) == []


def test_a_file_that_cannot_be_read_is_not_published(shell: Shell) -> None:
    assert shell("publish", "missing", "--to", "@/hello/1.0.0/txt").code == 2


def test_without_a_token_nothing_is_published(shell: Shell) -> None:
    shell.environ = {"LARDER_URL": shell.server.url}
    ran = shell.publish("@/hello/1.0.0/txt")
    assert (ran.code, ran.err.split(":")[0]) == (1, "error UNAUTHORIZED")


def test_a_large_refused_upload_ends_early_and_is_told(shell: Shell) -> None:
    shell.publish("@/hello/1.0.0/txt")
    again = shell.publish("@/hello/1.0.0/txt", b"\0" * (8 << 20))
    assert (again.code, again.err.split(":")[0]) == (1, "error ALREADY_EXISTS")


def test_versions_are_listed_newest_first(shell: Shell) -> None:
    for version in ("1.9.0", "2.0.0-rc.1", "1.10.0"):
        shell.publish(f"@/hello/{version}/txt", version.encode())
    rows = shell("list", "@/hello").out.decode().splitlines()
    assert [row.split("\t")[0] for row in rows] == ["2.0.0-rc.1", "1.10.0", "1.9.0"]
    listed = shell("list", "@/hello", "--json").json()["versions"]
    assert [each["version"] for each in listed] == ["2.0.0-rc.1", "1.10.0", "1.9.0"]


def test_packages_are_listed_by_prefix(shell: Shell) -> None:
    for name in ("one", "other"):
        shell.publish(f"@/{name}/1.0.0/txt", name.encode())
    rows = shell("list", "--prefix", "@/o").out.decode().splitlines()
    assert rows == [f"{shell.namespace}/one\t1.0.0", f"{shell.namespace}/other\t1.0.0"]
    assert shell("list", "--prefix", "@/ot", "--json").json()["packages"][0]["name"] == "other"


def test_a_tag_is_set_shown_listed_and_deleted(shell: Shell) -> None:
    shell.publish("@/hello/1.0.0/txt")
    assert shell("tag", "@/hello", "stable", "1.0.0/txt").code == 0
    assert shell("tag", "@/hello", "stable", "--json").json()["target_version"] == "1.0.0"
    row = f"stable\t1.0.0\ttxt\t{DIGEST}\n"
    assert shell("tag", "@/hello", "list").out.decode() == row
    assert shell("tag", "@/hello", "stable", "--delete").code == 0
    assert shell("tag", "@/hello", "list", "--json").json()["tags"] == []


def test_a_tag_needs_no_variant_where_there_is_one(shell: Shell) -> None:
    shell.publish("@/hello/1.0.0/txt")
    shell("tag", "@/hello", "stable", "1.0.0")
    assert shell("tag", "@/hello", "stable", "--json").json()["target_variant"] == "txt"


def test_a_tag_needs_a_variant_where_there_are_two(shell: Shell) -> None:
    shell.publish("@/hello/1.0.0/txt")
    shell.publish("@/hello/1.0.0/md")
    ran = shell("tag", "@/hello", "stable", "1.0.0")
    assert ran.code == 2
    assert "md, txt" in ran.err


def test_a_tag_cannot_point_at_nothing(shell: Shell) -> None:
    ran = shell("tag", "@/hello", "stable", "9.9.9/txt")
    assert (ran.code, ran.err.split(":")[0]) == (1, "error TARGET_NOT_FOUND")


def test_stats_tell_packages_and_counters(shell: Shell) -> None:
    shell.publish("@/hello/1.0.0/txt")
    told = shell("stats", "--json").json()
    assert told["packages"] >= 1
    assert any(value > 0 for value in told["counters"].values())
    assert shell("stats").out.decode().startswith("packages\t")


def test_login_remembers_and_logout_forgets(shell: Shell) -> None:
    shell.environ = {"LARDER_URL": shell.server.url}
    password = shell.home / "password"
    password.write_text(PASSWORD + "\n")
    told = shell("login", "admin", "--password-file", str(password), "--json").json()
    assert Path(told["file"]).stat().st_mode & 0o777 == 0o600
    assert shell("list").code == 0
    assert shell("logout").code == 0
    assert shell("list").code == 1
    assert shell("logout").code == 2


def test_a_remembered_token_is_shown_to_its_own_service_only(shell: Shell) -> None:
    shell.environ = {"LARDER_URL": shell.server.url}
    (shell.home / "password").write_text(PASSWORD)
    shell("login", "admin", "--password-file", "password")
    shell.environ = {"LARDER_URL": shell.server.url.replace("127.0.0.1", "localhost")}
    assert shell("list").code == 1


def test_a_wrong_password_remembers_nothing(shell: Shell) -> None:
    (shell.home / "password").write_text("not the password")
    ran = shell("login", "nobody", "--password-file", "password")
    assert (ran.code, ran.err.split(":")[0]) == (1, "error INVALID_CREDENTIALS")
    assert not list(shell.home.rglob("tokens.json"))


def test_a_token_may_stand_in_a_file(shell: Shell) -> None:
    (shell.home / "token").write_text(shell.server.token + "\n")
    shell.environ = {"LARDER_URL": shell.server.url, "LARDER_TOKEN_FILE": "token"}
    assert shell("list").code == 0


def test_the_whole_journey_works_as_processes(shell: Shell) -> None:
    (shell.home / "file").write_bytes(CONTENT)
    what = f"{shell.namespace}/hello/1.0.0/txt"
    options = {"home": shell.home, "environ": shell.environ}
    assert larder("publish", "file", "--to", what, **options).code == 0
    assert larder("fetch", what, "-o", "-", **options).out == CONTENT
