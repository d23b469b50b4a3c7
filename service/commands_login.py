"""`larder login` and `larder logout`."""

from pathlib import Path

import click

from service.client import Client
from service.console import say, show_json
from service.failures import CouldNotRun
from service.remote import connect, find_token, json_option, read_password, remember, url_option


@click.command()
@click.argument("username")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    help="Read the password from this file; else it is asked for, or read from standard input.",
)
@url_option
@json_option
def login(username: str, password_file: Path | None, url: str, as_json: bool) -> None:
    """Log in as USERNAME and remember the token for that service.

    The token is kept in a file that only you can read; the password is kept nowhere.
    """
    client = Client(url)
    password = read_password(password_file, confirm=False)
    answer = client.ask("POST", "/auth/login", {"username": username, "password": password})
    file = remember(url, answer["token"])
    if as_json:
        show_json({"user": answer["user"], "expires_in": answer["expires_in"], "file": str(file)})
    else:
        scopes = ", ".join(answer["user"]["scopes"])
        say(
            f"logged in as {username} ({scopes}) for {answer['expires_in']} seconds; kept in {file}"
        )


@click.command()
@url_option
def logout(url: str) -> None:
    """Revoke the remembered token and forget it."""
    if find_token(url) is None:
        raise CouldNotRun(f"nobody is logged in at {url}")
    connect(url).ask("POST", "/auth/logout")
    remember(url, None)
    say("logged out")
