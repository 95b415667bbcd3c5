"""A statement: what one ADT message states about one source record.

It is the ``core`` of the event, which is kept in clear permanently. The core is pseudonymous: it
holds refs, codes and times, but no names, no free text and no number as sent. It has everything
that interpretation needs. pydantic validates it when it is made or verified, and msgspec decodes it
in replay; both use this definition, and a test compares them.

Times and fields are those of HL7 v2.9.1, chapters 2 and 3.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from domain.ids import EventId, Mode, PlaceRef, RecordId, StatementRef, VisitRef

Precision: TypeAlias = Literal["year", "month", "day", "hour", "minute", "second"]

#: The source of the offset of a time: the value itself (``offset``), the zone of the sender's
#: profile, the offset of MSH-7 (``message``), or the assumption of UTC. With ``ambiguous``, the
#: zone has this local time twice; with ``skipped``, it never has this local time.
Zone: TypeAlias = Literal["offset", "profile", "message", "assumed", "ambiguous", "skipped"]

#: HL7 v3 ActCode of an encounter.
EncounterClass: TypeAlias = Literal[
    "EMER", "IMP", "OBSENC", "AMB", "PRENC", "SS", "HH", "VR", "NONAC", "unknown"
]


#: The classes of an inpatient. A patient in observation (OBSENC) has no admission yet.
INPATIENT: Final[frozenset[EncounterClass]] = frozenset({"IMP", "NONAC", "SS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A stated time. A field that is empty or unreadable has None instead."""

    at: datetime  # the first instant that the text covers, in UTC
    until: datetime | None = None  # the last instant that it covers; None if it states seconds
    precision: Precision = "second"
    zone: Zone = "offset"
    text: str = ""  # as sent

    @property
    def last(self) -> datetime:
        """The last instant that the text covers."""
        return self.until or self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place as codes. The place of a part2 unit has only its ref and its facility."""

    ref: PlaceRef
    facility: str
    unit: str | None = None
    room: str | None = None
    bed: str | None = None
    part2: bool = False
    building: str | None = None
    floor: str | None = None
    as_text: bool = False  # a text names it instead of a unit; the text is sealed (``notes``)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierRef:
    """An identifier or number of the message; the ref of a patient identifier is a record id."""

    field: str  # the field of the message, such as PID-3, PID-18, PV1-19, PV1-50, MRG-1, MRG-5
    ref: str
    authority: str = ""  # after aliases
    type: str = ""  # HL7 table 0203
    trusted: bool = False  # the profile trusts it, so it joins records of different senders
    master_index: bool = False  # its authority never gives one number to two people
    placeholder: bool = False  # it means "not known" or proves no identity: it joins no records


#: Types of numbers that a sender gives to one patient. No type may be stated.
_OF_ONE_PATIENT: Final = frozenset({"", "MR", "MRN", "PI", "PT"})


def may_join_records(*, field: str, kind: str, trusted: bool, placeholder: bool) -> bool:
    """Tell whether a number may make one patient of two source records (R2.2, R2.15).

    A trusted number may. So may a number of the patient that a merge retires, though it is only the
    second number of the record. Insurance numbers may not: a family shares them.
    """
    return not placeholder and (
        trusted or (field in {"PID-3", "MRG-1"} and kind in _OF_ONE_PATIENT)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The id under which a movement can be corrected, from ZBE (IHE PAM ITI-31)."""

    ref: str
    action: str = ""
    historic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRole:
    """A practitioner in a role for the patient. The name and the numbers are sealed.

    A field of PV1 or PD1 states the whole of its role. ROL and PRT add or remove one practitioner.
    ``practitioner`` is empty if the sender deletes the field (``""``), or if ROL or PRT names only
    the instance of the role.
    """

    field: str  # PV1-7, PV1-8, PV1-9, PV1-17, PD1-4, ROL-4 or PRT-5
    role: str  # HL7 table 0443; the code as sent in ROL-3, or PRT-4 (table 0912)
    practitioner: str = ""  # ref of the number, else of the name
    action: str = ""  # ROL-2 or PRT-2, HL7 table 0287
    instance: str = ""  # ref of ROL-1 or PRT-1
    begins: Moment | None = None  # ROL-5 or PRT-11
    ends: Moment | None = None  # ROL-6 or PRT-12


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSettings:
    """Settings of the sender's profile that interpretation needs; every statement carries them."""

    same_visit_hours: float = 12.0  # unnumbered outpatient starts this close together are one visit
    close_after_hours: float | None = None  # closes a silent emergency visit; None: stays open
    unlink_undoes_merge: bool = False  # whether an A37 undoes an A40
    recurring: Literal["day", "series", "one"] = "day"  # what each A04 of class R begins
    second_admission: Literal["changes_class", "corrects"] = "changes_class"
    update_discharges: bool = False  # an A08 with PV1-45 ends a visit that has no A03
    update_reopens: bool = False  # "" in PV1-45 of an A08 takes back the discharge


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of one message about one source record."""

    ref: StatementRef
    trigger: str  # MSH-9.2, else EVN-1: "A01"
    record: RecordId  # the source record under which the statement is filed
    mode: Mode = "P"  # processing mode; records of different modes are kept apart
    mode_as_sent: str = ""  # MSH-11.1
    application: str = ""  # MSH-3.1 as sent
    sender: str = ""  # MSH-4.1 as sent
    control_id: str = ""  # MSH-10
    sequence: str = ""  # MSH-13
    namespace: str = ""  # namespace of visit numbers: the profile's, else MSH-4, else MSH-3

    sent: Moment | None = None  # MSH-7; None if missing, unreadable or outside 1990 to 2079
    entered: Moment | None = None  # EVN-2; None if missing, unreadable or outside 1990 to 2079
    occurred: Moment | None = None  # EVN-6
    admitted: Moment | None = None  # PV1-44
    discharged: Moment | None = None  # PV1-45

    class_as_sent: str = ""  # PV1-2
    class_code: EncounterClass = "unknown"
    place: Place | None = None  # PV1-3
    prior_place: Place | None = None  # PV1-6
    temporary_place: Place | None = None  # PV1-11
    pending_place: Place | None = None  # PV1-42
    admission_type: str = ""  # PV1-4
    service: str = ""  # PV1-10
    admit_source: str = ""  # PV1-14
    disposition: str = ""  # PV1-36 as sent
    disposition_code: str = ""  # canonical (FHIR R4): home, hosp, snf, rehab, aadvice, exp, ...
    deceased: bool | None = None  # PID-30
    died: Moment | None = None  # PID-29

    visit: VisitRef | None = None  # visit number: PV1-19, else PID-18, or as the profile says
    visit_field: str = ""  # "PID-18" if the sender's list of fields has it after PV1-19
    visit_other_form: VisitRef | None = None  # ``visit`` under the universal id of its authority
    prior_visit: VisitRef | None = None  # MRG-5, else MRG-3: the number of the visit that goes on
    merged: RecordId | None = None  # MRG-1 of a merge: the record that retires into ``record``
    identifiers: tuple[IdentifierRef, ...] = ()
    movement: Movement | None = None
    roles: tuple[StatedRole, ...] = ()  # PV1-7, -8, -9 and -17, PD1-4, ROL, PRT

    content: str = ""  # hash of the whole message except MSH-7, MSH-10 and MSH-13
    content_but_entered: str = ""  # the same hash without EVN-2
    pair: int = 0  # number of the pair, if one message has several statements
    settings: ProfileSettings = ProfileSettings()
    flags: tuple[str, ...] = ()  # what intake noticed, such as "EVN-6.unreadable"

    # Of a message that was read again.
    reading: int = 1  # number of the reading of the message
    supersedes: tuple[EventId, ...] = ()  # events of earlier readings that no longer count
    former_refs: tuple[StatementRef, ...] = ()  # other refs that earlier readings gave it
