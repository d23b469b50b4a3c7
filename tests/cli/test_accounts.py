"""`larder user` and `larder token` on the database itself."""

from pathlib import Path

import pytest

from tests.support.cli import Ran, larder_within

PASSWORD = b"correct horse battery staple\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    environ = {"LARDER_DATA": str(data), "LARDER_BCRYPT_COST": "4"}
    return larder_within(*arguments, home=data.parent, environ=environ, stdin=stdin)


def add(data: Path, name: str, scopes: str = "read,write") -> Ran:
    return run(data, "user", "add", name, "--scopes", scopes, stdin=PASSWORD)


def test_a_user_is_added_and_listed(data: Path) -> None:
    assert add(data, "ada").code == 0
    listed = run(data, "user", "list", "--json").json()["users"]
    assert [(user["username"], user["scopes"], user["state"]) for user in listed] == [
        ("ada", ["read", "write"], "active")
    ]


def test_a_user_is_added_once(data: Path) -> None:
    add(data, "ada")
    again = add(data, "ada")
    assert again.code == 1
    assert again.err.startswith("error ALREADY_EXISTS")


def test_a_password_may_come_from_a_file(data: Path) -> None:
    file = data.parent / "password"
    file.write_bytes(PASSWORD)
    ran = run(data, "user", "add", "ada", "--scopes", "read", "--password-file", str(file))
    assert ran.code == 0


@pytest.mark.parametrize(("stdin", "code"), [(b"", 2), (b"short\n", 1)])
def test_a_missing_or_short_password_adds_nobody(data: Path, stdin: bytes, code: int) -> None:
    ran = run(data, "user", "add", "ada", "--scopes", "read", stdin=stdin)
    assert ran.code == code
    assert run(data, "user", "list", "--json").json() == {"users": []}


def test_a_password_is_never_an_argument(data: Path) -> None:
    assert run(data, "user", "add", "ada", "--scopes", "read", "--password", "x").code == 2


def test_a_password_is_changed(data: Path) -> None:
    add(data, "ada")
    assert run(data, "user", "passwd", "ada", stdin=b"another good password\n").code == 0


def test_the_password_of_nobody_cannot_be_changed(data: Path) -> None:
    ran = run(data, "user", "passwd", "nobody", stdin=PASSWORD)
    assert (ran.code, ran.err.splitlines()[0]) == (1, "error NOT_FOUND: there is no such user")


def test_a_token_is_printed_once_and_alone(data: Path) -> None:
    add(data, "ada")
    ran = run(data, "token", "create", "ci", "--user", "ada", "--scopes", "read")
    lines = ran.out.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("larder_")
    assert lines[0] not in ran.err


def test_a_token_says_what_it_may_do_and_how_long(data: Path) -> None:
    add(data, "ada")
    options = ("--expires-in", "30d", "--namespace", "acme*", "--namespace", "web", "--json")
    made = run(data, "token", "create", "ci", "--user", "ada", "--scopes", "read", *options).json()
    assert (made["scopes"], made["namespaces"]) == (["read"], ["acme*", "web"])
    assert made["expires_at"].endswith("Z")


def test_a_token_cannot_do_more_than_its_owner(data: Path) -> None:
    add(data, "ada", "read")
    ran = run(data, "token", "create", "ci", "--user", "ada", "--scopes", "read,admin")
    assert (ran.code, ran.out) == (1, b"")


@pytest.mark.parametrize(
    "options", [("--namespace", "a?b"), ("--namespace", ""), ("--expires-in", "999999999w")]
)
def test_a_token_is_bounded_as_one_made_over_http(data: Path, options: tuple[str, str]) -> None:
    add(data, "ada")
    ran = run(data, "token", "create", "ci", "--user", "ada", "--scopes", "read", *options)
    assert (ran.code, ran.out) == (1, b"")
    assert ran.err.startswith("error VALIDATION_ERROR")


@pytest.mark.parametrize("lifetime", ["0d", "30", "d", "1y", "-1d"])
def test_a_lifetime_has_a_unit(data: Path, lifetime: str) -> None:
    ran = run(data, "token", "create", "ci", "--scopes", "read", "--expires-in", lifetime)
    assert ran.code == 2


def test_the_database_is_its_owners_alone(data: Path) -> None:
    add(data, "ada")
    assert (data / "larder.db").stat().st_mode & 0o077 == 0
