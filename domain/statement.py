"""What one ADT message states: the ``core`` of its event, which is kept in clear and for ever.

The core is pseudonymous: refs, codes and times, no names, no free text, no number as sent. What
interpretation needs is decided at intake and stands here; it needs nothing else. One definition
serves both decoders: pydantic validates it when it is made and when somebody verifies, msgspec
decodes it in replay (a test holds both equal).

Times and fields are those of HL7 v2.9.1, chapters 2 and 3.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from domain.ids import Mode, PlaceRef, RecordId, StatementRef, VisitRef

Precision: TypeAlias = Literal["year", "month", "day", "hour", "minute", "second"]

#: Where the offset of a time came from: the value itself, the sender's profile, or nobody (UTC).
#: ``ambiguous`` and ``skipped``: the profile's zone has this local time twice, or never.
Zone: TypeAlias = Literal["offset", "profile", "assumed", "ambiguous", "skipped"]

#: HL7 v3 ActCode of an encounter.
EncounterClass: TypeAlias = Literal[
    "EMER", "IMP", "OBSENC", "AMB", "PRENC", "SS", "HH", "VR", "NONAC", "unknown"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time as stated. A field that was empty or could not be read is no Moment but None."""

    at: datetime  # the first instant of what the text names, in UTC
    until: datetime | None = None  # the last instant where the text is coarser than a second
    precision: Precision = "second"
    zone: Zone = "offset"
    text: str = ""

    @property
    def last(self) -> datetime:
        """The last instant of what the text names."""
        return self.until or self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where: PV1-3 or PV1-6 as codes. A part2 unit has its ref and its facility alone."""

    ref: PlaceRef
    facility: str
    unit: str | None = None
    room: str | None = None
    bed: str | None = None
    part2: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierRef:
    """One identifier or number of the message. For PID-3 and MRG-1 the ref is a record id."""

    field: str  # where it stood: PID-3, PID-18, PV1-19, PV1-50, MRG-1, MRG-3, MRG-5, MRG-6
    ref: str
    authority: str = ""  # after aliases
    type: str = ""  # HL7 table 0203
    trusted: bool = False  # the profile trusts it across senders
    master_index: bool = False  # ... and its issuer never gives one value to two people
    placeholder: bool = False  # stands for "not known": joins nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """ZBE, IHE PAM ITI-31: the id under which a movement can be corrected."""

    ref: str
    action: str = ""
    historic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the sender's profile decides for interpretation; it travels with the statement."""

    same_visit_hours: float = 12.0  # two unnumbered outpatient beginnings this near are one
    close_after_hours: float | None = None  # a hanging emergency visit; None: it stays open
    unlink_undoes_merge: bool = False  # A37 after A40


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of one message about one source record."""

    ref: StatementRef
    trigger: str  # MSH-9.2, else EVN-1: "A01"
    record: RecordId  # filed under this one
    mode: Mode = "P"  # the namespace it is filed in
    mode_as_sent: str = ""  # MSH-11.1
    application: str = ""  # MSH-3.1 as sent
    sender: str = ""  # MSH-4.1 as sent
    control_id: str = ""  # MSH-10
    sequence: str = ""  # MSH-13
    namespace: str = ""  # of visit numbers: the profile's, else MSH-4, else MSH-3

    sent: Moment | None = None  # MSH-7; None where missing, unreadable or outside 1990 to 2079
    entered: Moment | None = None  # EVN-2; likewise
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
    disposition_code: str = ""  # canonical: home, hosp, snf, rehab, aadvice, exp, ..., or empty
    deceased: bool | None = None  # PID-30
    died: Moment | None = None  # PID-29

    visit: VisitRef | None = None  # PV1-19, or what the profile says carries the visit number
    prior_visit: VisitRef | None = None  # MRG-5, else MRG-3, as a visit number of this namespace
    merged: RecordId | None = None  # MRG-1 of a merge: the record that retires into ``record``
    identifiers: tuple[IdentifierRef, ...] = ()
    movement: Movement | None = None

    content: str = ""  # comparison value: all but MSH-7, MSH-10, MSH-13
    content_but_entered: str = ""  # ... and but EVN-2
    pair: int = 0  # of several statements of one message
    settings: Settings = Settings()
    flags: tuple[str, ...] = ()  # what intake noticed, as codes: "EVN-6.unreadable"
