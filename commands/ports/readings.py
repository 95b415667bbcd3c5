"""The port to the later readings of received messages. ``infra`` implements the port."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from commands.ports.intake import Disposition, IncomingMessage
from domain.body import Actor, PlainSegment
from domain.ids import EventId, MessageId, Subject
from domain.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingEvent:
    """An event of a message that counts: no later reading supersedes it."""

    event_id: EventId
    topic: str
    subjects: tuple[Subject, ...]
    core: Statement
    segments: tuple[PlainSegment, ...]  # opened
    happened_at: datetime | None
    facility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedReading:
    """A received message with its last reading."""

    message_id: MessageId
    number: int  # of the last reading, from 1
    raw: bytes | None  # as received; None if a key is destroyed, so that it does not open
    arrived_by: str
    actor: Actor
    application: str  # MSH-3
    facility: str  # MSH-4
    sender: str
    control_id: str
    trigger: str
    disposition: Disposition
    reason: str
    place: str
    warnings: tuple[str, ...]
    profile_version: str
    mapping_version: str
    events: tuple[CountingEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReading:
    """A later reading of a message: what became of it, and the events to append."""

    number: int  # of the reading, from 2
    message: IncomingMessage  # with the id of the received message; its drafts are appended


class ReadingTaken(Exception):
    """Another run has read one of the messages again. Nothing was recorded: compare again."""


class MessageReadings(Protocol):
    """Reads received messages with their last readings, and records later ones.

    Raises:
        StoreUnavailable: From every method, if the database does not answer.
    """

    def last(self, message_ids: Sequence[MessageId]) -> list[ReceivedReading]:
        """Return messages with their last readings, in the order of their ids."""
        ...

    def record(self, readings: Sequence[NewReading]) -> None:
        """Record all of ``readings`` with their events, or none.

        Raises:
            ReadingTaken: See there.
            CannotStore: A reading cannot be recorded, and nothing was recorded. Split the batch.
        """
        ...
