"""Runs the service: one process, or several that share a listening socket."""

import multiprocessing
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from errors.finding import Finding
from service.app import App, create_app
from service.check_source import Text
from service.check_text import tell
from service.console import say, takes_colours
from service.failures import CouldNotRun
from service.log import open_log
from service.metrics import MULTIPROCESS
from service.protocol import LarderProtocol
from service.runtime import Outside, prepare
from service.serving import Plan, SchemaRefused, StartError, read_plan
from service.settings import CONFIG_VARIABLE, Settings, load_settings

BACKLOG = 2048


def serve(settings: Settings) -> None:
    """Serve until told to stop; what is in flight then is finished.

    Raises CouldNotRun with the reason, and SystemExit(1) after printing every finding when the
    schema is refused.
    """
    try:
        plan = read_plan(settings.schema)
        first_user = prepare(settings, time.time)
    except SchemaRefused as refused:
        _tell(refused.findings, refused.source)
        say(f"{refused.file} is refused; nothing is served")
        raise SystemExit(1) from None
    except StartError as problem:
        raise CouldNotRun(str(problem)) from problem
    _tell(plan.warnings, plan.source)
    if first_user is not None:
        say(f"There is no user yet. Add one:  {first_user}")
    with _listening(settings) as listener, _quiet_signals():
        host, port = listener.getsockname()[:2]
        say(f"Larder serves http://{f'[{host}]' if ':' in host else host}:{port}")
        if settings.workers > 1:
            _run_workers(settings, listener)
        else:
            _run_alone(settings, plan, listener)


def _tell(findings: Sequence[Finding], source: bytes) -> None:
    """What was found, as `larder check` prints it."""
    for line in tell(findings, Text(source), color=takes_colours(sys.stderr)):
        say(line)


def make_app() -> App:
    """The application of a worker process, whose settings came by the environment."""
    app = create_app(load_settings(os.environ))
    app.log.take_over_logging()
    threading.Thread(target=_stop_with_the_supervisor, name="larder-orphan", daemon=True).start()
    return app


class _Supervisor(Multiprocess):
    """Starts workers anew when they die, and stops with them."""

    def terminate_all(self) -> None:
        """Stop the workers; nobody may queue at a socket from which none of them accepts."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def _stop_with_the_supervisor() -> None:
    """A worker whose supervisor was killed would keep the port from the next one."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _run_alone(settings: Settings, plan: Plan, listener: socket.socket) -> None:
    log = open_log(settings.log_level, time.time)
    log.take_over_logging()
    app = App(settings, plan, Outside(os.environ), log)
    try:
        uvicorn.Server(_config(settings, app)).run([listener])
    except SystemExit:
        raise CouldNotRun(app.failure or "the service did not start") from None


def _run_workers(settings: Settings, listener: socket.socket) -> None:
    folder = settings.data / "run" / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ.pop(CONFIG_VARIABLE, None)
    os.environ.update(settings.environment())
    os.environ.pop("LARDER_ADMIN_PASSWORD", None)
    os.environ[MULTIPROCESS] = str(folder)
    log = open_log(settings.log_level, time.time)
    log.take_over_logging()
    try:
        supervisor = _Supervisor(_config(settings, "service.serve:make_app"), [listener])
        supervisor.run()
    finally:
        log.close()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise CouldNotRun("a worker did not start; its reason is in the log")


def _config(settings: Settings, app: App | str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.workers,
        loop="uvloop",
        http=LarderProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        backlog=BACKLOG,
        timeout_keep_alive=int(settings.keep_alive_seconds),
        timeout_graceful_shutdown=int(settings.grace_seconds),
        timeout_worker_healthcheck=30,
    )


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    place = (settings.host, settings.port)
    try:
        listener = socket.create_server(place, family=family, backlog=BACKLOG)
    except OSError as problem:
        reason = problem.strerror or problem
        raise CouldNotRun(f"cannot listen on {settings.host}:{settings.port}: {reason}") from None
    with listener:
        yield listener


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """A stop that was asked for is a success: uvicorn raises the signal again when it is done."""
    before = {each: signal.signal(each, _ignore) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _ignore(_signal: int, _frame: object) -> None:
    return None
