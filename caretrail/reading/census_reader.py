"""Read the census, as a whole or a page of it: now, as of an instant and as known at one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Final

from caretrail.reading import census as census_of
from caretrail.reading.census import CensusReading
from caretrail.reading.census_page import CensusPage, past_page, present_page
from caretrail.reading.opening import SegmentOpener
from caretrail.reading.patient import PatientReading, interpreted, reading_of
from caretrail.reading.patient_index import Database
from caretrail.reading.positions import Positions
from domain.ids import PatientId
from infra.postgres import snapshot
from projections import census, census_list
from projections.audit_trail import LogPosition
from projections.census import open_places
from projections.census_list import CensusFilter
from projections.engine.readings import latest_readings
from projections.engine.substrate import filed_by_component

_COMPONENTS_AT_ONCE: Final = 500


class CensusReader:
    """Reads who is where. Threads may share it: each call has a connection."""

    def __init__(
        self,
        connections: Callable[[], AbstractContextManager[Database]],
        opening: SegmentOpener,
        positions: Positions,
    ) -> None:
        """Take the connections to the read models, what opens names, and the positions."""
        self._connections = connections
        self._opening = opening
        self._positions = positions

    def read(
        self,
        *,
        now: datetime,
        facility: str | None = None,
        as_of: datetime | None = None,
        known_at: int | datetime | None = None,
        named: bool = True,
    ) -> CensusReading:
        """Return who is where. Lengths are judged by ``as_of``, or by ``now`` if it is None.

        If it is not to be ``named``, the names of the present census are not opened.
        """
        with self._connections() as connection, snapshot(connection):
            known = self._positions.at(connection, known_at)
            shared: list[tuple[str, ...]] = []
            if as_of is None and known_at is None:
                rows = census.open_now(connection, facility=facility)
                ids = {row.patient_id for row in rows} if named else ()
                people = census_of.people_of(connection, self._opening, ids)
                occupied = census_of.from_rows(rows, people, self._opening)
                numbers = census.visit_numbers_of_two(connection, facility=facility)
                shared = census_of.shared_numbers(numbers)
            else:
                upto = None if known_at is None else known.index
                occupied = [
                    one
                    for reading in self._everybody(connection, as_of, upto, known)
                    for one in census_of.from_reading(reading)
                    if facility is None or one.facility == facility
                ]
        ordered = census_of.order(occupied)
        return CensusReading(
            occupied=ordered,
            disagreements=census_of.disagreements(ordered, at=as_of or now, shared_numbers=shared),
            as_of=as_of,
            known=known,
        )

    def page(
        self,
        wanted: CensusFilter,
        *,
        now: datetime,
        offset: int = 0,
        as_of: datetime | None = None,
        known_at: int | datetime | None = None,
        readable: Callable[[Sequence[PatientId]], Sequence[PatientId]] | None = None,
    ) -> CensusPage:
        """Return a page of the census. See ``read``.

        Args:
            wanted: The filter. Its patients are those that ``readable`` returns.
            now: The instant by which lengths are judged, unless ``as_of`` is given.
            offset: How many places are on the pages before.
            as_of: The instant of the census; None: now.
            known_at: An index or an instant; only events recorded up to it count. None: all count.
            readable: Returns those of the patients that the reader may read; None: all.
        """
        if as_of is not None or known_at is not None:
            reading = self.read(now=now, as_of=as_of, known_at=known_at)
            if readable is not None:
                ids = sorted({one.patient_id for one in reading.occupied})
                wanted = replace(wanted, patients=readable(ids))
            return past_page(reading, wanted, offset=offset)
        if readable is not None:
            with self._connections() as connection:
                ids = census_list.patients_in(connection)
            wanted = replace(wanted, patients=readable(ids))
        with self._connections() as connection, snapshot(connection):
            known = self._positions.latest(connection)
            return present_page(
                connection, self._opening, wanted, now=now, known=known, offset=offset
            )

    def _everybody(
        self,
        connection: Database,
        as_of: datetime | None,
        upto: int | None,
        known: LogPosition,
    ) -> Iterator[PatientReading]:
        """Yield the patients with an open place, from the components known at that position."""
        wanted = census.components_before(connection, at=as_of, upto=upto)
        for start in range(0, len(wanted), _COMPONENTS_AT_ONCE):
            some = wanted[start : start + _COMPONENTS_AT_ONCE]
            for rows in filed_by_component(connection, "proj", some, upto=upto).values():
                found = latest_readings([row.decoded() for row in rows])
                for patient in interpreted(found, as_of):
                    if any(open_places(patient)):
                        yield reading_of(patient, found, self._opening, as_of, known)
