"""What truly happened, and how much of it a reader of the messages can know."""

from dataclasses import dataclass, field
from datetime import datetime

from caretrail.generate.hospital import Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueStay:
    """One place, one class, from when to when; ``end`` None: still there."""

    spot: Spot
    class_code: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEncounter:
    """One encounter as the messages, read rightly, must give it.

    ``start`` is None where no message says when it began (a feed switched on in mid-stay);
    ``heard_of_late`` tells that the messages do not reach back to its beginning, so that the first
    of its ``stays`` may have begun before the time stated for it.
    """

    facility: str
    visit_number: str  # the last one; empty where the sender gives none
    class_code: str
    status: str
    begun: datetime | None  # when it truly began
    start: datetime | None  # ... as the messages tell
    end: datetime | None
    stays: tuple[TrueStay, ...]
    mistaken: tuple[Spot, ...] = ()  # places that were told and taken back: ghosts
    heard_of_late: bool = False
    minutes: bool = False  # its sender tells times to the minute
    numbers: str = "always"  # whether its sender gives visit numbers
    troubles: tuple[str, ...] = ()
    undecidable: bool = False  # what no rule can decide


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueRecord:
    """A record number that a message names, and who gave it out."""

    authority: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePatient:
    """The records that a reader can know to be one person, and all that happened under them.

    One person has several of these where the facilities share no number and nobody merged.
    """

    person: int  # the same for all records of one human being
    name: str
    birth_date: str
    sex: str
    records: tuple[TrueRecord, ...]
    encounters: tuple[TrueEncounter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupied:
    """A line of the census at the end."""

    facility: str
    spot: Spot | None
    record: TrueRecord
    class_code: str
    since: datetime


@dataclass(slots=True)
class Account:
    """Truth of a run as far as it was told; it grows while messages are drawn."""

    patients: list[TruePatient] = field(default_factory=list)

    @property
    def visits(self) -> int:
        """How many encounters there are."""
        return sum(len(patient.encounters) for patient in self.patients)

    def census(self) -> list[Occupied]:
        """Return who is where at the end: in progress, and not an outpatient."""
        return sorted(
            (
                Occupied(
                    facility=each.facility,
                    spot=each.stays[-1].spot if each.stays else None,
                    record=patient.records[0],
                    class_code=each.class_code,
                    since=each.stays[-1].start,
                )
                for patient in self.patients
                for each in patient.encounters
                if each.status == "in-progress" and each.class_code != "AMB" and each.stays
            ),
            key=lambda line: (line.facility, repr(line.spot), line.since, line.record.identifier),
        )
