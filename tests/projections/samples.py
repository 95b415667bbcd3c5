"""Samples for the tests of projections: statements, own events, a log, and a plain seal."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec
import psycopg

from domain.body import Actor, Envelope, RecordedEvent, SealedSegment, SegmentClass
from domain.catalogue import STATEMENT_TOPICS, WITHDRAWN, UnknownTopic, own_event
from domain.continuity import Patient
from domain.encoding import make_body
from domain.events import OwnEvent
from domain.ids import (
    EventId,
    IdKey,
    MessageId,
    PlaceRef,
    RecordId,
    StreamId,
    Subject,
    VisitRef,
)
from domain.interpretation import KnownVisits
from domain.partitions import partition_of
from domain.party import Party
from domain.referral import ReferralRequested
from domain.segments import (
    Demographics,
    Identifier,
    Identifiers,
    Name,
    Part2,
    Part2Place,
    SegmentDoesNotOpen,
)
from domain.statement import IdentifierRef, Moment, Place, Statement
from projections.catalogue import PROJECTIONS
from projections.engine import fold
from projections.engine.digest import digest
from projections.engine.services import Services
from tests.projections.plain_interpretation import interpret

KEY = IdKey(b"tests of projections")
DAY = datetime(2026, 1, 5, tzinfo=UTC)


def at(clock: str, day: int = 0) -> datetime:
    hours, minutes = clock.split(":")
    return DAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


def record(number: str, authority: str = "NGH", mode: Any = "P") -> RecordId:
    return KEY.record(authority, number, mode)


def place(
    unit: str, bed: str | None = None, facility: str = "NGH", *, part2: bool = False
) -> Place:
    ref = PlaceRef(KEY.place(facility, unit, "", bed or ""))
    if part2:
        return Place(ref=ref, facility=facility, part2=True)
    return Place(ref=ref, facility=facility, unit=unit, bed=bed)


@dataclass(frozen=True, kw_only=True)
class SampleStatement:
    """A statement, and the content of its sealed segments."""

    statement: Statement
    number: str
    visit: str
    name: str = "Alder"
    part2_unit: str = ""
    retired_number: str = ""
    withdrawn: bool = False
    born: str = "1951-06-02"


def stated(  # noqa: PLR0913
    trigger: str,
    clock: str,
    *,
    number: str = "1",
    visit: str = "V1",
    where: Place | None = None,
    enterprise: str = "",
    retires: str = "",
    name: str = "Alder",
    authority: str = "NGH",
    mode: Any = "P",
    day: int = 0,
    control_id: str = "",
    part2_unit: str = "",
    born: str = "1951-06-02",
    **more: Any,
) -> SampleStatement:
    """Return the statement of a message that is sent, and happens, at ``clock``."""
    moment = Moment(at=at(clock, day))
    mine = record(number, authority, mode)
    identifiers = [IdentifierRef(field="PID-3", ref=mine, authority=authority, type="MR")]
    if enterprise:
        ref = KEY.ref("identifier", "REGION", enterprise, mode)
        identifiers.append(
            IdentifierRef(field="PID-3", ref=ref, authority="REGION", type="NI", trusted=True)
        )
    content = KEY.ref("content", trigger, clock, str(day), number, visit, str(where), str(more))
    values: dict[str, Any] = {
        "trigger": trigger,
        "record": mine,
        "mode": mode,
        "mode_as_sent": mode,
        "application": "ADT",
        "sender": authority,
        "namespace": authority,
        "control_id": control_id or f"{day}{clock}".replace(":", ""),
        "sent": moment,
        "entered": moment,
        "occurred": moment,
        "class_as_sent": "I",
        "class_code": "IMP",
        "place": where,
        "visit": VisitRef(KEY.visit(authority, visit, mode)) if visit else None,
        "merged": record(retires, authority, mode) if retires else None,
        "identifiers": tuple(identifiers),
        "content": content,
        "content_but_entered": content,
    } | more
    if trigger in {"A01", "A04"}:
        values.setdefault("admitted", moment)
    if trigger == "A03":
        values.setdefault("discharged", moment)
    ref = KEY.statement(mine, clock, authority, values["control_id"], content)
    return SampleStatement(
        statement=Statement(ref=ref, **values),
        number=number,
        visit=visit,
        name=name,
        part2_unit=part2_unit,
        retired_number=retires,
        born=born,
    )


def read_again(
    one: SampleStatement, *before: RecordedEvent, reading: int = 2, former_refs: Any = ()
) -> SampleStatement:
    """Return a statement of a later reading, which supersedes the events ``before``."""
    later = replace(
        one.statement,
        reading=reading,
        supersedes=tuple(each.envelope.event_id for each in before),
        former_refs=tuple(former_refs),
    )
    return replace(one, statement=later)


def withdrawal(one: SampleStatement, before: RecordedEvent, *, reading: int = 2) -> SampleStatement:
    """Return the withdrawal of the statement in the event ``before``."""
    statement = Statement(
        ref=one.statement.ref,
        trigger=one.statement.trigger,
        record=one.statement.record,
        mode=one.statement.mode,
        reading=reading,
        supersedes=(before.envelope.event_id,),
    )
    return replace(one, statement=statement, withdrawn=True)


class Note(msgspec.Struct, frozen=True):
    """An event of the own stream of these tests, ``note``."""

    record: str | None
    at: datetime
    anchor: str = ""
    words: str = ""


NOTE_WRITTEN = "note.written.v1"
NOTE_CLOSED = "note.closed.v1"


@dataclass(frozen=True, kw_only=True)
class SampleNote:
    """An own event, and the records that it names."""

    stream: str
    topic: str
    records: tuple[RecordId, ...]
    core: Note


def note(
    clock: str,
    *,
    number: str = "1",
    others: tuple[str, ...] = (),
    stream: str = "N1",
    topic: str = NOTE_WRITTEN,
    anchor: str = "",
    words: str = "",
    day: int = 0,
) -> SampleNote:
    """Write a note about the patient ``number`` at ``clock``."""
    records = tuple(record(each) for each in (number, *others) if each)
    return SampleNote(
        stream=KEY.record("notes", stream, "P"),
        topic=topic,
        records=records,
        core=Note(
            record=records[0] if records else None, at=at(clock, day), anchor=anchor, words=words
        ),
    )


@dataclass(frozen=True, kw_only=True)
class SampleOwnEvent:
    """An event of an own stream that the product has."""

    stream: StreamId
    event: OwnEvent


def referral(
    clock: str, *, number: str = "1", stream: StreamId | None = None, **facts: Any
) -> SampleOwnEvent:
    """Request a referral of the patient ``number`` at ``clock``."""
    given: dict[str, Any] = {
        "record": record(number),
        "happened_at": Moment(at=at(clock)),
        "requester": Party(organisation="NGH", person="dr-ward"),
        "target": Party(organisation="SBH", pool="triage"),
        "specialty": "394579002",
        "urgency": "urgent",
    }
    return SampleOwnEvent(
        stream=stream or StreamId(KEY.record("referral", clock, "P")),
        event=ReferralRequested.model_validate(given | facts),
    )


def read_own(topic: str, core: str) -> object | None:
    """Read the own events of these tests, as the catalogue of topics does."""
    if not topic.startswith("note."):
        return own_event(topic, core)
    if topic not in {NOTE_WRITTEN, NOTE_CLOSED}:
        raise UnknownTopic(topic)
    return msgspec.json.decode(core, type=Note)


@dataclass
class Log:
    """A log in memory: gives every event its place, as the store does."""

    events: list[RecordedEvent] = field(default_factory=list)
    last: dict[int, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    incarnation: str = "first"

    def record(
        self, *samples: SampleStatement | SampleNote | SampleOwnEvent
    ) -> list[RecordedEvent]:
        return [self._record_one(one) for one in samples]

    def heal(self, partition: int, after: int, upto: int) -> list[RecordedEvent]:
        return [
            one
            for one in self.events
            if one.envelope.partition == partition and after < one.envelope.index <= upto
        ]

    def first_after(self, positions: Mapping[int, int]) -> int:
        return min(
            each.envelope.index
            for each in self.events
            if each.envelope.index > positions.get(each.envelope.partition, each.envelope.index)
        )

    def _record_one(self, one: SampleStatement | SampleNote | SampleOwnEvent) -> RecordedEvent:
        match one:
            case SampleStatement():
                return self._record(one)
            case SampleNote():
                return self._record_note(one)
            case SampleOwnEvent():
                return self._record_own(one)

    def _record_own(self, one: SampleOwnEvent) -> RecordedEvent:
        event = one.event
        subject = event.record or RecordId(one.stream)
        return self._append(
            topic=event.TOPIC,
            stream=one.stream,
            subjects=(one.stream,) if event.record is None else (one.stream, event.record),
            happened_at=event.happened_at.at,
            facility="",
            actor=Actor(kind="person", subject="nurse"),
            body=make_body(event, [_seal(subject, "notes", {"texts": {"note": "words"}})]),
        )

    def _record(self, one: SampleStatement) -> RecordedEvent:
        statement = one.statement
        subjects = (
            (statement.record,)
            if statement.merged is None
            else (statement.record, statement.merged)
        )
        return self._append(
            topic=WITHDRAWN if one.withdrawn else STATEMENT_TOPICS[statement.trigger],
            stream=statement.record,
            subjects=subjects,
            happened_at=None if statement.occurred is None else statement.occurred.at,
            facility=statement.sender,
            actor=Actor(subject="mllp"),
            body=make_body(statement, [] if one.withdrawn else _segments(one)),
        )

    def _record_note(self, one: SampleNote) -> RecordedEvent:
        sealed = [_seal(each, "notes", {"words": one.core.words}) for each in one.records]
        core = msgspec.json.encode(one.core)
        return self._append(
            topic=one.topic,
            stream=RecordId(one.stream),
            subjects=(RecordId(one.stream), *one.records),
            happened_at=one.core.at,
            facility="",
            actor=Actor(kind="person", subject="nurse"),
            body=b'{"core":%b,"sealed":%b}' % (core, msgspec.json.encode(sealed)),
        )

    def _append(
        self,
        *,
        topic: str,
        stream: Subject,
        subjects: tuple[Subject, ...],
        happened_at: datetime | None,
        facility: str,
        actor: Actor,
        body: bytes,
    ) -> RecordedEvent:
        index = len(self.events) + 1
        partition = partition_of(stream)
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        envelope = Envelope(
            index=index,
            previous=self.last.get(partition, 0),
            partition=partition,
            event_id=EventId(f"00000000-0000-7000-8000-{index:012d}"),
            topic=topic,
            stream=stream,
            version=version,
            subjects=subjects,
            recorded_at=DAY + timedelta(days=30, seconds=index),
            happened_at=happened_at,
            tenant="default",
            facility=facility,
            actor=actor,
            message_id=MessageId(f"00000000-0000-7000-9000-{index:012d}"),
            mapping_version="1",
            profile_version="p1",
            incarnation=self.incarnation,
        )
        recorded = RecordedEvent(envelope=envelope, body=body)
        self.events.append(recorded)
        self.last[partition] = index
        return recorded


def altered(recorded: RecordedEvent, **columns: Any) -> RecordedEvent:
    return RecordedEvent(envelope=replace(recorded.envelope, **columns), body=recorded.body)


def open_segment(sealed: SealedSegment, event_id: str, topic: str) -> bytes:  # noqa: ARG001  # a port
    """Open the seal of these tests: base64 with a mark, so that a test can break it."""
    text = b64decode(sealed.box)
    if not text.startswith(b"seal:"):
        raise SegmentDoesNotOpen(event_id=event_id, subject=sealed.subject, segment=sealed.segment)
    return text.removeprefix(b"seal:")


def token(text: str) -> str:
    return KEY.ref("token", text)


def services(**changes: Any) -> Services:
    values: dict[str, Any] = {
        "open_segment": open_segment,
        "token": token,
        "interpret": interpret,
        "read_own": read_own,
    }
    return Services(**(values | changes))


def _segments(one: SampleStatement) -> list[SealedSegment]:
    statement = one.statement
    numbers = [Identifier(field="PID-3", value=one.number, authority="NGH", ref=statement.record)]
    if statement.visit is not None:
        numbers.append(Identifier(field="PV1-19", value=one.visit, ref=statement.visit))
    found = [
        _seal(statement.record, "identifiers", Identifiers(numbers=tuple(numbers))),
        _seal(
            statement.record,
            "demographics",
            Demographics(names=(Name(family=one.name, given="Rowena"),), birth_date=one.born),
        ),
    ]
    if one.part2_unit and statement.place is not None:
        part2 = Part2Place(field="PV1-3", ref=statement.place.ref, unit=one.part2_unit, bed="1")
        found.append(_seal(statement.record, "part2", Part2(places=(part2,))))
    if statement.merged is not None:
        retired = Identifier(field="MRG-1", value=one.retired_number, ref=statement.merged)
        found.append(_seal(statement.merged, "identifiers", Identifiers(numbers=(retired,))))
    return found


def _seal(subject: RecordId, segment: SegmentClass, content: object) -> SealedSegment:
    text = msgspec.json.encode(content)
    return SealedSegment(
        subject=subject,
        segment=segment,
        commitment=sha256(text).hexdigest(),
        box=b64encode(b"seal:" + text).decode(),
    )


#: Transfers, a trusted number over two senders, a chain of merges, and a part2 unit.
STORY = (
    stated("A01", "10:00", number="1", where=place("4W", "A"), enterprise="900"),
    stated("A02", "11:00", number="1", where=place("4W", "B")),
    stated("A01", "10:30", number="2", visit="V2", where=place("5E", "A"), name="Birchall"),
    stated("A01", "12:00", number="7", authority="SBH", visit="W1", enterprise="900"),
    stated("A40", "13:00", number="3", retires="2", visit=""),
    stated("A03", "13:20", number="1"),
    stated(
        "A01", "14:00", number="4", visit="V4", where=place("X", part2=True), part2_unit="Detox"
    ),
    stated("A40", "15:00", number="1", retires="3", visit=""),
)


Interpretation: TypeAlias = Callable[[Iterable[Statement]], tuple[Patient, ...]]


class FailingInterpretation:
    """An interpretation that fails for statements of one record."""

    def __init__(self, number: str) -> None:
        self.record = record(number)

    def __call__(
        self, statements: Iterable[Statement], *_known: KnownVisits | None
    ) -> tuple[Patient, ...]:
        everything = list(statements)
        if any(one.record == self.record for one in everything):
            raise ValueError("Alder, Rowena")
        return interpret(everything)


def applied(
    connection: psycopg.Connection,
    log: Log,
    *batches: list[RecordedEvent],
    reading: Interpretation = interpret,
) -> list[Any]:
    return [
        fold.apply(
            connection, PROJECTIONS, each, heal=log.heal, services=services(interpret=reading)
        )
        for each in batches
    ]


def content(connection: psycopg.Connection) -> dict[str, str]:
    return {name: one.sha256 for name, one in digest(connection, PROJECTIONS, open_segment).items()}
