"""The truth of a world, as far as a reader of its messages can know it."""

from dataclasses import dataclass, field
from datetime import datetime

from caretrail.generate.hospital import Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueStay:
    """The time in one place and one class; ``end`` is None if the patient is still there."""

    spot: Spot
    class_code: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEncounter:
    """One encounter as a correct reading of the messages must give it.

    ``start`` is None if no message says when the encounter began, because the feed began later. If
    ``begun_before_feed``, the messages do not reach back to its beginning. Then the first of its
    ``stays`` may have begun before its stated start.
    """

    facility: str
    visit_number: str  # the last one; empty if the sender gives none
    class_code: str
    status: str
    begun: datetime | None  # when it truly began
    start: datetime | None  # when it began according to the messages
    end: datetime | None
    stays: tuple[TrueStay, ...]
    mistaken: tuple[Spot, ...] = ()  # places that were stated and cancelled: ghosts
    begun_before_feed: bool = False
    minutes: bool = False  # its sender states times to the minute
    numbers: str = "always"  # when its sender gives visit numbers: always, late or never
    troubles: tuple[str, ...] = ()
    undecidable: bool = False  # it has events that no rule can decide


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueRecord:
    """A record number that a message names, and the authority that gave it out."""

    authority: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePatient:
    """Records that a reader can know to be one person, and their encounters.

    If facilities share no number and no merge was sent, one person is several of these.
    """

    person: int  # the same for all records of one person
    name: str
    birth_date: str
    sex: str
    records: tuple[TrueRecord, ...]
    encounters: tuple[TrueEncounter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCensusRow:
    """A row of the census at the end of the feed."""

    facility: str
    spot: Spot | None
    record: TrueRecord
    class_code: str
    since: datetime


@dataclass(slots=True)
class WorldTruth:
    """The truth of a world so far; it grows while messages are drawn."""

    patients: list[TruePatient] = field(default_factory=list)

    @property
    def visits(self) -> int:
        """The number of encounters."""
        return sum(len(patient.encounters) for patient in self.patients)

    def census(self) -> list[TrueCensusRow]:
        """Return the patients in a bed at the end: encounters in progress, without outpatients."""
        return sorted(
            (
                TrueCensusRow(
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
