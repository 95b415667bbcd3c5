"""Patients, encounters and stays: derived from statements, never stored as facts.

``domain.interpretation.interpret`` makes them from a set of statements. Projections turn them into
rows, and pages show them. They name statements by ref only, so they depend on the set of statements
and not on when or how the statements arrived.

They are named tuples, because a rebuild makes millions of them, and making a frozen dataclass takes
three times as long.
"""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from domain.ids import EncounterId, Mode, PatientId, RecordId, StatementRef, VisitRef
from domain.statement import EncounterClass, Place, Precision

#: FHIR R4 EncounterStatus, without ``triaged``.
Status: TypeAlias = Literal[
    "planned", "arrived", "in-progress", "onleave", "finished", "cancelled", "entered-in-error",
    "unknown",
]  # fmt: skip


class Stay(NamedTuple):
    """A time that the patient spent in one place with one class."""

    place: Place | None  # None: the class began or changed, and no place was stated
    class_code: EncounterClass
    start: datetime | None  # None: not known; it began before the first message about it
    end: datetime | None  # None: the patient is still there, or the end is not known
    cancelled: bool  # a ghost: every statement of this stay was voided later
    statement: StatementRef  # the statement that the stay comes from
    flags: tuple[str, ...] = ()
    start_precision: Precision = "second"
    end_precision: Precision = "second"


class Encounter(NamedTuple):
    """One stay at one sender, from admission or registration to discharge."""

    encounter_id: EncounterId
    mode: Mode
    record: RecordId  # the record that its first statement is filed under
    namespace: str
    facility: str  # facility of its first place, else the namespace
    visit: VisitRef | None
    class_code: EncounterClass  # its last class
    class_as_sent: str
    status: Status
    start: datetime | None
    end: datetime | None
    start_inferred: bool  # the start is taken from EVN-2 or MSH-7, or is not known
    end_inferred: bool
    cancelled: bool
    stays: tuple[Stay, ...]  # in order of time, ghosts included
    statements: tuple[StatementRef, ...]  # in sent order; each of them is an alias of its id
    disposition_code: str = ""
    planned_for: datetime | None = None
    flags: tuple[str, ...] = ()
    start_precision: Precision = "second"  # how precisely the start is stated (R5.12)
    end_precision: Precision = "second"
    planned_precision: Precision = "second"
    # Of the discharge that holds, as the statement says that gives it (R9.9):
    ended_by: StatementRef | None = None  # None: open, or a rule closed it without a discharge
    disposition: str = ""  # as sent; several codes as sent may have one ``disposition_code``
    admission_type: str = ""  # PV1-4 of the last valid statement that states one; if discharged
    is_backlog: bool = False  # the discharge was first told by a message loaded as backlog


class Entry(NamedTuple):
    """One line of the timeline: a statement and its effect.

    ``superseded_by`` names the statement that counts instead of this one:

    - For a resend or a repeated cancel, it is the statement that this one repeats.
    - For a valid discharge whose time was corrected, it is the statement that states the end of the
      encounter now: a corrected discharge or an update.
    """

    statement: StatementRef
    happened_at: datetime | None
    inferred: bool  # the time came from EVN-2 or MSH-7
    encounter_id: EncounterId | None
    voided_by: StatementRef | None = None  # the cancel that voids it
    superseded_by: StatementRef | None = None
    precision: Precision = "second"  # of ``happened_at``
    ends_part: bool = False  # a valid discharge that ended only one part of the encounter (R7.7)
    flags: tuple[str, ...] = ()


class Merge(NamedTuple):
    """A record that retired into another one, and the statement that merged them."""

    retired: RecordId
    survivor: RecordId  # as named; it may have retired into a third record since
    statement: StatementRef


class Death(NamedTuple):
    """The death of a person (R14.1 to R14.4)."""

    at: datetime
    precision: Precision
    inferred: bool  # no statement states the time; it is that of the first statement that tells it


class Patient(NamedTuple):
    """The joined source records of one person, with their encounters and entries."""

    patient_id: PatientId
    mode: Mode
    records: tuple[RecordId, ...]  # sorted; some of them may be named only by a merge
    merges: tuple[Merge, ...]
    encounters: tuple[Encounter, ...]  # by start (unknown first), then id
    entries: tuple[Entry, ...]  # by happened-at (unknown first), then sent order
    flags: tuple[str, ...] = ()
    death: Death | None = None
