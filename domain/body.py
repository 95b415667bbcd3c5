"""What is stored of an event beside its columns, and what is published of both.

A body is UTF-8 JSON: ``core`` in clear and ``sealed`` segments in base64. The published value is
``{"envelope": {...}, "body": <the stored body, verbatim>}``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeAlias, TypeVar

from domain.events import OwnEvent
from domain.ids import EventId, MessageId, RecordId, Subject
from domain.statement import Statement

#: What a segment holds, and so which key opens it. ``message``: the bytes received.
SegmentClass: TypeAlias = Literal[
    "identifiers", "demographics", "clinical", "part2", "notes", "message"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A segment before it is sealed: JSON about one subject, of one class."""

    subject: RecordId
    segment: SegmentClass
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A segment: AES-256-GCM under the key of its class and subject.

    ``box`` is base64 of nonce (12 bytes), ciphertext and tag; the plaintext within is salt (32
    bytes) and text. ``commitment`` is the hex of SHA-256 over salt and text. Associated data: event
    id, subject, class, topic.
    """

    subject: RecordId  # whose key opens it
    segment: SegmentClass
    commitment: str  # hex
    box: str  # base64


#: What an event says, in clear.
Core = TypeVar("Core", bound=Statement | OwnEvent)


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called with parameters.
@dataclass(frozen=True, kw_only=True)
class Body(Generic[Core]):
    """A stored body."""

    core: Core
    sealed: tuple[Sealed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who: a feed, a person, the system itself."""

    kind: Literal["system", "feed", "person"] = "feed"
    issuer: str = ""  # who vouches for the subject; of a feed the way in: mllp, file
    subject: str = ""  # of a feed the profile or certificate that was named
    role: str = ""
    on_behalf_of: str = ""
    purpose: str = ""  # why, where a person acted


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The columns of a stored event."""

    index: int  # notification id: dense, from 1
    previous: int  # the index of the event before it in its partition; 0: it is the first
    partition: int  # of the topic: Kafka's default one of the stream's id
    event_id: EventId  # UUIDv7
    topic: str  # the kind of the event
    stream: Subject  # the source record of a statement, or an own stream
    version: int  # within the stream, from 1
    subjects: tuple[Subject, ...]  # the stream, then the source records that it concerns
    recorded_at: datetime  # by our clock; never before that of a smaller index
    happened_at: datetime | None  # in the world, as stated; None: nobody said
    tenant: str  # the installation
    facility: str
    actor: Actor
    cause: str = ""  # id of the event that led to this one
    correlation: str = ""  # what belongs together
    message_id: MessageId | None = None  # the message received, whose bytes the store keeps
    mapping_version: str = ""  # of the reading of HL7 v2
    profile_version: str = ""  # of the sender's profile
    incarnation: str = ""  # of the store that recorded it


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """A stored event: from the store, or from the topic, alike."""

    envelope: Envelope
    body: bytes  # verbatim, so that its hash can be checked
