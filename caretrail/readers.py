"""Open a reader over an application, with a pool of connections and the received messages."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection
from psycopg.rows import TupleRow

from caretrail.bootstrap import Application
from caretrail.reading import Reader
from infra.messages import MessageArchive
from infra.postgres import pool, reachable


@contextmanager
def open_reader(application: Application, *, connections: int = 4) -> Iterator[Reader]:
    """Open a reader that threads may share; it uses at most ``connections`` at a time."""
    services = application.services
    with (
        pool(application.url, name="readers", size=connections) as readers,
        MessageArchive(application.url, application.keys) as archive,
    ):

        @contextmanager
        def connection() -> Iterator[Connection[TupleRow]]:
            with reachable(), readers.connection() as lent:
                yield lent

        yield Reader(
            connection,
            application.id_key,
            services.open_segment,
            token=services.token,
            warm=services.warm,
            archive=archive,
            complete_through=application.read_models.complete_through,
            newest=application.store.max_index,
        )
