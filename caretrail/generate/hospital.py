"""A facility of the region: its units and beds, and the habits of its system as a sender of ADT."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

FacilityKind: TypeAlias = Literal["acute", "post-acute", "clinic"]
UnitKind: TypeAlias = Literal["emergency", "observation", "ward", "critical", "clinic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place as in PV1-3: unit^room^bed^facility; ``campus`` is PV1-3.4."""

    unit: str
    room: str
    bed: str
    campus: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit and its rooms; if no bed is free, PV1-3 of a patient has only the unit."""

    code: str
    title: str
    kind: UnitKind
    service: str  # PV1-10, HL7 table 0069
    rooms: int
    beds: int = 1  # in each room
    campus: str = ""  # PV1-3.4, if it is not the facility's own code


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderHabits:
    """How a sender fills its messages; each of these habits occurs in real feeds."""

    visit_numbers: Literal["always", "late", "never"] = "always"
    occurred: bool = True  # EVN-6 is filled
    entered: bool = True  # EVN-2 is filled
    admitted: Literal["always", "first"] = "always"  # PV1-44 in every message, or only in the first
    admitted_means: Literal["visit", "admission"] = "visit"  # PV1-44 of an A01 after an A04
    discharged: bool = True  # PV1-45 of an A03 is filled; if not, EVN-6, else EVN-2 has the time
    #: EVN-6 of A11, A12 and A13: the time of the cancelled event, of the cancel, or empty.
    cancels: Literal["names", "own", "none"] = "names"
    #: How an outpatient becomes an inpatient; ``renumber``: by A06 with a new visit number and
    #: MRG-5, ``renumber-silent``: the same without MRG-5.
    inpatient_by: Literal["A01", "A06", "renumber", "renumber-silent"] = "A01"
    closes_emergency: bool = False  # the emergency department ends its own part with an A03
    resends: Literal["same", "new-entered"] = "same"  # EVN-2 of a message that is sent again
    prior_place: bool = True  # PV1-6 in A02
    account: Literal["always", "end", "never"] = "always"  # PID-18
    clinic_ends: bool = True  # outpatient visits get an A03
    offset: bool = False  # times have their offset
    zone: str = "America/Chicago"
    minutes: bool = False  # times of EVN and PV1 are to the minute
    charset: Literal["utf-8", "latin-1", "unstated"] = "utf-8"
    authority: Literal["plain", "universal", "alias", "missing"] = "plain"  # PID-3.4
    enterprise: bool = True  # sends the enterprise number of patients who have one
    enterprise_first: bool = False  # sends it as the first repetition of PID-3
    numeric_control: bool = True  # MSH-10 is only digits

    def states(self, trigger: str) -> bool:
        """Say whether messages of a trigger state when it happened, in EVN-6, PV1-44 or PV1-45."""
        if trigger in {"A01", "A04", "A05"}:
            return True
        if trigger == "A03":
            return self.occurred or self.discharged
        return self.occurred


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """A sender of ADT; its code is its MSH-4 and the namespace of its numbers."""

    code: str
    title: str
    kind: FacilityKind
    town: int  # index in names.TOWNS
    units: tuple[Unit, ...]
    habits: SenderHabits
    weight: float = 1.0  # its share of the region's visits
    record_format: str = "{:07d}"
    visit_format: str = "{}"
    campuses_are_one: bool = True

    @property
    def application(self) -> str:
        """MSH-3."""
        return f"{self.code}ADT"

    @property
    def authority(self) -> str:
        """The assigning authority of its record numbers, after the aliases of the profile."""
        return self.code

    @property
    def mapped_campuses(self) -> tuple[str, ...]:
        """The values of PV1-3.4 that its profile maps to the facility itself."""
        campuses = {unit.campus for unit in self.units if unit.campus}
        return tuple(sorted(campuses)) if self.campuses_are_one else ()

    def of_kind(self, *kinds: UnitKind) -> tuple[Unit, ...]:
        """Return the units of these kinds."""
        return tuple(unit for unit in self.units if unit.kind in kinds)

    def unit(self, code: str) -> Unit:
        """Return a unit by its code.

        Raises:
            KeyError: The facility has no such unit.
        """
        for unit in self.units:
            if unit.code == code:
                return unit
        raise KeyError(code)


class Beds:
    """Gives each bed to one patient at a time.

    Only true stays take beds; a mistaken place may be another patient's bed.
    """

    def __init__(self) -> None:
        self._taken: dict[tuple[str, Spot], list[tuple[datetime, datetime]]] = {}

    def spot(self, facility: Facility, unit: Unit, room: int, bed: int) -> Spot:
        """Return the place of a bed."""
        return Spot(
            unit=unit.code,
            room=f"{room:02d}",
            bed=str(bed),
            campus=unit.campus or facility.code,
        )

    def take(
        self,
        facility: Facility,
        unit: Unit,
        start: datetime,
        end: datetime,
        *,
        first: int = 0,
        unlike: tuple[Spot, ...] = (),
    ) -> Spot:
        """Give the first free bed, beginning at bed number ``first``, but none of ``unlike``."""
        count = unit.rooms * unit.beds
        for step in range(count):
            room, bed = divmod((first + step) % count, unit.beds)
            spot = self.spot(facility, unit, room + 1, bed + 1)
            taken = self._taken.setdefault((facility.code, spot), [])
            if spot not in unlike and all(end <= s or e <= start for s, e in taken):
                taken.append((start, end))
                return spot
        return Spot(unit=unit.code, room="", bed="", campus=unit.campus or facility.code)

    def hold(self, facility: Facility, spot: Spot, start: datetime, end: datetime) -> None:
        """Take a bed that a story of the demo names."""
        self._taken.setdefault((facility.code, spot), []).append((start, end))

    def forget(self, before: datetime) -> None:
        """Drop stays that ended before ``before``, so that memory does not grow with the days."""
        for taken in self._taken.values():
            taken[:] = [stay for stay in taken if stay[1] >= before]
