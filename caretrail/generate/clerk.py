"""Send the messages of one visit: its facts in order, with mistakes and their corrections."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from caretrail.generate.adt_message import AdtMessage
from caretrail.generate.course import VisitCourse, VisitFact, minutes
from caretrail.generate.disturbance import disturb
from caretrail.generate.hospital import Spot
from caretrail.generate.truth import TrueEncounter, TrueStay
from caretrail.generate.undecidable_events import (
    AGAIN,
    ONE_SECOND,
    READMITTED,
    UNDECIDABLE,
    admit,
    send_again_as_if_new,
)
from caretrail.generate.visit_sender import GAP, VisitIdentity, VisitSender

#: Troubles of a visit. A visit may have several of them, as far as they fit together.
TROUBLES: Final = (
    "bed stated again",
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
    "entered late",
    "sent late",
    "sent again",
    "sent twice",
    "delayed",
    "clock wrong",
    "registered by mistake",
)

_BEGINNING: Final = {"arrive": "A04", "admit": "A01"}


class Clerk(VisitSender):
    """Sends the messages of one visit of one patient at one facility.

    Args:
        rng: The source of chance.
        course: What truly happens.
        identity: Whose visit it is, and its numbers.
        troubles: What goes wrong.
        horizon: When the feed ends; facts after it are not sent.
    """

    def __init__(
        self,
        rng: random.Random,
        course: VisitCourse,
        identity: VisitIdentity,
        *,
        troubles: Sequence[str],
        horizon: datetime,
    ) -> None:
        super().__init__(rng, course, identity)
        self.troubles = set(troubles)
        self.horizon = horizon
        self.end: datetime | None = None
        self.arrived: datetime | None = None  # PV1-44 of the arrival
        self.cancelled = False
        self.other_encounters: list[TrueEncounter] = []  # further true encounters of this visit

    # --- the whole visit -------------------------------------------------------------------------

    def send_all(self) -> list[AdtMessage]:
        """Send all messages of the visit; return them in the order of entry."""
        facts = [fact for fact in self.course.facts if fact.at < self.horizon]
        for position, fact in enumerate(facts):
            later = facts[position + 1].at if position + 1 < len(facts) else None
            until = later or (
                self.horizon if fact.kind != "end" else self.horizon + timedelta(days=30)
            )
            self._send_fact(fact, until)
            if self.cancelled:
                break
        if AGAIN in self.troubles:
            send_again_as_if_new(self)
        disturb(self, self.troubles)
        return self.messages

    def truth(self, *, feed_start: datetime) -> TrueEncounter | None:
        """Return what a reader can know from the messages made at ``feed_start`` or later.

        Call it after ``send_all``. It also drops the messages made before ``feed_start``.

        Returns:
            None if no messages are left, or only updates of a visit whose beginning was dropped.
        """
        before = len(self.messages)
        self.messages = [each for each in self.messages if each.created >= feed_start]
        missed = len(self.messages) < before
        if missed:
            self._drop_unlinked_closing()
        if missed and not any(each.trigger == "A04" for each in self.messages):
            self._drop_before_admission()
        if not self.messages or (missed and all(each.trigger == "A08" for each in self.messages)):
            return None
        planned = all(fact.kind == "plan" for fact in self.course.facts if fact.at < self.horizon)
        start: datetime | None = None if planned else self._true_start()
        stays = self._stays()
        if missed:
            stays, start = self._known_part(stays, start)
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
            begun_before_feed=missed,
            minutes=self.habits.minutes,
            numbers=self.habits.visit_numbers,
            troubles=tuple(dict.fromkeys(self.applied)),
            undecidable=any(name in UNDECIDABLE for name in self.applied),
        )

    def _true_start(self) -> datetime | None:
        return self.moves[0][0] if self.moves else None

    def _status(self, *, planned: bool) -> str:
        if planned or (self.cancelled and any(each.trigger == "A05" for each in self.messages)):
            return "planned"  # A11 cancels the arrival, not the appointment
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

    def _drop_before_admission(self) -> None:
        """Drop the messages before the A01, if the arrival was before the feed began.

        PV1-44 of that A01 may be the time of the arrival. Then a reader would take messages between
        the two for moves after the admission.
        """
        position = next((n for n, each in enumerate(self.messages) if each.trigger == "A01"), 0)
        self.messages = self.messages[position:]

    def _drop_unlinked_closing(self) -> None:
        """Drop the A03 of a department whose visit number was replaced before the feed began.

        No rule could find out to which visit it belongs.
        """
        linked = {self.number, *(each.prior_number for each in self.messages)}
        self.messages = [
            each for each in self.messages if each.trigger != "A03" or each.number in linked
        ]

    def _known_part(
        self, stays: tuple[TrueStay, ...], start: datetime | None
    ) -> tuple[tuple[TrueStay, ...], datetime | None]:
        """Return the stays and the start that a reader can know.

        Called if the feed began during the visit. Stays before the first place that a message names
        are left out.
        """
        named = {each.spot for each in self.messages if each.trigger not in {"A03", "A08"}}
        first = next(
            (number for number, stay in enumerate(stays) if stay.spot in named), len(stays)
        )
        if start is None:
            return stays[first:], None
        changes = [each for each in self.messages if each.trigger in {"A06", "A07"}]
        times = {each.admitted for each in changes} | {
            each.occurred or each.entered or each.created for each in changes
        }
        stated = [each.admitted for each in self.messages if each not in changes and each.admitted]
        begun = next((each for each in self.messages if each.trigger == "A01"), None)
        if begun is not None and start not in stated:
            start = begun.admitted or begun.occurred or begun.entered or begun.created
            return stays[first:], start
        return stays[first:], next((at for at in sorted(stated) if at not in times), None)

    # --- one fact --------------------------------------------------------------------------------

    def _send_fact(self, fact: VisitFact, until: datetime) -> None:
        match fact.kind:
            case "plan":
                self.send("A05", fact.at, spot=fact.spot, admitted=fact.planned_for)
            case "arrive" | "admit":
                self._send_beginning(_BEGINNING[fact.kind], fact, until)
            case "move":
                self._send_move(fact)
            case "change":
                self._send_change(fact, until)
            case "end":
                self._send_end(fact)
        if fact.kind not in {"plan", "end"} and not self.cancelled:
            if until - fact.at < timedelta(days=1) or self.rng.random() < 0.5:  # noqa: PLR2004
                self._send_mistaken_moves(fact, until)
            self._send_mistaken_admission(fact, until)
            if self.rng.random() < 0.25:  # noqa: PLR2004
                self._update(until)

    def _send_beginning(self, trigger: str, fact: VisitFact, until: datetime) -> None:
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
        bed_again = not again and self._wants("bed stated again", until, steps=2)
        if again or bed_again:
            first_spot = self.elsewhere()
        first = self.send(trigger, stated, spot=first_spot, admitted=stated)
        if again:
            self.fix(first, "admission cancelled and repeated")
            self._cancel("A11", first, spot=first_spot)
            self.mistaken.append(first_spot)
            second = self.send(trigger, stated, entered_at=self.soon(), admitted=stated)
            self.fix(second)
            first = second
        elif bed_again:
            self.fix(first, "bed stated again")
            self.fix(self.send(trigger, stated, entered_at=self.soon(), admitted=stated))
        if stated != fact.at:
            self.fix(first, "beginning corrected")
            self.admitted = self.arrived = fact.at
            self.fix(self.send("A08", self.soon(), admitted=fact.at))
        if "registered by mistake" in self.troubles and not self.applied:
            self._take_back(trigger, first, until)

    def _left_at_once(self, fact: VisitFact) -> None:
        """Add the true encounter of no minutes that comes before the readmission."""
        self.other_encounters.append(
            TrueEncounter(
                facility=self.facility.code, visit_number=self.number, class_code=fact.class_code,
                status="finished", begun=fact.at, start=fact.at, end=fact.at, stays=(),
                minutes=self.habits.minutes, numbers=self.habits.visit_numbers,
                troubles=(READMITTED,), undecidable=True,
            )
        )  # fmt: skip

    def _take_back(self, trigger: str, first: AdtMessage, until: datetime) -> None:
        """Cancel the whole visit, because the patient was registered by mistake."""
        if not self._room(until, 4):
            return
        self.fix(first, "registered by mistake")
        if self.rng.random() < 0.3 and trigger == "A01":  # noqa: PLR2004
            moved = self.send("A02", self.soon(), spot=self.elsewhere(), prior_spot=self.spot)
            self.fix(moved)
            if moved.spot is not None:
                self.spot = moved.spot
                self.moves.append((moved.occurred or moved.entered or moved.created,
                                   moved.spot, self.class_code))  # fmt: skip
        self._cancel("A11", first, spot=self.spot)
        self.cancelled = True

    def _send_move(self, fact: VisitFact) -> None:
        before, self.class_code = self.spot, fact.class_code
        self.place(fact)
        self.send("A02", fact.at, prior_spot=before)

    def _send_change(self, fact: VisitFact, until: datetime) -> None:
        before, class_before, number_before = self.spot, self.class_code, self.number
        self.place(fact)
        if class_before == "IMP":
            self.send("A07", fact.at, prior_spot=before)
            return
        style = self.habits.inpatient_by
        if self.habits.admitted_means == "admission":
            self.admitted = fact.at
        if style == "A01":
            self.send("A01", fact.at, prior_spot=before)
        elif style == "A06":
            self.send("A06", fact.at, prior_spot=before)
        else:
            self.number = self.identity.spare_number()
            prior_number = number_before if style == "renumber" else ""
            self.send("A06", fact.at, prior_spot=before, prior_number=prior_number)
        if self.habits.closes_emergency and self._room(until, 2):
            self.clock += minutes(self.rng, 1, 3)
            closed = self.time(fact.at + minutes(self.rng, 0, 2))
            closing = self.send(
                "A03", closed, spot=before, class_code=class_before, discharged=closed,
                admitted=self.arrived if self.habits.admitted == "always" else None,
                number=number_before, disposition="09",
                entered_at=max(self.clock + GAP, closed),
            )  # fmt: skip
            self.fix(closing)

    def _send_end(self, fact: VisitFact) -> None:
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
        first = self.send("A03", stated, discharged=stated, disposition=fact.disposition)
        if corrected:
            self.fix(first, "discharge corrected by update" if by_update else "discharge corrected")
            self.clock = max(self.clock, stated) + minutes(self.rng, 5, 600)
            self.fix(
                self.send("A08" if by_update else "A03", self.soon() if by_update else fact.at,
                          discharged=fact.at, disposition=fact.disposition,
                          entered_at=self.soon())
            )  # fmt: skip
        if self._wants("update after discharge", far, steps=1):
            self.clock += minutes(self.rng, 5, 2000)
            self.send("A08", self.soon(), discharged=fact.at, disposition=fact.disposition)
            self.applied.append("update after discharge")

    def _discharge_too_early(self, fact: VisitFact, *, other_bed: bool) -> None:
        """Send a discharge and cancel it: the patient stays, in this bed or in another one."""
        last = max(self.clock, self.moves[-1][0])
        window = fact.at - last
        if window < timedelta(minutes=40) or self.class_code == "AMB":
            return
        self.clock = last + window * self.rng.uniform(0.1, 0.5)
        at = self.time(self.clock)
        wrong = self.send("A03", at, discharged=at, disposition=fact.disposition)
        self.fix(wrong, "discharge cancelled, another bed" if other_bed else "discharge cancelled")
        spot = self.elsewhere(same_unit=True) if other_bed else self.spot
        cancel = self._cancel("A13", wrong, spot=spot)
        if other_bed:
            self.spot = spot
            self.moves.append((cancel.entered or cancel.created, spot, self.class_code))

    # --- mistakes --------------------------------------------------------------------------------

    def _send_mistaken_moves(self, fact: VisitFact, until: datetime) -> None:
        if fact.class_code == "AMB":
            return
        both = self._wants("first of two transfers cancelled", until, steps=6)
        both = both and (self.habits.cancels == "names" or self.habits.prior_place)
        if not both and not self._wants("transfer cancelled", until, steps=4):
            return
        before, wrong_spot = self.spot, self.elsewhere()
        self.mistaken.append(wrong_spot)
        at = self.soon()
        wrong = self.send("A02", at, spot=wrong_spot, prior_spot=before)
        self.fix(wrong, "first of two transfers cancelled" if both else "transfer cancelled")
        if both:
            self.spot = self.elsewhere()
            at = self.soon()
            self.fix(self.send("A02", at, prior_spot=wrong_spot))
            self.moves.append((at, self.spot, self.class_code))
        self._cancel("A12", wrong, spot=before)

    def _send_mistaken_admission(self, fact: VisitFact, until: datetime) -> None:
        """Send an admission from the emergency department and cancel it: the patient stays."""
        if fact.class_code != "EMER" or self.habits.inpatient_by != "A01":
            return
        if not self._wants("admission from emergency cancelled", until, steps=4):
            return
        wrong_spot = self.elsewhere()
        at = self.soon()
        stated = at if self.habits.admitted_means == "admission" else self.admitted
        wrong = self.send("A01", at, spot=wrong_spot, class_code="IMP", admitted=stated)
        self.fix(wrong, "admission from emergency cancelled")
        self._cancel("A11", wrong, spot=wrong_spot)
        self.mistaken.append(wrong_spot)

    def _cancel(self, trigger: str, voided: AdtMessage, *, spot: Spot) -> AdtMessage:
        style = self.habits.cancels
        at = self.soon()
        cancel = self.send(trigger, at, spot=spot, class_code=voided.class_code)
        if style == "names":
            cancel.occurred = voided.occurred or voided.discharged or voided.admitted
        elif style == "own":
            cancel.occurred = cancel.entered or cancel.created
        else:
            cancel.occurred = None
        if cancel.entered is None and self.habits.minutes:
            cancel.created = cancel.created.replace(second=0)  # to the minute, like its EVN-6
        self.fix(cancel)
        return cancel

    def _update(self, until: datetime) -> None:
        at = self.clock + minutes(self.rng, 5, 25)
        if at + 2 * GAP < until:
            self.send("A08", self.time(at))

    def _wants(self, name: str, until: datetime, *, steps: int) -> bool:
        """Say whether a trouble happens now; each happens only once in a visit."""
        if name in self.troubles and self._room(until, steps):
            self.troubles.discard(name)
            return True
        return False

    def _room(self, until: datetime, steps: int) -> bool:
        return self.clock + steps * timedelta(minutes=7) < until
