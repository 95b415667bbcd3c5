"""What the timeline needs to know about a kind of own stream, such as referrals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

from caretrail.reading.members import Json
from caretrail.reading.wording import EntryWords
from domain.decider import Decider, StreamEvent
from domain.events import EnteredInError, ErrorReason, OwnEvent
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId

State = TypeVar("State")
Event = TypeVar("Event", bound=OwnEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSummary:
    """How far one own stream is."""

    began_at: datetime  # streams are listed by this time
    members: Json  # those of `caretrail timeline --json`, under `activities`


class Summarise(Protocol[Event]):
    """Returns how far a stream is."""

    def __call__(
        self,
        stream: StreamId,
        history: Sequence[StreamEvent[Event]],
        /,
        *,
        patient_of: Callable[[RecordId], PatientId],
        encounter_of: Callable[[StatementRef | None], EncounterId | None],
    ) -> StreamSummary:
        """Return how far a stream is.

        Args:
            stream: The stream.
            history: Its events; at least one begins the stream.
            patient_of: Returns the patient that a source record answers with.
            encounter_of: Returns the encounter that holds a statement.
        """


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called with parameters.
@dataclass(frozen=True, kw_only=True)
class OwnStream(Generic[State, Event]):
    """One kind of own stream, as the timeline shows it."""

    kind: str  # first word of its topics
    icon: str  # of its entries on the page: a symbol of templates/base.html, without "i-"
    decider: Decider[State, Event]
    begins: type[Event]  # a stream without such an event is not shown
    words: Callable[[Event, Callable[[EventId], Event | None]], EntryWords]
    organisation: Callable[[Event], str]  # that acted; empty: not stated
    summarise: Summarise[Event]


_ERRORS: Final[Mapping[ErrorReason, str]] = {
    "wrong_patient": "wrong patient",
    "wrong_item": "wrong item",
    "duplicate": "recorded twice",
    "not_done": "it was not done",
    "other": "another reason",
}


def error_words(
    stream: str, mark: EnteredInError, event_of: Callable[[EventId], OwnEvent | None]
) -> EntryWords:
    """Return the words of the entry that marks another entry of its stream as an error.

    Args:
        stream: The kind of stream as a word, such as "Referral".
        mark: The event.
        event_of: Returns an event of the same stream by its id.
    """
    named = event_of(mark.event_id)
    step = named.move().replace("_", " ") if named else "an entry"
    head = f"{stream} entry marked as an error"
    return EntryWords(kind=mark.move(), head=head, rest=f"{step}, {_ERRORS[mark.reason_code]}")
