"""What the read models know about a person, for commands that need it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any, Final

from psycopg import Connection
from typing_extensions import override

from caretrail.reading.opening import SegmentOpener, person, pieces_copied
from commands.ports.facts import Facts, KnownEncounter
from domain import medication_list, referral
from domain.catalogue import own_event
from domain.combined_streams import combined
from domain.decider import StreamEvent, fold
from domain.events import OwnEvent
from domain.ids import RecordId, StatementRef, StreamId
from domain.party import Party
from domain.referral import ReferralRequested
from domain.transition import stream as transition_stream
from domain.transition.acting import acted_on
from domain.transition.events import TransitionEvent
from domain.transition.reconciliations import Reconciliations, reconciliations_of
from domain.transition.stream import ActedOn
from domain.work import ItemId, ItemParts, WorkItem
from projections import patients, work_list
from projections.engine import course, protocols
from projections.engine.course import CourseEncounter, CoursePatient
from projections.engine.own_events import (
    OwnEventRow,
    own_of,
    own_of_kind,
    own_of_streams_with,
    streams_of,
)
from projections.work_list import WorkItemRow


class KnownFacts(Facts):
    """Reads the facts from the read models; each question takes a connection."""

    def __init__(
        self,
        connections: Callable[[], AbstractContextManager[Connection[Any]]],
        opening: SegmentOpener,
    ) -> None:
        """Take what is needed from outside.

        Args:
            connections: Lends a connection to the read models.
            opening: Opens sealed segments, for dates of birth.
        """
        self._connections = connections
        self._opening = opening

    @override
    def together(self, records: Collection[RecordId], *, beginning: Collection[RecordId]) -> Facts:
        return _BatchFacts(
            self._connections, self._opening, frozenset(records), frozenset(beginning)
        )

    @override
    def died_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        return {
            record: patient.death.at
            for patient in self._patients(records)
            if patient.death is not None and patient.death.at is not None
            for record in patient.records
            if record in records
        }

    @override
    def born_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        known = {each.patient_id: each.records for each in self._patients(records)}
        with self._connections() as connection:
            rows = patients.by_id(connection, list(known))
        self._opening.warm(record for row in rows for record in row.record_ids)
        found: dict[RecordId, datetime] = {}
        for row in rows:
            demographics = self._opening.demographics(pieces_copied(row.sealed, "demographics"))
            born = _earliest(person(demographics).birth_date)
            if born is not None:
                named = (each for each in known[row.patient_id] if each in records)
                found |= dict.fromkeys(named, born)
        return found

    @override
    def encounter(self, ref: StatementRef) -> KnownEncounter | None:
        with self._connections() as connection:
            for patient in course.of_statement(connection, ref):
                for encounter in patient.encounters:
                    if ref in encounter.statements:
                        return _known(patient, encounter)
        return None

    @override
    def transition(self, ref: StatementRef) -> ActedOn | None:
        with self._connections() as connection:
            for patient in course.of_statement(connection, ref):
                for encounter in patient.encounters:
                    if ref not in encounter.statements:
                        continue
                    rows = own_of(connection, patient.records)
                    published = protocols.of_rows(own_of_kind(connection, "protocol"), own_event)
                    return acted_on(
                        encounter,
                        _recorded(rows, encounter),
                        published,
                        _reconciliations(rows, patient),
                    )
        return None

    @override
    def streams(
        self, record: RecordId, kind: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        own = self._records_of(record)
        return _of_kind((each for each in self._own(record) if each.record_id in own), kind)

    @override
    def referrals_with_reason(
        self, record: RecordId, reason_category: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        own = self._records_of(record)
        with self._connections() as connection:
            rows = own_of_streams_with(
                connection, own, topic=ReferralRequested.TOPIC, text=reason_category
            )
        return _of_kind(rows, referral.KIND.name)

    @override
    def installation(self, kind: str) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        with self._connections() as connection:
            return _of_kind(own_of_kind(connection, kind), kind)

    @override
    def work_item(self, item: ItemId) -> WorkItem | None:
        with self._connections() as connection:
            row = work_list.item(connection, item)
        if row is None:
            parts = ItemParts.of(item)
            encounter = self.encounter(StatementRef(parts.about)) if parts else None
            if parts is None or encounter is None or encounter.encounter_id == parts.about:
                return None
            with self._connections() as connection:
                row = work_list.item(connection, parts.of_encounter(encounter.encounter_id))
        return None if row is None else _item(row)

    def _records_of(self, record: RecordId) -> Sequence[RecordId]:
        """Return the source records of the person of a source record."""
        patients = self._patients([record])
        return next((each.records for each in patients if record in each.records), (record,))

    def _patients(self, records: Collection[RecordId]) -> Sequence[CoursePatient]:
        """Return the patients of the components of source records."""
        with self._connections() as connection:
            return course.of_records(connection, records)

    def _own(self, record: RecordId) -> Sequence[OwnEventRow]:
        """Return the own events that are filed in the component of a source record, and others."""
        with self._connections() as connection:
            return own_of(connection, [record])


class _BatchFacts(KnownFacts):
    """The facts for a batch of commands: each query reads what the whole batch needs."""

    def __init__(
        self,
        connections: Callable[[], AbstractContextManager[Connection[Any]]],
        opening: SegmentOpener,
        records: frozenset[RecordId],
        beginning: frozenset[RecordId],
    ) -> None:
        super().__init__(connections, opening)
        self._records = records
        self._beginning = beginning

    @override
    def _patients(self, records: Collection[RecordId]) -> Sequence[CoursePatient]:
        return self._of_batch if self._records.issuperset(records) else super()._patients(records)

    @override
    def _own(self, record: RecordId) -> Sequence[OwnEventRow]:
        return self._own_of_batch if record in self._beginning else super()._own(record)

    @cached_property
    def _of_batch(self) -> Sequence[CoursePatient]:
        return super()._patients(self._records)

    @cached_property
    def _own_of_batch(self) -> Sequence[OwnEventRow]:
        with self._connections() as connection:
            return own_of(connection, list(self._beginning))


#: Local dates begin first in the zone that is this far ahead of UTC.
_FIRST_ZONE: Final = timezone(timedelta(hours=14))


def _earliest(date: str) -> datetime | None:
    """Return the instant at which a date began anywhere; None: it is no date.

    >>> _earliest("1951-06").isoformat()
    '1951-06-01T00:00:00+14:00'
    """
    try:
        return datetime.fromisoformat(f"{date}-01-01"[:10]).replace(tzinfo=_FIRST_ZONE)
    except ValueError:
        return None


def _known(patient: CoursePatient, encounter: CourseEncounter) -> KnownEncounter:
    return KnownEncounter(
        encounter_id=encounter.encounter_id,
        patient_id=patient.patient_id,
        record=encounter.record,
        mode=patient.mode,
        facility=encounter.facility,
        class_code=encounter.class_code,
        start=encounter.start,
        end=encounter.end,
        end_inferred=encounter.end_inferred,
        cancelled=encounter.cancelled,
        disposition_code=encounter.disposition_code,
    )


def _recorded(
    rows: Iterable[OwnEventRow], encounter: CourseEncounter
) -> Sequence[StreamEvent[TransitionEvent]]:
    """Return what people recorded about an encounter, by time."""
    kind = transition_stream.KIND
    found = {
        stream: kind.history(stream, events) for stream, events in _of_kind(rows, kind.name).items()
    }
    named = {
        stream: events
        for stream, events in found.items()
        if transition_stream.anchor_of(events) in encounter.statements
    }
    return fold(kind.decider, combined(named)).applied


def _reconciliations(rows: Iterable[OwnEventRow], patient: CoursePatient) -> Reconciliations:
    """Return the reconciliations of the medication lists of a patient."""
    own = (each for each in rows if each.record_id in patient.records)
    kind = medication_list.KIND
    return reconciliations_of(
        kind.history(stream, events) for stream, events in _of_kind(own, kind.name).items()
    )


def _of_kind(
    rows: Iterable[OwnEventRow], kind: str
) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
    wanted = [each for each in rows if each.topic.partition(".")[0] == kind]
    found: dict[StreamId, Sequence[StreamEvent[OwnEvent]]] = {}
    for stream, events in streams_of(wanted, own_event).items():
        found[StreamId(stream)] = [
            StreamEvent(each.event_id, each.version, each.core)
            for each in events
            if isinstance(each.core, OwnEvent)
        ]
    return found


def _item(row: WorkItemRow) -> WorkItem:
    return WorkItem(
        about=row.about,
        duty=row.duty,
        part=row.part,
        record=row.record_id,
        mode=row.mode,
        of_transition=row.encounter_id is not None,
        in_time_until=row.in_time_until,
        zone=row.zone,
        claimed_by=None
        if row.claimed_until is None
        else Party(
            organisation=row.claimed_organisation or "",
            person=row.claimed_person or "",
            pool=row.claimed_pool or "",
        ),
        claimed_until=row.claimed_until,
    )
