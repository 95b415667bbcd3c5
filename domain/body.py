"""The parts of an event: the envelope, which is stored in columns, and the body.

A body is UTF-8 JSON: ``core`` in clear and ``sealed`` segments in base64. The published value is
``{"envelope": {...}, "body": ...}`` with the bytes of the stored body.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeAlias, TypeVar

from domain.events import OwnEvent
from domain.ids import EventId, MessageId, RecordId, Subject
from domain.statement import Statement

#: The class of a sealed segment names the kind of its content. Each class of a subject has a key of
#: its own. ``message`` is the class of the bytes of a received message.
SegmentClass: TypeAlias = Literal[
    "identifiers", "demographics", "clinical", "part2", "notes", "message"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSegment:
    """A segment before it is sealed: JSON of one class about one subject."""

    subject: RecordId
    segment: SegmentClass
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSegment:
    """A sealed segment: AES-256-GCM under the key of its class and subject.

    ``box`` is base64 of nonce (12 bytes), ciphertext and tag. The plaintext is a salt (32 bytes)
    and the text. ``commitment`` is the SHA-256 of salt and text, in hex. The associated data are
    the event id, the subject, the class and the topic.
    """

    subject: RecordId  # the subject whose key opens the segment
    segment: SegmentClass  # the class of the segment
    commitment: str  # SHA-256 of salt and text, in hex
    box: str  # nonce, ciphertext and tag, in base64


#: The part of an event that is stored in clear.
Core = TypeVar("Core", bound=Statement | OwnEvent)


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called with parameters.
@dataclass(frozen=True, kw_only=True)
class Body(Generic[Core]):
    """A stored body."""

    core: Core
    sealed: tuple[SealedSegment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The actor of an event: a feed, a person, or the system itself."""

    kind: Literal["system", "feed", "person"] = "feed"
    issuer: str = ""  # who identified the subject; for a feed, how it arrived: mllp, file
    subject: str = ""  # for a feed, the name of its profile or client certificate
    role: str = ""
    on_behalf_of: str = ""
    purpose: str = ""  # why a person acted


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The columns of a stored event."""

    index: int  # notification id: the number of the event in the log, from 1 without gaps
    previous: int  # index of the event before it in its partition; 0 if it is the first
    partition: int  # partition of the Kafka topic: Kafka's default for the id of the stream
    event_id: EventId  # UUIDv7
    topic: str  # the kind of the event
    stream: Subject  # source record of a statement, or id of an own stream
    version: int  # number of the event in its stream, from 1
    subjects: tuple[Subject, ...]  # the stream, then the source records that the event concerns
    recorded_at: datetime  # when the store recorded it; never earlier than for a smaller index
    happened_at: datetime | None  # when it happened in the world, as stated; None: not stated
    tenant: str  # name of the installation
    facility: str
    actor: Actor
    cause: str = ""  # id of the event that led to this one
    correlation: str = ""  # the same for events that belong together
    message_id: MessageId | None = None  # the received message, whose bytes the store keeps
    mapping_version: str = ""  # version of the code that read the HL7 v2 message
    profile_version: str = ""  # version of the sender's profile
    incarnation: str = ""  # incarnation of the store that recorded it


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """A stored event; it is the same from the store and from the topic."""

    envelope: Envelope
    body: bytes  # the stored bytes, so that their hash can be checked
