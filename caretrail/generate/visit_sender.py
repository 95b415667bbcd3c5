"""Send messages about a visit: which fields the sender's habits fill, and when it enters them."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypedDict, Unpack

from caretrail.generate.adt_message import AdtMessage
from caretrail.generate.course import VisitCourse, VisitFact, minutes
from caretrail.generate.hospital import Spot
from caretrail.generate.people import SyntheticPerson

#: Messages that are entered one after the other are at least this far apart.
GAP: Final = timedelta(seconds=61)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitIdentity:
    """The person and the numbers of a visit; some depend on when a message is made."""

    person: SyntheticPerson
    record: Callable[[datetime], str]
    version: Callable[[datetime], int]
    number: str
    spare_number: Callable[[], str]
    account: str


class Fields(TypedDict, total=False):
    """Fields of a message that differ from what the sender believes at that time."""

    spot: Spot
    prior_spot: Spot
    class_code: str
    admitted: datetime | None
    discharged: datetime
    number: str
    prior_number: str
    disposition: str


class VisitSender:
    """Makes the messages of one visit, and keeps what the sender believes meanwhile."""

    def __init__(self, rng: random.Random, course: VisitCourse, identity: VisitIdentity) -> None:
        self.rng = rng
        self.course = course
        self.identity = identity
        self.facility = course.facility
        self.habits = course.facility.habits
        self.messages: list[AdtMessage] = []
        self.fixed: set[int] = set()  # ids (``id()``) of messages whose order must be kept
        self.applied: list[str] = []  # troubles that happened
        self.mistaken: list[Spot] = []  # places that were stated and cancelled
        self.moves: list[tuple[datetime, Spot, str]] = []  # the true places and classes
        self.number = identity.number
        self.admitted: datetime | None = None  # PV1-44 as the sender believes it
        self.spot = course.facts[0].spot
        self.class_code = course.facts[0].class_code
        self.clock = course.facts[0].at - timedelta(days=1)
        self.complaint = rng.randrange(10)
        self.clinician = rng.randrange(14)
        self._arrives = any(fact.kind == "arrive" for fact in course.facts)

    def send(
        self,
        trigger: str,
        at: datetime,
        *,
        entered_at: datetime | None = None,
        **fields: Unpack[Fields],
    ) -> AdtMessage:
        """Send a message about an event at ``at``.

        If no field of the message can state that time, the message is entered at that time.
        Otherwise it is entered a little later.
        """
        habits = self.habits
        stated = self.states(trigger)
        wait = minutes(self.rng, 0, 1.5) if stated and habits.entered else timedelta()
        entered = entered_at or (max(at + wait, self.clock + GAP) if stated else at)
        entered = self.time(entered)
        created = entered + timedelta(seconds=self.rng.randint(1, 20) if habits.entered else 0)
        spot = fields.get("spot", self.spot)
        with_account = habits.account == "always" or (habits.account == "end" and trigger == "A03")
        message = AdtMessage(
            trigger=trigger,
            facility=self.facility,
            person=self.identity.person,
            version=self.identity.version(created),
            record=self.identity.record(created),
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
            account=self.identity.account if with_account else "",
            disposition=fields.get("disposition", ""),
            complaint=self.complaint,
            clinician=self.clinician,
            service=self.facility.unit(spot.unit).service,
            enterprise=self.identity.person.enterprise if habits.enterprise else "",
        )
        self.messages.append(message)
        self.clock = max(self.clock, created)
        return message

    def states(self, trigger: str) -> bool:
        """Say whether a message of this trigger can state when its event happened."""
        if trigger == "A01" and self._arrives:  # its PV1-44 may be the time of the arrival
            return self.habits.occurred or self.habits.admitted_means == "admission"
        return self.habits.states(trigger)

    def soon(self) -> datetime:
        """Move the clock a few minutes on, and return its time."""
        self.clock += minutes(self.rng, 2.2, 6)
        return self.time(self.clock)

    def time(self, at: datetime) -> datetime:
        """Cut a time to the precision of the sender."""
        return at.replace(second=0 if self.habits.minutes else at.second, microsecond=0)

    def place(self, fact: VisitFact) -> None:
        """Believe that the patient is in the place of a fact."""
        self.spot, self.class_code = fact.spot, fact.class_code
        self.moves.append((fact.at, fact.spot, fact.class_code))
        self.clock = max(self.clock, fact.at - GAP)

    def fix(self, message: AdtMessage, name: str = "") -> None:
        """Keep a message in its order; note the trouble ``name`` to which it belongs."""
        self.fixed.add(id(message))
        if name:
            self.applied.append(name)

    def elsewhere(self, *, same_unit: bool = False) -> Spot:
        """Draw a place that this visit has not used."""
        used = {fact.spot for fact in self.course.facts} | set(self.mistaken)
        used |= {spot for _, spot, _ in self.moves} | {
            each.spot for each in self.messages if each.spot
        }
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
