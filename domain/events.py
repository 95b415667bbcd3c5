"""The base of own events: facts that our own commands decide, one pydantic model per topic.

Statements of other systems are not in this family: see ``domain.statement``.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import override

from domain.ids import EventId, Mode, RecordId, StatementRef, StreamId
from domain.statement import Moment

#: The interface through which a fact came in.
Origin: TypeAlias = Literal["command", "fhir", "hl7v2", "file", "policy"]

#: Why an event was entered in error.
ErrorReason: TypeAlias = Literal["wrong_patient", "wrong_item", "duplicate", "not_done", "other"]

#: A code of an organisation, practitioner, service, ...: no spaces, so it cannot hold a name or
#: free text. The core of an event is stored in clear.
Code: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}$")]
#: A code, or empty: not stated.
OptionalCode: TypeAlias = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._:/+-]{0,63})?$")]

#: Keyed hash of the sealed content of a command. It tells a command that is repeated from one whose
#: sealed content differs, which the core alone cannot tell.
ContentRef: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]

#: A UUID as text.
UUID_TEXT: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

#: The id of an own stream that an event names.
NamedStream: TypeAlias = Annotated[StreamId, Field(pattern=UUID_TEXT)]
#: The ref of a statement that an event names.
NamedStatement: TypeAlias = Annotated[StatementRef, Field(pattern=UUID_TEXT)]


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("state the offset of the time, such as 2026-03-02T09:00-05:00")
    return instant.astimezone(UTC)


#: A time with its offset, kept in UTC.
Instant: TypeAlias = Annotated[datetime, AfterValidator(_in_utc)]


class OwnEvent(BaseModel):
    """A fact about one own stream: frozen, past tense, the core of a stored body.

    ``TOPIC`` is the name under which the fact is stored. It is written by hand, because a class may
    be renamed or moved and stored data may not. Another shape is another version.
    """

    # A process uses few of the models, so each is built at its first use.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    TOPIC: ClassVar[str]

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)] | None = None
    """Source record of the patient as the caller named it; null: the event names no patient."""
    mode: Mode = "P"
    """Processing mode of the record, HL7 table 0103."""
    happened_at: Moment
    """When it happened, as stated."""
    origin: Origin = "command"
    """The interface through which the fact came in."""
    anchor: Annotated[StatementRef, Field(pattern=UUID_TEXT)] | None = None
    """A statement of the encounter that the fact belongs to; null: no encounter is named."""
    depends_on: tuple[EventId, ...] = ()
    """Events that the decision rests on."""
    content_ref: ContentRef | None = None
    """Keyed hash of the text and clinical content that are sealed; null: nothing is sealed."""

    def counts_as_of(self, at: datetime) -> bool:
        """Tell whether the fact belongs to the answer to a question about an instant."""
        return self.happened_at.at <= at

    @classmethod
    def move(cls) -> str:
        """Return the word of the topic that names the step, such as ``accepted``."""
        return cls.TOPIC.split(".")[1]


class ReportedEvent(OwnEvent):
    """What another system says about the thing that the stream is about.

    It is recorded whether the state allows it or not, because we do not decide it. If the state at
    its time does not allow it, it changes nothing. An own stream has at most one such subclass.
    """

    partner: Code
    """The system or organisation that says so."""


class EnteredInError(OwnEvent):
    """The named event of the same stream is void: it was recorded by mistake.

    Every own stream has a subclass with its own topic.
    """

    event_id: Annotated[EventId, Field(pattern=UUID_TEXT)]
    """The event that is void."""
    reason_code: ErrorReason
    """Why."""

    @override
    def counts_as_of(self, at: datetime) -> bool:
        """Return True: an event that was entered in error was never true."""
        return True
