"""What is stored of an event beside its columns, and what is published of both.

A body is UTF-8 JSON: ``core`` in clear and ``sealed`` segments in base64. The published value is
``{"envelope": {...}, "body": <the stored body, verbatim>}``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from domain.ids import EventId, MessageId, RecordId
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

    subject: RecordId
    segment: SegmentClass
    commitment: str
    box: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The stored body of a statement."""

    core: Statement
    sealed: tuple[Sealed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who: a feed, a person, the system itself."""

    kind: Literal["system", "feed", "person"] = "feed"
    issuer: str = ""
    subject: str = ""
    role: str = ""
    on_behalf_of: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The columns of a stored event."""

    index: int  # notification id: dense, from 1
    previous: int  # the index of the event before it in its partition; 0: it is the first
    partition: int
    event_id: EventId
    topic: str
    stream: RecordId
    version: int
    subjects: tuple[RecordId, ...]  # everybody it concerns, its stream first
    recorded_at: datetime
    happened_at: datetime | None
    tenant: str
    facility: str
    actor: Actor
    cause: str = ""
    correlation: str = ""
    message_id: MessageId | None = None
    mapping_version: str = ""
    profile_version: str = ""
    incarnation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A stored event: from the store, or from the topic, alike."""

    envelope: Envelope
    body: bytes  # verbatim, so that its hash can be checked
