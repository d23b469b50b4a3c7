"""What a process holds while it serves, opened and closed together."""

import asyncio
import gc
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from config_db.engine import DatabaseError, default_url, open_database
from config_db.migrate import migrate
from errors.problem import Refusal
from service.bootstrap import bootstrap
from service.desk import Accounts, open_accounts
from service.keys import KeyFileError, open_keys
from service.log import Log
from service.metrics import Metrics
from service.serving import Plan, Serving, StartError, open_serving
from service.settings import Settings
from service.traces import Tracer
from service.upstream import UpstreamNetwork

FLUSH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outside:
    """The world outside the process. `clock` gives seconds since the epoch."""

    environ: Mapping[str, str]
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that is open."""

    settings: Settings
    accounts: Accounts
    serving: Serving
    metrics: Metrics
    log: Log
    clock: Callable[[], float]
    started_at: float
    tracer: Tracer


def key_file(settings: Settings) -> Path:
    """Where the keys are that sign tokens."""
    return settings.jwt_secret_file or settings.data / "keys.json"


def prepare(settings: Settings, clock: Callable[[], float]) -> str | None:
    """What is done once before any process serves: folders, migrations, keys, the first user.

    Returns the command that adds the first user when there is none. Raises StartError.
    """
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        engine = open_database(settings.database_url or default_url(settings.data))
        try:
            migrate(engine)
            open_keys(key_file(settings))
            return bootstrap(
                engine, settings.admin_password, cost=settings.bcrypt_cost, now=int(clock())
            )
        finally:
            engine.dispose()
    except Refusal as refusal:
        raise StartError(refusal.problem.message) from refusal
    except (DatabaseError, KeyFileError) as problem:
        raise StartError(str(problem)) from problem
    except OSError as problem:
        raise StartError(f"{settings.data}: {problem.strerror or problem}") from problem


async def open_runtime(
    settings: Settings,
    plan: Plan,
    outside: Outside,
    stack: AsyncExitStack,
    *,
    metrics: Metrics,
    log: Log,
) -> Runtime:
    """Open everything; `stack` closes it, the last opened first. Raises StartError."""
    clock = outside.clock
    try:
        engine = open_database(settings.database_url or default_url(settings.data))
        stack.callback(engine.dispose)
        accounts = _accounts(settings, plan, engine, clock)
        stack.push_async_callback(accounts.close)
    except (DatabaseError, KeyFileError) as problem:
        raise StartError(str(problem)) from problem
    network = UpstreamNetwork(outside.environ)
    stack.push_async_callback(network.close)
    serving = await open_serving(plan, settings, stack, network=network, meter=metrics, clock=clock)
    ticking = asyncio.get_running_loop().create_task(_flush(metrics, log))
    stack.callback(ticking.cancel)
    # What is alive now stays alive: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    stack.callback(gc.unfreeze)
    tracer = Tracer(clock, outside.environ)
    return Runtime(settings, accounts, serving, metrics, log, clock, clock(), tracer)


def _accounts(
    settings: Settings, plan: Plan, engine: Engine, clock: Callable[[], float]
) -> Accounts:
    auth = plan.schema.document.auth
    return open_accounts(
        engine,
        key_file(settings),
        clock,
        token_ttl_seconds=settings.token_ttl_seconds,
        bcrypt_cost=settings.bcrypt_cost,
        login_failures=settings.login_attempts,
        login_window_seconds=settings.login_window_seconds,
        sources=auth.principals.source,
        anonymous_scopes=auth.anonymous.scopes,
    )


async def _flush(metrics: Metrics, log: Log) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        metrics.lines_dropped(log.dropped)
        metrics.flush()
