"""Generate the messages about one person, and work out which records a reader can know as one."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from caretrail.generate.adt_message import AdtMessage
from caretrail.generate.clerk import TROUBLES, Clerk
from caretrail.generate.course import VisitCourse, minutes
from caretrail.generate.hospital import Facility
from caretrail.generate.people import Numbers, SyntheticPerson
from caretrail.generate.truth import TrueEncounter, TruePatient, TrueRecord
from caretrail.generate.undecidable_events import UNDECIDABLE
from caretrail.generate.visit_sender import VisitIdentity


@dataclass(slots=True)
class GeneratedLife:
    """The messages about a person, and the truth that a reader can know from them."""

    messages: list[AdtMessage] = field(default_factory=list)
    patients: list[TruePatient] = field(default_factory=list)


class Register:
    """What all lives of a region share: its numbers, the time span of its feed, its troubles."""

    def __init__(
        self,
        rng: random.Random,
        *,
        start: datetime,
        horizon: datetime,
        trouble: float,
        undecidable: float,
        after: int,
    ) -> None:
        self.rng = rng
        self.start = start
        self.horizon = horizon
        self.trouble = trouble
        self.undecidable = undecidable
        self.numbers = Numbers(after)

    def troubles(self) -> tuple[str, ...]:
        """Draw the troubles of a visit."""
        if self.undecidable and self.rng.random() < self.undecidable:
            return (self.rng.choice(UNDECIDABLE),)
        if self.rng.random() >= self.trouble:
            return ()
        return tuple(self.rng.sample(TROUBLES, self.rng.choice((1, 1, 2, 2, 3, 5))))


class Biography:
    """Generates the messages about one person: visits, merges and updates of the person."""

    def __init__(self, register: Register, someone: SyntheticPerson) -> None:
        self.register = register
        self.rng = register.rng
        self.person = someone
        self.records: dict[str, str] = {}
        self.retired: dict[str, tuple[str, datetime]] = {}
        self.encounters: list[tuple[TrueRecord, TrueEncounter]] = []
        self.messages: list[AdtMessage] = []
        self.renamed: datetime | None = None

    def visit(
        self,
        course: VisitCourse,
        *,
        troubles: Sequence[str] | None = None,
        number: str = "",
        merge: bool | None = None,
        never: str = "",
    ) -> Clerk:
        """Generate a visit and, by chance, the person's registration, merge or update around it.

        Args:
            course: What truly happens.
            troubles: The troubles of the visit; None draws them.
            number: The visit number; if empty, a new one.
            merge: Whether the record of this visit gets another record merged into it; None draws.
            never: A trouble that must not happen.
        """
        register, rng, facility = self.register, self.rng, course.facility
        drawn = register.troubles() if troubles is None else troubles
        drawn = [each for each in drawn if each != never]
        if troubles is not None:
            merge = merge or False
        identity = VisitIdentity(
            person=self.person,
            record=self._record(course, merge=merge),
            version=self._version,
            number=number or register.numbers.visit(facility, rng),
            spare_number=lambda: register.numbers.visit(facility, rng),
            account=register.numbers.account(facility, rng),
        )
        clerk = Clerk(rng, course, identity, troubles=drawn, horizon=register.horizon)
        clerk.send_all()
        truth = clerk.truth(feed_start=register.start)
        self._number_late(clerk)
        if truth is None:
            return clerk
        self.messages += clerk.messages
        home = TrueRecord(authority=facility.authority, identifier=self.records[facility.code])
        self.encounters += [(home, truth)] + [(home, each) for each in clerk.other_encounters]
        if troubles is None and rng.random() < 0.06:  # noqa: PLR2004
            self._update_person(clerk)
        return clerk

    def merge(self, facility: Facility, retired: str, at: datetime) -> None:
        """Send a merge: a second record at the facility retires into the person's record there."""
        self._send_about_person("A40", facility, at).retired = retired

    def died(self, facility: Facility, at: datetime, *, told_at: datetime) -> None:
        """Send an update of the person, who died at ``at``."""
        self._send_about_person("A31", facility, told_at).died = at

    def take_over(self, other: "Biography") -> None:
        """Add the messages and encounters of ``other``, a second record of the same person."""
        self.messages += other.messages
        self.encounters += other.encounters

    def _number_late(self, clerk: Clerk) -> None:
        """Leave the visit number out of the first messages, if the sender gives numbers late."""
        if clerk.habits.visit_numbers != "late":
            return
        in_order = sorted(clerk.messages, key=lambda each: each.created)
        for each in in_order[: self.rng.randint(1, 2)]:
            each.number = ""

    def _record(self, course: VisitCourse, *, merge: bool | None) -> Callable[[datetime], str]:
        register, rng, facility = self.register, self.rng, course.facility
        known = self.records.get(facility.code)
        if known is not None:
            return lambda _: known
        record = self.records[facility.code] = register.numbers.record(facility, rng)
        if merge is None:
            merge = rng.random() < register.trouble * 0.12
        if not merge:
            if rng.random() < 0.12:  # noqa: PLR2004
                self._send_about_person("A28", facility, course.facts[0].at - minutes(rng, 2, 9))
            return lambda _: record
        retired = register.numbers.record(facility, rng)
        seconds = max(3600.0, (min(course.end, register.horizon) - course.start).total_seconds())
        merged_at = course.start + timedelta(seconds=seconds * rng.uniform(0.1, 1.6))
        if merged_at < register.start:
            return lambda _: record
        merge_message = self._send_about_person("A40", facility, merged_at)
        merge_message.retired = retired
        careless = rng.random() < 0.4  # noqa: PLR2004
        return lambda created: retired if careless or created < merged_at else record

    def _version(self, created: datetime) -> int:
        return int(self.renamed is not None and created >= self.renamed)

    def _update_person(self, clerk: Clerk) -> None:
        last = max(each.created for each in clerk.messages)
        self.renamed = last + minutes(self.rng, 10, 3000)
        self._send_about_person("A31", clerk.facility, self.renamed)

    def _send_about_person(self, trigger: str, facility: Facility, at: datetime) -> AdtMessage:
        habits = facility.habits
        at = at.replace(second=0) if habits.minutes else at
        message = AdtMessage(
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
        if at >= self.register.start:
            self.messages.append(message)
        return message

    # --- which records are one patient -----------------------------------------------------------

    def life(self) -> GeneratedLife:
        """Return the messages, and the patients that a reader of them can know."""
        group_of: dict[TrueRecord, TrueRecord] = {}

        def find(record: TrueRecord) -> TrueRecord:
            while group_of.setdefault(record, record) != record:
                record = group_of[record]
            return record

        shared: TrueRecord | None = None
        for each in self.messages:
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
            record = home if home in group_of else self._sent_under(home)
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
        return GeneratedLife(self.messages, patients)

    def _sent_under(self, home: TrueRecord) -> TrueRecord:
        """Return the record under which the facility sent its messages, if it is not ``home``."""
        for each in self.messages:
            if each.facility.authority == home.authority:
                return TrueRecord(authority=home.authority, identifier=each.record)
        return home
