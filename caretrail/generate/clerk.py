"""The clerk who tells a visit: its facts in their order, with the mistakes and their repair."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from caretrail.generate.course import Course, Fact, minutes
from caretrail.generate.disturbance import disturb
from caretrail.generate.hospital import Spot
from caretrail.generate.speech import GAP, Papers, Speech
from caretrail.generate.telling import Telling
from caretrail.generate.truth import TrueEncounter, TrueStay
from caretrail.generate.undecidable import (
    AGAIN,
    ONE_SECOND,
    READMITTED,
    UNDECIDABLE,
    admit,
    send_again_as_if_new,
)

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

_BEGINNING: Final = {"arrive": "A04", "admit": "A01"}


class Clerk(Speech):
    """Tells one visit of one patient at one facility."""

    def __init__(
        self,
        rng: random.Random,
        course: Course,
        papers: Papers,
        *,
        troubles: Sequence[str],
        horizon: datetime,
    ) -> None:
        super().__init__(rng, course, papers)
        self.troubles = set(troubles)
        self.horizon = horizon
        self.end: datetime | None = None
        self.arrived: datetime | None = None  # PV1-44 of the arrival
        self.cancelled = False
        self.besides: list[TrueEncounter] = []  # other encounters of this visit

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
        if AGAIN in self.troubles:
            send_again_as_if_new(self)
        disturb(self, self.troubles)
        return self.said

    def truth(self, *, heard_from: datetime) -> TrueEncounter | None:
        """Return what the messages made at ``heard_from`` or later allow to know.

        None where they say nothing, or only that something changed in a visit never heard of. Call
        it after ``tell``; it also drops what was said earlier.
        """
        before = len(self.said)
        self.said = [each for each in self.said if each.created >= heard_from]
        missed = len(self.said) < before
        if missed:
            self._leave_out_what_nothing_links()
        if missed and not any(each.trigger == "A04" for each in self.said):
            self._hear_from_admission()
        if not self.said or (missed and all(each.trigger == "A08" for each in self.said)):
            return None
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
            begun=None if planned else self._true_start(),
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
        if planned or (self.cancelled and any(each.trigger == "A05" for each in self.said)):
            return "planned"  # A11 takes back an arrival, never the appointment
        if self.cancelled:
            return "cancelled"
        if self.end is not None:
            return "finished"
        return "arrived" if self.class_code == "AMB" else "in-progress"

    def _stays(self) -> tuple[TrueStay, ...]:
        stays: list[TrueStay] = []
        ends = [*(at for at, *_ in self.moves[1:]), self.end][: len(self.moves)]
        for (at, spot, class_code), end in zip(self.moves, ends, strict=True):
            if stays and stays[-1].spot == spot and stays[-1].class_code == class_code:
                stays[-1] = replace(stays[-1], end=end)
            else:
                stays.append(TrueStay(spot=spot, class_code=class_code, start=at, end=end))
        return tuple(stays)

    def _hear_from_admission(self) -> None:
        """Drop what comes before an A01 that follows an arrival nobody heard of.

        Its PV1-44 may be that of the arrival, and then what was said between reads as a move after
        the admission.
        """
        position = next((n for n, each in enumerate(self.said) if each.trigger == "A01"), 0)
        self.said = self.said[position:]

    def _leave_out_what_nothing_links(self) -> None:
        """Drop the closing of a department under a number that was replaced before the feed began.

        Of whom it speaks no rule could know.
        """
        linked = {self.number, *(each.prior_number for each in self.said)}
        self.said = [each for each in self.said if each.trigger != "A03" or each.number in linked]

    def _heard_of_late(
        self, stays: tuple[TrueStay, ...], start: datetime | None
    ) -> tuple[tuple[TrueStay, ...], datetime | None]:
        """Leave out what nobody was told: stays before the first place, the start."""
        told = {each.spot for each in self.said if each.trigger not in {"A03", "A08"}}
        first = next((number for number, stay in enumerate(stays) if stay.spot in told), len(stays))
        if start is None:
            return stays[first:], None
        changes = [each for each in self.said if each.trigger in {"A06", "A07"}]
        times = {each.admitted for each in changes} | {
            each.occurred or each.entered or each.created for each in changes
        }
        stated = [each.admitted for each in self.said if each not in changes and each.admitted]
        begun = next((each for each in self.said if each.trigger == "A01"), None)
        if begun is not None and start not in stated:
            start = begun.admitted or begun.occurred or begun.entered or begun.created
            return stays[first:], start
        return stays[first:], next((at for at in sorted(stated) if at not in times), None)

    # --- one fact --------------------------------------------------------------------------------

    def _tell(self, fact: Fact, until: datetime) -> None:
        match fact.kind:
            case "plan":
                self.say("A05", fact.at, spot=fact.spot, admitted=fact.planned_for)
            case "arrive" | "admit":
                self._tell_beginning(_BEGINNING[fact.kind], fact, until)
            case "move":
                self._tell_move(fact)
            case "change":
                self._tell_change(fact, until)
            case "end":
                self._tell_end(fact)
        if fact.kind not in {"plan", "end"} and not self.cancelled:
            if until - fact.at < timedelta(days=1) or self.rng.random() < 0.5:  # noqa: PLR2004
                self._tell_mistaken_moves(fact, until)
            self._tell_mistaken_admission(fact, until)
            if self.rng.random() < 0.25:  # noqa: PLR2004
                self._update(until)

    def _tell_beginning(self, trigger: str, fact: Fact, until: datetime) -> None:
        stated = fact.at
        if self._wants("beginning corrected", until, steps=2):
            stated = self.time(fact.at + minutes(self.rng, 3, 9))
        self.admitted = self.arrived = stated
        self.place(fact)
        for name in (ONE_SECOND, READMITTED):
            if trigger == "A01" and name in self.troubles:
                admit(self, fact, name)
                if name == READMITTED:
                    self._left_at_once(fact)
                return
        first_spot = fact.spot
        again = self._wants("admission cancelled and repeated", until, steps=4)
        anew = not again and self._wants("bed stated anew", until, steps=2)
        if again or anew:
            first_spot = self.elsewhere()
        first = self.say(trigger, stated, spot=first_spot, admitted=stated)
        if again:
            self.fix(first, "admission cancelled and repeated")
            self._cancel("A11", first, spot=first_spot)
            self.mistaken.append(first_spot)
            second = self.say(trigger, stated, entered_at=self.soon(), admitted=stated)
            self.fix(second)
            first = second
        elif anew:
            self.fix(first, "bed stated anew")
            self.fix(self.say(trigger, stated, entered_at=self.soon(), admitted=stated))
        if stated != fact.at:
            self.fix(first, "beginning corrected")
            self.admitted = self.arrived = fact.at
            self.fix(self.say("A08", self.soon(), admitted=fact.at))
        if "registered by mistake" in self.troubles and not self.applied:
            self._take_back(trigger, first, until)

    def _left_at_once(self, fact: Fact) -> None:
        """Count a stay of no minutes, before the one that the visit goes on with."""
        self.besides.append(
            TrueEncounter(
                facility=self.facility.code, visit_number=self.number, class_code=fact.class_code,
                status="finished", begun=fact.at, start=fact.at, end=fact.at, stays=(),
                minutes=self.habits.minutes, numbers=self.habits.visit_numbers,
                troubles=(READMITTED,), undecidable=True,
            )
        )  # fmt: skip

    def _take_back(self, trigger: str, first: Telling, until: datetime) -> None:
        """Cancel the whole visit: it should never have been registered."""
        if not self._room(until, 4):
            return
        self.fix(first, "registered by mistake")
        if self.rng.random() < 0.3 and trigger == "A01":  # noqa: PLR2004
            moved = self.say("A02", self.soon(), spot=self.elsewhere(), prior_spot=self.spot)
            self.fix(moved)
            if moved.spot is not None:
                self.spot = moved.spot
                self.moves.append((moved.occurred or moved.entered or moved.created,
                                   moved.spot, self.class_code))  # fmt: skip
        self._cancel("A11", first, spot=self.spot)
        self.cancelled = True

    def _tell_move(self, fact: Fact) -> None:
        before, self.class_code = self.spot, fact.class_code
        self.place(fact)
        self.say("A02", fact.at, prior_spot=before)

    def _tell_change(self, fact: Fact, until: datetime) -> None:
        before, class_before, number_before = self.spot, self.class_code, self.number
        self.place(fact)
        if class_before == "IMP":
            self.say("A07", fact.at, prior_spot=before)
            return
        style = self.habits.inpatient_by
        if self.habits.admitted_means == "admission":
            self.admitted = fact.at
        if style == "A01":
            self.say("A01", fact.at, prior_spot=before)
        elif style == "A06":
            self.say("A06", fact.at, prior_spot=before)
        else:
            self.number = self.papers.spare_number()
            prior_number = number_before if style == "renumber" else ""
            self.say("A06", fact.at, prior_spot=before, prior_number=prior_number)
        if self.habits.closes_emergency and self._room(until, 2):
            self.clock += minutes(self.rng, 1, 3)
            closed = self.time(fact.at + minutes(self.rng, 0, 2))
            closing = self.say(
                "A03", closed, spot=before, class_code=class_before, discharged=closed,
                admitted=self.arrived if self.habits.admitted == "always" else None,
                number=number_before, disposition="09",
                entered_at=max(self.clock + GAP, closed),
            )  # fmt: skip
            self.fix(closing)

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
            stated = self.time(fact.at + minutes(self.rng, 11, 38))
        self.end = fact.at
        self.clock = max(self.clock, fact.at)
        if self.class_code == "AMB" and not self.habits.clinic_ends:
            self.end = None
            return
        first = self.say("A03", stated, discharged=stated, disposition=fact.disposition)
        if corrected:
            self.fix(first, "discharge corrected by update" if by_update else "discharge corrected")
            self.clock = max(self.clock, stated) + minutes(self.rng, 5, 600)
            self.fix(
                self.say("A08" if by_update else "A03", self.soon() if by_update else fact.at,
                          discharged=fact.at, disposition=fact.disposition,
                          entered_at=self.soon())
            )  # fmt: skip
        if self._wants("update after discharge", far, steps=1):
            self.clock += minutes(self.rng, 5, 2000)
            self.say("A08", self.soon(), discharged=fact.at, disposition=fact.disposition)
            self.applied.append("update after discharge")

    def _discharge_too_early(self, fact: Fact, *, other_bed: bool) -> None:
        """Tell a discharge that is taken back: the patient stays on, here or in another bed."""
        last = max(self.clock, self.moves[-1][0])
        window = fact.at - last
        if window < timedelta(minutes=40) or self.class_code == "AMB":
            return
        self.clock = last + window * self.rng.uniform(0.1, 0.5)
        at = self.time(self.clock)
        wrong = self.say("A03", at, discharged=at, disposition=fact.disposition)
        self.fix(wrong, "discharge cancelled, another bed" if other_bed else "discharge cancelled")
        spot = self.elsewhere(same_unit=True) if other_bed else self.spot
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
        before, wrong_spot = self.spot, self.elsewhere()
        self.mistaken.append(wrong_spot)
        at = self.soon()
        wrong = self.say("A02", at, spot=wrong_spot, prior_spot=before)
        self.fix(wrong, "first of two transfers cancelled" if both else "transfer cancelled")
        if both:
            self.spot = self.elsewhere()
            at = self.soon()
            self.fix(self.say("A02", at, prior_spot=wrong_spot))
            self.moves.append((at, self.spot, self.class_code))
        self._cancel("A12", wrong, spot=before)

    def _tell_mistaken_admission(self, fact: Fact, until: datetime) -> None:
        """Admit from the emergency department, and take it back: the patient never left it."""
        if fact.class_code != "EMER" or self.habits.inpatient_by != "A01":
            return
        if not self._wants("admission from emergency cancelled", until, steps=4):
            return
        wrong_spot = self.elsewhere()
        at = self.soon()
        stated = at if self.habits.admitted_means == "admission" else self.admitted
        wrong = self.say("A01", at, spot=wrong_spot, class_code="IMP", admitted=stated)
        self.fix(wrong, "admission from emergency cancelled")
        self._cancel("A11", wrong, spot=wrong_spot)
        self.mistaken.append(wrong_spot)

    def _cancel(self, trigger: str, voided: Telling, *, spot: Spot) -> Telling:
        style = self.habits.cancels
        at = self.soon()
        cancel = self.say(trigger, at, spot=spot, class_code=voided.class_code)
        if style == "names":
            cancel.occurred = voided.occurred or voided.discharged or voided.admitted
        elif style == "own":
            cancel.occurred = cancel.entered or cancel.created
        else:
            cancel.occurred = None
        if cancel.entered is None and self.habits.minutes:
            cancel.created = cancel.created.replace(second=0)  # as coarse as its own EVN-6
        self.fix(cancel)
        return cancel

    def _update(self, until: datetime) -> None:
        at = self.clock + minutes(self.rng, 5, 25)
        if at + 2 * GAP < until:
            self.say("A08", self.time(at))

    def _wants(self, name: str, until: datetime, *, steps: int) -> bool:
        """Tell whether this is to go wrong now; nothing does twice in a visit."""
        if name in self.troubles and self._room(until, steps):
            self.troubles.discard(name)
            return True
        return False

    def _room(self, until: datetime, steps: int) -> bool:
        return self.clock + steps * timedelta(minutes=7) < until
