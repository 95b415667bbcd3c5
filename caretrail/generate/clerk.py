"""The clerk who tells a visit: prompt or late, with the habits of the house, and with mistakes.

Facts go in, tellings and the truth that they allow come out. A mistake and its repair are told in
their order; what is plainly told may come late, twice, or with a wrong clock.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from caretrail.generate.course import Course, Fact, minutes
from caretrail.generate.hospital import Spot
from caretrail.generate.telling import Person, Telling
from caretrail.generate.truth import TrueEncounter, TrueStay

#: What can go wrong in a visit. Several may, where they fit.
TROUBLES: Final = (
    "bed stated anew",
    "admission cancelled and repeated",
    "beginning corrected",
    "transfer cancelled",
    "first of two transfers cancelled",
    "admission from emergency cancelled",
    "discharge cancelled",
    "discharge cancelled, another bed",
    "discharge corrected",
    "discharge corrected by update",
    "update after discharge",
    "told late",
    "sent late",
    "sent again",
    "sent twice",
    "delayed",
    "clock wrong",
    "registered by mistake",
)

#: What section 10 of the rules of interpretation names: told in a way that no rule can decide.
UNDECIDABLE: Final = (
    "readmitted in the minute of discharge",
    "sent again after a change as if new",
    "admitted, cancelled and admitted in one second",
)

_BEGINNING: Final = {"arrive": "A04", "admit": "A01"}
_GAP: Final = timedelta(seconds=61)


class Clerk:
    """Tells one visit of one patient at one facility."""

    def __init__(
        self,
        rng: random.Random,
        course: Course,
        *,
        person: Person,
        record: Callable[[datetime], str],
        number: str,
        spare_number: Callable[[], str],
        account: str,
        troubles: Sequence[str],
        horizon: datetime,
        version: Callable[[datetime], int] = lambda _: 0,
    ) -> None:
        self.rng = rng
        self.course = course
        self.facility = course.facility
        self.habits = course.facility.habits
        self.person = person
        self.record = record
        self.number = number
        self.spare_number = spare_number
        self.account = account
        self.troubles = set(troubles)
        self.horizon = horizon
        self.version = version
        self.said: list[Telling] = []
        self.fixed: set[int] = set()  # ids of tellings whose order carries the meaning
        self.applied: list[str] = []
        self.mistaken: list[Spot] = []
        self.moves: list[tuple[datetime, Spot, str]] = []  # true ones
        self.end: datetime | None = None
        self.admitted: datetime | None = None  # PV1-44 as believed
        self.arrived: datetime | None = None
        self.spot = course.facts[0].spot
        self.class_code = course.facts[0].class_code
        self.cancelled = False
        self.clock = course.facts[0].at - timedelta(days=1)
        self.complaint = rng.randrange(10)
        self.clinician = rng.randrange(14)

    # --- the whole visit -------------------------------------------------------------------------

    def tell(self) -> list[Telling]:
        """Return what is said, in the order in which it is entered."""
        facts = [fact for fact in self.course.facts if fact.at < self.horizon]
        for position, fact in enumerate(facts):
            later = facts[position + 1].at if position + 1 < len(facts) else None
            until = later or (
                self.horizon if fact.kind != "end" else self.horizon + timedelta(days=30)
            )
            self._tell(fact, until)
            if self.cancelled:
                break
        self._disturb()
        return self.said

    def truth(self, *, heard_from: datetime) -> TrueEncounter | None:
        """Return what the messages made at ``heard_from`` or later allow to know.

        None where they say nothing. Call it after ``tell``; it also drops what was said earlier.
        """
        before = len(self.said)
        self.said = [each for each in self.said if each.created >= heard_from]
        if not self.said:
            return None
        missed = len(self.said) < before
        planned = all(fact.kind == "plan" for fact in self.course.facts if fact.at < self.horizon)
        start: datetime | None = None if planned else self._true_start()
        stays = self._stays()
        if missed:
            stays, start = self._heard_of_late(stays, start)
        return TrueEncounter(
            facility=self.facility.code,
            visit_number=self.number if self.habits.visit_numbers != "never" else "",
            class_code=self.class_code,
            status=self._status(planned=planned),
            start=start,
            end=self.end,
            stays=stays,
            mistaken=tuple(self.mistaken),
            heard_of_late=missed,
            minutes=self.habits.minutes,
            numbers=self.habits.visit_numbers,
            troubles=tuple(dict.fromkeys(self.applied)),
            undecidable=any(name in UNDECIDABLE for name in self.applied),
        )

    def _true_start(self) -> datetime | None:
        return self.moves[0][0] if self.moves else None

    def _status(self, *, planned: bool) -> str:
        if planned:
            return "planned"
        if self.cancelled:
            return "cancelled"
        if self.end is not None:
            return "finished"
        return "arrived" if self.class_code == "AMB" else "in-progress"

    def _stays(self) -> tuple[TrueStay, ...]:
        stays: list[TrueStay] = []
        ends = [at for at, *_ in self.moves[1:]] + [self.end]
        for (at, spot, class_code), end in zip(self.moves, ends, strict=True):
            if stays and stays[-1].spot == spot and stays[-1].class_code == class_code:
                stays[-1] = replace(stays[-1], end=end)
            else:
                stays.append(TrueStay(spot=spot, class_code=class_code, start=at, end=end))
        return tuple(stays)

    def _heard_of_late(
        self, stays: tuple[TrueStay, ...], start: datetime | None
    ) -> tuple[tuple[TrueStay, ...], datetime | None]:
        """Leave out what nobody was told: stays before the first place stated, perhaps the start."""
        told = {each.spot for each in self.said if each.trigger != "A03"}
        first = next((number for number, stay in enumerate(stays) if stay.spot in told), len(stays))
        known = next((each.admitted for each in self.said if each.admitted), None)
        return stays[first:], known if start is not None else None

    # --- one fact --------------------------------------------------------------------------------

    def _tell(self, fact: Fact, until: datetime) -> None:
        match fact.kind:
            case "plan":
                self._say("A05", fact.at, spot=fact.spot, admitted=fact.planned_for)
            case "arrive" | "admit":
                self._tell_beginning(_BEGINNING[fact.kind], fact, until)
            case "move":
                self._tell_move(fact)
            case "change":
                self._tell_change(fact, until)
            case "end":
                self._tell_end(fact)
        if fact.kind not in {"plan", "end"} and not self.cancelled:
            self._tell_mistaken_moves(fact, until)
            self._tell_mistaken_admission(fact, until)
            if self.rng.random() < 0.25:  # noqa: PLR2004
                self._update(until)

    def _tell_beginning(self, trigger: str, fact: Fact, until: datetime) -> None:
        stated = fact.at
        if self._wants("beginning corrected", until, steps=2):
            stated = self._time(fact.at + minutes(self.rng, 3, 9))
        self.admitted = self.arrived = stated
        self._place(fact)
        first_spot = fact.spot
        again = self._wants("admission cancelled and repeated", until, steps=4)
        anew = not again and self._wants("bed stated anew", until, steps=2)
        if again or anew:
            first_spot = self._other_spot()
        first = self._say(trigger, stated, spot=first_spot, admitted=stated)
        if again:
            self._fix(first, "admission cancelled and repeated")
            self._cancel("A11", first, spot=first_spot)
            self._ghost(first_spot)
            second = self._say(trigger, stated, entered_at=self._soon(), admitted=stated)
            self._fix(second)
            first = second
        elif anew:
            self._fix(first, "bed stated anew")
            self._fix(self._say(trigger, stated, entered_at=self._soon(), admitted=stated))
        if stated != fact.at:
            self._fix(first, "beginning corrected")
            self.admitted = self.arrived = fact.at
            self._fix(self._say("A08", self._soon(), admitted=fact.at))
        if "registered by mistake" in self.troubles and not self.applied:
            self._take_back(trigger, first, until)

    def _take_back(self, trigger: str, first: Telling, until: datetime) -> None:
        """Cancel the whole visit: it should never have been registered."""
        if not self._room(until, 4):
            return
        self._fix(first, "registered by mistake")
        if self.rng.random() < 0.3 and trigger == "A01":  # noqa: PLR2004
            moved = self._say("A02", self._soon(), spot=self._other_spot(), prior=self.spot)
            self._fix(moved)
            if moved.spot is not None:
                self.spot = moved.spot
                self.moves.append((moved.occurred or moved.entered or moved.created,
                                   moved.spot, self.class_code))  # fmt: skip
        self._cancel("A11", first, spot=self.spot)
        self.cancelled = True

    def _tell_move(self, fact: Fact) -> None:
        before, self.class_code = self.spot, fact.class_code
        self._place(fact)
        self._say("A02", fact.at, prior=before)

    def _tell_change(self, fact: Fact, until: datetime) -> None:
        before, class_before, number_before = self.spot, self.class_code, self.number
        self._place(fact)
        style = self.habits.inpatient_by
        if self.habits.admitted_means == "admission":
            self.admitted = fact.at
        prior_number = ""
        if style in {"renumber", "renumber-silent"}:
            self.number = self.spare_number()
            prior_number = number_before if style == "renumber" else ""
        self._say(
            "A01" if style == "A01" else "A06", fact.at, prior=before, prior_number=prior_number
        )
        if self.habits.closes_emergency and self._room(until, 2):
            self.clock += minutes(self.rng, 1, 3)
            closed = self._time(fact.at + minutes(self.rng, 0, 2))
            closing = self._say(
                "A03", closed, spot=before, class_code=class_before, discharged=closed,
                admitted=self.arrived, number=number_before, disposition="09",
                entered_at=max(self.clock + _GAP, closed),
            )  # fmt: skip
            self._fix(closing)

    def _tell_end(self, fact: Fact) -> None:
        far = fact.at + timedelta(days=2)
        if self._wants("discharge cancelled, another bed", far, steps=3):
            self._discharge_too_early(fact, other_bed=True)
        elif self._wants("discharge cancelled", far, steps=3):
            self._discharge_too_early(fact, other_bed=False)
        stated = fact.at
        by_update = self._wants("discharge corrected by update", far, steps=2)
        corrected = by_update or self._wants("discharge corrected", far, steps=2)
        corrected = corrected and self.habits.discharged
        if corrected:
            stated = self._time(fact.at + minutes(self.rng, 11, 38))
        self.end = fact.at
        self.clock = max(self.clock, fact.at)
        if self.class_code == "AMB" and not self.habits.clinic_ends:
            self.end = None
            return
        first = self._say("A03", stated, discharged=stated, disposition=fact.disposition)
        if corrected:
            self._fix(
                first, "discharge corrected by update" if by_update else "discharge corrected"
            )
            self.clock = max(self.clock, stated) + minutes(self.rng, 5, 600)
            self._fix(
                self._say("A08" if by_update else "A03", self._soon() if by_update else fact.at,
                          discharged=fact.at, disposition=fact.disposition,
                          entered_at=self._soon())
            )  # fmt: skip
        if self._wants("update after discharge", far, steps=1):
            self.clock += minutes(self.rng, 5, 2000)
            self._say("A08", self._soon(), discharged=fact.at, disposition=fact.disposition)
            self.applied.append("update after discharge")

    def _discharge_too_early(self, fact: Fact, *, other_bed: bool) -> None:
        """Tell a discharge that is taken back: the patient stays on, here or in another bed."""
        last = max(self.clock, self.moves[-1][0])
        window = fact.at - last
        if window < timedelta(minutes=40) or self.class_code == "AMB":
            return
        self.clock = last + window * self.rng.uniform(0.1, 0.5)
        at = self._time(self.clock)
        wrong = self._say("A03", at, discharged=at, disposition=fact.disposition)
        self._fix(wrong, "discharge cancelled, another bed" if other_bed else "discharge cancelled")
        spot = self._other_spot(same_unit=True) if other_bed else self.spot
        cancel = self._cancel("A13", wrong, spot=spot)
        if other_bed:
            self.spot = spot
            self.moves.append((cancel.entered or cancel.created, spot, self.class_code))

    # --- mistakes --------------------------------------------------------------------------------

    def _tell_mistaken_moves(self, fact: Fact, until: datetime) -> None:
        if fact.class_code == "AMB":
            return
        both = self._wants("first of two transfers cancelled", until, steps=6)
        both = both and (self.habits.cancels == "names" or self.habits.prior_place)
        if not both and not self._wants("transfer cancelled", until, steps=4):
            return
        before, wrong_spot = self.spot, self._other_spot()
        at = self._soon()
        wrong = self._say("A02", at, spot=wrong_spot, prior=before)
        self._fix(wrong, "first of two transfers cancelled" if both else "transfer cancelled")
        if both:
            self.spot = self._other_spot()
            at = self._soon()
            self._fix(self._say("A02", at, prior=wrong_spot))
            self.moves.append((at, self.spot, self.class_code))
        self._cancel("A12", wrong, spot=before)
        self._ghost(wrong_spot)

    def _tell_mistaken_admission(self, fact: Fact, until: datetime) -> None:
        """Admit from the emergency department, and take it back: the patient never left it."""
        if fact.class_code != "EMER" or self.habits.inpatient_by != "A01":
            return
        if not self._wants("admission from emergency cancelled", until, steps=4):
            return
        wrong_spot = self._other_spot()
        at = self._soon()
        stated = at if self.habits.admitted_means == "admission" else self.admitted
        wrong = self._say("A01", at, spot=wrong_spot, class_code="IMP", admitted=stated)
        self._fix(wrong, "admission from emergency cancelled")
        self._cancel("A11", wrong, spot=wrong_spot)
        self._ghost(wrong_spot)

    def _cancel(self, trigger: str, voided: Telling, *, spot: Spot) -> Telling:
        style = self.habits.cancels
        at = self._soon()
        cancel = self._say(trigger, at, spot=spot, class_code=voided.class_code)
        if style == "names":
            cancel.occurred = voided.occurred or voided.discharged or voided.admitted
        elif style == "own":
            cancel.occurred = cancel.entered or cancel.created
        else:
            cancel.occurred = None
        if cancel.entered is None and self.habits.minutes:
            cancel.created = cancel.created.replace(second=0)  # as coarse as its own EVN-6
        self._fix(cancel)
        return cancel

    def _update(self, until: datetime) -> None:
        at = self.clock + minutes(self.rng, 5, 25)
        if at + 2 * _GAP < until:
            self._say("A08", self._time(at))

    # --- saying ----------------------------------------------------------------------------------

    def _say(
        self,
        trigger: str,
        at: datetime,
        *,
        spot: Spot | None = None,
        prior: Spot | None = None,
        class_code: str | None = None,
        admitted: datetime | Literal["believed"] | None = "believed",
        discharged: datetime | None = None,
        number: str | None = None,
        prior_number: str = "",
        disposition: str = "",
        entered_at: datetime | None = None,
    ) -> Telling:
        habits = self.habits
        stated = self._states(trigger)
        wait = minutes(self.rng, 0, 1.5) if stated and habits.entered else timedelta()
        entered = entered_at or (at if not stated else max(at + wait, self.clock + _GAP))
        entered = self._time(entered)
        created = entered + timedelta(seconds=self.rng.randint(1, 20) if habits.entered else 0)
        explicit = admitted != "believed"
        if admitted == "believed":
            admitted = self.admitted if habits.admitted == "always" else None
        if trigger in {"A01", "A06"} and habits.admitted_means == "admission" and not explicit:
            admitted = self.admitted
        telling = Telling(
            trigger=trigger,
            facility=self.facility,
            person=self.person,
            version=self.version(created),
            record=self.record(created),
            created=created,
            delivered=created + timedelta(seconds=self.rng.randint(0, 3)),
            entered=entered if habits.entered else None,
            occurred=at if habits.occurred else None,
            class_code=class_code or self.class_code,
            spot=spot or self.spot,
            prior_spot=prior if habits.prior_place else None,
            admitted=admitted,
            discharged=discharged if habits.discharged else None,
            number=number or self.number,
            prior_number=prior_number,
            account=self.account
            if habits.account == "always" or (habits.account == "end" and trigger == "A03")
            else "",
            disposition=disposition,
            complaint=self.complaint,
            clinician=self.clinician,
            service=self.facility.unit((spot or self.spot).unit).service,
            enterprise=self.person.enterprise if habits.enterprise else "",
        )
        self.said.append(telling)
        self.clock = max(self.clock, created)
        return telling

    def _states(self, trigger: str) -> bool:
        if trigger == "A01" and self.moves and self.class_code == "IMP" and self._after_emergency():
            return self.habits.occurred or self.habits.admitted_means == "admission"
        return self.habits.states(trigger)

    def _after_emergency(self) -> bool:
        return self.course.facts[0].kind == "arrive" or any(
            fact.kind == "arrive" for fact in self.course.facts
        )

    # --- lateness, repetition, clocks ------------------------------------------------------------

    def _disturb(self) -> None:
        """Let plain tellings come late, twice or with a wrong clock."""
        fragile = any(
            name in self.applied
            for name in (
                "beginning corrected", "admission cancelled and repeated",
                "admission from emergency cancelled", "registered by mistake",
            )
        ) or (self.habits.cancels != "names" and bool(self.fixed))  # fmt: skip
        plain = [each for each in self.said if id(each) not in self.fixed]
        if plain and not fragile and "told late" in self.troubles:
            self._be_late(self.rng.choice(plain), entered_too=True, name="told late")
        if plain and not fragile and "sent late" in self.troubles:
            self._be_late(self.rng.choice(plain), entered_too=False, name="sent late")
        if "sent again" in self.troubles:
            self._send_again(self.rng.choice(self.said))
        for each in self.said:
            if "sent twice" in self.troubles and self.rng.random() < 0.3:  # noqa: PLR2004
                each.copies = (each.delivered + minutes(self.rng, 0.2, 600),)
                self.applied.append("sent twice")
            if "delayed" in self.troubles and self.rng.random() < 0.3:  # noqa: PLR2004
                each.delivered += minutes(self.rng, 1, 2000)
                self.applied.append("delayed")
        if plain and "clock wrong" in self.troubles:
            each = self.rng.choice(plain)
            if each.entered is not None and each.entered == self._time(each.entered):
                each.sent_text = self.rng.choice(("20991231235959", "", "19000101", "n/a"))
                self.applied.append("clock wrong")

    def _be_late(self, telling: Telling, *, entered_too: bool, name: str) -> None:
        habits = self.habits
        if not self._states(telling.trigger) and (entered_too or not habits.entered):
            return  # its time is that of its entry: told late, it would be another time
        wait = timedelta(seconds=round(60 * min(self.rng.lognormvariate(4.5, 1.3), 3000)))
        telling.created += wait
        telling.delivered += wait
        if entered_too and telling.entered is not None:
            telling.entered = self._time(telling.entered + wait)
        self.applied.append(name)

    def _send_again(self, telling: Telling) -> None:
        """Repeat with a new MSH-7 and MSH-10, and where that is the habit with a new EVN-2."""
        wait = timedelta(seconds=self.rng.randint(22, 39))
        new_entry = self.habits.resends == "new-entered" and self.habits.entered
        if new_entry and not self._states(telling.trigger) and telling.trigger in {"A03", "A06"}:
            return
        again = replace(
            telling, created=telling.created + wait, delivered=telling.delivered + wait, copies=()
        )
        if new_entry and telling.entered is not None and not self.habits.minutes:
            again.entered = telling.entered + wait
            if telling.trigger in {"A11", "A12", "A13"} and self.habits.cancels == "own":
                again.occurred = again.entered
        self.said.insert(self.said.index(telling) + 1, again)
        self.fixed.update((id(telling), id(again)))
        self.applied.append("sent again")

    # --- small things ----------------------------------------------------------------------------

    def _place(self, fact: Fact) -> None:
        self.spot, self.class_code = fact.spot, fact.class_code
        self.moves.append((fact.at, fact.spot, fact.class_code))
        self.clock = max(self.clock, fact.at - _GAP)

    def _wants(self, name: str, until: datetime, *, steps: int) -> bool:
        return name in self.troubles and self._room(until, steps)

    def _room(self, until: datetime, steps: int) -> bool:
        return self.clock + steps * minutes(self.rng, 7, 7) < until

    def _soon(self) -> datetime:
        """Return a time a few minutes on, and be there."""
        self.clock += minutes(self.rng, 2.2, 6)
        return self._time(self.clock)

    def _time(self, at: datetime) -> datetime:
        return at.replace(second=0 if self.habits.minutes else at.second, microsecond=0)

    def _fix(self, telling: Telling, name: str = "") -> None:
        self.fixed.add(id(telling))
        if name:
            self.applied.append(name)

    def _ghost(self, spot: Spot) -> None:
        self.mistaken.append(spot)

    def _other_spot(self, *, same_unit: bool = False) -> Spot:
        """Return a place that this visit knows nothing of."""
        used = {fact.spot for fact in self.course.facts} | set(self.mistaken)
        used |= {spot for _, spot, _ in self.moves}
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
