"""`larder serve`: the service itself, and the example packages in it if they are wanted."""

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.console import say

if TYPE_CHECKING:
    from service.settings import Settings

READY_SECONDS = 60.0
POLL_SECONDS = 0.1


@click.command()
@click.option("--host", help="Address to listen on.  [LARDER_HOST, or 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on.  [LARDER_PORT, or 8080]")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Data directory.  [LARDER_DATA, or data]"
)
@click.option(
    "--schema",
    type=click.Path(path_type=Path),
    help="What is served.  [LARDER_SCHEMA, or schema.json]",
)
@click.option("--workers", type=int, help="Processes that serve.  [LARDER_WORKERS, or 1]")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--seed", is_flag=True, help="Publish the example packages once it is ready.")
def serve(
    *,
    host: str | None,
    port: int | None,
    data: Path | None,
    schema: Path | None,
    workers: int | None,
    config: Path | None,
    seed: bool,
) -> None:
    """Serve the repository until it is told to stop (Ctrl-C, SIGTERM).

    Every option is also a setting of the environment and of the settings file; README.md lists
    them all. With --seed the first start also makes the user `admin`, if nobody has an account.
    """
    from service.choices import settings, with_a_schema

    given = {"host": host, "port": port, "data": data, "schema": schema, "workers": workers}
    chosen = with_a_schema(settings(config, **given), named=schema is not None)
    if seed:
        if chosen.port == 0:
            raise click.UsageError("--seed needs a port that is known: not 0")
        _welcome(chosen)
        threading.Thread(target=_seed, args=(chosen,), name="seed", daemon=True).start()
    from service.serve import serve as run

    run(chosen)


def _welcome(chosen: "Settings") -> None:
    """Make the first administrator, unless its password is a setting."""
    from service import local

    if chosen.admin_password is not None:
        return
    with local.database(chosen) as engine:
        file = local.make_first_administrator(chosen, engine)
    if file is not None:
        say(f"This is the first start. The user admin was made; its password is in {file}")


def _seed(chosen: "Settings") -> None:
    """Publish the example packages, as a client, once the service is ready."""
    from seed_data import load
    from service import local
    from service.failures import CouldNotRun

    url = _url(chosen)
    try:
        if not _wait_until_ready(url):
            return
        scopes = ("read", "write")
        with local.database(chosen) as engine:
            with local.passing_token(engine, "example packages", scopes) as token:
                if token is None:
                    say("example packages: nobody has the scopes read and write; nothing was done")
                    return
                counts = load.load(url, token, tell=_only_failures, move_tags=False)
    except (load.Unreachable, CouldNotRun, OSError) as error:
        say(f"example packages: {error}")
    else:
        done = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        say(f"example packages: {done}")
        _tell_how_to_log_in(chosen)


def _tell_how_to_log_in(chosen: "Settings") -> None:
    from service import local

    url, file = _url(chosen), chosen.data / local.FIRST_PASSWORD
    if file.exists():
        say(f"log in:  .venv/bin/larder login admin --password-file {file} --url {url}")
    say(f"look:    .venv/bin/larder list --url {url}")


def _wait_until_ready(url: str) -> bool:
    from service.client import Client
    from service.failures import Refused, Unreachable

    client, deadline = Client(url), time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            client.ask("GET", "/health/ready")
        except (Unreachable, Refused):
            time.sleep(POLL_SECONDS)
        else:
            return True
    say("example packages: the service did not get ready; nothing was done")
    return False


def _only_failures(line: str) -> None:
    if line.startswith("failed"):
        say(f"example packages: {line}")


def _url(chosen: "Settings") -> str:
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    host = anywhere.get(chosen.host, chosen.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{chosen.port}"
