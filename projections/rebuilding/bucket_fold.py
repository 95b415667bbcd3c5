"""Fold the events of a bucket: all events of a stream, or of a component, together."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from psycopg import Connection

from domain.ids import RecordId
from domain.rules import NO_PROTOCOLS
from domain.statement import Statement
from projections.engine import own_events, protocols, substrate
from projections.engine.component import interpret_component
from projections.engine.course import Course, CoursePatient, course_patients
from projections.engine.decoding import decode_body
from projections.engine.events import FiledStatement, LoggedEvent, is_statement
from projections.engine.failures import is_of_content, reason_of
from projections.engine.own_events import OwnEventRow
from projections.engine.parking import ParkedEvent, Part
from projections.engine.services import Services
from projections.engine.targets import Targets, component_rows, schema_rows
from projections.rebuilding.loading import Loading

_index: Final = attrgetter("index")


class BucketFold:
    """Fills the tables of new generations through one connection."""

    def __init__(self, connection: Connection[Any], targets: Targets, services: Services) -> None:
        self.loading = Loading(connection)
        self.parked: list[ParkedEvent] = []
        self._targets = targets
        self._services = services
        self._protocols = NO_PROTOCOLS
        #: Schema in which events are filed; empty: the substrate is not filled.
        self._filed_in = (
            targets.substrate.schema if targets.files and targets.substrate is not None else ""
        )

    def use_protocols(self, rows: Iterable[OwnEventRow]) -> None:
        """Fold with the protocols that these events publish."""
        self._protocols = protocols.of_rows(rows, self._services.read_own)

    def fold(self, events: Sequence[LoggedEvent], joined: Mapping[str, str]) -> list[LoggedEvent]:
        """Fold the events of whole streams, records or components.

        Args:
            events: Of a bucket. An event that has its component already is folded with that.
            joined: The component of each record that is joined with others.

        Returns:
            The events of records in ``joined``, with their component. They are to be folded when
            the events of all records of the component are there.
        """
        if self._targets.by_stream:
            self._fold_streams(events)
        if not self._targets.of_components:
            return []
        components, alone, elsewhere = _by_component(events, joined)
        if self._filed_in:
            self.loading.add(self._filed_in, substrate.COMPONENT, [(name, name) for name in alone])
        if self._targets.opens:
            records = {one.stream for some in components.values() for one in some if not one.record}
            self._services.warm(map(RecordId, records))
        for name, some in components.items():
            some.sort(key=_index)  # partitions may have been read one after the other
            filed, own, broken = self._file(some)
            if self._targets.by_component or self._targets.by_course:
                self._fold_component(name, some, filed, own, broken)
        return elsewhere

    def _fold_streams(self, events: Sequence[LoggedEvent]) -> None:
        once = [one for one in events if not one.component and not one.record]
        once.sort(key=_index)
        for generation, by_stream in self._targets.by_stream:
            for one in schema_rows(generation, by_stream.rows(once)):
                self.loading.add(*one)

    def _file(
        self, events: Sequence[LoggedEvent]
    ) -> tuple[list[FiledStatement], list[OwnEventRow], ValueError | None]:
        """File the events of a component; return them, and why a statement cannot be read."""
        filed: list[FiledStatement] = []
        own: list[OwnEventRow] = []
        broken: ValueError | None = None
        schema = self._filed_in
        for one in events:
            if one.record:
                own += own_events.rows_of(one, (one.record,))
                continue
            statement: Statement | None = None
            try:
                statement, segments = decode_body(one.body)
            except ValueError as error:
                broken = error
            else:
                filed.append(substrate.filed_statement(one, statement, segments))
            if schema:
                row = substrate.statement_row(one, statement)
                self.loading.add(schema, substrate.STATEMENT, (row,))
        if schema and own:
            self.loading.add(schema, own_events.OWN_EVENT, own)
        return filed, own, broken

    def _fold_component(
        self,
        name: str,
        events: Sequence[LoggedEvent],
        filed: Sequence[FiledStatement],
        own: Sequence[OwnEventRow],
        broken: ValueError | None,
    ) -> None:
        part: Part = "statements"
        try:
            if broken is not None:
                raise broken  # noqa: TRY301  # set aside like every other failure
            patients = self._fold_statements(name, filed) if filed else ()
            part = "course"
            if self._targets.by_course:
                self._fold_course(name, patients, own)
        except Exception as error:
            if not is_of_content(error):
                raise
            reason = reason_of(error)  # set aside, as live
            self.parked += [
                ParkedEvent(
                    component=name,
                    index=one.index,
                    event_id=one.event_id,
                    reason=reason,
                    part=part,
                )
                for one in events
            ]

    def _fold_statements(
        self, name: str, filed: Sequence[FiledStatement]
    ) -> tuple[CoursePatient, ...]:
        interpreted = interpret_component(name, filed, self._services.interpret)
        for one in component_rows(interpreted, self._targets.by_component, self._services):
            self.loading.add(*one)
        return course_patients(interpreted) if self._targets.by_course else ()

    def _fold_course(
        self, name: str, patients: tuple[CoursePatient, ...], own: Sequence[OwnEventRow]
    ) -> None:
        streams = own_events.streams_of(own, self._services.read_own)
        found = Course(
            component=name, patients=patients, streams=streams, protocols=self._protocols
        )
        for one in component_rows(found, self._targets.by_course, self._services):
            self.loading.add(*one)


def _by_component(
    events: Iterable[LoggedEvent], joined: Mapping[str, str]
) -> tuple[dict[str, list[LoggedEvent]], list[str], list[LoggedEvent]]:
    """Sort the events of a bucket by component.

    Returns:
        The events of components that are complete, by component; those components that are a single
        record; and the events of records in ``joined``, with their component.
    """
    components: dict[str, list[LoggedEvent]] = {}
    alone: list[str] = []
    elsewhere: list[LoggedEvent] = []
    for one in events:
        record = one.record
        if not record:
            if not is_statement(one.topic):
                continue  # it is here once more for each record that it names
            record = one.stream
        name = one.component
        if not name:
            name = joined.get(record, "")
            if name:
                one.component = name
                elsewhere.append(one)
                continue
            name = record
            if name not in components:
                alone.append(name)
        components.setdefault(name, []).append(one)
    return components, alone, elsewhere
