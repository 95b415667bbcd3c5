"""The parts from which the stories of the demo are made: people, visits and places by name."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from caretrail.demo_patients import WHAT_TO_SEE, DemoPatient
from caretrail.generate.biography import Biography
from caretrail.generate.course import FactKind, VisitCourse, VisitFact
from caretrail.generate.hospital import Facility, Spot
from caretrail.generate.life_generator import LifeGenerator
from caretrail.generate.people import person

_ZONE: Final = ZoneInfo("America/Chicago")
_MONDAY: Final = datetime(2026, 3, 2, tzinfo=_ZONE)

#: A fact: kind, day (0 is Monday 2 March 2026), hour, minute, place as unit-room-bed, class. The
#: line of an end has a disposition in place of the place.
StoryLine: TypeAlias = tuple[FactKind, int, int, int, str, str]


def when(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant, from a day and time of day in the region (day 0 is 2 March 2026)."""
    local = (_MONDAY + timedelta(days=day)).replace(hour=hour, minute=minute)
    return local.astimezone(UTC)


class StoryParts:
    """Makes the parts of stories; ``interesting`` lists the patients of the stories, in order."""

    def __init__(self) -> None:
        self.interesting: list[DemoPatient] = []
        self._lives: LifeGenerator

    def _single(
        self,
        title: str,
        who: tuple[str, str, str, str],
        code: str,
        *facts: StoryLine,
        troubles: Sequence[str] = (),
    ) -> list[Biography]:
        someone = self._biography(*who)
        someone.visit(self._course(code, *facts), troubles=troubles)
        self._show(title, someone, code)
        return [someone]

    def _biography(
        self, family: str, given: str, born: str, sex: str, *, like: Biography | None = None
    ) -> Biography:
        register = self._lives.register
        if like is not None:
            return Biography(register, like.person)
        drawn = person(register.rng, register.numbers.person())
        named = replace(
            drawn, family=family, given=given, birth_date=born, sex=sex, middle="M", married=""
        )
        return Biography(register, named)

    def _facility(self, code: str) -> Facility:
        return next(each for each in self._lives.region if each.code == code)

    def _spot(self, code: str, place: str) -> Spot:
        facility = self._facility(code)
        unit, room, bed = (*place.split("-"), "", "")[:3]
        campus = facility.unit(unit).campus or code
        return Spot(unit=unit, room=room, bed=bed, campus=campus)

    def _course(self, code: str, *lines: StoryLine) -> VisitCourse:
        """Return the course of a visit; its end has the place of the fact before it."""
        facts: list[VisitFact] = []
        for kind, day, hour, minute, text, class_code in lines:
            at = when(day, hour, minute)
            spot = facts[-1].spot if kind == "end" else self._spot(code, text)
            facts.append(
                VisitFact(
                    kind=kind, at=at, spot=spot, class_code=class_code,
                    disposition=text if kind == "end" else "",
                )
            )  # fmt: skip
        plans = [replace(f, planned_for=facts[1].at) for f in facts if f.kind == "plan"]
        facts = plans + [fact for fact in facts if fact.kind != "plan"]
        for fact, following in pairwise(facts):
            self._lives.beds.hold(self._facility(code), fact.spot, fact.at, following.at)
        return VisitCourse(self._facility(code), tuple(facts))

    def _show(self, title: str, someone: Biography, code: str) -> None:
        what_to_see = WHAT_TO_SEE[title]
        self.interesting.append(DemoPatient(title, what_to_see, code, someone.records[code]))
