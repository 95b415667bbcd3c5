"""What statements add up to: patients, encounters, stays. Derived, never stored as fact.

``domain.interpretation.interpret`` makes these from a set of statements; projections turn them
into rows and pages show them. They name statements by ref only, so that they depend on the set of
statements and not on when or how they arrived.

Named tuples, for a rebuild makes millions of them: a frozen dataclass takes three times as long.
"""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from domain.ids import EncounterId, Mode, PatientId, RecordId, StatementRef, VisitRef
from domain.statement import EncounterClass, Place

#: FHIR R4 EncounterStatus, without ``triaged``.
Status: TypeAlias = Literal[
    "planned", "arrived", "in-progress", "onleave", "finished", "cancelled", "entered-in-error",
    "unknown",
]  # fmt: skip


class Stay(NamedTuple):
    """Where the patient was, from when to when: one place, one class."""

    place: Place | None  # None: class changed or began, and no place was stated
    class_code: EncounterClass
    start: datetime | None  # None: began before anybody told us
    end: datetime | None  # None: still there, or the end is not known
    cancelled: bool  # a ghost: stated only by what was voided later
    statement: StatementRef  # the one that says so
    flags: tuple[str, ...] = ()


class Encounter(NamedTuple):
    """One stay at one sender, from admission or registration to discharge."""

    encounter_id: EncounterId
    mode: Mode
    record: RecordId  # under which its first statement was filed
    namespace: str
    facility: str  # of its first place, else the namespace
    visit: VisitRef | None
    class_code: EncounterClass  # the last one
    class_as_sent: str
    status: Status
    start: datetime | None
    end: datetime | None
    start_inferred: bool  # taken from EVN-2 or MSH-7; or None and nobody knows when
    end_inferred: bool
    cancelled: bool
    stays: tuple[Stay, ...]  # in order of time, ghosts included
    statements: tuple[StatementRef, ...]  # in sent order; the encounter answers to each
    disposition_code: str = ""
    planned_for: datetime | None = None
    flags: tuple[str, ...] = ()


class Entry(NamedTuple):
    """One line of the timeline: a statement and its effect.

    ``superseded_by`` names the statement that counts instead of this one:

    - of a resend or a repeated cancel, the statement that it repeats;
    - of a valid discharge whose time does not hold, the statement whose PV1-45 or time is the end
      of the encounter now: a corrected discharge, or an update that corrects it.
    """

    statement: StatementRef
    happened_at: datetime | None
    inferred: bool  # the time came from EVN-2 or MSH-7
    encounter_id: EncounterId | None
    voided_by: StatementRef | None = None  # the cancel that took it back
    superseded_by: StatementRef | None = None
    ends_part: bool = False  # a valid discharge that ended only one part of the encounter (R7.7)
    flags: tuple[str, ...] = ()


class Merge(NamedTuple):
    """A record that retired into another, by which statement."""

    retired: RecordId
    survivor: RecordId  # the one named; follow the chain for the end
    statement: StatementRef


class Patient(NamedTuple):
    """One person as far as we know: the joined source records and all that was said of them."""

    patient_id: PatientId
    mode: Mode
    records: tuple[RecordId, ...]  # sorted; heard of or only named by a merge
    merges: tuple[Merge, ...]
    encounters: tuple[Encounter, ...]  # by start (unknown first), then id
    entries: tuple[Entry, ...]  # by happened-at (unknown first), then sent order
    flags: tuple[str, ...] = ()
