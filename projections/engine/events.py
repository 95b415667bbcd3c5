"""The shapes of an event in the fold.

``domain.body.RecordedEvent`` comes from the store or the topic, with its whole envelope. The shapes
here hold less of it.
"""

from datetime import datetime
from typing import Final

import msgspec

from domain.body import Actor, RecordedEvent, SealedSegment
from domain.catalogue import STATEMENT_TOPICS
from domain.ids import EventId, MessageId, RecordId
from domain.statement import Statement
from projections.engine.decoding import decode_sealed

#: The topics of statements begin with one of these. All other topics are of own events.
STATEMENT_PREFIXES: Final = tuple(
    sorted({f"{topic.partition('.')[0]}." for topic in STATEMENT_TOPICS.values()})
)

_encode: Final = msgspec.json.Encoder().encode


class LoggedEvent(msgspec.Struct, array_like=True, gc=False):
    """An event as a rebuild reads it: flat, cheap to make, to write to a file and to read back.

    The members up to ``actor`` are in the order of the columns of ``EventLog.drain_for_rebuild``.
    """

    index: int
    previous: int
    partition: int
    stream: str
    topic: str
    event_id: str
    recorded_at: datetime
    happened_at: datetime | None
    message_id: str | None = None
    subjects: tuple[str, ...] = ()
    body: bytes = b""
    version: int = 0  # within the stream, from 1
    actor: str = ""  # JSON of ``domain.body.Actor``; empty for a statement
    incarnation: str = ""
    component: str = ""  # set once it is known that the record is joined with others
    record: str = ""  # of an own event: one of the source records under which it is filed


class FiledStatement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A statement as it is filed in the substrate, with what is shown of its event."""

    index: int
    event_id: EventId
    topic: str
    recorded_at: datetime
    message_id: MessageId | None
    partition: int
    statement: Statement
    segments: str | msgspec.Raw  # as stored: a JSON array

    @property
    def sealed(self) -> tuple[SealedSegment, ...]:
        """The sealed segments, decoded."""
        return decode_sealed(self.segments)


class FiledOwnEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of an own stream (referral, care plan, ...) as it is filed in the substrate."""

    index: int
    event_id: EventId
    topic: str
    stream: str
    version: int  # within the stream, from 1
    records: tuple[RecordId, ...]  # of this component, under which it is filed
    recorded_at: datetime
    happened_at: datetime | None
    actor: Actor
    core: object  # of the type that the catalogue of topics gives for ``topic``
    segments: str  # as stored: a JSON array

    @property
    def sealed(self) -> tuple[SealedSegment, ...]:
        """The sealed segments, decoded."""
        return decode_sealed(self.segments)


def is_statement(topic: str) -> bool:
    """Tell whether events of this topic are statements. All others are own events."""
    return topic.startswith(STATEMENT_PREFIXES)


def logged(recorded: RecordedEvent) -> LoggedEvent:
    """Return the flat shape of a recorded event."""
    envelope = recorded.envelope
    return LoggedEvent(
        envelope.index,
        envelope.previous,
        envelope.partition,
        envelope.stream,
        envelope.topic,
        envelope.event_id,
        envelope.recorded_at,
        envelope.happened_at,
        envelope.message_id,
        envelope.subjects,
        recorded.body,
        envelope.version,
        "" if is_statement(envelope.topic) else _encode(envelope.actor).decode(),
        envelope.incarnation,
    )


def records_named(statement: Statement) -> tuple[RecordId, ...]:
    """Return the source records that a statement is about: its own first."""
    if statement.merged is None:
        return (statement.record,)
    return (statement.record, statement.merged)
