"""Open a reader over an application, with a pool of connections and the received messages."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import TupleRow

from caretrail.bootstrap import Application
from caretrail.reading.reader import Reader
from domain.body import SealedSegment
from domain.ids import RecordId
from domain.segments import SegmentDoesNotOpen
from infra.messages import MessageArchive
from infra.postgres import Lender, pool
from projections.engine.services import Opener


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Two readers over the same connections."""

    reader: Reader
    core: Reader  # opens no sealed content
    lender: Lender

    @property
    def connection(self) -> Callable[[], AbstractContextManager[Connection[TupleRow]]]:
        """Lend a connection."""
        return self.lender.connection


@contextmanager
def open_reader(application: Application, *, connections: int = 4) -> Iterator[Reader]:
    """Open a reader that threads may share; it uses at most ``connections`` at a time."""
    with open_readers(application, connections=connections) as readers:
        yield readers.reader


@contextmanager
def open_readers(application: Application, *, connections: int = 4) -> Iterator[Readers]:
    """Open two readers that threads may share; they use at most ``connections`` at a time."""
    services = application.services
    with (
        pool(application.url, name="readers", size=connections) as readers,
        MessageArchive(application.url, application.keys) as archive,
    ):
        lender = Lender(readers)

        def reader(open_segment: Opener, warm: Callable[[Iterable[RecordId]], None]) -> Reader:
            return Reader(
                lender.connection,
                application.id_key,
                open_segment,
                token=services.token,
                warm=warm,
                archive=archive,
                complete_through=application.read_models.complete_through,
                newest=application.store.max_index,
                present=application.settings.present,
            )

        yield Readers(
            reader=reader(services.open_segment, services.warm),
            core=reader(_closed, lambda _records: None),
            lender=lender,
        )


def _closed(sealed: SealedSegment, event_id: str, topic: str, /) -> bytes:
    """Open no segment."""
    del topic
    raise SegmentDoesNotOpen(event_id=event_id, subject=sealed.subject, segment=sealed.segment)
