"""A listener in another thread, for tests."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from infra.mllp import Frame, Limits, Listener


@contextmanager
def listening(
    read: Callable[[Frame], Frame],
    answer: Callable[[Sequence[Frame]], list[bytes]],
    *,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    accepts_bare_end: Callable[[Frame], bool] = lambda _frame: False,
) -> Iterator[tuple[Listener[Frame], int]]:
    """Run a listener until exit; give it and its port."""
    ready, stop = threading.Event(), threading.Event()
    started: list[tuple[Listener[Frame], int]] = []

    async def serve() -> None:
        listener = Listener(
            read,
            answer,
            host="127.0.0.1",
            port=0,
            limits=limits,
            tls=tls,
            accepts_bare_end=accepts_bare_end,
        )
        started.append((listener, await listener.start()))
        ready.set()
        await asyncio.to_thread(stop.wait)
        await listener.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60)
    try:
        yield started[0]
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()
