"""A small hospital that knows what really happened, and sends it with ordinary trouble.

The true course of a visit is drawn first. Then the hospital sends a statement for each fact. Some
statements are late, some are wrong and corrected later, and some report what never happened and are
cancelled. This module uses no rule of interpretation. It knows only how senders behave.

All times are minutes since Monday 0:00.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from domain.statement import Statement
from tests.domain.interpretation.statements import MONDAY, adt, sent_again

DAY = 24 * 60


@dataclass
class Habits:
    """What one sender does in all its messages."""

    evn6: bool  # transfers state EVN-6; else their EVN-2 is the true time
    pv144_always: bool  # every message repeats the start that the sender knows
    evn2: bool  # every message has EVN-2; else three in ten
    pv16: bool  # transfers state where the patient came from
    cancel_names: str  # the EVN-6 of cancels: "original", "own" time or "none"
    numbers: bool  # statements carry a visit number
    numeric_ids: bool  # control ids are plain numbers


@dataclass
class TrueEncounter:
    """One encounter as it really was: start, end, and the places with the time of each."""

    start: int
    end: int | None = None
    places: list[tuple[int, str]] = field(default_factory=list)

    def as_tuple(self) -> tuple[object, ...]:
        """Return start, end, and (bed, from, to) of each stay."""
        stays = []
        for number, (at, bed) in enumerate(self.places):
            later = [next_at for next_at, _ in self.places[number + 1 :]]
            stays.append((bed, at, later[0] if later else self.end))
        return self.start, self.end, tuple(stays)


@dataclass
class SimulatedVisit:
    """One visit number: its true encounters, and the statements that the hospital sends of them."""

    random: Random
    habits: Habits
    number: str
    patient: str = "p1"
    statements: list[Statement] = field(default_factory=list)
    truth: list[TrueEncounter] = field(default_factory=list)
    now: int = 0
    known_start: int | None = None
    counter: int = 0

    def chance(self, share: float) -> bool:
        """Draw whether something happens that happens in this share of cases."""
        return self.random.random() < share

    def send(  # noqa: PLR0913  # every field that the sender states
        self,
        trigger: str,
        sent: int,
        *,
        at: int | None = None,
        bed: str | None = None,
        evn6: int | None = None,
        pv144: int | None = None,
        pv145: int | None = None,
        evn2: int | None = None,
        pv12: str | None = None,
        from_: str | None = None,
    ) -> None:
        """Add a statement with the habits of the sender, and perhaps a resend of it."""
        self.counter += 1
        habits = self.habits
        if pv144 is None and habits.pv144_always and trigger != "A11":
            pv144 = self.known_start
        if evn2 is None and (habits.evn2 or self.chance(0.3)):
            evn2 = sent
        control = (
            f"{self.number[1:]}{self.counter:04}" if habits.numeric_ids else f"c{self.counter}"
        )
        each = adt(
            trigger,
            clock(sent),
            bed,
            at=None if at is None else clock(at),
            evn2=None if evn2 is None else clock(evn2),
            evn6=None if evn6 is None else clock(evn6),
            pv144=None if pv144 is None else clock(pv144),
            pv145=None if pv145 is None else clock(pv145),
            visit=self.number if habits.numbers else None,
            patient=self.patient,
            control=control,
            extra=str(self.counter),
            pv12=pv12,
            from_=from_,
        )
        self.statements.append(each)
        if each.entered is not None and self.chance(0.08):
            later = sent + self.random.randrange(1, 2 * DAY)
            self.statements.append(sent_again(each, sent=clock(later), control=f"{control}9"))

    def send_beginning(
        self, trigger: str, at: int, sent: int, bed: str, *, pv12: str | None = None
    ) -> None:
        self.known_start = at
        self.send(trigger, sent, bed=bed, pv144=at, pv12=pv12)

    def send_transfer(self, at: int, sent: int, bed: str, from_: str | None) -> None:
        origin = from_ if self.habits.pv16 else None
        if self.habits.evn6:
            self.send("A02", sent, bed=bed, evn6=at, from_=origin)
        else:
            self.send("A02", sent, bed=bed, evn2=at, from_=origin)

    def send_cancel(self, trigger: str, original: int, sent: int, bed: str | None) -> None:
        names = self.habits.cancel_names
        named = {"original": original, "own": sent, "none": None}[names]
        if trigger == "A12" and not self.habits.evn6:
            named = None
        self.send(trigger, sent, bed=bed, evn6=named)


def clock(minutes: int) -> str:
    """Write minutes as a time that ``statements`` reads."""
    return f"{minutes // DAY}d {minutes % DAY // 60}:{minutes % 60:02}"


def minutes_of(at: datetime | None) -> int | None:
    return None if at is None else int((at - MONDAY).total_seconds() // 60)


def draw_habits(random: Random, *, numbers: bool = True) -> Habits:
    """Draw one of the senders."""
    return Habits(
        evn6=random.random() < 0.6,
        pv144_always=random.random() < 0.5,
        evn2=random.random() < 0.7,
        pv16=random.random() < 0.5,
        cancel_names=random.choice(["original", "own", "none"]),
        numbers=numbers,
        numeric_ids=random.random() < 0.5,
    )


def simulate_visit(
    random: Random, habits: Habits, number: str, start: int, patient: str = "p1"
) -> SimulatedVisit:
    """Draw a visit and send it. It may end and begin again under its number."""
    visit = SimulatedVisit(random, habits, number, patient)
    visit.now = start
    _encounter(visit)
    while visit.truth[-1].end is not None and visit.chance(0.15):
        visit.now = max(visit.now, visit.truth[-1].end) + random.randrange(60, 5 * DAY)
        _encounter(visit)
    return visit


def _encounter(visit: SimulatedVisit) -> None:
    """Draw the course of one encounter and send it."""
    random = visit.random
    started = visit.now
    if visit.chance(0.12):
        started = _phantom_admission(visit, started)
    emergency = visit.chance(0.35)
    truth = TrueEncounter(started)
    visit.truth.append(truth)
    course: list[tuple[int, str, str]] = []  # when, what, where
    beds = [f"{visit.number}B{n}.{len(visit.truth)}" for n in range(9)]
    random.shuffle(beds)
    where = f"ED.{len(visit.truth)}" if emergency else beds.pop()
    truth.places.append((started, where))
    course.append((started, "A04" if emergency else "A01", where))
    at = started
    if emergency and visit.chance(0.7):
        at += random.randrange(30, 600)
        where = beds.pop()
        truth.places.append((at, where))
        course.append((at, random.choice(["A01", "A06"]), where))
        admitted = True
    else:
        admitted = not emergency
    for _ in range(random.choice([0, 0, 1, 1, 2, 3]) if admitted else 0):
        at += random.randrange(30, 2 * DAY)
        where = beds.pop()
        truth.places.append((at, where))
        course.append((at, "A02", where))
    if visit.chance(0.75):
        at += random.randrange(30, 2 * DAY)
        truth.end = at
        course.append((at, "A03", where))
    _send_course(visit, truth, course)


def _phantom_admission(visit: SimulatedVisit, at: int) -> int:
    """Send an admission and its cancel. The real one may have the same time."""
    visit.send_beginning("A01", at, at + 1, "PHANTOM")
    sent = at + 2
    if visit.chance(0.3):
        visit.send_transfer(at + 2, at + 3, "PHANTOM2", "PHANTOM")
        sent = at + 4
    visit.send_cancel("A11", at, sent + 1, "PHANTOM")
    visit.known_start = None
    visit.now = sent + 5
    return at if visit.chance(0.3) else visit.now


def _send_course(
    visit: SimulatedVisit, truth: TrueEncounter, course: list[tuple[int, str, str]]
) -> None:
    """Send the facts of an encounter in their order, some transfers one place later."""
    random = visit.random
    sent = max(visit.now, course[0][0])
    late: list[tuple[int, str, str]] = []
    previous: str | None = None
    fallback = truth.places[0][1]
    for at, what, where in course:
        sent = max(sent, at) + random.randrange(1, 8)
        if what == "A02" and visit.habits.evn6 and visit.chance(0.08):
            late.append((at, what, where))  # sent after the next fact
            previous = where
            continue
        sent = _send_one(visit, truth, (at, what, where), sent, previous or fallback)
        previous = where
        for fact in late:
            sent += random.randrange(1, 8)
            visit.send_transfer(fact[0], sent, fact[2], None)
        late.clear()
        if what in {"A01", "A02", "A06", "A04"} and visit.chance(0.3):
            sent += random.randrange(1, 8)
            sent = _send_no_news(visit, at, where, sent, what)
    for fact in late:
        sent += random.randrange(1, 8)
        visit.send_transfer(fact[0], sent, fact[2], None)
    visit.now = sent


def _send_one(
    visit: SimulatedVisit,
    truth: TrueEncounter,
    fact: tuple[int, str, str],
    sent: int,
    previous: str,
) -> int:
    at, what, where = fact
    match what:
        case "A01" | "A04" if at == truth.start:
            return _send_beginning(visit, fact, sent)
        case "A01" | "A06":
            return _send_admission(visit, truth, fact, sent)
        case "A02":
            if visit.chance(0.1):  # to the wrong bed, then taken back
                visit.send_transfer(at - 1, sent, "PHANTOM3", previous)
                sent += visit.random.randrange(1, 8)
                visit.send_cancel("A12", at - 1, sent, previous)
                sent += visit.random.randrange(1, 8)
            visit.send_transfer(at, sent, where, previous)
            return sent
        case _:
            return _send_discharge(visit, truth, at, where, sent)


def _send_beginning(visit: SimulatedVisit, fact: tuple[int, str, str], sent: int) -> int:
    random = visit.random
    at, what, where = fact
    pv12 = "E" if what == "A04" else None
    if visit.chance(0.15):  # sent wrong, then corrected
        visit.send_beginning(what, at - random.randrange(1, 20), sent, where, pv12=pv12)
        sent += random.randrange(1, 8)
        if visit.chance(0.5):
            visit.send_beginning(what, at, sent, where, pv12=pv12)
        else:
            visit.known_start = at
            visit.send("A08", sent, bed=where, pv144=at, pv12=pv12)
        return sent
    if visit.chance(0.1):
        visit.send_beginning(what, at, sent, "WRONG", pv12=pv12)
        sent += random.randrange(1, 8)
    visit.send_beginning(what, at, sent, where, pv12=pv12)
    return sent


def _send_admission(
    visit: SimulatedVisit, truth: TrueEncounter, fact: tuple[int, str, str], sent: int
) -> int:
    """Send the admission of a registered patient. The department may then close its own visit."""
    at, what, where = fact
    if what == "A06":
        visit.send("A06", sent, bed=where, evn6=at if visit.habits.evn6 else None, evn2=at)
    elif visit.chance(0.5) and not visit.habits.pv144_always:
        visit.send("A01", sent, bed=where, pv144=at)
    else:
        visit.send("A01", sent, bed=where, pv144=truth.start, evn6=at, evn2=sent)
    if visit.chance(0.3):
        sent += visit.random.randrange(1, 8)
        visit.send("A03", sent, bed=truth.places[0][1], pv145=sent, pv12="E")
    return sent


def _send_discharge(
    visit: SimulatedVisit, truth: TrueEncounter, at: int, where: str, sent: int
) -> int:
    random = visit.random
    if visit.chance(0.15):  # sent wrong, then corrected
        visit.send("A03", sent, bed=where, pv145=at + random.randrange(-3, 20))
        sent += random.randrange(1, 60)
        visit.send(random.choice(["A03", "A08"]), sent, bed=where, pv145=at)
        return sent
    if visit.chance(0.15):  # does not leave after all; perhaps another bed
        visit.send("A03", sent, bed=where, pv145=at)
        if visit.chance(0.3):
            sent += random.randrange(1, 8)
            visit.send("A03", sent, bed=where, pv145=at - 1)
        sent += random.randrange(1, 60)
        bed = where
        if visit.chance(0.4):
            bed = f"BACK{len(visit.truth)}"
        visit.send_cancel("A13", at, sent, bed)
        back = minutes_of(visit.statements[-1].entered.at) if visit.statements[-1].entered else sent
        if bed != where:
            truth.places.append((back or sent, bed))
        truth.end = None
        if visit.chance(0.6):
            truth.end = sent + random.randrange(10, DAY)
            sent = truth.end + random.randrange(1, 8)
            visit.send("A03", sent, bed=bed, pv145=truth.end)
        return sent
    visit.send("A03", sent, bed=where, pv145=at)
    if visit.chance(0.3):
        sent += random.randrange(1, 200)
        visit.send("A08", sent, bed=where)
    return sent


def _send_no_news(visit: SimulatedVisit, at: int, where: str, sent: int, what: str) -> int:
    """Send statements that change nothing."""
    random = visit.random
    if visit.chance(0.4):
        visit.send("A08", sent, bed=where, pv12="E" if what == "A04" else None)
    elif what != "A04" and visit.habits.evn6 and visit.chance(0.5):
        visit.send_transfer(sent - 1, sent, "PHANTOM4", where)
        sent += random.randrange(1, 8)
        visit.send_cancel("A12", _evn6_of_last_transfer(visit.statements), sent, where)
    elif what == "A02":
        visit.send("A05", sent, pv144=at)
    return sent


def _evn6_of_last_transfer(statements: list[Statement]) -> int:
    """Return the EVN-6 of the transfer that was sent last."""
    last = next(each for each in reversed(statements) if each.trigger == "A02" and each.occurred)
    return minutes_of(last.occurred.at if last.occurred else None) or 0
