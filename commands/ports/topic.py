"""What carrying events on needs: the store's notification log, the topic, and a checkpoint.

``infra`` implements these; ``consumers`` see nothing else of PostgreSQL and Kafka.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from domain.body import RecordedEvent


class TopicUnavailable(Exception):
    """The brokers did not answer, refused, or hold another topic than before.

    What was being sent may stand in the topic or not. Read the topic again before sending more.
    """


class Fenced(Exception):
    """Somebody else leads now, or has moved a position that was thought to be ours."""


class Halted(Exception):
    """Going on would do harm, and only a person can decide. ``remedy`` says what to do."""

    code = "halted"

    def __init__(self, message: str, *, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(f"{message} {remedy}")


class TopicAheadOfStore(Halted):
    """The topic holds events that the store does not: the store was set back."""

    code = "topic_ahead_of_store"


class IncarnationMismatch(Halted):
    """The topic was filled by another incarnation of the store: its indexes mean other events."""

    code = "incarnation_mismatch"


@dataclass(frozen=True, slots=True)
class Link:
    """What the headers of one record say; ``index`` is 0 in a record that is none of ours."""

    partition: int
    offset: int
    index: int
    previous: int
    event_id: str
    incarnation: str


class Extent(NamedTuple):
    """Which offsets a partition holds: from ``begin`` to before ``end``."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a partition of the topic is known.

    Every record before ``next_offset`` has been looked at, and every event of the partition up to
    index ``last`` stands among them.
    """

    next_offset: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far the topic is known to hold the store.

    Every event up to ``position`` stands in the topic whose Kafka id is ``topic_id`` (empty: none
    was seen yet); a partition may be known further by its mark.
    """

    incarnation: str
    topic_id: str = ""
    position: int = 0
    epoch: int = 0
    marks: Mapping[int, Mark] = field(default_factory=dict)


class Topic(Protocol):
    """The topic of events: what stands in it, and how more gets in.

    Every method raises ``TopicUnavailable`` when the brokers do not answer within bounds.
    """

    def identity(self) -> str:
        """Return the id Kafka gave this topic: another one after it was deleted and made again."""
        ...

    def extents(self) -> Mapping[int, Extent]:
        """Return what each partition holds now."""
        ...

    def links(self, spans: Mapping[int, Extent]) -> Iterable[Link]:
        """Yield what the headers of these records say; in order within each partition."""
        ...

    def publish(self, events: Sequence[RecordedEvent]) -> list[int]:
        """Send all, each to the partition of its envelope; return their offsets, in order.

        Raises:
            TopicUnavailable: Some or all of them may stand in the topic; nothing more is sent.
        """
        ...


class Checkpoints(Protocol):
    """The checkpoint of one topic, kept with the store, moved by one leader at a time."""

    def lead(self, incarnation: str) -> Checkpoint | None:
        """Become the leader under a new epoch; None while another leads.

        ``incarnation`` is written into a checkpoint that did not exist.

        Raises:
            StoreUnavailable: The database did not answer.
        """
        ...

    def save(self, checkpoint: Checkpoint) -> None:
        """Move the checkpoint.

        Raises:
            Fenced: Its epoch is not the newest: another leads.
            StoreUnavailable: The database did not answer; leadership is lost with the connection.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Return when an append was announced or time is up: a hint, never to be relied upon.

        Raises:
            StoreUnavailable: The database went away, and leadership with it.
        """
        ...

    def position(self) -> int:
        """Return the index up to which the topic is complete, as its leader has saved it.

        Raises:
            StoreUnavailable: The database did not answer.
        """
        ...

    def resign(self) -> None:
        """Let another lead."""
        ...
