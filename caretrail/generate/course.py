"""What truly happens in one visit: facts in order of time, before anybody tells them."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from caretrail.generate.hospital import Beds, Facility, Spot, UnitKind

FactKind: TypeAlias = Literal["plan", "arrive", "admit", "move", "change", "end"]

#: Two facts of a visit are at least this far apart, which leaves room for what goes wrong between.
ROOM = timedelta(minutes=40)

#: PV1-36, by the codes of the National Uniform Billing Committee.
HOME, HOSPITAL, NURSING, REHABILITATION, AGAINST_ADVICE, EXPIRED = (
    "01", "02", "03", "62", "07", "20",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact of a visit. ``planned_for`` belongs to a plan, ``disposition`` to an end."""

    kind: FactKind
    at: datetime
    spot: Spot
    class_code: str
    planned_for: datetime | None = None
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """The facts of a visit, in order of time. A visit that was only planned has no other fact."""

    facility: Facility
    facts: tuple[Fact, ...]

    @property
    def start(self) -> datetime:
        """The first fact that is no plan, else the plan."""
        return next((f.at for f in self.facts if f.kind != "plan"), self.facts[0].at)

    @property
    def end(self) -> datetime:
        """The last fact."""
        return self.facts[-1].at

    @property
    def disposition(self) -> str:
        """Where to; empty before the end."""
        return self.facts[-1].disposition


def minutes(rng: random.Random, low: float, high: float) -> timedelta:
    """Draw a length, to the second."""
    return timedelta(seconds=round(rng.uniform(low, high) * 60))


def _opening(facility: Facility, at: datetime, rng: random.Random) -> datetime:
    """Return the same time where a clinic is open then, else one later on, at eight to five."""
    local = at.astimezone(ZoneInfo(facility.habits.zone))
    wait = (8 - local.hour) % 24 if not 8 <= local.hour < 17 else 0  # noqa: PLR2004
    return at + (timedelta(hours=wait) + minutes(rng, 0, 300) if wait else timedelta())


class Planner:
    """Draws courses; true stays take their beds."""

    def __init__(self, rng: random.Random, beds: Beds) -> None:
        self.rng = rng
        self.beds = beds

    def emergency(
        self, facility: Facility, arrival: datetime, *, stays: bool | None = None
    ) -> Course:
        """Arrival in the emergency department; home from there, observed, or admitted.

        ``stays`` True: admitted in the end; False: home from the emergency department.
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

    def planned(self, facility: Facility, at: datetime, told: datetime | None) -> Course:
        """Admission by plan, or direct where no plan was ``told``."""
        course = self._inpatient(facility, [], self._time(facility, at))
        if told is None:
            return course
        first = course.facts[0]
        plan = Fact(
            kind="plan",
            at=self._time(facility, told),
            spot=Spot(unit=first.spot.unit, room="", bed="", campus=first.spot.campus),
            class_code=first.class_code,
            planned_for=first.at.replace(minute=0, second=0),
        )
        return Course(facility, (plan, *course.facts))

    def post_acute(self, facility: Facility, at: datetime) -> Course:
        """Rehabilitation or skilled nursing: weeks in one or two beds."""
        rng = self.rng
        at = self._time(facility, at)
        path: list[tuple[str, UnitKind, datetime]] = [("NONAC", "ward", at)]
        if rng.random() < 0.3:  # noqa: PLR2004
            at = self._time(facility, at + minutes(rng, 600, 7000))
            path.append(("NONAC", "ward", at))
        end = self._time(facility, at + minutes(rng, 3000, 22000))
        return self._stay(facility, path, end)

    def clinic(self, facility: Facility, at: datetime, told: datetime | None) -> Course:
        """An outpatient visit, with an appointment where one was ``told``."""
        rng = self.rng
        at = self._time(facility, _opening(facility, at, rng))
        course = self._stay(
            facility, [("AMB", "clinic", at)], self._time(facility, at + minutes(rng, 42, 110))
        )
        if told is None:
            return course
        first = course.facts[0]
        plan = Fact(
            kind="plan",
            at=self._time(facility, told),
            spot=Spot(unit=first.spot.unit, room="", bed="", campus=first.spot.campus),
            class_code="AMB",
            planned_for=first.at.replace(second=0),
        )
        return Course(facility, (plan, *course.facts))

    def _time(self, facility: Facility, at: datetime) -> datetime:
        """Cut to what the sender can tell."""
        return at.replace(second=0, microsecond=0) if facility.habits.minutes else at

    def _inpatient(
        self, facility: Facility, path: list[tuple[str, UnitKind, datetime]], at: datetime
    ) -> Course:
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
    ) -> Course:
        rng = self.rng
        facts: list[Fact] = []
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
            facts.append(Fact(kind=kind, at=at, spot=spot, class_code=class_code))
            used = (*used, spot)
            class_before = class_code
        facts.append(
            Fact(
                kind="end", at=end, spot=facts[-1].spot, class_code=class_before,
                disposition=self._disposition(facility, class_before),
            )
        )  # fmt: skip
        return Course(facility, tuple(facts))

    def _disposition(self, facility: Facility, class_code: str) -> str:
        rng = self.rng
        if class_code in {"AMB", "EMER", "OBSENC"} or facility.kind != "acute":
            return HOME if rng.random() < 0.95 else AGAINST_ADVICE  # noqa: PLR2004
        return rng.choices(
            (HOME, REHABILITATION, NURSING, HOSPITAL, AGAINST_ADVICE, EXPIRED),
            (66, 14, 9, 5, 3, 3),
        )[0]
