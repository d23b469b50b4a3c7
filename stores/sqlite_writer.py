"""The one thread that writes: it commits the work of many requests with one flush."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import apsw

from stores.interfaces import Conflict
from stores.sqlite_file import Patience, meaning
from stores.sqlite_tables import SqliteTables

MOST_JOBS = 256
"""How many jobs share one commit at most."""

CHECKPOINT_PAGES = 4_000
"""The log is copied into the database from this length on: 16 MiB."""

RESTART_PAGES = 16_000
"""From this length on, 64 MiB, readers are waited for, so that the log starts anew."""

CHECKPOINT_SECONDS = 0.05
"""How long a checkpoint waits for readers; the commits wait meanwhile."""

LOCK_SECONDS = 10.0
"""How long a commit waits for other processes."""


class Job:
    """A piece of work for the writer's thread, done wholly or not at all.

    `work` runs under the store's lock and may raise; `kept` runs after the commit. The future
    belongs to the event loop that made the job, and gets what `work` returned or raised.
    """

    def __init__(self, work: Callable[[SqliteTables], object], kept: Callable[[], None]) -> None:
        self.work = work
        self.kept = kept
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[object] = self.loop.create_future()
        self.result: object = None
        self.error: Exception | None = None
        self.withdrawn = False

    async def done(self) -> object:
        """Wait for the outcome. Who is cancelled here takes the job back, if it is not too late."""
        try:
            return await self.future
        except asyncio.CancelledError:
            self.withdrawn = True
            raise

    def settle(self) -> None:
        """Tell the one who waits; on the event loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Turn:
    """An exclusive transaction's place in the queue, and then its hold on the store's lock."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.granted: asyncio.Future[None] = self.loop.create_future()
        self.error: Exception | None = None
        self._answers: SimpleQueue[Job | None] = SimpleQueue()
        # Reentrant, because the garbage collector may end a turn at any point.
        self._lock = threading.RLock()
        self.is_open = True

    def end(self, job: Job | None) -> bool:
        """End the turn with a job, or with nothing; False when it has ended already."""
        with self._lock:
            if not self.is_open:
                return False
            self.is_open = False
            self._answers.put(job)
            return True

    def wait(self, seconds: float) -> Job | None:
        """The job it ends with; None when it was given up or the time is over."""
        try:
            return self._answers.get(timeout=seconds)
        except Empty:
            self.end(None)
            return self._answers.get()

    def settle(self) -> None:
        """Tell the one who waits for the turn; on the event loop."""
        if self.granted.done():
            self.end(None)
        elif self.error is not None:
            self.granted.set_exception(self.error)
        else:
            self.granted.set_result(None)


class Writer:
    """Owns the writing connection. `turn_seconds` bounds an exclusive transaction."""

    def __init__(self, db: apsw.Connection, *, turn_seconds: float) -> None:
        self._tables = SqliteTables(db)
        self._patience = Patience(LOCK_SECONDS)
        db.set_busy_handler(self._patience)
        self._turn_seconds = turn_seconds
        self._queue: SimpleQueue[Job | Turn | None] = SimpleQueue()
        self._pages = 0
        self._closing = False
        self.trouble: Exception | None = None
        db.set_wal_hook(self._committed)
        self._thread = threading.Thread(target=self._serve, name="larder-writer", daemon=True)
        self._thread.start()

    def submit(self, item: Job | Turn) -> None:
        """Queue a job or a turn; OSError when the store is closed."""
        if self._closing or not self._thread.is_alive():
            raise OSError("the store is closed")
        self._queue.put(item)

    def close(self) -> None:
        """Finish what is queued, then end the thread; blocking."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        going_on = True
        while going_on:
            jobs: list[Job] = []
            item = self._queue.get()
            while isinstance(item, Job):
                jobs.append(item)
                if len(jobs) == MOST_JOBS or self._queue.empty():
                    break
                item = self._queue.get()
            if jobs:
                self._commit(jobs)
            if isinstance(item, Turn):
                self._give(item)
            going_on = item is not None
            self._checkpoint()
        self._tables.db.close()

    def _give(self, turn: Turn) -> None:
        if not turn.is_open:
            return
        try:
            self._tables.begin()
        except apsw.Error as error:
            turn.error = meaning(error, self._tables.db)
            _tell([turn])
            return
        _tell([turn])
        job = turn.wait(self._turn_seconds)
        if job is None:
            self._roll_back()
        else:
            self._finish([job])

    def _commit(self, jobs: list[Job]) -> None:
        try:
            self._tables.begin()
        except apsw.Error as error:
            for job in jobs:
                job.error = meaning(error, self._tables.db)
            _tell(jobs)
        else:
            self._finish(jobs)

    def _finish(self, jobs: list[Job]) -> None:
        """Do the jobs of a transaction that has begun, and commit it; or fail them all."""
        try:
            for job in jobs:
                self._attempt(job)
            self._tables.end()
        except Exception as error:  # noqa: BLE001 - it is delivered to everyone who waits
            lost = meaning(error, self._tables.db)
            for job in jobs:
                job.error = job.error or lost
            self._roll_back()
        finally:
            for job in jobs:
                if job.error is None:
                    job.kept()
            _tell(jobs)

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

    def _roll_back(self) -> None:
        if self._tables.db.in_transaction:
            self._tables.db.execute("ROLLBACK")

    def _committed(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Keep the log bounded, after those who waited were told."""
        if self._pages < CHECKPOINT_PAGES:
            return
        mode = apsw.SQLITE_CHECKPOINT_PASSIVE
        if self._pages >= RESTART_PAGES:
            mode = apsw.SQLITE_CHECKPOINT_RESTART
        self._patience.seconds = CHECKPOINT_SECONDS
        try:
            self._tables.db.wal_checkpoint(mode=mode)
            self._pages, self.trouble = 0, None
        except apsw.BusyError:
            self._pages = 0  # Another process does it, or a reader is slow: ask again next time.
        except apsw.Error as error:
            self.trouble = meaning(error, self._tables.db)
        finally:
            self._patience.seconds = LOCK_SECONDS


def _tell(items: Sequence[Job] | Sequence[Turn]) -> None:
    """Settle what belongs to a loop with one call into it."""
    for loop in {item.loop for item in items}:
        theirs = [item for item in items if item.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, theirs)
        except RuntimeError:
            if not loop.is_closed():
                raise
            # Nobody waits on a closed loop any more; a turn that nobody uses must still end.
            _settle_closed(theirs)


def _settle(items: Sequence[Job | Turn]) -> None:
    for item in items:
        item.settle()


def _settle_closed(items: Sequence[Job | Turn]) -> None:
    for item in items:
        if isinstance(item, Turn):
            item.end(None)
