"""`larder`: one command line to serve, check, publish, fetch, list, tag and manage accounts.

A command's module is imported when it runs, never before: `larder --help` answers at once.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from errors.problem import Refusal
from service.failures import CouldNotRun, Failure, Refused

EXIT_CODES = """\b
Exit codes:
  0  all well
  1  the service refused, or the check found errors
  2  wrong usage, or the command could not run
  3  the bytes are not the bytes that were declared
  4  the service was not reached"""


class Command(NamedTuple):
    """Where a command lives, and its line in the help."""

    module: str
    attribute: str
    summary: str


COMMANDS: dict[str, Command] = {
    "serve": Command("service.commands_serve", "serve", "Serve the repository."),
    "check": Command("service.commands_check", "check", "Check schema files without serving."),
    "diff": Command("service.commands_diff", "diff", "Tell what a change of the schema means."),
    "schema": Command("service.commands_schema", "schema", "Print the schema, or its own schema."),
    "test": Command("service.commands_test", "test", "Run the examples of routes."),
    "openapi": Command("service.commands_openapi", "openapi", "Print the OpenAPI document."),
    "explain": Command("service.commands_explain", "explain", "Print what a route does."),
    "routes": Command("service.commands_explain", "routes", "List routes with scopes and cost."),
    "run": Command("service.commands_run", "run", "Run one request step by step, as a trial."),
    "login": Command("service.commands_login", "login", "Log in and remember the token."),
    "logout": Command("service.commands_login", "logout", "Revoke the remembered token."),
    "publish": Command("service.commands_packages", "publish", "Publish a file."),
    "fetch": Command("service.commands_packages", "fetch", "Fetch an artifact, verified."),
    "list": Command("service.commands_listing", "list_", "List packages, or one's versions."),
    "tag": Command("service.commands_listing", "tag", "Set, delete or list tags."),
    "stats": Command("service.commands_listing", "stats", "What the service has done and holds."),
    "seed": Command("service.commands_packages", "seed", "Publish the example packages."),
    "user": Command("service.commands_accounts", "user", "Manage users (on the database)."),
    "token": Command("service.commands_accounts", "token", "Issue API tokens (on the database)."),
}


class Commands(click.Group):
    """The commands of the table, imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, or None when there is none of that name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(importlib.import_module(entry.module), entry.attribute)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for; a reader who goes away has heard enough."""
        from service.console import while_heard

        with while_heard():
            return super().invoke(ctx)
        return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's summaries, so that help imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.command(
    cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="larder", message="%(prog)s %(version)s")
def larder() -> None:
    """A package repository that is declared: one schema.json, proved safe, served.

    Commands that talk to a service find it by --url or LARDER_URL, and take their token from
    LARDER_TOKEN, LARDER_TOKEN_FILE or `larder login`.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        code = larder.main(arguments, prog_name="larder", standalone_mode=False)
    except Failure as failure:
        return _report(failure)
    except Refusal as refusal:
        found = refusal.problem
        # The catalogue's remedy speaks to clients of the service; here the message is enough.
        facts = {"code": found.code, "details": found.details}
        return _report(Refused(found.status, found.message, **facts))
    except click.ClickException as misuse:
        misuse.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except OSError as wrong:  # Standard output may be a disk that is full.
        return _report(CouldNotRun(wrong.strerror or str(wrong)))
    return code if isinstance(code, int) else 0


def _report(failure: Failure) -> int:
    from service.console import report

    report(failure)
    return failure.exit_code


def main() -> None:
    """The entry point of the `larder` script."""
    _open_what_is_closed()
    sys.exit(run())


def _open_what_is_closed() -> None:
    """Standard streams that the caller closed (`larder check >&-`) read and write nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


if __name__ == "__main__":
    main()
