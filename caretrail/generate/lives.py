"""Patients and what becomes of them: who comes where, and after which visit where to."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from caretrail.generate import course as courses
from caretrail.generate.biography import Biography, Life, Register
from caretrail.generate.course import Course, Planner, minutes
from caretrail.generate.hospital import Beds, Facility, FacilityKind
from caretrail.generate.people import person
from caretrail.generate.telling import Person


class Lives:
    """Draws lives in a region between the start of its feed and the horizon."""

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

    def draw(self, at: datetime) -> Life:
        """Return the life of somebody who is first heard of about ``at``."""
        rng = self.rng
        someone = person(rng, self.register.numbers.person(), shared=rng.random() < 0.85)  # noqa: PLR2004
        telling = Biography(self.register, someone)
        facility = self._facility("acute", "clinic", "post-acute")
        if facility is None:
            return Life()
        if at >= self.start and facility.kind == "acute" and rng.random() < self.trouble * 0.06:
            return self._wrong_patient(someone, facility, at)
        course = self._first(facility, at)
        number = ""
        for _ in range(4):
            # A mistaken visit under a used number would be one with the visit before.
            clerk = telling.visit(
                course, number=number, never="registered by mistake" * bool(number)
            )
            following = self._following(course)
            if following is None or following.start >= self.horizon:
                break
            again = not clerk.cancelled and self._used_again(course, following)
            number = clerk.number if again else ""
            course = following
        return telling.life()

    def under_way(self, at: datetime) -> Life:
        """Return the life of somebody who is in a bed already when the feed is switched on."""
        someone = person(self.rng, self.register.numbers.person())
        telling = Biography(self.register, someone)
        facility = self._facility("acute", "post-acute")
        if facility is None:
            return Life()
        course = self._first(facility, at)
        if course.end <= self.start + timedelta(hours=1):
            return Life()
        telling.visit(course, troubles=())
        return telling.life()

    def _first(self, facility: Facility, at: datetime) -> Course:
        rng = self.rng
        told = at if at >= self.start and rng.random() < 0.4 else None  # noqa: PLR2004
        appointed = at + minutes(rng, 600, 9000) if told else at
        match facility.kind:
            case "acute" if rng.random() < 0.8:  # noqa: PLR2004
                return self.planner.emergency(facility, at)
            case "acute":
                return self.planner.planned(facility, appointed, told)
            case "post-acute":
                return self.planner.post_acute(facility, at)
            case "clinic":
                return self.planner.clinic(facility, appointed, told)

    def _following(self, course: Course) -> Course | None:
        """Return what comes after a visit: transfer, follow-up, readmission, or nothing."""
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
            told = ended + minutes(rng, 45, 400)
            at = told + minutes(rng, 1500, 14000)
            return self.planner.clinic(target, at, told) if target else None
        if draw < 0.3:  # noqa: PLR2004
            stay_here = course.facility.kind == "acute" and rng.random() < 0.6  # noqa: PLR2004
            target = course.facility if stay_here else self._facility("acute")
            at = ended + minutes(rng, 1500, 20000)
            return self.planner.emergency(target, at, stays=True) if target else None
        return None

    def _used_again(self, course: Course, following: Course) -> bool:
        """Draw whether a facility gives a visit the number of the one before.

        Not where numbers change during a visit: what continues what would be anybody's guess.
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

    def _wrong_patient(self, someone: Person, facility: Facility, at: datetime) -> Life:
        """Admit the wrong patient, cancel, and admit the right one under the same number."""
        wrong = Biography(self.register, someone)
        right = Biography(self.register, person(self.rng, self.register.numbers.person()))
        course = self.planner.planned(facility, at, None)
        number = self.register.numbers.visit(facility, self.rng)
        wrong.visit(course, troubles=("registered by mistake",), number=number)
        right.visit(self._later(course), troubles=(), number=number)
        both, other = wrong.life(), right.life()
        return Life(both.tellings + other.tellings, both.patients + other.patients)

    def _later(self, course: Course) -> Course:
        first = course.facts[0]
        return Course(
            course.facility,
            (
                courses.Fact(
                    kind=first.kind, at=first.at + timedelta(minutes=30), spot=first.spot,
                    class_code=first.class_code,
                ),
                *course.facts[1:],
            ),
        )  # fmt: skip
