"""What waits for the writer: jobs to commit, and turns to write alone."""

import asyncio
from collections.abc import Callable, Sequence

from stores.interfaces import StagedBlob
from stores.sqlite_tables import SqliteTables


class Job:
    """A piece of work that is done wholly or not at all.

    `work` runs under the store's lock, on the event loop, and may raise. Then `files` are flushed,
    in threads. `kept` runs after the commit. The future gets what `work` returned, or the error.
    """

    def __init__(
        self,
        work: Callable[[SqliteTables], object],
        *,
        files: Sequence[StagedBlob] = (),
        kept: Callable[[], None] | None = None,
    ) -> None:
        self.work = work
        self.files = files
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
        """Tell the one who waits."""
        if self.error is None and self.kept is not None:
            self.kept()
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Turn:
    """An exclusive transaction's place in the queue, and then its hold on the store's lock."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.granted: asyncio.Future[None] = self.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self.over = False

    def grant(self) -> None:
        """Tell the one who waits that it holds the lock."""
        if not self.granted.done():
            self.granted.set_result(None)

    def refuse(self, error: Exception) -> None:
        """Tell the one who waits that there is no turn for it."""
        self.over = True
        if not self.granted.done():
            self.granted.set_exception(error)
