"""Give the fold its services, in this process and in the worker processes of a rebuild."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from psycopg import Connection

from caretrail.home import connect, data_keys_of, id_key_of
from commands.ports.store import StoreUnavailable
from domain.body import SealedSegment
from domain.catalogue import own_event
from domain.ids import IdKey
from domain.interpretation import interpret
from domain.protocol import stream_of_protocols
from infra.event_log import EventLog
from infra.postgres import pool
from infra.settings import Settings
from infra.subject_keys import SubjectKeys
from projections.engine.failures import ServiceUnavailable
from projections.engine.projection import Needs
from projections.engine.services import Services

if TYPE_CHECKING:
    from projections.rebuilding.stretches import ReadStretch

_TOKENS: Final = 4096  # size of the cache of name tokens


def fold_services(keys: SubjectKeys, ids: IdKey) -> Services:
    """Return the services that folding needs."""

    def open_segment(sealed: SealedSegment, event_id: str, topic: str) -> bytes:
        try:
            return keys.open(sealed, event_id=event_id, topic=topic)
        except StoreUnavailable as error:
            raise ServiceUnavailable from error

    return Services(
        open_segment=open_segment,
        # The same names and birth dates come many times.
        token=lru_cache(maxsize=_TOKENS)(lambda text: ids.ref("token", text)),
        interpret=interpret,
        read_own=own_event,
        protocol_stream=stream_of_protocols(ids),
        warm=keys.warm,
    )


@contextmanager
def worker_tools(
    settings: Settings, url: str, incarnation: str, reads: Needs
) -> "Iterator[tuple[Connection[Any], Services, ReadStretch]]":
    """Open the connection, services and reader of a worker process of a rebuild."""
    with (
        data_keys_of(settings, url) as keys,
        connect(url) as connection,
        pool(url, name="rebuild", size=1) as connections,
    ):
        log = EventLog(connections, incarnation=incarnation)
        read = partial(log.drain_for_rebuild, bodies=reads == "body")
        yield connection, fold_services(keys, id_key_of(settings, url)), read
