"""The rows of read models of own activities, as of one instant and as known at another.

A query of a read model names its tables by relations (``projections.engine.relations``). Now, a
relation is the table. For other instants it holds rows that the projection makes again from the
courses of then (``past_courses``). So there is one query for all instants, and one function that
makes rows:

    with reader.past(as_of=as_of, known_at=known_at, records=[record]) as then:
        rows = referrals(then.connection, relations=then, patient=patient)

The rows of one patient or one stream are made of their components alone. For a list of the whole
installation, the components that may differ are made again, and the others are read from the table.
A component may differ if something was recorded after known-at, or happened after as-of.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from psycopg import sql
from typing_extensions import override

from caretrail.reading.past_courses import TwoClocks, other_rules_from, past_courses
from caretrail.reading.patient_index import Database
from domain.ids import PatientId, RecordId, StreamId
from projections.audit_trail import LogPosition
from projections.catalogue import PROJECTIONS
from projections.engine.course import Course
from projections.engine.projection import ByCourse
from projections.engine.relations import PRESENT, Relations, made_rows, with_made_rows
from projections.engine.services import Services
from projections.engine.table import Row, Table

_BY_COURSE: Final = {
    table.name: one.fold
    for one in PROJECTIONS
    if isinstance(one.fold, ByCourse)
    for table in one.tables
}


class PastRows(Relations):
    """The relations of read models at two instants, on the connection of one question."""

    def __init__(
        self,
        connection: Database,
        clocks: TwoClocks,
        services: Services,
        *,
        known: LogPosition,
        components: Sequence[str] | None = None,
    ) -> None:
        """Take the question.

        Args:
            connection: The connection on which the caller will run its query.
            clocks: The two instants.
            services: Those with which the projector makes rows.
            known: The last event that counts.
            components: The only components that matter; None: the whole installation.
        """
        self.connection = connection
        self.clocks = clocks
        self.known = known
        self._services = services
        self._components = components
        self._affected: Sequence[str] | None = None
        self._courses: list[Course] | None = None  # of ``components``
        self._made: dict[str, list[Row]] = {}

    @override
    def of(self, table: Table) -> sql.Composable:
        """Return the rows of a table that is folded ``ByCourse``, at the two instants."""
        if self.clocks.are_now:
            return PRESENT.of(table)
        if table.name not in self._made:
            self._make(_BY_COURSE[table.name])
        rows = self._made[table.name]
        if self._components is not None:
            return made_rows(table, rows)
        return with_made_rows(table, rows, components=self._differing())

    def _make(self, fold: ByCourse) -> None:
        for course in self.courses():
            for name, rows in fold.rows(course, self._services).items():
                self._made.setdefault(name, []).extend(rows)
        for name, other in _BY_COURSE.items():
            if other is fold:
                self._made.setdefault(name, [])

    def courses(self) -> Iterable[Course]:
        """Return the courses at the two instants, of all components that may differ from now."""
        read_own = self._services.read_own
        if self._components is None:
            return past_courses(self.connection, self._differing(), self.clocks, read_own)
        if self._courses is None:
            self._courses = list(
                past_courses(self.connection, self._components, self.clocks, read_own)
            )
        return self._courses

    def patient_of(self, record: RecordId) -> PatientId:
        """Return the patient that one of the records of the question answered with then."""
        for course in self.courses():
            for patient in course.patients:
                if record in patient.records:
                    return patient.patient_id
        return PatientId(record)

    def _differing(self) -> Sequence[str]:
        if self._affected is None:
            rules = other_rules_from(self.connection, self.clocks, self._services.read_own)
            self._affected = differing_components(self.connection, self.clocks, rules)
        return self._affected


def differing_components(
    connection: Database, clocks: TwoClocks, rules_from: datetime | None = None
) -> list[str]:
    """Return the components whose rows may differ between the two instants and now.

    A component may differ if one of its events was recorded later than the instant of known-at, or
    states a time that is not before the instant of as-of, or states no time. Each of these
    conditions reads an index of its own.

    Args:
        connection: The connection of the caller.
        clocks: The two instants.
        rules_from: If given, other protocols are known now, which are in force from this instant
            on. A component with such a time may differ too.
    """
    instants = [each for each in (clocks.as_of, rules_from) if each is not None]
    found = connection.execute(
        """
        select distinct c.component
        from proj.component as c
        join (
            select record_id from proj.statement where source_position > %(known)s
            union
            select record_id from proj.statement where latest_at >= %(as_of)s
            union
            select record_id from proj.statement
            where latest_at is null and %(as_of)s::timestamptz is not null
            union
            select record_id from proj.own_event where source_position > %(known)s
            union
            select record_id from proj.own_event where happened_at >= %(as_of)s
            union
            select record_id from proj.own_event
            where happened_at is null and %(as_of)s::timestamptz is not null
        ) as later on later.record_id = c.node
        order by 1
        """,
        {"known": clocks.known, "as_of": min(instants, default=None)},
    ).fetchall()
    return [component for (component,) in found]


def components_of(connection: Database, records: Iterable[RecordId | StreamId]) -> list[str]:
    """Return the components that hold source records, or streams that name no record."""
    found = connection.execute(
        "select distinct component from proj.component where node = any(%s) order by 1",
        (list(records),),
    ).fetchall()
    return [component for (component,) in found]


def components_of_stream(connection: Database, stream: StreamId) -> list[str]:
    """Return the components under which the events of an own stream are filed."""
    found = connection.execute(
        """
        select distinct c.component
        from proj.audit_trail as a
        join proj.component as c on c.node = any(a.subject_ids)
        where a.record_id = %s
        order by 1
        """,
        (stream,),
    ).fetchall()
    return [component for (component,) in found]
