"""What handlers need from the outside world. ``infra`` implements it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from domain.body import Actor, PlainSegment
from domain.ids import EventId, MessageId, RecordId
from domain.statement import Statement


class Disposition(StrEnum):
    """What became of a received message; each ends as exactly one."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    NO_EFFECT = "no_effect"
    QUARANTINED = "quarantined"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event before the store gives it its place: everything but version, index and clock."""

    event_id: EventId
    topic: str
    subjects: tuple[RecordId, ...]  # its stream first
    core: Statement
    segments: tuple[PlainSegment, ...]
    happened_at: datetime | None
    facility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message as it came in, read: the unit of intake. Its bytes and events commit together."""

    message_id: MessageId
    key: bytes  # idempotency: SHA-256 over MSH-3, -4, -10 and the bytes, terminators normalised
    pair_key: bytes | None  # SHA-256 over MSH-3, MSH-4, MSH-10 alone; None where it has no MSH-10
    raw: bytes  # as they came
    arrived_by: str  # "mllp", "file"
    sender: str  # the name of the profile chosen, "default" for none
    profile_version: str
    mapping_version: str
    actor: Actor
    application: str = ""  # MSH-3
    facility: str = ""  # MSH-4
    control_id: str = ""  # MSH-10
    trigger: str = ""  # such as A01, ORU^R01
    disposition: Disposition = Disposition.RECORDED  # what reading decided
    reason: str = ""  # a stable code: "no_patient_identifier"
    place: str = ""  # where: "PID-3"
    warnings: tuple[str, ...] = ()  # codes, such as "charset_suspect", "profile.none"
    drafts: tuple[Draft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOutcome:
    """What became of a received message."""

    disposition: Disposition
    message_id: MessageId  # of the first, where this is a duplicate
    first: Disposition  # what its first sending ended as; same as disposition unless a duplicate
    reason: str = ""
    place: str = ""
    first_index: int = 0  # 0: no events
    last_index: int = 0


#: A message that a log has prepared for recording, for example sealed. Only that log reads it.
Prepared = TypeVar("Prepared")


class MessageLog(Protocol[Prepared]):
    """Received messages, their events and idempotency keys, in one transaction for the batch."""

    def prepare(self, message: IncomingMessage, *, may_wait: bool = True) -> Prepared:
        """Do with a message what needs no other one, ahead of its batch.

        ``may_wait``: keys that are not in memory may be fetched; if not, their absence raises
        ``StoreUnavailable``.

        Raises:
            CannotStore: It cannot be recorded as it is.
            StoreUnavailable: What is needed for it cannot be had.
        """
        ...

    def record(self, messages: Sequence[Prepared]) -> list[MessageOutcome]:
        """Record all of ``messages`` or none; tell what became of each, in order.

        A key recorded before, or earlier in this batch, is a duplicate: counted, no event.

        Raises:
            CannotStore: Nothing was recorded; some message cannot be. Split and ask again.
            StoreUnavailable: The outcome is not known. Ask again with the same keys.
        """
        ...
