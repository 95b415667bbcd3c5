"""Replay a patient's history as it became known: what each event changed.

A step is an event of the patient: a message that was received, or a command. The timeline and the
work list are made as they were known before the event and after it, and are compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.contract import timeline_json
from caretrail.reading.members import Json, instant
from caretrail.reading.reader import Reader, ReadingPart
from caretrail.reading.work import item_json
from domain.ids import MODES, PatientId, RecordId
from projections.audit_trail import EventRow, trail
from projections.work_list import ItemFilter, items_of

#: Lists of the timeline that are compared, with the members that identify one of their elements.
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "encounters": ("encounter_id",),
    "entries": ("event_id",),
}
_NOT_COMPARED: Final[Sequence[ReadingPart]] = ("transitions",)
#: Members of an item that depend on the instant from which the list is seen.
_OF_THE_READER: Final = frozenset({"overdue", "overdue_by", "due_today"})


@dataclass(frozen=True, slots=True)
class KnownMoment:
    """What was known of a patient up to one event: parts by kind and id."""

    parts: Mapping[tuple[str, str], Json]


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part that one moment has and the other has not, or has otherwise."""

    change: str  # added, removed or changed
    part: str  # encounter, entry, work_item, or a kind of own stream
    id: str
    before: Json | None
    after: Json | None

    @property
    def members(self) -> tuple[str, ...]:
        """The names of the members that differ; empty if the part was added or removed."""
        if self.before is None or self.after is None:
            return ()
        names = dict.fromkeys((*self.before, *self.after))
        return tuple(each for each in names if self.before.get(each) != self.after.get(each))


@dataclass(frozen=True, slots=True)
class ReplayStep:
    """An event, and what it changed."""

    event: EventRow
    changes: tuple[PartChange, ...]


def replay(
    reader: Reader, records: Sequence[RecordId], *, now: datetime, after: int = 0, limit: int
) -> Iterator[ReplayStep]:
    """Yield the events that name a patient, in the order in which they were recorded.

    Args:
        reader: The reader.
        records: The source records of the patient, as joined now.
        now: The instant from which the work list is seen, for all steps.
        after: The index of the event after which the replay begins.
        limit: The largest number of steps.
    """
    before = known_moment(reader, records, after, now=now)
    with reader.connection() as connection:
        events = trail(connection, records=records, after=after, limit=limit)
    for event in events:
        moment = known_moment(reader, records, event.source_position, now=now)
        yield ReplayStep(event, tuple(differences(before, moment)))
        before = moment


def known_moment(
    reader: Reader, records: Sequence[RecordId], index: int, *, now: datetime
) -> KnownMoment:
    """Return what was known of a patient up to the event with an index.

    If several of the records were patients of their own then, all of them count.
    """
    parts: dict[tuple[str, str], Json] = {}
    patients: dict[PatientId, Json] = {}
    read: set[RecordId] = set()
    for record in records:
        if record in read:  # it was joined with an earlier one
            continue
        reading = reader.patient(record, known_at=index, without=_NOT_COMPARED)
        if reading is not None:
            read.update(reading.patient.records)
            patients.setdefault(reading.patient.patient_id, timeline_json(reading))
    for timeline in patients.values():
        for name, keys in _LISTS.items():
            for each in timeline[name]:
                kind = name.removesuffix("s") if name == "encounters" else "entry"
                parts[kind, "/".join(str(each[key]) for key in keys)] = each
        for kind, streams in timeline["activities"].items():
            for each in streams:
                parts[kind, each["stream_id"]] = each
    with reader.past(known_at=index, records=records) as past:
        rows = items_of(
            past.connection,
            ItemFilter(waiting=True, modes=MODES),
            at=now,
            patients=patients,
            relations=past,
        )
    for row in rows:
        parts["work_item", row.item_id] = {
            name: value for name, value in item_json(row, now).items() if name not in _OF_THE_READER
        }
    return KnownMoment(parts)


def differences(before: KnownMoment, after: KnownMoment) -> Iterator[PartChange]:
    """Yield the parts in which two moments differ: removed ones first, then in their order."""
    for (kind, key), part in before.parts.items():
        if (kind, key) not in after.parts:
            yield PartChange("removed", kind, key, part, None)
    for (kind, key), part in after.parts.items():
        earlier = before.parts.get((kind, key))
        if earlier is None:
            yield PartChange("added", kind, key, None, part)
        elif earlier != part:
            yield PartChange("changed", kind, key, earlier, part)


def step_json(step: ReplayStep) -> Json:
    """Return a step."""
    event = step.event
    return {
        "index": event.source_position,
        "event_id": event.event_id,
        "topic": event.topic,
        "recorded_at": instant(event.recorded_at),
        "happened_at": instant(event.happened_at),
        "precision": event.happened_precision,
        "actor": {
            "kind": event.actor_kind,
            "issuer": event.actor_issuer or None,
            "subject": event.actor_subject or None,
            "role": event.actor_role or None,
            "purpose": event.actor_purpose or None,
        },
        "sender": event.sender,
        "message_id": event.message_id,
        "changes": [change_json(each) for each in step.changes],
    }


def change_json(change: PartChange) -> Json:
    """Return a change: the parts as they were before and after."""
    return {
        "change": change.change,
        "part": change.part,
        "id": change.id,
        "members": list(change.members),
        "before": change.before,
        "after": change.after,
    }


def change_words(change: PartChange) -> str:
    """Return a change as one line of text."""
    part = change.after or change.before or {}
    what = f"{change.part.replace('_', ' ')} {_named(change.part, part)}".rstrip()
    if change.change != "changed":
        return f"{what} {change.change}"
    before, after = change.before or {}, change.after or {}
    moved = [
        f"{name} {_value(before.get(name))} -> {_value(after.get(name))}" for name in change.members
    ]
    return f"{what} changed: {', '.join(moved)}"


def _named(kind: str, part: Json) -> str:
    if kind == "entry":
        return f'"{part["summary"]}"'
    if kind == "work_item":
        return f"{part['duty']}, due {part['due_on'] or part['due_at']},"
    if kind == "encounter":
        return f"{part['class']} {part['status']} at {part['facility'] or 'unknown facility'},"
    return f"{part.get('state', '')} {part['stream_id']}".strip()


def _value(value: object) -> str:
    if isinstance(value, list | dict):
        return f"({len(value)})"
    return "-" if value is None else str(value)
