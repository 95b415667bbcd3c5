"""The recorder of the ``eventsourcing`` library over the table ``es.event``.

The library reads five columns by name; caretrail adds the others. A function of the server appends
all events of a call in one round trip. It holds the append lock until the commit, so ids have no
gaps and rise in the order of commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Cursor
from psycopg.sql import SQL
from typing_extensions import override

from domain.body import Actor
from domain.partitions import partition_of
from projections.engine.arrays import array, texts

SCHEMA: Final = "es"
TABLE: Final = "event"
#: The channel on which PostgreSQL announces appends, with the last id. Announcements can be lost,
#: so readers poll as well.
CHANNEL: Final = "es_event"


class UnsafeFunctions(Exception):
    """``POSTGRES_ENABLE_DB_FUNCTIONS`` is set; appends would commit out of the order of ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of an event that caretrail adds to those of the library."""

    event_id: str
    subjects: tuple[str, ...]  # the stream of the event, then the other subjects
    tenant: str
    actor: Actor
    facility: str = ""
    happened_at: datetime | None = None
    cause: str = ""
    correlation: str = ""
    message_id: str | None = None
    mapping_version: str = ""
    profile_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to append; without a version, it gets the next version of its stream."""

    stream: str
    topic: str
    body: bytes
    columns: Columns
    version: int | None = None


class CareRecorder(PostgresApplicationRecorder):
    """Appends events, with the envelope in columns.

    ``infra/migrations`` makes the schema; ``create_table`` is not used.
    """

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = TABLE) -> None:
        if datastore.enable_db_functions:
            raise UnsafeFunctions("unset POSTGRES_ENABLE_DB_FUNCTIONS")
        super().__init__(datastore, events_table_name=events_table_name)
        self.sql_create_statements.clear()
        self.lock_table_statements = [SQL("select es.lock_append()")]
        self.channel_name = CHANNEL

    @override
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append at the given versions, in a transaction of its own. It is never retried.

        Args:
            stored_events: The events, in the order of the log.
            **kwargs: ``columns``, a sequence of ``Columns``, one for each event.

        Raises:
            IntegrityError: A version is taken. Nothing was appended.
            OperationalError: The outcome is not known.
        """
        columns: Sequence[Columns] = kwargs["columns"] if stored_events else ()
        events = [
            NewEvent(
                stream=str(each.originator_id),
                topic=each.topic,
                body=each.state,
                version=each.originator_version,
                columns=beside,
            )
            for each, beside in zip(stored_events, columns, strict=True)
        ]
        with self.datastore.transaction(commit=True) as cursor:
            return [index for index, _ in self.append(cursor, events)]

    def append(self, cursor: Cursor[Any], events: Sequence[NewEvent]) -> list[tuple[int, int]]:
        """Append in the transaction of ``cursor``; return index and version of each event.

        The transaction holds the append lock from this call until it commits.
        """
        if not events:
            return []
        (tenant,) = {each.columns.tenant for each in events}
        cursor.execute(_APPEND, (*parameters(events), tenant), binary=True, prepare=True)
        return [(row["id"], row["version"]) for row in cursor.fetchall()]


#: The placeholders for the result of ``parameters``, in its order.
PARAMETERS: Final = (
    "%s::uuid[], %s::bigint[], %s::text[], %b::bytea[], %s::uuid[], %s::smallint[],"
    " %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[],"
    " %s::text[], %s::text[]"
)
_APPEND: Final = SQL("select * from es.append({}, %s)").format(SQL(PARAMETERS))


def parameters(events: Sequence[NewEvent]) -> tuple[Any, ...]:
    """Return the columns of events as arrays, without the tenant, which is the same for all."""
    beside = [each.columns for each in events]
    return (
        array(each.stream for each in events),
        array("null" if each.version is None else str(each.version) for each in events),
        texts(each.topic for each in events),
        [each.body for each in events],
        array(each.event_id for each in beside),
        array(str(partition_of(each.stream)) for each in events),
        array(each.happened_at.isoformat() if each.happened_at else "null" for each in beside),
        texts(array(each.subjects) for each in beside),
        texts(each.facility for each in beside),
        texts(actor_text(each.actor) for each in beside),
        texts(each.cause for each in beside),
        texts(each.correlation for each in beside),
        array(each.message_id or "null" for each in beside),
        texts(each.mapping_version for each in beside),
        texts(each.profile_version for each in beside),
    )


@lru_cache(maxsize=4096)
def actor_text(actor: Actor) -> str:
    """Return the text of an actor for a column: JSON, without empty members."""
    given = {name: value for name, value in msgspec.to_builtins(actor).items() if value}
    return msgspec.json.encode(given).decode()


@lru_cache(maxsize=4096)
def actor_of(text: bytes | str) -> Actor:
    """Return the actor of a text that ``actor_text`` made."""
    return msgspec.json.decode(text, type=Actor)
