"""How it is known what stands in the topic: the pure part of the relay.

Every event names the one before it in its partition. So a partition of the topic proves by itself
how far it is complete: walk its records, and go on where ``previous`` is the last event seen.
Records that do not continue the chain count for nothing: repeats, what a relay that had lost its
lead still wrote, what landed after one before it had failed. They are sent again, in order, and
whoever reads the topic by the same rule applies each event once.

    index <= last       a repeat
    previous == last    the next one
    previous > last     a hole before it
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from commands.ports.topic import (
    Checkpoint,
    Extent,
    IncarnationMismatch,
    Link,
    Mark,
    TopicAheadOfStore,
)
from domain.body import RecordedEvent

_START = Mark()

#: What to do where indexes would mean two things. docs/how-to describes both.
NEW_GENERATION = (
    "Begin a new generation of the topic: caretrail topics apply --new-generation. Readers of the"
    " old one must start over."
)


class Span(NamedTuple):
    """What has to be read of a topic, from where, before more may be sent."""

    marks: dict[int, Mark]
    reset: frozenset[int]  # partitions whose mark was thrown away


def trusted(checkpoint: Checkpoint, topic_id: str, extents: Mapping[int, Extent]) -> Span:
    """Return from where each partition must be scanned.

    A mark holds for the topic it was made in, and while the partition is no shorter: a topic made
    anew, or a partition that lost its end with its broker, is read from its beginning.
    """
    marks: dict[int, Mark] = {}
    reset = set()
    for partition, extent in extents.items():
        mark = checkpoint.marks.get(partition, _START)
        if checkpoint.topic_id != topic_id or mark.next_offset > extent.end:
            reset.add(partition)
            mark = _START
        marks[partition] = replace(mark, next_offset=max(mark.next_offset, extent.begin))
    return Span(marks, frozenset(reset))


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a walk over the topic's records found."""

    marks: dict[int, Mark]
    tails: dict[int, Link]  # by partition: the last link that continued the chain
    greatest: int  # of any index seen


def scan(marks: Mapping[int, Mark], links: Iterable[Link], *, incarnation: str) -> Scanned:
    """Walk ``links`` on from ``marks``.

    Raises:
        IncarnationMismatch: A record was published by another incarnation of the store.
    """
    known = dict(marks)
    tails: dict[int, Link] = {}
    greatest = 0
    for link in links:
        mark = known.get(link.partition, _START)
        last = mark.last
        if link.index:
            if link.incarnation != incarnation:
                raise IncarnationMismatch(
                    f"Partition {link.partition}, offset {link.offset} of the topic was published"
                    f" by incarnation {link.incarnation or 'unknown'} of the store; this store is"
                    f" {incarnation}.",
                    remedy=NEW_GENERATION,
                )
            greatest = max(greatest, link.index)
            if link.index > last and link.previous == last:
                last = link.index
                tails[link.partition] = link
        known[link.partition] = Mark(max(mark.next_offset, link.offset + 1), last)
    return Scanned(known, tails, greatest)


def resumed(checkpoint: Checkpoint, topic_id: str, span: Span, scanned: Scanned) -> Checkpoint:
    """Return the checkpoint from which to go on.

    Where a mark was thrown away, everything after the last event found again may be missing.
    """
    position = min(
        (
            checkpoint.position,
            *(scanned.marks[partition].last for partition in span.reset),
        )
    )
    return replace(checkpoint, topic_id=topic_id, position=position, marks=scanned.marks)


def refuse_a_topic_ahead(
    checkpoint: Checkpoint, scanned: Scanned, *, max_index: int, ids: Mapping[int, str]
) -> None:
    """Refuse to go on where the topic holds what the store does not.

    Args:
        checkpoint: As it was kept.
        scanned: What was found beyond it.
        max_index: The greatest index of the store, read after the scan.
        ids: The store's event ids at the indexes of ``scanned.tails``. Two histories that parted
            differ in every later event, so the tails show it.

    Raises:
        TopicAheadOfStore: It does; the store was set back, as by restoring an older backup.
    """
    furthest = max(
        checkpoint.position, scanned.greatest, *(mark.last for mark in scanned.marks.values()), 0
    )
    if furthest > max_index:
        raise TopicAheadOfStore(
            f"The topic holds events up to index {furthest}; the store ends at {max_index}.",
            remedy="Restore the store to its newest state. If what is missing is lost: "
            + NEW_GENERATION,
        )
    for link in scanned.tails.values():
        if ids.get(link.index) != link.event_id:
            raise TopicAheadOfStore(
                f"At index {link.index} the topic holds another event than the store.",
                remedy="The store was set back and went on. " + NEW_GENERATION,
            )


def owed(marks: Mapping[int, Mark], events: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """Return those of ``events`` that the topic is not known to hold."""
    return [
        event
        for event in events
        if event.envelope.index > marks.get(event.envelope.partition, _START).last
    ]


def published(
    checkpoint: Checkpoint,
    events: Sequence[RecordedEvent],
    sent: Sequence[RecordedEvent],
    offsets: Sequence[int],
) -> Checkpoint:
    """Return ``checkpoint`` moved over ``events``, of which ``sent`` landed at ``offsets``.

    Marks of partitions that nothing was sent to stay: the scan may have found more of them than
    this batch reaches. ``sent`` is what ``owed`` gave, so that no mark goes back.
    """
    marks = dict(checkpoint.marks)
    for event, offset in zip(sent, offsets, strict=True):
        marks[event.envelope.partition] = Mark(offset + 1, event.envelope.index)
    return replace(checkpoint, position=events[-1].envelope.index, marks=marks)


def went_back(
    marks: Mapping[int, Mark], sent: Sequence[RecordedEvent], offsets: Sequence[int]
) -> bool:
    """Tell whether something landed before a place already passed: the topic is another one."""
    return any(
        offset < marks.get(event.envelope.partition, _START).next_offset
        for event, offset in zip(sent, offsets, strict=True)
    )


def broken_at(marks: Mapping[int, Mark], sent: Iterable[RecordedEvent]) -> int | None:
    """Return the index of the first event whose predecessor is not known to be in the topic."""
    last = {partition: mark.last for partition, mark in marks.items()}
    for event in sent:
        envelope = event.envelope
        if envelope.previous != last.get(envelope.partition, 0):
            return envelope.index
        last[envelope.partition] = envelope.index
    return None
