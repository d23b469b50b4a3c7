"""Group commit: the work of many requests under one lock and with one flush.

The event loop does what costs microseconds: it takes the lock, checks and applies all jobs that
wait. What costs milliseconds, flushing files and the commit, is done by threads; new jobs gather
meanwhile. So the interpreter's lock changes hands twice a batch. (With the statements in a thread
of their own it changed hands for each of them, and a busy event loop stopped the writer.)
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw

from stores.interfaces import Conflict, StagedBlob
from stores.sqlite_file import Patience, Whereabouts, meaning
from stores.sqlite_jobs import Job, Turn
from stores.sqlite_tables import SqliteTables

MOST_JOBS = 64
"""How many jobs share one commit at most; the event loop stands still while they are applied."""

CHECKPOINT_PAGES = 4_000
"""The log is copied into the database from this length on: 16 MiB."""

RESTART_PAGES = 16_000
"""From this length on, 64 MiB, readers are waited for, so that the log starts anew."""

CHECKPOINT_SECONDS = 0.05
"""How long a checkpoint waits for readers; the commits wait meanwhile."""

LOCK_SECONDS = 10.0
"""How long jobs wait for other processes."""

_RETRY_SECONDS = (0.0005, 0.002)
_FLUSHERS = 4


class Writer:
    """Owns the writing connection. `turn_seconds` bounds an exclusive transaction.

    The connection is used by the event loop or by the thread, never by both: `_busy` from the
    first job on until nothing waits any more, and each step starts the next one.
    """

    def __init__(self, db: apsw.Connection, *, turn_seconds: float) -> None:
        self._tables = SqliteTables(db)
        self._whereabouts = Whereabouts(Path(db.filename))
        self._turn_seconds = turn_seconds
        self._patience = Patience(0)
        db.set_busy_handler(self._patience)
        db.set_wal_hook(self._note_length)
        self._pages = 0
        self._queue: deque[Job | Turn] = deque()
        self._thread = ThreadPoolExecutor(1, "larder-writer")
        self._flushers = ThreadPoolExecutor(_FLUSHERS, "larder-flush")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy = False
        self._open_turn: Turn | None = None
        self._closing = False
        self._idle: list[asyncio.Future[None]] = []
        self.trouble: Exception | None = None

    def submit(self, item: Job | Turn) -> None:
        """Queue a job or a turn; OSError when the store is closed."""
        if self._closing:
            raise OSError("the store is closed")
        if self._loop is not item.loop:
            self._adopt(item.loop)
        self._queue.append(item)
        if not self._busy:
            self._busy = True
            # Not at once: what other tasks submit in this round of the loop joins in.
            item.loop.call_soon(self._next)

    def end(self, turn: Turn, job: Job | None) -> bool:
        """End a turn with a job, or with nothing; False when it has ended already."""
        if turn.over:
            return False
        turn.over = True
        if turn.timer is not None:
            turn.timer.cancel()
        if turn is self._open_turn:
            self._open_turn = None
            self._apply([job] if job is not None else [])
        return True

    def end_soon(self, turn: Turn) -> None:
        """End a turn with nothing, from wherever the garbage collector happens to run."""
        if not turn.over and not turn.loop.is_closed():
            turn.loop.call_soon_threadsafe(self.end, turn, None)

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        self._closing = True
        if self._loop is not asyncio.get_running_loop():
            self._adopt(asyncio.get_running_loop())
        while self._busy:
            waiting = asyncio.get_running_loop().create_future()
            self._idle.append(waiting)
            await waiting
        self._thread.shutdown()
        self._flushers.shutdown()
        self._tables.db.close()

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to a new event loop; what the old one left behind is given up."""
        if self._busy:
            if self._loop is not None and not self._loop.is_closed():
                raise RuntimeError("the store is in use by another event loop")
            self._thread.submit(self._roll_back).result()
            self._queue.clear()
            self._open_turn = None
            self._busy = False
        self._loop = loop

    def _next(self) -> None:
        """Start with what waits, if anything does."""
        while self._queue and isinstance(self._queue[0], Turn) and self._queue[0].over:
            self._queue.popleft()
        if self._queue:
            self._begin(asyncio.get_running_loop().time() + LOCK_SECONDS)
            return
        self._busy = False
        for waiting in self._idle:
            if not waiting.done():
                waiting.set_result(None)
        self._idle.clear()

    def _begin(self, deadline: float) -> None:
        """Take the lock; while another process has it, ask again a little later."""
        loop = asyncio.get_running_loop()
        try:
            self._tables.begin()
        except apsw.Error as error:
            if isinstance(error, apsw.BusyError) and loop.time() < deadline:
                loop.call_later(random.uniform(*_RETRY_SECONDS), self._begin, deadline)
            else:
                self._refuse(meaning(error, self._tables.db))
            return
        first = self._queue[0]
        if isinstance(first, Turn):
            self._queue.popleft()
            self._give(first)
        else:
            self._apply(self._waiting_jobs())

    def _refuse(self, error: Exception) -> None:
        first = self._queue[0]
        if isinstance(first, Turn):
            self._queue.popleft()
            first.refuse(error)
        else:
            for job in self._waiting_jobs():
                job.error = error
                job.settle()
        self._next()

    def _give(self, turn: Turn) -> None:
        self._open_turn = turn
        if turn.over:
            self._open_turn = None
            self._apply([])
        else:
            turn.timer = turn.loop.call_later(self._turn_seconds, self.end, turn, None)
            turn.grant()

    def _waiting_jobs(self) -> list[Job]:
        """Take the jobs that wait, up to the next turn."""
        jobs: list[Job] = []
        while self._queue and len(jobs) < MOST_JOBS:
            first = self._queue[0]
            if isinstance(first, Turn):
                break
            jobs.append(first)
            self._queue.popleft()
        return jobs

    def _apply(self, jobs: list[Job]) -> None:
        """Do the jobs of a transaction that has begun, and have it committed."""
        try:
            for job in jobs:
                self._attempt(job)
        except Exception as error:  # noqa: BLE001 - it is delivered to everyone who waits
            _fail(jobs, meaning(error, self._tables.db))
        if any(job.error is None for job in jobs):
            self._thread.submit(self._commit, jobs)
        else:
            self._give_up(jobs)

    def _attempt(self, job: Job) -> None:
        """Do one job in a savepoint, so that it fails alone."""
        if job.withdrawn:
            job.error = Conflict("the one who asked for it has gone")
            return
        db = self._tables.db
        db.execute("SAVEPOINT job")
        try:
            job.result = job.work(self._tables)
        except Exception as error:
            if not db.in_transaction:
                raise  # SQLite has undone the jobs before this one too.
            job.error = meaning(error, db)
            db.execute("ROLLBACK TO job")
        db.execute("RELEASE job")

    def _commit(self, jobs: list[Job]) -> None:
        """Make files and then the database durable; in the thread."""
        going = [job for job in jobs if job.error is None]
        # Threads, because flushes that are asked for at once share the disk's work.
        flushes = [(job, self._flushers.submit(flush, job.files)) for job in going if job.files]
        for job, flushed in flushes:
            job.error = flushed.result()
        try:
            if all(job.error is None for job in going):
                self._tables.end()
                self._whereabouts.check()
                self._hand_back(self._committed, jobs)
            else:
                self._hand_back(self._give_up, jobs)
        except Exception as error:  # noqa: BLE001 - it is delivered to everyone who waits
            _fail(jobs, meaning(error, self._tables.db))
            self._hand_back(self._give_up, jobs)

    def _committed(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.settle()
        if self._pages >= CHECKPOINT_PAGES:
            self._thread.submit(self._checkpoint)
        else:
            self._next()

    def _give_up(self, jobs: list[Job]) -> None:
        """Roll back. Jobs that did not fail themselves are done again, before all others."""
        self._roll_back()
        again = [job for job in jobs if job.error is None]
        for job in jobs:
            if job.error is not None:
                job.settle()
        for job in again:
            job.files = ()
        self._queue.extendleft(reversed(again))
        self._next()

    def _roll_back(self) -> None:
        if self._tables.db.in_transaction:
            self._tables.db.execute("ROLLBACK")

    def _note_length(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Keep the log bounded, after those who waited were told; in the thread."""
        mode = apsw.SQLITE_CHECKPOINT_PASSIVE
        if self._pages >= RESTART_PAGES:
            mode = apsw.SQLITE_CHECKPOINT_RESTART
        self._patience.seconds = CHECKPOINT_SECONDS
        try:
            self._tables.db.wal_checkpoint(mode=mode)
            self.trouble = None
        except apsw.BusyError:
            pass  # Another process does it, or a reader is slow: the next commit asks again.
        except apsw.Error as error:
            self.trouble = meaning(error, self._tables.db)
        finally:
            self._patience.seconds = 0
            self._pages = 0
        self._hand_back(self._next)

    def _hand_back(self, step: Callable[..., None], *arguments: object) -> None:
        """Go on with `step` on the event loop, unless that is gone."""
        loop = self._loop
        try:
            if loop is not None:
                loop.call_soon_threadsafe(step, *arguments)
        except RuntimeError:
            if loop is not None and not loop.is_closed():
                raise
            self._roll_back()


def flush(files: Sequence[StagedBlob]) -> Exception | None:
    """Flush a job's files; the error, if one fails."""
    try:
        for blob in files:
            blob.flush()
    except Exception as error:  # noqa: BLE001 - it is delivered to the one who waits
        return error
    return None


def _fail(jobs: list[Job], error: Exception) -> None:
    for job in jobs:
        job.error = job.error or error
