"""Draw the lives of patients: the facilities that they visit, one after the other."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from caretrail.generate import course as courses
from caretrail.generate.biography import Biography, GeneratedLife, Register
from caretrail.generate.course import Planner, VisitCourse, minutes
from caretrail.generate.hospital import Beds, Facility, FacilityKind
from caretrail.generate.people import SyntheticPerson, person


class LifeGenerator:
    """Draws lives in a region between the start of its feed and the horizon.

    Args:
        rng: The source of chance.
        region: The facilities.
        start: When the feed begins.
        horizon: When the feed ends.
        trouble: The share of visits with troubles, from 0 to 1.
        undecidable: The share of visits with events that no rule can decide.
        after: Numbers begin after this one.
    """

    def __init__(
        self,
        rng: random.Random,
        region: Sequence[Facility],
        *,
        start: datetime,
        horizon: datetime,
        trouble: float,
        undecidable: float = 0.0,
        after: int = 0,
    ) -> None:
        self.rng = rng
        self.region = tuple(region)
        self.start = start
        self.horizon = horizon
        self.trouble = trouble
        self.beds = Beds()
        self.planner = Planner(rng, self.beds)
        self.register = Register(
            rng,
            start=start,
            horizon=horizon,
            trouble=trouble,
            undecidable=undecidable,
            after=after,
        )

    # --- itineraries -----------------------------------------------------------------------------

    def draw(self, at: datetime) -> GeneratedLife:
        """Return the life of a person whose first visit begins about ``at``."""
        rng = self.rng
        someone = person(rng, self.register.numbers.person(), shared=rng.random() < 0.85)  # noqa: PLR2004
        biography = Biography(self.register, someone)
        facility = self._facility("acute", "clinic", "post-acute")
        if facility is None:
            return GeneratedLife()
        if at >= self.start and facility.kind == "acute" and rng.random() < self.trouble * 0.06:
            return self._wrong_patient(someone, facility, at)
        course = self._first(facility, at)
        number = ""
        for _ in range(4):
            # A visit by mistake that reuses a number would look like a part of the visit before it.
            clerk = biography.visit(
                course, number=number, never="registered by mistake" * bool(number)
            )
            following = self._following(course)
            if following is None or following.start >= self.horizon:
                break
            again = not clerk.cancelled and self._reuses_number(course, following)
            number = clerk.number if again else ""
            course = following
        return biography.life()

    def under_way(self, at: datetime) -> GeneratedLife:
        """Return the life of a person who is in a bed already when the feed begins."""
        someone = person(self.rng, self.register.numbers.person())
        biography = Biography(self.register, someone)
        facility = self._facility("acute", "post-acute")
        if facility is None:
            return GeneratedLife()
        course = self._first(facility, at)
        if course.end <= self.start + timedelta(hours=1):
            return GeneratedLife()
        biography.visit(course, troubles=())
        return biography.life()

    def _first(self, facility: Facility, at: datetime) -> VisitCourse:
        rng = self.rng
        planned_at = at if at >= self.start and rng.random() < 0.4 else None  # noqa: PLR2004
        appointed = at + minutes(rng, 600, 9000) if planned_at else at
        match facility.kind:
            case "acute" if rng.random() < 0.8:  # noqa: PLR2004
                return self.planner.emergency(facility, at)
            case "acute":
                return self.planner.planned(facility, appointed, planned_at)
            case "post-acute":
                return self.planner.post_acute(facility, at)
            case "clinic":
                return self.planner.clinic(facility, appointed, planned_at)

    def _following(self, course: VisitCourse) -> VisitCourse | None:
        """Draw the next visit: a transfer, a follow-up, a readmission, or none."""
        rng = self.rng
        ended = course.end
        kind: FacilityKind
        match course.disposition:
            case courses.REHABILITATION | courses.NURSING:
                target = self._facility("post-acute")
                at = ended + minutes(rng, 45, 170)
                return self.planner.post_acute(target, at) if target else None
            case courses.HOSPITAL:
                target = self._facility("acute", other_than=course.facility)
                at = ended + minutes(rng, 45, 120)
                return self.planner.planned(target, at, None) if target else None
            case courses.EXPIRED:
                return None
            case _:
                pass
        draw = rng.random()
        if draw < 0.15:  # noqa: PLR2004
            kind = "clinic"
            target = self._facility(kind)
            planned_at = ended + minutes(rng, 45, 400)
            at = planned_at + minutes(rng, 1500, 14000)
            return self.planner.clinic(target, at, planned_at) if target else None
        if draw < 0.3:  # noqa: PLR2004
            stay_here = course.facility.kind == "acute" and rng.random() < 0.6  # noqa: PLR2004
            target = course.facility if stay_here else self._facility("acute")
            at = ended + minutes(rng, 1500, 20000)
            return self.planner.emergency(target, at, stays=True) if target else None
        return None

    def _reuses_number(self, course: VisitCourse, following: VisitCourse) -> bool:
        """Draw whether a facility gives a visit the number of the visit before.

        Never at a facility that changes numbers during a visit, because then no reader could know
        which visit goes on.
        """
        return (
            following.facility == course.facility
            and (course.facility.kind != "clinic" or course.facility.habits.clinic_ends)
            and not course.facility.habits.inpatient_by.startswith("renumber")
            and self.rng.random() < self.trouble * 0.4
        )

    def _facility(
        self, *kinds: FacilityKind, other_than: Facility | None = None
    ) -> Facility | None:
        fitting = [each for each in self.region if each.kind in kinds and each != other_than]
        if not fitting:
            return None
        return self.rng.choices(fitting, [each.weight for each in fitting])[0]

    # --- two people ------------------------------------------------------------------------------

    def _wrong_patient(
        self, someone: SyntheticPerson, facility: Facility, at: datetime
    ) -> GeneratedLife:
        """Admit a wrong patient, cancel that, and admit the right one under the same number."""
        wrong = Biography(self.register, someone)
        right = Biography(self.register, person(self.rng, self.register.numbers.person()))
        course = self.planner.planned(facility, at, None)
        number = self.register.numbers.visit(facility, self.rng)
        wrong.visit(course, troubles=("registered by mistake",), number=number)
        right.visit(self._later(course), troubles=(), number=number)
        both, other = wrong.life(), right.life()
        return GeneratedLife(both.messages + other.messages, both.patients + other.patients)

    def _later(self, course: VisitCourse) -> VisitCourse:
        first = course.facts[0]
        return VisitCourse(
            course.facility,
            (
                courses.VisitFact(
                    kind=first.kind, at=first.at + timedelta(minutes=30), spot=first.spot,
                    class_code=first.class_code,
                ),
                *course.facts[1:],
            ),
        )  # fmt: skip
