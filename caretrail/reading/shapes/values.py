"""Values and small parts that many answers have."""

from typing import Annotated, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from domain.events import UUID_TEXT

#: RFC 3339 in UTC.
Time: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date"})]
Uuid: TypeAlias = Annotated[str, Field(pattern=UUID_TEXT)]
#: How precisely a time is stated: year, month, day, hour, minute or second.
PrecisionWord: TypeAlias = Annotated[str, Field(examples=["minute"])]
ModeLetter: TypeAlias = Annotated[str, Field(pattern="^[PTD]$", examples=["P"])]
Codes: TypeAlias = Annotated[list[str], Field(examples=[[]])]


class LogPositionShape(TypedDict):
    """A position in the log of events."""

    index: int
    recorded_at: Time | None


class PartyShape(TypedDict):
    """Who acts or owes, as codes. Null: not stated."""

    organisation: str | None
    person: str | None
    pool: str | None


class PersonShape(TypedDict):
    """Who acts, as codes. Null: not stated."""

    organisation: str | None
    person: str | None


class ActorShape(TypedDict):
    """Who gave a command. Null: not stated."""

    kind: Annotated[str, Field(examples=["person"])]
    issuer: str | None
    subject: str | None
    role: str | None
    purpose: str | None


class EntryShape(TypedDict):
    """One entry of a timeline: of a message, or of an own activity."""

    happened_at: Time | None
    recorded_at: Time
    kind: str
    summary: str
    trigger: str | None
    encounter_id: Uuid | None
    inferred: bool
    voided: bool
    voided_by: Uuid | None
    superseded_by: Uuid | None
    event_id: Uuid
    source_message: Uuid | None
    flags: Codes
    stream: Annotated[str | None, Field(examples=["referral"])]
    stream_id: Uuid | None
    precision: PrecisionWord | None
    actor: ActorShape | None


class StreamHead(TypedDict):
    """What every own stream of a patient says of itself."""

    stream_id: Uuid
    version: int
    patient_id: Uuid
    record_id: Uuid
    mode: ModeLetter
    flags: Codes


class AtInstants(TypedDict):
    """The patient of an answer, and its two instants."""

    patient_id: Uuid
    as_of: Annotated[Time | None, Field(description="null: now")]
    known_at: LogPositionShape
