"""Work on requests that wait at the same time together: one thread takes all of them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

_R = TypeVar("_R")
_A = TypeVar("_A")


class Gathering(Generic[_R, _A]):
    """Gathers requests while earlier ones are worked on. It belongs to one event loop.

    A request that comes alone is worked on at once. A change of thread and a commit cost the same
    for one request and for many.
    """

    def __init__(
        self, work: Callable[[Sequence[_R]], Sequence[_A]], *, batches: int, largest: int
    ) -> None:
        """Take what is done with the requests.

        Args:
            work: Returns the answer to each request, in order. It runs in a thread.
            batches: How many batches are worked on at a time.
            largest: The most requests of a batch.
        """
        self._work = work
        self._batches = batches
        self._largest = largest
        self._limiter = CapacityLimiter(batches)
        self._waiting: list[tuple[_R, asyncio.Future[_A]]] = []
        self._running = set[asyncio.Task[None]]()

    async def answer(self, request: _R) -> _A:
        """Return the answer to a request."""
        future: asyncio.Future[_A] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if len(self._running) < self._batches:
            task = asyncio.create_task(self._run())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._largest]
            del self._waiting[: self._largest]
            try:
                answers = await to_thread.run_sync(
                    self._work, [request for request, _ in batch], limiter=self._limiter
                )
            except BaseException as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():  # the client may have gone
                    future.set_result(answer)
