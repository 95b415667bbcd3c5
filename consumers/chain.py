"""Find out which events the topic holds: the pure part of the relay.

Every event names the event before it in its partition (``previous``). So the records of a
partition prove how far it is complete: an event continues the chain if its ``previous`` is the
last event of the chain. Other records are not counted:

- repeats,
- records of a relay that was no longer the leader,
- records after an event whose sending had failed.

Such events are sent again, in order. A reader that follows the same rule applies each event once:

    index <= last       a repeat: skip it
    previous == last    the next event: apply it
    previous > last     a hole: events before it are missing
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from commands.ports.topic import (
    Checkpoint,
    Extent,
    IncarnationMismatch,
    Link,
    Mark,
    ReadModelsAheadOfStore,
    TopicAheadOfStore,
)
from domain.body import RecordedEvent

_START = Mark()

#: The remedy if one index would name two events. See docs/how-to/begin-a-new-generation.md.
NEW_GENERATION = (
    "Begin a new generation of the topic: caretrail topics apply --new-generation. It also rebuilds"
    " the read models. Readers of the old topic must start over."
)

#: The remedy if the store is older than the events that were made of it.
SET_BACK = (
    "The store was set back. Restore it to its newest state; if the missing events are lost: "
    + NEW_GENERATION
)


class ScanStart(NamedTuple):
    """Where the scan of each partition starts; no event is sent before the scan."""

    marks: dict[int, Mark]
    reset: frozenset[int]  # partitions that are scanned from their beginning


def scan_start(checkpoint: Checkpoint, topic_id: str, extents: Mapping[int, Extent]) -> ScanStart:
    """Return where the scan of each partition must start.

    The mark of a checkpoint is valid only for the topic in which it was made, and only if the
    partition has not become shorter. A topic that was created again is scanned from the beginning.
    So is a partition whose last records were lost with a broker.
    """
    marks: dict[int, Mark] = {}
    reset = set()
    for partition, extent in extents.items():
        mark = checkpoint.marks.get(partition, _START)
        if checkpoint.topic_id != topic_id or mark.next_offset > extent.end:
            reset.add(partition)
            mark = _START
        marks[partition] = replace(mark, next_offset=max(mark.next_offset, extent.begin))
    return ScanStart(marks, frozenset(reset))


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The result of a scan of the topic's records."""

    marks: dict[int, Mark]
    tails: dict[int, Link]  # by partition: the last link that continued the chain
    greatest: int  # the greatest index of all records


def scan(marks: Mapping[int, Mark], links: Iterable[Link], *, incarnation: str) -> ScanResult:
    """Follow the chain of each partition through ``links``, starting at ``marks``.

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
    return ScanResult(known, tails, greatest)


def checkpoint_after_scan(
    checkpoint: Checkpoint, topic_id: str, start: ScanStart, scanned: ScanResult
) -> Checkpoint:
    """Return the checkpoint from which publishing goes on.

    If a partition was scanned from its beginning, events after the last one found there may be
    missing, so the position goes back to that event.
    """
    position = min(
        (
            checkpoint.position,
            *(scanned.marks[partition].last for partition in start.reset),
        )
    )
    return replace(checkpoint, topic_id=topic_id, position=position, marks=scanned.marks)


def refuse_a_topic_ahead(
    checkpoint: Checkpoint, scanned: ScanResult, *, max_index: int, ids: Mapping[int, str]
) -> None:
    """Refuse to go on if the topic holds events that the store does not have.

    Args:
        checkpoint: The saved checkpoint.
        scanned: The result of the scan that started there.
        max_index: The greatest index of the store, read after the scan.
        ids: The store's event ids at the indexes of ``scanned.tails``. If the store was set back
            and went on differently, all later events differ, so the tails are enough to see it.

    Raises:
        TopicAheadOfStore: The store was set back, for example to an older backup.
    """
    furthest = max(
        checkpoint.position, scanned.greatest, *(mark.last for mark in scanned.marks.values()), 0
    )
    if furthest > max_index:
        raise TopicAheadOfStore(
            f"The topic holds events up to index {furthest}; the store ends at {max_index}.",
            remedy=SET_BACK,
        )
    for link in scanned.tails.values():
        if ids.get(link.index) != link.event_id:
            raise TopicAheadOfStore(
                f"At index {link.index} the topic holds another event than the store.",
                remedy=SET_BACK,
            )


def refuse_other_events(
    events: Iterable[RecordedEvent], ids: Callable[[Collection[int]], Mapping[int, str]]
) -> None:
    """Refuse events of the topic that the store does not have.

    If the store was set back, all events after that point differ. So the last event of each
    partition is enough to see it.

    Args:
        events: Events of the topic, in order within each partition.
        ids: Returns the ids of the store's events at some indexes, by index.

    Raises:
        TopicAheadOfStore: The store was set back, for example to an older backup.
    """
    tails = {each.envelope.partition: each.envelope for each in events}
    known = ids([each.index for each in tails.values()])
    for each in tails.values():
        if known.get(each.index) != each.event_id:
            holds = "another event there" if each.index in known else "no event there"
            raise TopicAheadOfStore(
                f"The topic holds event {each.event_id} at index {each.index}; the store holds"
                f" {holds}.",
                remedy=SET_BACK,
            )


def refuse_other_positions(applied: Mapping[int, str], stored: Mapping[int, str]) -> None:
    """Refuse read models that hold events that the store does not have.

    Args:
        applied: The id of the last event of each partition that the read models hold, by index.
        stored: The ids of the store's events at these indexes.

    Raises:
        ReadModelsAheadOfStore: The store was set back after these events had been applied.
    """
    for index, event_id in sorted(applied.items()):
        if stored.get(index) != event_id:
            holds = "another event there" if index in stored else "no event there"
            raise ReadModelsAheadOfStore(
                f"The read models hold event {event_id} at index {index}; the store holds {holds}.",
                remedy=SET_BACK,
            )


def unpublished(marks: Mapping[int, Mark], events: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """Return the events that the topic is not known to hold."""
    return [
        event
        for event in events
        if event.envelope.index > marks.get(event.envelope.partition, _START).last
    ]


def checkpoint_after_sending(
    checkpoint: Checkpoint,
    events: Sequence[RecordedEvent],
    sent: Sequence[RecordedEvent],
    offsets: Sequence[int],
) -> Checkpoint:
    """Return the checkpoint after a batch.

    The mark of a partition to which nothing was sent stays, because the scan may have found events
    there that come after this batch.

    Args:
        checkpoint: The checkpoint before the batch.
        events: The events of the batch.
        sent: Those of them that ``unpublished`` returned; therefore no mark goes back.
        offsets: The offset in the topic of each event in ``sent``.
    """
    marks = dict(checkpoint.marks)
    for event, offset in zip(sent, offsets, strict=True):
        marks[event.envelope.partition] = Mark(offset + 1, event.envelope.index)
    return replace(checkpoint, position=events[-1].envelope.index, marks=marks)


def went_back(
    marks: Mapping[int, Mark], sent: Sequence[RecordedEvent], offsets: Sequence[int]
) -> bool:
    """Say whether an event got an offset that the scan has passed: the topic was created again."""
    return any(
        offset < marks.get(event.envelope.partition, _START).next_offset
        for event, offset in zip(sent, offsets, strict=True)
    )


def first_break(marks: Mapping[int, Mark], sent: Iterable[RecordedEvent]) -> int | None:
    """Return the index of the first event whose predecessor is not known to be in the topic.

    None means that every event continues the chain of its partition.
    """
    last = {partition: mark.last for partition, mark in marks.items()}
    for event in sent:
        envelope = event.envelope
        if envelope.previous != last.get(envelope.partition, 0):
            return envelope.index
        last[envelope.partition] = envelope.index
    return None
