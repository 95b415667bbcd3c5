"""How a sender words what it tells: which fields its habits fill, and when it writes them down."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypedDict, Unpack

from caretrail.generate.course import Course, Fact, minutes
from caretrail.generate.hospital import Spot
from caretrail.generate.telling import Person, Telling

#: What is entered one after the other is at least this far apart.
GAP: Final = timedelta(seconds=61)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Whose visit it is and under which numbers; some depend on when a message is made."""

    person: Person
    record: Callable[[datetime], str]
    version: Callable[[datetime], int]
    number: str
    spare_number: Callable[[], str]
    account: str


class Fields(TypedDict, total=False):
    """Fields of a telling that differ from what the sender believes at the time."""

    spot: Spot
    prior_spot: Spot
    class_code: str
    admitted: datetime | None
    discharged: datetime
    number: str
    prior_number: str
    disposition: str


class Speech:
    """What is said of one visit, and what the sender believes while saying it."""

    def __init__(self, rng: random.Random, course: Course, papers: Papers) -> None:
        self.rng = rng
        self.course = course
        self.papers = papers
        self.facility = course.facility
        self.habits = course.facility.habits
        self.said: list[Telling] = []
        self.fixed: set[int] = set()  # ids of tellings whose order carries the meaning
        self.applied: list[str] = []  # troubles
        self.mistaken: list[Spot] = []
        self.moves: list[tuple[datetime, Spot, str]] = []  # true ones
        self.number = papers.number
        self.admitted: datetime | None = None  # PV1-44 as believed
        self.spot = course.facts[0].spot
        self.class_code = course.facts[0].class_code
        self.clock = course.facts[0].at - timedelta(days=1)
        self.complaint = rng.randrange(10)
        self.clinician = rng.randrange(14)
        self._arrives = any(fact.kind == "arrive" for fact in course.facts)

    def say(
        self,
        trigger: str,
        at: datetime,
        *,
        entered_at: datetime | None = None,
        **fields: Unpack[Fields],
    ) -> Telling:
        """Say one thing that happened at ``at``.

        Where no field could state that time it is entered at that very time, else when it suits.
        """
        habits = self.habits
        stated = self.states(trigger)
        wait = minutes(self.rng, 0, 1.5) if stated and habits.entered else timedelta()
        entered = entered_at or (max(at + wait, self.clock + GAP) if stated else at)
        entered = self.time(entered)
        created = entered + timedelta(seconds=self.rng.randint(1, 20) if habits.entered else 0)
        spot = fields.get("spot", self.spot)
        with_account = habits.account == "always" or (habits.account == "end" and trigger == "A03")
        telling = Telling(
            trigger=trigger,
            facility=self.facility,
            person=self.papers.person,
            version=self.papers.version(created),
            record=self.papers.record(created),
            created=created,
            delivered=created + timedelta(seconds=self.rng.randint(0, 3)),
            entered=entered if habits.entered else None,
            occurred=at if habits.occurred else None,
            class_code=fields.get("class_code", self.class_code),
            spot=spot,
            prior_spot=fields.get("prior_spot") if habits.prior_place else None,
            admitted=fields["admitted"] if "admitted" in fields else self._believed(trigger),
            discharged=fields.get("discharged") if habits.discharged else None,
            number=fields.get("number", self.number),
            prior_number=fields.get("prior_number", ""),
            account=self.papers.account if with_account else "",
            disposition=fields.get("disposition", ""),
            complaint=self.complaint,
            clinician=self.clinician,
            service=self.facility.unit(spot.unit).service,
            enterprise=self.papers.person.enterprise if habits.enterprise else "",
        )
        self.said.append(telling)
        self.clock = max(self.clock, created)
        return telling

    def states(self, trigger: str) -> bool:
        """Tell whether a message of this trigger can state when it happened."""
        if trigger == "A01" and self._arrives:  # its PV1-44 may be that of the arrival
            return self.habits.occurred or self.habits.admitted_means == "admission"
        return self.habits.states(trigger)

    def soon(self) -> datetime:
        """Return a time a few minutes on, and be there."""
        self.clock += minutes(self.rng, 2.2, 6)
        return self.time(self.clock)

    def time(self, at: datetime) -> datetime:
        """Cut a time to what the sender tells."""
        return at.replace(second=0 if self.habits.minutes else at.second, microsecond=0)

    def place(self, fact: Fact) -> None:
        """Believe the patient in the place of a fact."""
        self.spot, self.class_code = fact.spot, fact.class_code
        self.moves.append((fact.at, fact.spot, fact.class_code))
        self.clock = max(self.clock, fact.at - GAP)

    def fix(self, telling: Telling, name: str = "") -> None:
        """Keep the place of a telling in the order; ``name`` the trouble it belongs to."""
        self.fixed.add(id(telling))
        if name:
            self.applied.append(name)

    def elsewhere(self, *, same_unit: bool = False) -> Spot:
        """Return a place that this visit knows nothing of."""
        used = {fact.spot for fact in self.course.facts} | set(self.mistaken)
        used |= {spot for _, spot, _ in self.moves} | {each.spot for each in self.said if each.spot}
        here = self.facility.unit(self.spot.unit)
        units = (here,) if same_unit else self.facility.units
        while True:
            unit = self.rng.choice(units)
            spot = Spot(
                unit=unit.code,
                room=f"{self.rng.randint(1, unit.rooms):02d}",
                bed=str(self.rng.randint(1, unit.beds)),
                campus=unit.campus or self.facility.code,
            )
            if spot not in used:
                return spot

    def _believed(self, trigger: str) -> datetime | None:
        habits = self.habits
        changes_class = trigger in {"A01", "A06"} and habits.admitted_means == "admission"
        return self.admitted if habits.admitted == "always" or changes_class else None
