"""A small hospital that knows the truth and tells it with ordinary trouble.

What happened is drawn first; then each fact is told, sometimes late, sometimes wrong and corrected,
and things that never happened are told and cancelled. The rules of interpretation are not used
here: only what a sender does.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from domain.statement import Statement
from tests.domain.interpretation.saying import MONDAY, again, says

DAY = 24 * 60


@dataclass
class Habits:
    """What a sender always does."""

    evn6: bool  # states it on transfers (else their EVN-2 is the true time)
    pv144_always: bool  # repeats the start that it knows in every message
    evn2: bool  # has an EVN-2 wherever another field says when
    pv16: bool  # says where a transfer came from
    cancel_names: str  # EVN-6 of its cancels: "original", "own", "none"
    numbers: bool
    numeric_ids: bool


@dataclass
class Truth:
    """One encounter: from when, until when, and where since when, in minutes."""

    start: int
    end: int | None = None
    places: list[tuple[int, str]] = field(default_factory=list)

    def shown(self) -> tuple[object, ...]:
        stays = []
        for number, (at, bed) in enumerate(self.places):
            later = [next_at for next_at, _ in self.places[number + 1 :]]
            stays.append((bed, at, later[0] if later else self.end))
        return self.start, self.end, tuple(stays)


@dataclass
class Visit:
    """Tells one visit number: one or more encounters."""

    random: Random
    habits: Habits
    number: str
    patient: str = "p1"
    said: list[Statement] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)
    now: int = 0
    known_start: int | None = None
    counter: int = 0

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def tell(  # noqa: PLR0913  # whatever the sender states
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
        self.counter += 1
        habits = self.habits
        if pv144 is None and habits.pv144_always and trigger != "A11":
            pv144 = self.known_start
        if evn2 is None and (habits.evn2 or self.chance(0.3)):
            evn2 = sent
        control = (
            f"{self.number[1:]}{self.counter:04}" if habits.numeric_ids else f"c{self.counter}"
        )
        each = says(
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
        self.said.append(each)
        if each.entered is not None and self.chance(0.08):
            later = sent + self.random.randrange(1, 2 * DAY)
            self.said.append(again(each, sent=clock(later), control=f"{control}9"))

    # --- facts ------------------------------------------------------------------------------------

    def admit(self, trigger: str, at: int, sent: int, bed: str, *, pv12: str | None = None) -> None:
        self.known_start = at
        self.tell(trigger, sent, bed=bed, pv144=at, pv12=pv12)

    def transfer(self, at: int, sent: int, bed: str, from_: str | None) -> None:
        origin = from_ if self.habits.pv16 else None
        if self.habits.evn6:
            self.tell("A02", sent, bed=bed, evn6=at, from_=origin)
        else:
            self.tell("A02", sent, bed=bed, evn2=at, from_=origin)

    def cancel(self, trigger: str, original: int, sent: int, bed: str | None) -> None:
        names = self.habits.cancel_names
        named = {"original": original, "own": sent, "none": None}[names]
        if trigger == "A12" and not self.habits.evn6:
            named = None
        self.tell(trigger, sent, bed=bed, evn6=named)


def clock(minutes: int) -> str:
    return f"{minutes // DAY}d {minutes % DAY // 60}:{minutes % 60:02}"


def minutes_of(at: datetime | None) -> int | None:
    return None if at is None else int((at - MONDAY).total_seconds() // 60)


def habits_of(random: Random, *, numbers: bool = True) -> Habits:
    return Habits(
        evn6=random.random() < 0.6,
        pv144_always=random.random() < 0.5,
        evn2=random.random() < 0.7,
        pv16=random.random() < 0.5,
        cancel_names=random.choice(["original", "own", "none"]),
        numbers=numbers,
        numeric_ids=random.random() < 0.5,
    )


def visit(random: Random, habits: Habits, number: str, start: int, patient: str = "p1") -> Visit:
    """Live and tell a visit, perhaps ended and begun again under its number."""
    told = Visit(random, habits, number, patient)
    told.now = start
    _encounter(told)
    while told.truth[-1].end is not None and told.chance(0.15):
        told.now = max(told.now, told.truth[-1].end) + random.randrange(60, 5 * DAY)
        _encounter(told)
    return told


def _encounter(told: Visit) -> None:
    random = told.random
    started = told.now
    if told.chance(0.12):
        started = _phantom_admission(told, started)
    emergency = told.chance(0.35)
    truth = Truth(started)
    told.truth.append(truth)
    course: list[tuple[int, str, str]] = []  # when, what, where
    beds = [f"{told.number}B{n}.{len(told.truth)}" for n in range(9)]
    random.shuffle(beds)
    where = f"ED.{len(told.truth)}" if emergency else beds.pop()
    truth.places.append((started, where))
    course.append((started, "A04" if emergency else "A01", where))
    at = started
    if emergency and told.chance(0.7):
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
    if told.chance(0.75):
        at += random.randrange(30, 2 * DAY)
        truth.end = at
        course.append((at, "A03", where))
    _tell(told, truth, course)


def _phantom_admission(told: Visit, at: int) -> int:
    """Tell an admission that is taken back; the real one may be at the same time."""
    told.admit("A01", at, at + 1, "PHANTOM")
    sent = at + 2
    if told.chance(0.3):
        told.transfer(at + 2, at + 3, "PHANTOM2", "PHANTOM")
        sent = at + 4
    told.cancel("A11", at, sent + 1, "PHANTOM")
    told.known_start = None
    told.now = sent + 5
    return at if told.chance(0.3) else told.now


def _tell(told: Visit, truth: Truth, course: list[tuple[int, str, str]]) -> None:
    random = told.random
    sent = max(told.now, course[0][0])
    late: list[tuple[int, str, str]] = []
    previous: str | None = None
    fallback = truth.places[0][1]
    for at, what, where in course:
        sent = max(sent, at) + random.randrange(1, 8)
        if what == "A02" and told.habits.evn6 and told.chance(0.08):
            late.append((at, what, where))  # told after whatever comes next
            previous = where
            continue
        sent = _tell_one(told, truth, (at, what, where), sent, previous or fallback)
        previous = where
        for fact in late:
            sent += random.randrange(1, 8)
            told.transfer(fact[0], sent, fact[2], None)
        late.clear()
        if what in {"A01", "A02", "A06", "A04"} and told.chance(0.3):
            sent += random.randrange(1, 8)
            sent = _trouble(told, at, where, sent, what)
    for fact in late:
        sent += random.randrange(1, 8)
        told.transfer(fact[0], sent, fact[2], None)
    told.now = sent


def _tell_one(
    told: Visit, truth: Truth, fact: tuple[int, str, str], sent: int, previous: str
) -> int:
    at, what, where = fact
    match what:
        case "A01" | "A04" if at == truth.start:
            return _tell_beginning(told, fact, sent)
        case "A01" | "A06":
            return _tell_admission(told, truth, fact, sent)
        case "A02":
            if told.chance(0.1):  # to the wrong bed, then taken back
                told.transfer(at - 1, sent, "PHANTOM3", previous)
                sent += told.random.randrange(1, 8)
                told.cancel("A12", at - 1, sent, previous)
                sent += told.random.randrange(1, 8)
            told.transfer(at, sent, where, previous)
            return sent
        case _:
            return _tell_discharge(told, truth, at, where, sent)


def _tell_beginning(told: Visit, fact: tuple[int, str, str], sent: int) -> int:
    random = told.random
    at, what, where = fact
    pv12 = "E" if what == "A04" else None
    if told.chance(0.15):  # told wrong, then corrected
        told.admit(what, at - random.randrange(1, 20), sent, where, pv12=pv12)
        sent += random.randrange(1, 8)
        if told.chance(0.5):
            told.admit(what, at, sent, where, pv12=pv12)
        else:
            told.known_start = at
            told.tell("A08", sent, bed=where, pv144=at, pv12=pv12)
        return sent
    if told.chance(0.1):
        told.admit(what, at, sent, "WRONG", pv12=pv12)
        sent += random.randrange(1, 8)
    told.admit(what, at, sent, where, pv12=pv12)
    return sent


def _tell_admission(told: Visit, truth: Truth, fact: tuple[int, str, str], sent: int) -> int:
    """Tell that one who was registered is admitted; perhaps the department closes its visit."""
    at, what, where = fact
    if what == "A06":
        told.tell("A06", sent, bed=where, evn6=at if told.habits.evn6 else None, evn2=at)
    elif told.chance(0.5) and not told.habits.pv144_always:
        told.tell("A01", sent, bed=where, pv144=at)
    else:
        told.tell("A01", sent, bed=where, pv144=truth.start, evn6=at, evn2=sent)
    if told.chance(0.3):
        sent += told.random.randrange(1, 8)
        told.tell("A03", sent, bed=truth.places[0][1], pv145=sent, pv12="E")
    return sent


def _tell_discharge(told: Visit, truth: Truth, at: int, where: str, sent: int) -> int:
    random = told.random
    if told.chance(0.15):  # told wrong, then corrected
        told.tell("A03", sent, bed=where, pv145=at + random.randrange(-3, 20))
        sent += random.randrange(1, 60)
        told.tell(random.choice(["A03", "A08"]), sent, bed=where, pv145=at)
        return sent
    if told.chance(0.15):  # does not leave after all: back, perhaps in another bed
        told.tell("A03", sent, bed=where, pv145=at)
        if told.chance(0.3):
            sent += random.randrange(1, 8)
            told.tell("A03", sent, bed=where, pv145=at - 1)
        sent += random.randrange(1, 60)
        bed = where
        if told.chance(0.4):
            bed = f"BACK{len(told.truth)}"
        told.cancel("A13", at, sent, bed)
        back = minutes_of(told.said[-1].entered.at) if told.said[-1].entered else sent
        if bed != where:
            truth.places.append((back or sent, bed))
        truth.end = None
        if told.chance(0.6):
            truth.end = sent + random.randrange(10, DAY)
            sent = truth.end + random.randrange(1, 8)
            told.tell("A03", sent, bed=bed, pv145=truth.end)
        return sent
    told.tell("A03", sent, bed=where, pv145=at)
    if told.chance(0.3):
        sent += random.randrange(1, 200)
        told.tell("A08", sent, bed=where)
    return sent


def _trouble(told: Visit, at: int, where: str, sent: int, what: str) -> int:
    """Say something that changes nothing."""
    random = told.random
    if told.chance(0.4):
        told.tell("A08", sent, bed=where, pv12="E" if what == "A04" else None)
    elif what != "A04" and told.habits.evn6 and told.chance(0.5):
        told.transfer(sent - 1, sent, "PHANTOM4", where)
        sent += random.randrange(1, 8)
        told.cancel("A12", sent_of_last_transfer(told.said), sent, where)
    elif what == "A02":
        told.tell("A05", sent, pv144=at)
    return sent


def sent_of_last_transfer(said: list[Statement]) -> int:
    """Return the EVN-6 of the transfer told last."""
    last = next(each for each in reversed(said) if each.trigger == "A02" and each.occurred)
    return minutes_of(last.occurred.at if last.occurred else None) or 0
