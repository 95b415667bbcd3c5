"""Write to the event store: connections, sealed events, and the errors of the driver in our words.

``infra.event_store`` records messages with it, and ``infra.own_streams`` own commands.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from psycopg import Connection

from commands.ports.store import CannotStore, StoreUnavailable
from domain.body import PlainSegment
from domain.encoding import BodyDoesNotHold, make_body
from domain.events import OwnEvent
from domain.statement import Statement
from infra.postgres import right_missing
from infra.recorder import CareRecorder, Columns, NewEvent
from infra.subject_keys import SealingKeys, SubjectKeys

#: How often other writers may be first with a message, a command or the key of a subject.
ROUNDS: Final = 10
#: Stable codes of why something cannot be stored, by the error.
REASONS: Final[Mapping[type[Exception], str]] = {
    BodyDoesNotHold: "statement_invalid",
    DataError: "value_not_storable",
    IntegrityError: "conflicts_with_stored",
    UnicodeEncodeError: "value_not_storable",
}


class StoreWriter:
    """The write side of one store. Safe for threads."""

    def __init__(self, recorder: CareRecorder, *, keys: SubjectKeys, tenant: str) -> None:
        self.recorder = recorder
        self.keys = keys
        self.tenant = tenant

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        """Give a connection in autocommit.

        Raises:
            CannotStore: The database refuses what was sent.
            RightMissing: The role of the database lacks a right. Nothing was recorded.
            StoreUnavailable: The database does not answer. The outcome is unknown.
        """
        datastore = self.recorder.datastore
        try:
            with datastore.get_connection() as connection:
                yield connection
        except (DataError, IntegrityError, UnicodeEncodeError) as error:
            # Without its cause, whose text quotes values.
            raise CannotStore(REASONS[type(error)]) from None
        except ProgrammingError as error:
            if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
                raise right_missing(error.__cause__) from None
            raise
        except (InterfaceError, OperationalError, InternalError) as error:
            if isinstance(error.__cause__, psycopg.errors.ProgramLimitExceeded):
                # Such as a text too long for an index. No retry makes it shorter.
                raise CannotStore("too_large") from None
            # The failure of one connection broke the others too: replace all before the next use.
            datastore.pool.check()
            raise StoreUnavailable(type(error).__name__) from error


def sealed_event(
    core: Statement | OwnEvent,
    segments: Sequence[PlainSegment],
    *,
    topic: str,
    columns: Columns,
    keys: SealingKeys,
    version: int | None = None,
) -> NewEvent:
    """Seal the segments of an event, and make its body; see ``NewEvent`` for ``version``.

    Raises:
        BodyDoesNotHold: See ``make_body``.
    """
    sealed = [keys.seal(each, event_id=columns.event_id, topic=topic) for each in segments]
    return NewEvent(
        stream=columns.subjects[0],
        topic=topic,
        body=make_body(core, sealed),
        columns=columns,
        version=version,
    )
