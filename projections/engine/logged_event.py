"""An event as a rebuild reads it: flat, cheap to make, to put into a file and to take back."""

from datetime import datetime

import msgspec

from domain.body import RecordedEvent


class LoggedEvent(msgspec.Struct, array_like=True, gc=False):
    """What read models need of an event; the audit trail alone needs more.

    The members are those of ``domain.body.Envelope``, in the order of the columns that
    ``EventLog.drain_for_rebuild`` reads.
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
    incarnation: str = ""
    component: str = ""  # where it is known: what joins its stream with others


def logged(recorded: RecordedEvent) -> LoggedEvent:
    """Return what read models need of an event."""
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
        envelope.incarnation,
    )
