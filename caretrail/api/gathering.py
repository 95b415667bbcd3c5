"""Work on requests that wait at the same time together: one thread takes all of them."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeAlias, TypeVar

_R = TypeVar("_R")
_A = TypeVar("_A")

#: Requests with the futures of their answers.
_Batch: TypeAlias = list[tuple[_R, asyncio.Future[_A]]]


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
        self._largest = largest
        self._idle = batches
        self._threads = ThreadPoolExecutor(batches, thread_name_prefix="commands")
        self._waiting: _Batch[_R, _A] = []

    async def answer(self, request: _R) -> _A:
        """Return the answer to a request."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_A] = loop.create_future()
        self._waiting.append((request, future))
        if self._idle:
            # After the requests that have been read from their sockets with this one.
            loop.call_soon(self._begin, loop)
        return await future

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand what waits to the threads that have no work."""
        while self._idle and self._waiting:
            batch = self._waiting[: self._largest]
            del self._waiting[: self._largest]
            self._idle -= 1
            self._threads.submit(self._run, loop, batch)

    def _run(self, loop: asyncio.AbstractEventLoop, batch: _Batch[_R, _A]) -> None:
        """Work on a batch, in a thread."""
        answers: Sequence[_A] | BaseException
        try:
            answers = self._work([request for request, _ in batch])
        except BaseException as error:  # noqa: BLE001 - it is told to the requests
            answers = error
        loop.call_soon_threadsafe(self._end, loop, batch, answers)

    def _end(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: _Batch[_R, _A],
        answers: Sequence[_A] | BaseException,
    ) -> None:
        """Answer the requests of a batch, and begin the next one."""
        self._idle += 1
        self._begin(loop)
        for place, (_, future) in enumerate(batch):
            if future.done():  # the client has gone
                continue
            if isinstance(answers, BaseException):
                future.set_exception(answers)
            else:
                future.set_result(answers[place])
