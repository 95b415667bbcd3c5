"""A reader over an open application: pool, keys and received messages put together."""

from collections.abc import Iterator
from contextlib import contextmanager

from caretrail.bootstrap import Application
from caretrail.reading import Reader
from domain.interpretation import interpret
from infra.messages import MessageArchive
from infra.postgres import pool


@contextmanager
def open_reader(application: Application, *, connections: int = 4) -> Iterator[Reader]:
    """Open a reader; safe for threads, at most so many questions at a time."""
    services = application.services
    with (
        pool(application.url, name="questions", size=connections) as questions,
        MessageArchive(application.url, application.keys) as archive,
    ):
        yield Reader(
            questions.connection,
            application.id_key,
            services.open_segment,
            interpret,
            token=services.token,
            archive=archive,
        )
