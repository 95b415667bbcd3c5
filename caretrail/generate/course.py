"""Draw what truly happens in one visit: its facts in order of time."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from caretrail.generate.hospital import Beds, Facility, Spot, UnitKind

FactKind: TypeAlias = Literal["plan", "arrive", "admit", "move", "change", "end"]

#: Facts of a visit are at least this far apart, so that troubles fit between them.
ROOM = timedelta(minutes=40)

#: PV1-36, by the codes of the National Uniform Billing Committee.
HOME, HOSPITAL, NURSING, REHABILITATION, AGAINST_ADVICE, EXPIRED = (
    "01", "02", "03", "62", "07", "20",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFact:
    """One fact of a visit."""

    kind: FactKind
    at: datetime
    spot: Spot
    class_code: str
    planned_for: datetime | None = None  # only of a plan
    disposition: str = ""  # only of an end


@dataclass(frozen=True, slots=True)
class VisitCourse:
    """The facts of a visit, in order of time; a visit that was only planned has one fact."""

    facility: Facility
    facts: tuple[VisitFact, ...]

    @property
    def start(self) -> datetime:
        """The time of the first fact after the plan; of the plan if there is no other fact."""
        return next((f.at for f in self.facts if f.kind != "plan"), self.facts[0].at)

    @property
    def end(self) -> datetime:
        """The time of the last fact."""
        return self.facts[-1].at

    @property
    def disposition(self) -> str:
        """The disposition of the last fact; empty if that is not an end."""
        return self.facts[-1].disposition


def minutes(rng: random.Random, low: float, high: float) -> timedelta:
    """Draw a length of time, to the second."""
    return timedelta(seconds=round(rng.uniform(low, high) * 60))


def _opening(facility: Facility, at: datetime, rng: random.Random) -> datetime:
    """Return ``at`` if a clinic is open then (8 to 17 o'clock), else a time after it opens."""
    local = at.astimezone(ZoneInfo(facility.habits.zone))
    wait = (8 - local.hour) % 24 if not 8 <= local.hour < 17 else 0  # noqa: PLR2004
    return at + (timedelta(hours=wait) + minutes(rng, 0, 300) if wait else timedelta())


class Planner:
    """Draws the courses of visits, and takes beds for their stays."""

    def __init__(self, rng: random.Random, beds: Beds) -> None:
        self.rng = rng
        self.beds = beds

    def emergency(
        self, facility: Facility, arrival: datetime, *, stays: bool | None = None
    ) -> VisitCourse:
        """Draw a visit to the emergency department; the patient goes home, is observed or admitted.

        Args:
            facility: Where the patient arrives.
            arrival: About when.
            stays: True: the patient is observed or admitted. False: the patient goes home from the
                emergency department. None draws it.
        """
        rng = self.rng
        at = self._time(facility, arrival)
        path: list[tuple[str, UnitKind, datetime]] = [("EMER", "emergency", at)]
        at = self._time(facility, at + minutes(rng, 50, 420))
        outcome = rng.random()
        if stays is None:
            stays = outcome < 0.55  # noqa: PLR2004
        if stays:
            if outcome < 0.2:  # noqa: PLR2004
                path.append(("OBSENC", "observation", at))
                at = self._time(facility, at + minutes(rng, 300, 2200))
                if outcome < 0.08:  # noqa: PLR2004
                    return self._stay(facility, path, at)
            return self._inpatient(facility, path, at)
        return self._stay(facility, path, at)

    def planned(self, facility: Facility, at: datetime, planned_at: datetime | None) -> VisitCourse:
        """Draw an admission; ``planned_at`` is when its plan is sent, None if there is no plan."""
        course = self._inpatient(facility, [], self._time(facility, at))
        return self._with_plan(course, planned_at, course.facts[0].at.replace(minute=0, second=0))

    def post_acute(self, facility: Facility, at: datetime) -> VisitCourse:
        """Draw a stay in rehabilitation or skilled nursing: weeks in one or two beds."""
        rng = self.rng
        at = self._time(facility, at)
        path: list[tuple[str, UnitKind, datetime]] = [("NONAC", "ward", at)]
        if rng.random() < 0.3:  # noqa: PLR2004
            at = self._time(facility, at + minutes(rng, 600, 7000))
            path.append(("NONAC", "ward", at))
        end = self._time(facility, at + minutes(rng, 3000, 22000))
        return self._stay(facility, path, end)

    def clinic(self, facility: Facility, at: datetime, planned_at: datetime | None) -> VisitCourse:
        """Draw an outpatient visit; ``planned_at`` is when its appointment is sent, or None."""
        rng = self.rng
        at = self._time(facility, _opening(facility, at, rng))
        course = self._stay(
            facility, [("AMB", "clinic", at)], self._time(facility, at + minutes(rng, 42, 110))
        )
        return self._with_plan(course, planned_at, course.facts[0].at.replace(second=0))

    def _with_plan(
        self, course: VisitCourse, planned_at: datetime | None, planned_for: datetime
    ) -> VisitCourse:
        if planned_at is None:
            return course
        first = course.facts[0]
        plan = VisitFact(
            kind="plan",
            at=self._time(course.facility, planned_at),
            spot=Spot(unit=first.spot.unit, room="", bed="", campus=first.spot.campus),
            class_code=first.class_code,
            planned_for=planned_for,
        )
        return VisitCourse(course.facility, (plan, *course.facts))

    def _time(self, facility: Facility, at: datetime) -> datetime:
        """Cut a time to the precision of the sender."""
        return at.replace(second=0, microsecond=0) if facility.habits.minutes else at

    def _inpatient(
        self, facility: Facility, path: list[tuple[str, UnitKind, datetime]], at: datetime
    ) -> VisitCourse:
        rng = self.rng
        critical = rng.random() < 0.2  # noqa: PLR2004
        path.append(("IMP", "critical" if critical else "ward", at))
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3)) + critical):
            at = self._time(facility, at + minutes(rng, 90, 2600))
            kind: UnitKind = "critical" if rng.random() < 0.1 else "ward"  # noqa: PLR2004
            path.append(("IMP", kind, at))
        if rng.random() < 0.04:  # noqa: PLR2004
            at = self._time(facility, at + minutes(rng, 90, 900))
            path.append(("OBSENC", "observation", at))
        end = self._time(facility, at + minutes(rng, 200, 5200))
        return self._stay(facility, path, end)

    def _stay(
        self, facility: Facility, path: list[tuple[str, UnitKind, datetime]], end: datetime
    ) -> VisitCourse:
        rng = self.rng
        facts: list[VisitFact] = []
        used: tuple[Spot, ...] = ()
        class_before = ""
        until = [*(at for *_, at in path[1:]), end]
        for (class_code, unit_kind, at), to in zip(path, until, strict=True):
            units = facility.of_kind(unit_kind) or facility.units
            unit = rng.choice(units)
            if any(spot.unit == unit.code and not spot.room for spot in used):
                unit = rng.choice(facility.units)
            first = rng.randrange(unit.rooms * unit.beds)
            spot = self.beds.take(facility, unit, at, to, first=first, unlike=used)
            if not class_before:
                kind: FactKind = "arrive" if class_code in {"EMER", "AMB"} else "admit"
            elif (class_before, class_code) in {(class_code, class_code), ("EMER", "OBSENC")}:
                kind = "move"
            else:
                kind = "change"
            facts.append(VisitFact(kind=kind, at=at, spot=spot, class_code=class_code))
            used = (*used, spot)
            class_before = class_code
        facts.append(
            VisitFact(
                kind="end", at=end, spot=facts[-1].spot, class_code=class_before,
                disposition=self._disposition(facility, class_before),
            )
        )  # fmt: skip
        return VisitCourse(facility, tuple(facts))

    def _disposition(self, facility: Facility, class_code: str) -> str:
        rng = self.rng
        if class_code in {"AMB", "EMER", "OBSENC"} or facility.kind != "acute":
            return HOME if rng.random() < 0.95 else AGAINST_ADVICE  # noqa: PLR2004
        return rng.choices(
            (HOME, REHABILITATION, NURSING, HOSPITAL, AGAINST_ADVICE, EXPIRED),
            (66, 14, 9, 5, 3, 3),
        )[0]
