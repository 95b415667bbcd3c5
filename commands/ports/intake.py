"""The port to the log of received messages, and its values. ``infra`` implements the port."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from domain.body import Actor, PlainSegment
from domain.ids import EventId, MessageId, RecordId
from domain.statement import Statement


class Disposition(StrEnum):
    """The outcome of a received message. Each message has exactly one."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    NO_EFFECT = "no_effect"
    QUARANTINED = "quarantined"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event before it is stored: it has no version, index and time of recording yet."""

    event_id: EventId
    topic: str
    subjects: tuple[RecordId, ...]  # the stream of the event first
    core: Statement
    segments: tuple[PlainSegment, ...]
    happened_at: datetime | None
    facility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message that intake has read. Its bytes and its events are recorded together."""

    message_id: MessageId
    key: bytes  # idempotency key: SHA-256 over MSH-3, -4, -10 and the bytes, line ends normalised
    pair_key: bytes | None  # SHA-256 over MSH-3, MSH-4 and MSH-10; None if MSH-10 is empty
    raw: bytes  # as received
    arrived_by: str  # "mllp", "file"
    sender: str  # name of the sender's profile; "default" if the sender has none
    profile_version: str
    mapping_version: str
    actor: Actor
    application: str = ""  # MSH-3
    facility: str = ""  # MSH-4
    control_id: str = ""  # MSH-10
    trigger: str = ""  # such as A01, ORU^R01
    disposition: Disposition = Disposition.RECORDED  # as decided by reading
    reason: str = ""  # a stable code: "no_patient_identifier"
    place: str = ""  # the field that caused the reason: "PID-3"
    warnings: tuple[str, ...] = ()  # codes, such as "charset_suspect", "profile.none"
    drafts: tuple[Draft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOutcome:
    """The outcome of one received message."""

    disposition: Disposition
    message_id: MessageId  # id of the first sending if this is a duplicate
    first: Disposition  # disposition of the first sending; the same unless this is a duplicate
    reason: str = ""
    place: str = ""
    first_index: int = 0  # index of its first event; 0 if it has no events
    last_index: int = 0  # index of its last event; 0 if it has no events


#: A message that a log has prepared for recording, for example sealed. Only that log reads it.
Prepared = TypeVar("Prepared")


class MessageLog(Protocol[Prepared]):
    """Received messages, their events and idempotency keys, in one transaction for the batch."""

    def prepare(self, message: IncomingMessage, *, may_wait: bool = True) -> Prepared:
        """Prepare one message, for example seal it, before its batch is recorded.

        If ``may_wait`` is true, keys that are not in memory are fetched. Otherwise a missing key
        raises ``StoreUnavailable``.

        Raises:
            CannotStore: The message cannot be recorded as it is.
            StoreUnavailable: Its keys are not available now.
        """
        ...

    def record(self, messages: Sequence[Prepared]) -> list[MessageOutcome]:
        """Record all of ``messages`` or none, and return their outcomes in order.

        A message is a duplicate if its idempotency key was recorded before, or comes earlier in
        this batch. A duplicate is counted and makes no event.

        Raises:
            CannotStore: A message cannot be recorded, and nothing was recorded. Split the batch.
            StoreUnavailable: The outcome is not known. Call again with the same keys.
        """
        ...
