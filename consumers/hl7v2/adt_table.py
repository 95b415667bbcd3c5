"""Which ADT triggers caretrail understands, and what it reads from each: one row, one trigger.

Source: HL7 v2.9.1 chapter 3. What statements add up to is ``domain.interpretation``'s alone; here
stands only what a message of this trigger can state. A trigger without a row is kept and has no
effect. Rows and documentation (``docs/reference/adt.md``) are compared by a test.
"""

from enum import Enum
from typing import Final, NamedTuple

#: On every event. Raise it whenever the same bytes would be read differently.
MAPPING_VERSION: Final = "hl7v2-adt-1"


class Reads(Enum):
    """Which segments are about the event, beside MSH, EVN and PID."""

    VISIT = "PV1, ZBE"
    CONTINUED = "PV1, ZBE, MRG-5 else MRG-3: the visit that this one continues"
    PERSON = "nothing more: PV1 is a placeholder"
    MERGE = "MRG-1; PID and MRG may repeat, one statement for each pair"


class Row(NamedTuple):
    """What one trigger says, and where."""

    trigger: str
    topic: str
    reads: Reads
    says: str

    @property
    def visit(self) -> bool:
        """Whether PV1 is about this event."""
        return self.reads is Reads.VISIT or self.reads is Reads.CONTINUED


# fmt: off
_ROWS: Final = (
    #   trigger  topic                                  reads            says
    Row("A01", "encounter.admitted.v1",              Reads.VISIT,     "admitted to a bed"),
    Row("A02", "encounter.transferred.v1",           Reads.VISIT,     "moved from PV1-6 to PV1-3"),
    Row("A03", "encounter.discharged.v1",            Reads.VISIT,     "left; PV1-3 is last"),
    Row("A04", "encounter.registered.v1",            Reads.VISIT,     "arrived, not for a bed"),
    Row("A05", "encounter.pre_admitted.v1",          Reads.VISIT,     "will come"),
    Row("A06", "encounter.class_changed.v1",         Reads.CONTINUED, "becomes inpatient"),
    Row("A07", "encounter.class_changed.v1",         Reads.CONTINUED, "becomes outpatient"),
    Row("A08", "encounter.updated.v1",               Reads.VISIT,     "facts; nobody moves"),
    Row("A11", "encounter.admitted_cancelled.v1",    Reads.VISIT,     "A01 or A04 void"),
    Row("A12", "encounter.transferred_cancelled.v1", Reads.VISIT,     "A02 void; back in PV1-3"),
    Row("A13", "encounter.discharged_cancelled.v1",  Reads.VISIT,     "A03 void; now in PV1-3"),
    Row("A28", "patient.registered.v1",              Reads.PERSON,    "a person became known"),
    Row("A31", "patient.demographics_updated.v1",    Reads.PERSON,    "facts of a person changed"),
    Row("A34", "patient.identifiers_merged.v1",      Reads.MERGE,     "MRG-1 retired into PID-3"),
    Row("A40", "patient.identifiers_merged.v1",      Reads.MERGE,     "MRG-1 retired into PID-3"),
)
# fmt: on

ADT: Final = {row.trigger: row for row in _ROWS}
