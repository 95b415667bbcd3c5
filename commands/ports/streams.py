"""The port to own streams, and its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from commands.ports.store import CannotStore, StoreUnavailable
from domain.body import Actor, PlainSegment
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import EventId, StreamId, Subject


class StreamConflict(Exception):
    """Another writer appended to the stream since it was read: read it again and decide again."""

    def __init__(self, stream: Subject, expected_version: int) -> None:
        self.stream = stream
        self.expected_version = expected_version
        super().__init__(f"stream {stream} is not at version {expected_version}")


class StreamOfOtherKind(Exception):
    """The stream holds events that are not own events, such as the statements of a record."""

    def __init__(self, stream: StreamId) -> None:
        self.stream = stream
        super().__init__(f"stream {stream} holds events of another kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedEvent:
    """An event that a rule returned, before the store records it."""

    event_id: EventId
    event: OwnEvent
    segments: tuple[PlainSegment, ...] = ()  # its texts that are to be sealed
    facility: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandKey:
    """The idempotency key of a command. It belongs to the actor: two actors may use the same text.

    ``content`` is the command as text that is the same each time. The store keeps a keyed hash.
    """

    actor: Actor
    key: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPlace:
    """An event that a command recorded, and its place in the log."""

    index: int
    event_id: EventId
    topic: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """The events that a command recorded; none if the stream already held its facts."""

    stream: StreamId
    version: int  # of the stream after the command
    events: tuple[EventPlace, ...] = ()
    repeated: bool = False  # an earlier command with the same key recorded this
    same_content: bool = True  # the earlier command was the same
    warnings: tuple[str, ...] = ()  # codes of what the caller should look at


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamView:
    """What a command needs to be decided: the events of its stream, and whether it is repeated."""

    history: tuple[StreamEvent[OwnEvent], ...]  # by version; empty if the stream does not exist
    earlier: CommandOutcome | None  # what a command with the same key recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAppend:
    """What one command records: events at a version of a stream, and its idempotency key."""

    stream: StreamId
    events: Sequence[DecidedEvent]
    expected_version: int
    key: CommandKey
    warnings: tuple[str, ...] = ()


#: What became of one append of several. A ``StoreUnavailable`` means: the outcome is unknown.
AppendResult: TypeAlias = CommandOutcome | StreamConflict | CannotStore | StoreUnavailable


class Streams(Protocol):
    """Own streams in the store.

    Every method raises ``StoreUnavailable`` if the store does not answer.
    """

    def read(self, stream: StreamId) -> tuple[StreamEvent[OwnEvent], ...]:
        """Return the events of a stream by version; empty if the stream does not exist.

        Raises:
            StreamOfOtherKind: The stream is not an own stream.
            ValueError: An event cannot be read: a newer release recorded it.
        """
        ...

    def look(
        self, wanted: Sequence[tuple[StreamId, CommandKey]]
    ) -> list[StreamView | StreamOfOtherKind | ValueError]:
        """Return what each of several commands needs, in order; see ``read`` for the errors."""
        ...

    def append_all(self, appends: Sequence[StreamAppend]) -> list[AppendResult]:
        """Record several commands, in one transaction if that is possible.

        The streams differ, and so do the keys. An append that the store refuses does not stop the
        others. See ``append`` for the errors, which are returned in place of an outcome.
        """
        ...

    def append(
        self,
        stream: StreamId,
        events: Sequence[DecidedEvent],
        *,
        expected_version: int,
        key: CommandKey,
        warnings: tuple[str, ...] = (),
    ) -> CommandOutcome:
        """Record the events and the key in one transaction. Without events, record the key alone.

        The warnings are recorded with the key, so that the earlier outcome has them too.

        If the key was recorded before, nothing is recorded and the earlier outcome is returned.

        Raises:
            StreamConflict: The stream is not at ``expected_version``. Nothing was recorded.
            CannotStore: The store refuses the content. Nothing was recorded.
            RightMissing: The database does not let caretrail record it. Nothing was recorded.
            StoreUnavailable: The outcome is unknown. ``look`` reads it back by the key.
        """
        ...

    def actor_of(self, event_id: EventId) -> Actor | None:
        """Return the actor of an event; None if there is no such event."""
        ...
