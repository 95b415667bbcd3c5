"""The ports of the relay: the topic of events, and the checkpoint that is kept with the store.

``infra`` implements them. ``consumers`` use PostgreSQL and Kafka only through ports.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from domain.body import RecordedEvent


class TopicUnavailable(Exception):
    """The brokers did not answer, refused the request, or hold another topic than before.

    The events that were being sent may or may not be in the topic. Read the topic before sending
    more.
    """


class Fenced(Exception):
    """Another process leads now, or it has moved the position that this process wanted to move."""


class Halted(Exception):
    """Continuing would do harm, so a person must decide. ``remedy`` says what to do."""

    code = "halted"

    def __init__(self, message: str, *, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(f"{message} {remedy}")


class TopicAheadOfStore(Halted):
    """The topic holds events that the store lacks: the store was set back to an older state."""

    code = "topic_ahead_of_store"


class ReadModelsAheadOfStore(Halted):
    """The read models hold events that the store lacks: the store was set back."""

    code = "read_models_ahead_of_store"


class IncarnationMismatch(Halted):
    """The topic was filled by another incarnation of the store: its indexes mean other events."""

    code = "incarnation_mismatch"


@dataclass(frozen=True, slots=True)
class Link:
    """The headers of one record. ``index`` is 0 in a record that caretrail did not publish."""

    partition: int
    offset: int
    index: int
    previous: int
    event_id: str
    incarnation: str


class Extent(NamedTuple):
    """The offsets that a partition holds: from ``begin`` (included) to ``end`` (excluded)."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a partition of the topic has been read.

    Every record before ``next_offset`` has been read. They include every event of the partition
    up to index ``last``.
    """

    next_offset: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far the topic is known to hold the events of the store.

    Every event up to ``position`` is in the topic whose Kafka id is ``topic_id`` (empty: no topic
    was seen yet). The mark of a partition may show that it holds later events too.
    """

    incarnation: str
    topic_id: str = ""
    position: int = 0
    epoch: int = 0
    marks: Mapping[int, Mark] = field(default_factory=dict)


class Topic(Protocol):
    """The topic of events, for reading and publishing.

    Every method raises ``TopicUnavailable`` if the brokers do not answer in time.
    """

    def identity(self) -> str:
        """Return Kafka's id of the topic. It differs after the topic was deleted and made again."""
        ...

    def extents(self) -> Mapping[int, Extent]:
        """Return the offsets that each partition holds now."""
        ...

    def links(self, spans: Mapping[int, Extent]) -> Iterable[Link]:
        """Yield the headers of these records, in order within each partition."""
        ...

    def publish(self, events: Sequence[RecordedEvent]) -> list[int]:
        """Send all events, each to the partition of its envelope; return their offsets, in order.

        Raises:
            TopicUnavailable: Some or all of the events may be in the topic. No more are sent.
        """
        ...


class Checkpoints(Protocol):
    """The checkpoint of one topic, kept with the store, moved by one leader at a time."""

    def lead(self, incarnation: str) -> Checkpoint | None:
        """Become the leader under a new epoch, and return the checkpoint; None while another leads.

        If there is no checkpoint yet, a new one with this ``incarnation`` is written.

        Raises:
            StoreUnavailable: The database did not answer.
        """
        ...

    def save(self, checkpoint: Checkpoint) -> None:
        """Move the checkpoint.

        Raises:
            Fenced: The epoch of the checkpoint is not the newest, so another process leads.
            StoreUnavailable: The database did not answer; leadership is lost with the connection.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Wait until an append is announced or the time is up. An announcement can be lost.

        Raises:
            StoreUnavailable: The connection is lost, and leadership with it.
        """
        ...

    def position(self) -> int:
        """Return the index up to which the topic is complete, as the leader has saved it.

        Raises:
            StoreUnavailable: The database did not answer.
        """
        ...

    def resign(self) -> None:
        """Give up leadership."""
        ...
