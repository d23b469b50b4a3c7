"""Lets asynchronous code call the functions of this room in a few threads of their own."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from config_db.engine import reading, writing
from config_db.threads import BoundedThreads
from errors.problem import Refusal, problem

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)


class Calls:
    """Runs one function a transaction. Both methods raise Refusal OVERLOADED when the database
    does not answer in time or cannot be reached, and whatever the function raises."""

    def __init__(self, engine: Engine, threads: int = 4, waiting: int = 1024) -> None:
        self._engine = engine
        self._threads = BoundedThreads("the account database", threads, waiting)

    async def read(
        self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function(session, …)`; what it writes is dropped."""

        def work() -> T:
            with reading(self._engine) as session:
                return function(session, *args, **kwargs)

        return await self._threads.run(partial(_translated, work))

    async def write(
        self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function(session, …)` and commit; an exception of it undoes everything."""

        def work() -> T:
            with writing(self._engine) as session:
                return function(session, *args, **kwargs)

        return await self._threads.run(partial(_translated, work))

    def close(self) -> None:
        """Finish what runs and end the threads."""
        self._threads.close()


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except (OperationalError, PoolTimeout) as failure:
        log.error("account database: %s", type(failure).__name__, exc_info=failure)
        down = problem("OVERLOADED", "the account database does not answer")
        raise Refusal(down, {"Retry-After": "1"}) from failure
