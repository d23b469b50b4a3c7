#!/usr/bin/env python3
"""Tells whether a schema, and the engine under it, keep what language.md promises.

Six categories, every check on a line of its own: each proof of the checker with the places that it
holds at, each route's examples with what they show, and behaviour tried out on real stores (SQLite
and files in a temporary folder, and in memory). Any schema in the language is taken; what keeps it
from running is told with places and hints. What is declared and not run here is noted, and fails
nothing. Exit codes: 0 nothing failed, 1 something failed, 2 it could not run.

    python tests/validate_schema_compliance.py [--schema FILE] [--json] [--junit FILE]
    python tests/validate_schema_compliance.py --url URL --token-file FILE     a live server
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.compliance import (  # noqa: E402
    auth_checks,
    coverage_checks,
    event_checks,
    live,
    needs_checks,
    operation_checks,
    proof_checks,
    route_checks,
    storage_checks,
)
from tests.compliance.bench import Probes, Recorder  # noqa: E402
from tests.compliance.report import (  # noqa: E402
    CATEGORIES,
    Result,
    as_json,
    as_junit,
    perform,
    succeeded,
    write_text,
)
from tests.compliance.subject import read  # noqa: E402


class CouldNotRun(Exception):
    """Nothing was tried out; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and give the exit code."""
    options = _options(arguments)
    try:
        subject, results = _run(options)
        if options.junit is not None:
            options.junit.write_bytes(as_junit(results))
    except (CouldNotRun, OSError) as reason:
        print(f"could not run: {reason}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(as_json(results, subject), indent=2))
    else:
        write_text(results, subject, sys.stdout)
    return 0 if succeeded(results) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--schema", type=Path, default=ROOT / "schema.json", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit file too")
    parser.add_argument("--url", help="try a live server out, from outside, instead of a schema")
    parser.add_argument("--token", help="its token; or LARDER_TOKEN; or")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="a file that holds it")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> tuple[str, list[Result]]:
    if options.url is not None:
        return options.url, asyncio.run(_outside(options.url, _token(options)))
    return str(options.schema), asyncio.run(_inside(options.schema))


async def _inside(file: Path) -> list[Result]:
    """Coverage comes last, since it asks what the others have run; it is printed first."""
    recorder = Recorder()
    probes, subject = Probes(recorder), read(file)
    checks = [
        *route_checks.checks(subject),
        *operation_checks.checks(probes),
        *storage_checks.checks(probes),
        *auth_checks.checks(subject, probes),
        *event_checks.checks(probes),
        *proof_checks.checks(subject),
        *needs_checks.checks(subject),
        *coverage_checks.checks(subject, recorder),
    ]
    results = [await perform(check) for check in checks]
    return sorted(results, key=lambda result: CATEGORIES.index(result.category))


async def _outside(url: str, token: str | None) -> list[Result]:
    try:
        server = live.Server(url, token)
        server.greet()
    except live.Unreachable as reason:
        raise CouldNotRun(str(reason)) from reason
    return [await perform(check) for check in live.checks(server)]


def _token(options: argparse.Namespace) -> str | None:
    if options.token is not None:
        return str(options.token)
    if options.token_file is not None:
        return str(options.token_file.read_text(encoding="utf-8").strip())
    return os.environ.get("LARDER_TOKEN") or None


if __name__ == "__main__":
    sys.exit(main())
