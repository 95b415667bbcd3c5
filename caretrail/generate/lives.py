"""Patients and what becomes of them: the visits of one person, or two, and all that is told."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from caretrail.generate import course as courses
from caretrail.generate import names
from caretrail.generate.clerk import TROUBLES, Clerk
from caretrail.generate.course import Course, Planner, minutes
from caretrail.generate.hospital import Beds, Facility, FacilityKind
from caretrail.generate.telling import Person, Telling
from caretrail.generate.truth import TrueEncounter, TruePatient, TrueRecord


class Numbers:
    """Gives out numbers; none twice, and none that another facility could give."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = defaultdict(int)

    def _next(self, kind: str, code: str, rng: random.Random) -> int:
        self._last[kind, code] += rng.randint(1, 3)
        return self._last[kind, code]

    def record(self, facility: Facility, rng: random.Random) -> str:
        """Return a new record number."""
        return facility.record_format.format(10000 + self._next("record", facility.code, rng))

    def visit(self, facility: Facility, rng: random.Random) -> str:
        """Return a new visit number."""
        return facility.visit_format.format(400000 + self._next("visit", facility.code, rng))

    def account(self, facility: Facility, rng: random.Random) -> str:
        """Return a new account number."""
        return f"AC{facility.code}{700000 + self._next('account', facility.code, rng)}"

    def person(self) -> int:
        """Return the key of a new person."""
        self._last["person", ""] += 1
        return self._last["person", ""]


def enterprise_number(key: int) -> str:
    """Return the number of a person in the region: nine digits, one to each key."""
    return str(900_000_000 + key * 7_654_321 % 99_999_989)


def person(rng: random.Random, key: int, *, shared: bool = True) -> Person:
    """Draw a person; ``shared``: with a number that facilities share."""
    woman = rng.random() < 0.52  # noqa: PLR2004
    year = 2026 - min(98, max(1, round(rng.gauss(58, 22))))
    married = rng.choice(names.FAMILIES) if woman and rng.random() < 0.3 else ""  # noqa: PLR2004
    return Person(
        key=key,
        family=rng.choice(names.FAMILIES),
        given=rng.choice(names.WOMEN if woman else names.MEN),
        middle=rng.choice(names.MIDDLES),
        sex="F" if woman else "M",
        birth_date=f"{year:04d}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}",
        town=rng.randrange(len(names.TOWNS)),
        street=rng.randrange(len(names.STREETS)),
        house=rng.randint(1, 240),
        enterprise=enterprise_number(key) if shared else "",
        payer=rng.randrange(len(names.PAYERS)),
        allergy=rng.choice((None, None, *range(len(names.ALLERGIES)))),
        kin=rng.choice(names.WOMEN + names.MEN),
        married=married,
    )


@dataclass(slots=True)
class Life:
    """What a life gives: messages to be, and the truth as far as they allow to know it."""

    tellings: list[Telling] = field(default_factory=list)
    patients: list[TruePatient] = field(default_factory=list)


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
    ) -> None:
        self.rng = rng
        self.region = tuple(region)
        self.start = start
        self.horizon = horizon
        self.trouble = trouble
        self.beds = Beds()
        self.planner = Planner(rng, self.beds)
        self.numbers = Numbers()

    # --- itineraries -----------------------------------------------------------------------------

    def draw(self, at: datetime) -> Life:
        """Return the life of somebody who is first heard of about ``at``."""
        rng = self.rng
        someone = person(rng, self.numbers.person(), shared=rng.random() < 0.85)  # noqa: PLR2004
        telling = _Telling(self, someone)
        facility = self._facility("acute", "clinic", "post-acute")
        if facility is None:
            return Life()
        if at >= self.start and facility.kind == "acute" and rng.random() < self.trouble * 0.06:
            return self._wrong_patient(someone, facility, at)
        course = self._first(facility, at)
        for _ in range(4):
            telling.visit(course)
            following = self._following(course)
            if following is None or following.start >= self.horizon:
                break
            course = following
        return telling.life()

    def under_way(self, at: datetime) -> Life:
        """Return the life of somebody who is in a bed already when the feed is switched on."""
        someone = person(self.rng, self.numbers.person())
        telling = _Telling(self, someone)
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
        told = at - minutes(rng, 600, 9000) if rng.random() < 0.6 else None  # noqa: PLR2004
        if told is not None and told < self.start:
            told = None
        match facility.kind:
            case "acute" if rng.random() < 0.8:  # noqa: PLR2004
                return self.planner.emergency(facility, at)
            case "acute":
                return self.planner.planned(facility, at, told)
            case "post-acute":
                return self.planner.post_acute(facility, at)
            case "clinic":
                return self.planner.clinic(facility, at, told)

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
        wrong = _Telling(self, someone)
        right = _Telling(self, person(self.rng, self.numbers.person()))
        course = self.planner.planned(facility, at, None)
        number = self.numbers.visit(facility, self.rng)
        wrong.visit(course, troubles=("registered by mistake",), number=number)
        right.visit(self._later(course), troubles=(), number=number, also="wrong patient")
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

    def troubles(self) -> tuple[str, ...]:
        """Draw what goes wrong in a visit."""
        if self.rng.random() >= self.trouble:
            return ()
        return tuple(self.rng.sample(TROUBLES, self.rng.choice((1, 1, 2, 3))))


class _Telling:
    """One person while the life is told: the records, the merges, the updates."""

    def __init__(self, lives: Lives, someone: Person) -> None:
        self.lives = lives
        self.rng = lives.rng
        self.person = someone
        self.records: dict[str, str] = {}
        self.retired: dict[str, tuple[str, datetime]] = {}
        self.encounters: list[tuple[TrueRecord, TrueEncounter]] = []
        self.said: list[Telling] = []
        self.renamed: datetime | None = None

    def visit(
        self,
        course: Course,
        *,
        troubles: Sequence[str] | None = None,
        number: str = "",
        also: str = "",
    ) -> None:
        """Tell a visit, and what belongs to it: registration, merge, an update of the person."""
        lives, rng, facility = self.lives, self.rng, course.facility
        drawn = lives.troubles() if troubles is None else troubles
        clerk = Clerk(
            rng,
            course,
            person=self.person,
            record=self._record(course, merge=troubles is None),
            number=number or lives.numbers.visit(facility, rng),
            spare_number=lambda: lives.numbers.visit(facility, rng),
            account=lives.numbers.account(facility, rng),
            troubles=drawn,
            horizon=lives.horizon,
            version=self._version,
        )
        clerk.tell()
        truth = clerk.truth(heard_from=lives.start)
        self._number_late(clerk)
        if truth is None:
            return
        self.said += clerk.said
        home = TrueRecord(authority=facility.authority, identifier=self.records[facility.code])
        self.encounters.append((home, truth))
        if troubles is None and rng.random() < 0.06:  # noqa: PLR2004
            self._update_person(clerk)
        del also

    def _number_late(self, clerk: Clerk) -> None:
        """Leave the number out of the first messages, where that is the habit."""
        if clerk.habits.visit_numbers != "late":
            return
        in_order = sorted(clerk.said, key=lambda each: each.created)
        for each in in_order[: self.rng.randint(1, 2)]:
            each.number = ""

    def _record(self, course: Course, *, merge: bool) -> Callable[[datetime], str]:
        lives, rng, facility = self.lives, self.rng, course.facility
        known = self.records.get(facility.code)
        if known is not None:
            return lambda _: known
        record = self.records[facility.code] = lives.numbers.record(facility, rng)
        if not merge or rng.random() >= lives.trouble * 0.12:
            if rng.random() < 0.12:  # noqa: PLR2004
                self._say_of_person("A28", facility, course.facts[0].at - minutes(rng, 2, 9))
            return lambda _: record
        retired = lives.numbers.record(facility, rng)
        seconds = max(3600.0, (course.end - course.start).total_seconds())
        merged_at = course.start + timedelta(seconds=seconds * rng.uniform(0.1, 1.6))
        if merged_at < lives.start:
            return lambda _: record
        merge_told = self._say_of_person("A40", facility, merged_at)
        merge_told.retired = retired
        careless = rng.random() < 0.4  # noqa: PLR2004
        return lambda created: retired if careless or created < merged_at else record

    def _version(self, created: datetime) -> int:
        return int(self.renamed is not None and created >= self.renamed)

    def _update_person(self, clerk: Clerk) -> None:
        last = max(each.created for each in clerk.said)
        self.renamed = last + minutes(self.rng, 10, 3000)
        self._say_of_person("A31", clerk.facility, self.renamed)

    def _say_of_person(self, trigger: str, facility: Facility, at: datetime) -> Telling:
        habits = facility.habits
        at = at.replace(second=0) if habits.minutes else at
        telling = Telling(
            trigger=trigger,
            facility=facility,
            person=self.person,
            version=self._version(at),
            record=self.records[facility.code],
            created=at,
            delivered=at + timedelta(seconds=self.rng.randint(0, 3)),
            entered=at if habits.entered else None,
            occurred=at if habits.occurred else None,
            enterprise=self.person.enterprise if habits.enterprise else "",
            clinician=self.rng.randrange(14),
        )
        if at >= self.lives.start:
            self.said.append(telling)
        return telling

    # --- who is known to be one ------------------------------------------------------------------

    def life(self) -> Life:
        """Return what was told, and the patients that a reader of it can know."""
        group_of: dict[TrueRecord, TrueRecord] = {}

        def find(record: TrueRecord) -> TrueRecord:
            while group_of.setdefault(record, record) != record:
                record = group_of[record]
            return record

        shared: TrueRecord | None = None
        for each in self.said:
            here = TrueRecord(authority=each.facility.authority, identifier=each.record)
            find(here)
            if each.retired:
                gone = TrueRecord(authority=here.authority, identifier=each.retired)
                group_of[find(gone)] = find(here)
            if each.enterprise:
                shared = shared or here
                group_of[find(here)] = find(shared)
        members: dict[TrueRecord, list[TrueRecord]] = defaultdict(list)
        for record in group_of:
            members[find(record)].append(record)
        encounters: dict[TrueRecord, list[TrueEncounter]] = defaultdict(list)
        for home, encounter in self.encounters:
            record = home if home in group_of else self._told_under(home)
            encounters[find(record)].append(encounter)
        patients = [
            TruePatient(
                person=self.person.key,
                name=self.person.name,
                birth_date=self.person.birth_date,
                sex=self.person.sex,
                records=tuple(records),
                encounters=tuple(encounters[root]),
            )
            for root, records in members.items()
        ]
        return Life(self.said, patients)

    def _told_under(self, home: TrueRecord) -> TrueRecord:
        """Return the record under which a facility told it, where it is not the lasting one."""
        for each in self.said:
            if each.facility.authority == home.authority:
                return TrueRecord(authority=home.authority, identifier=each.record)
        return home
