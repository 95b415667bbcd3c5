"""The ADT triggers that caretrail reads: one row per trigger, with everything the code asks of it.

Interpretation, topics, intake, pages and documentation ask a row for its properties. They name no
trigger codes. A new trigger is a row here, its rule in ``domain.interpretation`` and its case.

Sources: HL7 v2.9.1 chapter 3 for the meanings. Rule numbers (R6.4) are those of
``docs/reference/interpretation.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

#: What sort of fact a trigger states.
#:
#: - ``plan``: an admission or visit is expected.
#: - ``beginning``: an encounter begins.
#: - ``move``: the place or the class changes.
#: - ``end``: the encounter ends.
#: - ``update``: only details change.
#: - ``cancel``: an earlier statement was wrong.
#: - ``merge``: two source records are one patient.
#: - ``person``: it is about the person, not about a visit.
#: - ``other``: the trigger has no row. Its statement is an entry of the timeline without effect.
Kind: TypeAlias = Literal[
    "plan", "beginning", "move", "end", "update", "cancel", "merge", "person", "other"
]

#: What PV1-44 or PV1-45 of a statement is used for.
#:
#: - ``own``: it is the time of the fact that the statement reports.
#: - ``planned``: it is the time that is planned.
#: - ``corrects``: it corrects the beginning or end that an earlier statement reported.
#: - ``unused``: it decides nothing.
TimeUse: TypeAlias = Literal["own", "planned", "corrects", "unused"]

#: What PV1-3 of a statement says about the patient.
#:
#: - ``current``: the patient is there from then on.
#: - ``restored``: the patient is there again after a cancel.
#: - ``context``: it names a department or a bed, but moves no patient.
Location: TypeAlias = Literal["current", "restored", "context"]

#: The drawing beside an entry on a page.
Icon: TypeAlias = Literal["dot", "plan", "merge", "admin"]


class Reads(Enum):
    """The segments that intake reads beside MSH, EVN and PID; the values are documentation."""

    VISIT = "PV1, ZBE"
    CONTINUED_VISIT = "PV1, ZBE, and MRG-5, else MRG-3: the number of the visit that goes on"
    PERSON = "no more: PV1 is a placeholder"
    MERGE = "MRG-1; PID and MRG may repeat, and each pair is one statement"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One trigger and its properties. None has a default: a row states all of them."""

    code: str  # MSH-9.2
    meaning: str  # one sentence, for the documentation
    kind: Kind
    patient_becomes: Literal["inpatient", "outpatient"] | None  # None: the class stays as it is
    voids: frozenset[str]  # codes of the triggers whose statements this cancel takes back
    admit_time: TimeUse  # PV1-44
    discharge_time: TimeUse  # PV1-45
    location: Location  # PV1-3
    opens_visit: bool  # it shows a visit also if no other message reports it (R7.10 to R7.12)
    may_be_future: bool  # PV1-44 and PV1-45 may be later than MSH-7
    reads: Reads
    topic: str  # of its event; permanent, so never derived from a name in the code
    name: str  # of its entry in JSON
    head: str  # the first words of its entry on a page
    icon: Icon  # of its entry on a page

    @cached_property
    def cancels(self) -> Kind | None:
        """The kind of the statements that a cancel takes back; None if this is no cancel."""
        return next((TRIGGERS[code].kind for code in self.voids), None)

    @cached_property
    def is_admission(self) -> bool:
        """Whether an encounter begins as an inpatient (A01)."""
        return self.kind == "beginning" and self.admits

    @cached_property
    def is_registration(self) -> bool:
        """Whether an encounter begins without an admission (A04)."""
        return self.kind == "beginning" and not self.admits

    @cached_property
    def admits(self) -> bool:
        """Whether the patient becomes an inpatient: by an admission, or by a change of class."""
        return self.patient_becomes == "inpatient"

    @cached_property
    def changes_class(self) -> bool:
        """Whether the class changes within an encounter (A06, A07)."""
        return self.kind == "move" and self.patient_becomes is not None

    @cached_property
    def is_transfer(self) -> bool:
        """Whether the place changes and the class stays (A02)."""
        return self.kind == "move" and self.patient_becomes is None

    @cached_property
    def happens(self) -> bool:
        """Whether the statement reports something that happens, or is planned, at an instant."""
        return self.kind in {"plan", "beginning", "move", "end"}

    @cached_property
    def reads_visit(self) -> bool:
        """Whether PV1 is about the event."""
        return self.reads in {Reads.VISIT, Reads.CONTINUED_VISIT}

    @cached_property
    def is_of_course(self) -> bool:
        """Whether its time is one of the patient's course, so that a reader expects one."""
        return self.kind in {"beginning", "move", "end"}


# fmt: off
_NOTHING: Final[frozenset[str]] = frozenset()
_ROWS: Final = (
    Trigger(
        code="A01", meaning="An inpatient is admitted to a bed.",
        kind="beginning", patient_becomes="inpatient", voids=_NOTHING,
        admit_time="own", discharge_time="unused", location="current",
        opens_visit=True, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.admitted.v1", name="admitted", head="Admitted", icon="dot",
    ),
    Trigger(
        code="A02", meaning="The patient moves from PV1-6 to PV1-3.",
        kind="move", patient_becomes=None, voids=_NOTHING,
        admit_time="corrects", discharge_time="unused", location="current",
        opens_visit=True, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.transferred.v1", name="transferred", head="Transferred", icon="dot",
    ),
    Trigger(
        code="A03", meaning="The visit ends; PV1-3 is the last location.",
        kind="end", patient_becomes=None, voids=_NOTHING,
        admit_time="corrects", discharge_time="own", location="context",
        opens_visit=True, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.discharged.v1", name="discharged", head="Discharged", icon="dot",
    ),
    Trigger(
        code="A04", meaning="An outpatient or emergency patient has arrived.",
        kind="beginning", patient_becomes="outpatient", voids=_NOTHING,
        admit_time="own", discharge_time="unused", location="current",
        opens_visit=True, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.registered.v1", name="registered", head="Registered", icon="dot",
    ),
    Trigger(
        code="A05", meaning="An admission or visit is planned.",
        kind="plan", patient_becomes=None, voids=_NOTHING,
        admit_time="planned", discharge_time="unused", location="context",
        opens_visit=False, may_be_future=True, reads=Reads.VISIT,
        topic="encounter.pre_admitted.v1", name="pre_admitted", head="Planned", icon="plan",
    ),
    Trigger(
        code="A06", meaning="An outpatient becomes an inpatient.",
        kind="move", patient_becomes="inpatient", voids=_NOTHING,
        admit_time="unused", discharge_time="unused", location="current",
        opens_visit=True, may_be_future=False, reads=Reads.CONTINUED_VISIT,
        topic="encounter.class_changed.v1", name="class_changed", head="Class changed", icon="dot",
    ),
    Trigger(
        code="A07", meaning="An inpatient becomes an outpatient.",
        kind="move", patient_becomes="outpatient", voids=_NOTHING,
        admit_time="unused", discharge_time="unused", location="current",
        opens_visit=True, may_be_future=False, reads=Reads.CONTINUED_VISIT,
        topic="encounter.class_changed.v1", name="class_changed", head="Class changed", icon="dot",
    ),
    Trigger(
        code="A08", meaning="Details of the visit or patient change; no patient moves.",
        kind="update", patient_becomes=None, voids=_NOTHING,
        admit_time="corrects", discharge_time="corrects", location="context",
        opens_visit=True, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.updated.v1", name="updated", head="Updated", icon="admin",
    ),
    Trigger(
        code="A11", meaning="The admission (A01) or the registration (A04) is cancelled.",
        kind="cancel", patient_becomes=None, voids=frozenset({"A01", "A04"}),
        admit_time="unused", discharge_time="unused", location="context",
        opens_visit=False, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.admitted_cancelled.v1", name="admitted_cancelled",
        head="Admission cancelled", icon="admin",
    ),
    Trigger(
        code="A12", meaning="The transfer (A02) is cancelled; the patient is back in PV1-3.",
        kind="cancel", patient_becomes=None, voids=frozenset({"A02"}),
        admit_time="unused", discharge_time="unused", location="restored",
        opens_visit=False, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.transferred_cancelled.v1", name="transferred_cancelled",
        head="Transfer cancelled", icon="admin",
    ),
    Trigger(
        code="A13", meaning="The discharge (A03) is cancelled; the patient is now in PV1-3.",
        kind="cancel", patient_becomes=None, voids=frozenset({"A03"}),
        admit_time="unused", discharge_time="unused", location="restored",
        opens_visit=True, may_be_future=False, reads=Reads.VISIT,
        topic="encounter.discharged_cancelled.v1", name="discharged_cancelled",
        head="Discharge cancelled", icon="admin",
    ),
    Trigger(
        code="A28", meaning="A person is added.",
        kind="person", patient_becomes=None, voids=_NOTHING,
        admit_time="unused", discharge_time="unused", location="context",
        opens_visit=False, may_be_future=False, reads=Reads.PERSON,
        topic="patient.registered.v1", name="registered_person",
        head="Person registered", icon="admin",
    ),
    Trigger(
        code="A31", meaning="Details of a person change.",
        kind="person", patient_becomes=None, voids=_NOTHING,
        admit_time="unused", discharge_time="unused", location="context",
        opens_visit=False, may_be_future=False, reads=Reads.PERSON,
        topic="patient.demographics_updated.v1", name="demographics_updated",
        head="Person updated", icon="admin",
    ),
    Trigger(
        code="A34", meaning="The record MRG-1 retires into the record PID-3 (old form of A40).",
        kind="merge", patient_becomes=None, voids=_NOTHING,
        admit_time="unused", discharge_time="unused", location="context",
        opens_visit=False, may_be_future=False, reads=Reads.MERGE,
        topic="patient.identifiers_merged.v1", name="identifiers_merged",
        head="Identifiers merged", icon="merge",
    ),
    Trigger(
        code="A40", meaning="The record MRG-1 retires into the record PID-3.",
        kind="merge", patient_becomes=None, voids=_NOTHING,
        admit_time="unused", discharge_time="unused", location="context",
        opens_visit=False, may_be_future=False, reads=Reads.MERGE,
        topic="patient.identifiers_merged.v1", name="identifiers_merged",
        head="Identifiers merged", icon="merge",
    ),
)
_OTHER: Final = Trigger(
    code="", meaning="Any other trigger: an entry of the timeline without effect.",
    kind="other", patient_becomes=None, voids=_NOTHING,
    admit_time="unused", discharge_time="unused", location="context",
    opens_visit=False, may_be_future=False, reads=Reads.PERSON,
    topic="", name="other", head="Received", icon="dot",
)
# fmt: on

#: The rows by trigger code. Intake records only messages whose trigger has a row.
TRIGGERS: Final[Mapping[str, Trigger]] = MappingProxyType({row.code: row for row in _ROWS})

#: The triggers of each message structure (HL7 v2.5.1 table 0354), without its ADT in front. Several
#: of these triggers have no row.
STRUCTURES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "A01": frozenset({"A01", "A04", "A08", "A13"}),
        "A02": frozenset({"A02"}),
        "A03": frozenset({"A03"}),
        "A05": frozenset({"A05", "A14", "A28", "A31"}),
        "A06": frozenset({"A06", "A07"}),
        "A09": frozenset({"A09", "A10", "A11"}),
        "A12": frozenset({"A12"}),
        "A30": frozenset({"A30", "A34", "A35", "A36", "A46", "A47", "A48", "A49"}),
        "A39": frozenset({"A39", "A40", "A41", "A42"}),
    }
)


def trigger_of(code: str) -> Trigger:
    """Return the row of a trigger. A trigger without a row gets one of kind ``other``.

    >>> trigger_of("A02").kind, trigger_of("A99").kind
    ('move', 'other')
    """
    return TRIGGERS.get(code, _OTHER)
