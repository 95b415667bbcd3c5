"""Answer every question of the command line and the pages from the read models."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Final, Literal, TypeAlias

from caretrail.reading.activities import read_activities, streams_of_kind
from caretrail.reading.census_reader import CensusReader
from caretrail.reading.evidence import Archive
from caretrail.reading.evidence_reader import EvidenceReader
from caretrail.reading.listing import (
    PatientList,
    PatientSearch,
    PatientSummary,
    read_cursor,
    write_cursor,
)
from caretrail.reading.member_details import MemberDetails, member_details
from caretrail.reading.opening import SegmentOpener
from caretrail.reading.past_courses import TwoClocks, known_protocols, streams_then
from caretrail.reading.past_rows import PastRows, components_of, components_of_stream
from caretrail.reading.patient import PatientReading, read
from caretrail.reading.patient_index import Database, PatientIndex
from caretrail.reading.plan_contents import PartContents, part_contents
from caretrail.reading.positions import Positions
from caretrail.reading.transitions import TransitionReading, read_transitions
from domain.attribution import KIND as ATTRIBUTION
from domain.care_team import KIND as CARE_TEAM_KIND
from domain.catalogue import own_event
from domain.ids import MODES, IdKey, PatientId, RecordId, StreamId
from domain.interpretation import interpret
from domain.medication_list import KIND as MEDICATION_LIST
from domain.rules import Protocols
from domain.transition.stream import KIND as TRANSITION
from infra import clock
from infra.postgres import snapshot
from projections import (
    audit_trail,
    patient_identifiers,
    patients,
)
from projections.audit_trail import EventRow, LogPosition
from projections.engine.events import FiledOwnEvent
from projections.engine.own_events import OwnEventRow, own_of, own_of_stream, streams_of
from projections.engine.services import Opener, Services
from projections.engine.substrate import filed_of
from projections.patients import PatientRow

PAGE: Final = 25
#: A part of the reading of a patient that costs time if the history is long.
ReadingPart: TypeAlias = Literal["activities", "transitions"]
_index: Final = attrgetter("index")


class Reader:
    """Answers questions from the read models. Threads may share it: each call has a connection."""

    def __init__(  # noqa: PLR0913  # what the composition root chooses
        self,
        connections: Callable[[], AbstractContextManager[Database]],
        id_key: IdKey,
        open_segment: Opener,
        *,
        token: Callable[[str], str],
        warm: Callable[[Iterable[RecordId]], None],
        archive: Archive,
        complete_through: Callable[[Database], int] | None = None,
        newest: Callable[[], int] = lambda: 0,
        present: Callable[[], datetime] = clock.now,
    ) -> None:
        """Take connections, keys and functions from outside.

        Args:
            connections: Gives a connection for the time of a ``with``, as a pool does.
            id_key: The key from which the ids of this installation are derived.
            open_segment: Opens a sealed segment or raises ``SegmentDoesNotOpen``.
            token: The keyed hash with which the projector makes name tokens.
            warm: Fetches the keys of records together, before their segments are opened.
            archive: The received messages.
            complete_through: Returns the index up to which the read models hold every event. If
                it is not given, the highest index in them is used.
            newest: Returns the index of the newest event that was recorded.
            present: Returns the instant that the home takes for the present.
        """
        self._connections = connections
        self._id_key = id_key
        self.opening = SegmentOpener(open_segment, warm)
        self._index = PatientIndex(id_key, self.opening, token=token)
        self._services = Services(
            open_segment=open_segment, token=token, interpret=interpret, read_own=own_event
        )
        self.evidence = EvidenceReader(connections, archive)
        self._positions = Positions(complete_through)
        self.census = CensusReader(connections, self.opening, self._positions)
        self._newest = newest
        self.present = present

    def connection(self) -> AbstractContextManager[Database]:
        """Lend a connection, for reads that belong to one kind of own stream."""
        return self._connections()

    @contextmanager
    def past(
        self,
        *,
        as_of: datetime | None = None,
        known_at: int | datetime | None = None,
        records: Sequence[RecordId] | None = None,
        stream: StreamId | None = None,
    ) -> Iterator[PastRows]:
        """Lend the relations of read models of own activities, as of and as known at.

        Args:
            as_of: The instant of the answer; None: now.
            known_at: An index or an instant; only events recorded up to it count. None: all count.
            records: If given, only the components of these source records matter.
            stream: If given, only the component of this own stream matters.
        """
        with self._connections() as connection, snapshot(connection):
            known = self._positions.at(connection, known_at)
            clocks = TwoClocks(as_of=as_of, known=None if known_at is None else known.index)
            components: list[str] | None = None
            if stream is not None:
                components = components_of_stream(connection, stream)
            elif records is not None:
                components = components_of(connection, records)
            yield PastRows(connection, clocks, self._services, known=known, components=components)

    def latest(self) -> LogPosition:
        """Return the position up to which the read models hold every event."""
        with self._connections() as connection:
            return self._positions.latest(connection)

    def behind(self, position: LogPosition) -> int:
        """Return how many events were recorded after a position of the read models."""
        return max(0, self._newest() - position.index)

    def resolve(self, text: str) -> PatientId | None:
        """Return the patient behind ``AUTHORITY|IDENTIFIER`` or an opaque id, as joined now.

        A production record is preferred to a test record. A merged identifier answers with the
        surviving patient. If several patients have a number, the patient whose record is filed
        under it answers.

        Raises:
            NumberShared: Several patients have the number, and no record is filed under it.
        """
        with self._connections() as connection:
            found = self._index.named(connection, text.strip())
            return found[1] if found else None

    def patient(
        self,
        text: str,
        *,
        as_of: datetime | None = None,
        known_at: int | datetime | None = None,
        without: Collection[ReadingPart] = (),
    ) -> PatientReading | None:
        """Return the patient behind ``text`` (see ``resolve``), as of and as known at.

        A record or identifier that was not yet merged at ``known_at`` answers with the patient
        that it was then. If it was not known then, the answer is the linked patient as known then.
        Return None if there is no such patient, or the patient was not yet known. The parts
        ``without`` which the caller can do are left empty.

        Raises:
            NumberShared: See ``resolve``. Only patients that had the number by ``known_at`` count.
        """
        with self._connections() as connection, snapshot(connection):
            then = known_at is not None
            known = self._positions.at(connection, known_at)
            upto = known.index if then else None
            named = self._index.named(connection, text.strip(), upto)
            if named is None:
                return None
            record = self._record(connection, text, *named, then=then)
            found = filed_of(connection, [RecordId(record)], upto=upto)
            reading = read(
                found, record, self.opening, as_of=as_of, known=known,
                alias_records=self._records(connection, named[1]) if then else (),
            )  # fmt: skip
            if reading is None:
                return None
            own: Sequence[OwnEventRow] = ()
            if not {"activities", "transitions"} <= {*without}:
                own = own_of(connection, [RecordId(record)], upto=upto)
            if "activities" not in without:
                activities = read_activities(
                    own,
                    reading.patient,
                    as_of=as_of,
                    now=self.present(),
                    former_refs=reading.former_refs,
                )
                reading = replace(reading, activities=activities)
            if "transitions" not in without:
                protocols = known_protocols(connection, TwoClocks(known=upto), own_event)
                transitions = self._transitions(reading, own, protocols, as_of=as_of)
                reading = replace(reading, transitions=transitions)
            reading = replace(reading, behind=self.behind(self._positions.latest(connection)))
            return self._with_others(connection, reading, then=then)

    def _transitions(
        self,
        reading: PatientReading,
        own: Sequence[OwnEventRow],
        protocols: Protocols,
        *,
        as_of: datetime | None,
    ) -> tuple[TransitionReading, ...]:
        mine = [row for row in own if row.record_id in reading.patient.records]
        return read_transitions(
            reading.patient,
            streams_of_kind(own, TRANSITION),
            protocols,
            as_of=as_of,
            now=self.present(),
            former_refs=reading.former_refs,
            medications=streams_of_kind(mine, MEDICATION_LIST).values(),
            attributions=streams_of_kind(mine, ATTRIBUTION),
        )

    def plan_contents(
        self,
        stream: StreamId,
        *,
        as_of: datetime | None = None,
        known: int | None = None,
        revision: int | None = None,
        version: int | None = None,
    ) -> dict[str, PartContents]:
        """Return what the parts of a care plan say, by their ids. It opens sealed segments.

        Args:
            stream: The plan.
            as_of: Only what had happened by this instant counts; None: now.
            known: Only events up to this index count; None: all.
            revision: What the parts said just after the revision with this number; None: at last.
            version: Only the first events of the stream count, up to this version; None: all.
        """
        with self._connections() as connection:
            rows = own_of_stream(connection, stream)
        kept = [
            each
            for each in rows
            if (known is None or each.source_position <= known)
            and (version is None or each.version <= version)
        ]
        events = streams_then(streams_of(kept, own_event), as_of).get(stream, ())
        return part_contents(events, self.opening, upto=revision)

    def member_details(
        self,
        records: Sequence[RecordId],
        *,
        as_of: datetime | None = None,
        known: int | None = None,
    ) -> dict[str, MemberDetails]:
        """Return what is sealed about the members of a person's care team, by their codes.

        Args:
            records: The source records of the person.
            as_of: Only what had happened by this instant counts; None: now.
            known: Only events up to this index count; None: all.
        """
        with self._connections() as connection:
            rows = own_of(connection, records, upto=known)
        mine = [each for each in rows if each.topic.startswith(f"{CARE_TEAM_KIND.name}.")]
        named = [each for each in mine if each.record_id in records]
        return member_details(
            streams_then(streams_of(named, own_event), as_of).values(), self.opening
        )

    def patients(
        self, query: PatientSearch | None = None, *, cursor: str = "", limit: int = PAGE
    ) -> PatientList:
        """Return one page of patients, those with the latest events first, or a search's result."""
        with self._connections() as connection:
            people, records = patients.count(connection)
            if query and query.words.strip():
                return replace(
                    self._index.search(connection, query), people=people, records=records
                )
            after = read_cursor(cursor) if cursor else None
            rows = patients.page(
                connection,
                after=after,
                limit=limit + 1,
                modes=query.modes if query else MODES,
                open_stay=query.open_stay if query else None,
            )
            listed = self._index.listed(connection, rows[:limit])
            older = write_cursor(rows[limit - 1]) if len(rows) > limit else ""
            return PatientList(listed=tuple(listed), older=older, people=people, records=records)

    def summary(self, patient: PatientId) -> PatientSummary | None:
        """Return a patient as the list of patients shows it; None if there is no such patient."""
        with self._connections() as connection:
            found = self._index.listed(connection, patients.by_id(connection, [patient]))
            return found[0] if found else None

    def summaries(self, wanted: Iterable[PatientId]) -> dict[PatientId, PatientSummary]:
        """Return patients by id, as the list of patients shows them; unknown ones are left out."""
        with self._connections() as connection:
            rows = patients.by_id(connection, sorted(set(wanted)))
            return {each.patient_id: each for each in self._index.listed(connection, rows)}

    def every_patient(self) -> Iterator[PatientSummary]:
        """Yield all patients; merged ones come after all others."""
        cursor = ""
        while True:
            page = self.patients(cursor=cursor, limit=500)
            for listed in page.listed:
                yield listed
            if not page.older:
                break
            cursor = page.older
        with self._connections() as connection:
            retired = patients.retired(connection)
            listed_retired = self._index.listed(connection, retired)
        for row, listed in zip(retired, listed_retired, strict=True):
            yield replace(listed, merged_into=row.merged_into_id)

    def record_named(self, text: str) -> tuple[RecordId, str] | None:
        """Return the source record that ``text`` names (see ``resolve``), with its mode.

        An identifier under which no statement is filed answers with the patient's own record.

        Raises:
            NumberShared: See ``resolve``.
        """
        with self._connections() as connection:
            found = self._index.named(connection, text.strip())
            if found is None:
                return None
            ref, patient = found
            (row,) = patients.by_id(connection, [patient])
            return _record_under(row, ref), row.mode

    def records_named(self, texts: Collection[str]) -> Mapping[str, tuple[RecordId, str] | None]:
        """Return what ``record_named`` returns for several texts, in two queries.

        A text is left out if it must be asked for alone: a number of several patients, or an id.
        """
        with self._connections() as connection:
            found = self._index.numbered(connection, {text.strip() for text in texts})
            ids = [each[1] for each in found.values() if each is not None]
            listed = patients.by_id(connection, ids) if ids else ()
        rows = {each.patient_id: each for each in listed}
        named: dict[str, tuple[RecordId, str] | None] = {}
        for text in texts:
            known = found.get(text.strip())
            if known is not None and known[1] in rows:
                row = rows[known[1]]
                named[text] = _record_under(row, known[0]), row.mode
            elif known is None and text.strip() in found:
                named[text] = None
        return named

    def event(self, opaque: str) -> EventRow | None:
        """Return the event with this id, or the event of the statement with this ref."""
        with self._connections() as connection:
            return audit_trail.event(connection, opaque)

    def own_events(
        self, *, records: Sequence[RecordId] = (), stream: StreamId | None = None
    ) -> list[FiledOwnEvent]:
        """Return own events by index: those of a stream, or those filed under source records."""
        with self._connections() as connection:
            if stream is not None:
                rows = own_of_stream(connection, stream)
            else:
                rows = [each for each in own_of(connection, records) if each.record_id in records]
        found = streams_of(rows, own_event).values()
        return sorted((each for events in found for each in events), key=_index)

    def _record(
        self, connection: Database, text: str, ref: str, patient: PatientId, *, then: bool
    ) -> str:
        """Return the record ``ref``, or the patient if no statement is filed under the record."""
        if "|" not in text and not then:
            return patient
        return ref if ref in self._records(connection, patient) else patient

    def _records(self, connection: Database, patient: PatientId) -> list[RecordId]:
        """Return the records that belong to a patient now."""
        return [each for row in patients.by_id(connection, [patient]) for each in row.record_ids]

    def _with_others(
        self, connection: Database, reading: PatientReading, *, then: bool
    ) -> PatientReading:
        """Add other patients that have one of the same numbers, in this or in another mode.

        If the patient is read as known ``then``, patients of the same mode are not added, because
        the present numbers would change a past answer.
        """
        mine = reading.patient.mode
        refs: list[str] = []
        for number in reading.numbers:
            others = [mode for mode in MODES if mode != mine]
            refs += [self._id_key.record(number.authority, number.value, mode) for mode in others]
            if not then:
                refs.append(number.ref)
        shared: dict[str, PatientId] = {}
        for ref, mode, patient_id in patient_identifiers.of_refs(connection, refs):
            if patient_id == reading.patient.patient_id:
                continue
            if mode == mine:
                shared.setdefault(ref, patient_id)
            elif reading.twin is None:
                reading = replace(reading, twin=patient_id, twin_mode=mode)
        return replace(reading, shared=shared)


def _record_under(row: PatientRow, ref: str) -> RecordId:
    """Return the record ``ref``, or the patient's own if no statement is filed under it."""
    return RecordId(ref if ref in row.record_ids else row.patient_id)
