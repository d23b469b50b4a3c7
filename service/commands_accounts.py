"""`larder user` and `larder token`: for operators, on the database itself."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from service.console import say, show_json, show_rows
from service.remote import json_option, read_password
from service.times import iso_seconds

Function = TypeVar("Function", bound=Callable[..., Any])
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def _where(function: Function) -> Function:
    data = click.option(
        "--data", type=click.Path(path_type=Path), help="Data directory.  [LARDER_DATA, or data]"
    )
    config = click.option(
        "--config", type=click.Path(path_type=Path), help="Settings file.  [LARDER_CONFIG]"
    )
    return data(config(function))


def _password_file(function: Function) -> Function:
    option = click.option(
        "--password-file",
        type=click.Path(path_type=Path),
        help="Read the password from this file; else it is asked for, or read from standard input.",
    )
    return option(function)


def _scopes(function: Function) -> Function:
    return click.option("--scopes", required=True, metavar="A,B", help="What it may do.")(function)


@click.group()
def user() -> None:
    """Manage users on the database of this machine."""


@user.command()
@click.argument("name")
@_scopes
@_password_file
@_where
@json_option
def add(
    *,
    name: str,
    scopes: str,
    password_file: Path | None,
    data: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Add the user NAME."""
    from service import local
    from service.choices import settings

    chosen = settings(config, data=data)
    password = read_password(password_file, confirm=True)
    made = local.add_user(chosen, name, password, _listed(scopes))
    if as_json:
        show_json({"username": made.username, "scopes": list(made.scopes)})
    else:
        say(f"added {made.username} ({', '.join(made.scopes)})")


@user.command()
@click.argument("name")
@_password_file
@_where
def passwd(name: str, password_file: Path | None, data: Path | None, config: Path | None) -> None:
    """Set the password of NAME; running sessions end."""
    from service import local
    from service.choices import settings

    chosen = settings(config, data=data)
    local.change_password(chosen, name, read_password(password_file, confirm=True))
    say(f"changed the password of {name}")


@user.command("list")
@_where
@json_option
def list_(data: Path | None, config: Path | None, as_json: bool) -> None:
    """List the users."""
    from config_db.accounts import list_users
    from config_db.engine import reading
    from service import local
    from service.choices import settings

    with local.database(settings(config, data=data)) as engine, reading(engine) as session:
        users: list[dict[str, Any]] = [
            {
                "username": each.username,
                "scopes": list(each.scopes),
                "state": "disabled" if each.disabled else "active",
                "created_at": iso_seconds(each.created_at),
            }
            for each in list_users(session)
        ]
    if as_json:
        show_json({"users": users})
    else:
        rows = [(u["username"], ",".join(u["scopes"]), u["state"]) for u in users]
        show_rows(("user", "scopes", "state"), rows)


@click.group()
def token() -> None:
    """Issue API tokens on the database of this machine."""


@token.command()
@click.argument("name")
@_scopes
@click.option("--user", "owner", default="admin", show_default=True, help="Whose token it is.")
@click.option("--expires-in", metavar="30d", help="Lifetime: a number and s, m, h, d or w.")
@click.option(
    "--namespace", "namespaces", multiple=True, metavar="PATTERN", help="Only there; repeatable."
)
@_where
@json_option
def create(
    *,
    name: str,
    scopes: str,
    owner: str,
    expires_in: str | None,
    namespaces: tuple[str, ...],
    data: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Create a token called NAME and print it, this once, on standard output."""
    from service import local
    from service.choices import settings

    lifetime = None if expires_in is None else _seconds(expires_in)
    granted = _listed(scopes)
    with local.database(settings(config, data=data)) as engine:
        minted, expires_at = local.issue_token(
            engine, name, owner, granted, namespaces=namespaces or None, lifetime=lifetime
        )
    expiry = iso_seconds(expires_at)
    if as_json:
        show_json(
            {
                "token": minted.text,
                "id": minted.id,
                "name": name,
                "user": owner,
                "scopes": list(granted),
                "namespaces": list(namespaces) or None,
                "expires_at": expiry,
            }
        )
    else:
        click.echo(minted.text)
        say(f"token {minted.id} of {owner}: {', '.join(granted)}; expires {expiry or 'never'}")


def _listed(scopes: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in scopes.split(",") if name.strip()))
    if not names:
        raise click.UsageError("--scopes needs at least one name")
    return names


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", text.strip())
    if match is None:
        raise click.UsageError(f"--expires-in {text!r} is not like 90s, 15m, 12h, 30d or 4w")
    return int(match[1]) * UNITS[match[2]]
