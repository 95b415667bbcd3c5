"""Keep the read models up to date beside a test, as the projector does."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

from psycopg import Connection

from caretrail.bootstrap import Application
from infra.recorder import CHANNEL

_LOOK_SECONDS: Final = 0.1  # between two looks for the end


@contextmanager
def projecting(application: Application) -> Iterator[None]:
    """Fold new events until exit. Each append is told; to ask again and again takes half a core."""
    stop = Event()

    def fold(told: Connection[Any]) -> None:
        while not stop.is_set():
            for _ in told.notifies(timeout=_LOOK_SECONDS, stop_after=1):
                application.read_models.catch_up()

    with application.connect() as told:
        told.execute(f'listen "{CHANNEL}"'.encode())
        application.read_models.catch_up()
        thread = Thread(target=fold, args=(told,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
