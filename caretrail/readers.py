"""A reader over an open application: pool, keys and received messages put together."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection
from psycopg.rows import TupleRow

from caretrail.bootstrap import Application
from caretrail.reading import Reader
from domain.interpretation import interpret
from infra.messages import MessageArchive
from infra.postgres import pool, reachable


@contextmanager
def open_reader(application: Application, *, connections: int = 4) -> Iterator[Reader]:
    """Open a reader; safe for threads, at most so many questions at a time."""
    services = application.services
    with (
        pool(application.url, name="questions", size=connections) as questions,
        MessageArchive(application.url, application.keys) as archive,
    ):

        @contextmanager
        def connection() -> Iterator[Connection[TupleRow]]:
            with reachable(), questions.connection() as lent:
                yield lent

        yield Reader(
            connection,
            application.id_key,
            services.open_segment,
            interpret,
            token=services.token,
            archive=archive,
            complete_through=application.complete_through,
        )
