"""Which service a command talks to, and with which token.

The token comes from LARDER_TOKEN, the file named by LARDER_TOKEN_FILE, or what `larder login`
remembered for that very address: a token is never shown to another service.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from service.client import Client
from service.failures import CouldNotRun

DEFAULT_URL = "http://127.0.0.1:8080"
Function = TypeVar("Function", bound=Callable[..., Any])


def url_option(function: Function) -> Function:
    """Adds --url."""
    option = click.option(
        "--url",
        envvar="LARDER_URL",
        default=DEFAULT_URL,
        show_default=True,
        show_envvar=True,
        help="The service's address.",
    )
    return option(function)


def json_option(function: Function) -> Function:
    """Adds --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")(function)


def connect(url: str) -> Client:
    """The service at `url`, asked with the caller's token if there is one."""
    return Client(url, find_token(url))


def find_token(url: str) -> str | None:
    """The token for `url`, or None. Raises CouldNotRun when one is named but cannot be read."""
    token = os.environ.get("LARDER_TOKEN", "").strip()
    file = os.environ.get("LARDER_TOKEN_FILE", "").strip()
    if not token and file:
        token = read_secret(Path(file))
    if not token:
        token = str(_remembered().get(url.rstrip("/"), ""))
    if not all("!" <= each <= "~" for each in token):
        raise CouldNotRun("the token holds characters that no token has")
    return token or None


def remember(url: str, token: str | None) -> Path:
    """Keep the token for `url`, or forget it, in a file that its owner alone can read.

    Raises CouldNotRun when the file cannot be written.
    """
    file = token_file()
    tokens = _remembered()
    tokens.pop(url.rstrip("/"), None)
    if token is not None:
        tokens[url.rstrip("/")] = token
    part = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as sink:
            json.dump(tokens, sink)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CouldNotRun(f"{file}: {error.strerror or error}") from error
    return file


def token_file() -> Path:
    """Where `larder login` keeps tokens."""
    return Path(click.get_app_dir("larder")) / "tokens.json"


def read_secret(file: Path) -> str:
    """A secret from a file, without the newline at its end. Raises CouldNotRun."""
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotRun(f"{file}: cannot be read: {error}") from error


def read_password(file: Path | None, *, confirm: bool) -> str:
    """A password from a file, else typed at the terminal, else the first line of standard input.

    Raises CouldNotRun when there is none.
    """
    if file is not None:
        password = read_secret(file)
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise CouldNotRun("no password was given", hint="Use --password-file, or type it.")
    return password


def _remembered() -> dict[str, Any]:
    try:
        tokens = json.loads(token_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CouldNotRun(f"{token_file()}: {error}", hint="Remove it and log in again.") from error
    return tokens if isinstance(tokens, dict) else {}
