"""Keep the read models up to date beside a test, as the projector does."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from caretrail.bootstrap import Application


@contextmanager
def projecting(application: Application) -> Iterator[None]:
    """Fold new events until exit."""
    stop = Event()

    def fold() -> None:
        while not stop.wait(0.02):
            application.read_models.catch_up()

    thread = Thread(target=fold)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
