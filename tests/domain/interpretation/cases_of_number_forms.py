"""Cases of visit numbers whose authority is stated in two forms, name and universal id (R3.1)."""

from tests.domain.interpretation.case import Case, case
from tests.domain.interpretation.statements import adt

#: "V1" is the number under the name of its authority, "oid V1" the one under the universal id.
ADMISSION = adt("A01", "10:00", "A")
BOTH = adt("A01", "10:00", "A", visit_form="oid V1")

CASES: list[Case] = [
    case(
        "a discharge under the universal id ends the visit whose admission states both forms",
        BOTH,
        adt("A03", "13:00", "A", visit="oid V1"),
        rules=("R3.1",),
        gives="p1 V1 IMP finished 10:00-13:00: A 10:00-13:00",
    ),
    case(
        "a later statement with both forms joins statements with one form each",
        ADMISSION,
        adt("A03", "13:00", "A", visit="oid V1"),
        adt("A08", "14:00", "A", visit_form="oid V1"),
        rules=("R3.1",),
        gives="p1 V1 IMP finished 10:00-13:00: A 10:00-13:00",
    ),
    case(
        "two names of one universal id are one visit",
        BOTH,
        adt("A02", "11:00", "B", visit="V9", visit_form="oid V1"),
        adt("A03", "13:00", "B", visit="oid V1"),
        rules=("R3.1",),
        gives="p1 V1 IMP finished 10:00-13:00: A 10:00-11:00, B 11:00-13:00",
    ),
    case(
        "without a statement of both forms, two forms are two visits",
        ADMISSION,
        adt("A04", "11:00", "K", visit="oid V1"),
        rules=("R3.1",),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p1 oid V1 AMB arrived 11:00-: K 11:00-",
        ),
    ),
    case(
        "the forms of another patient's number say nothing about the number of this patient",
        ADMISSION,
        adt("A03", "13:00", "A", visit="oid V1"),
        adt("A01", "9:00", "C", patient="p2", visit_form="oid V1"),
        rules=("R3.1",),
        gives=(
            "p1 oid V1 IMP finished ?-13:00",
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p2 V1 IMP in-progress 09:00-: C 09:00-",
        ),
    ),
    case(
        "an A06 names the number that goes on under its universal id",
        adt("A04", "8:00", "ED", pv12="E", visit_form="oid V1"),
        adt("A06", "12:00", "W", visit="V2", prior_visit="oid V1"),
        rules=("R3.1", "R3.4"),
        gives="p1 V2 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [renumbered]",
    ),
    case(
        "an end under the universal id of a replaced number ends the part before the change",
        adt("A04", "8:00", "ED", pv12="E", visit_form="oid V1"),
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A03", "12:30", "Q", visit="oid V1"),
        rules=("R3.1", "R3.8"),
        gives=(
            "p1 V2 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [part_ended renumbered]"
        ),
    ),
    case(
        "an account in place of a visit number has two forms",
        adt("A04", "8:00", "DIAL", visit=None, account="acc-1", visit_form="oid acc-1"),
        adt("A04", "9:00", "EYE", visit=None, account="acc-2"),
        adt("A03", "12:00", visit=None, account="oid acc-1", pv12="O"),
        rules=("R3.1", "R3.23"),
        gives=(
            "p1 acc-1 AMB finished 08:00-12:00: DIAL 08:00-12:00",
            "p1 acc-2 AMB arrived 09:00-: EYE 09:00-",
        ),
    ),
    case(
        "an account is of one visit, though the visit number beside it has two forms",
        adt("A01", "10:00", "A", account="acc-1", visit_form="oid V1"),
        adt("A08", "11:00", "A", account="acc-1", visit="oid V1"),
        adt("A01", "10:30", "C", visit="V2", account="acc-2", pv12="O"),
        adt("A03", "13:00", "A", visit=None, account="acc-1"),
        rules=("R3.1", "R3.23"),
        gives=(
            "p1 V1 IMP finished 10:00-13:00: A 10:00-13:00",
            "p1 V2 AMB in-progress 10:30-: C 10:30-",
        ),
    ),
    case(
        "as of an instant, forms that a later statement states are one visit too",
        ADMISSION,
        adt("A03", "13:00", "A", visit="oid V1"),
        adt("A08", "1d 14:00", "A", visit_form="oid V1"),
        rules=("R13.9",),
        as_of="15:00",
        gives="p1 V1 IMP finished 10:00-13:00: A 10:00-13:00",
    ),
    case(
        "as of an instant, a later cancel under the universal id is about the admission",
        BOTH,
        adt("A11", "1d 9:00", "A", visit="oid V1"),
        rules=("R13.3", "R13.9"),
        as_of="15:00",
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-)",
    ),
]
