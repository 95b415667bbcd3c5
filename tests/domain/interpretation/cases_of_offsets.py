"""Cases of times that have the offset of their message (R5.15)."""

from tests.domain.interpretation.case import Case, case
from tests.domain.interpretation.statements import adt

ADMISSION = adt("A01", "1d 10:15 -5", "A", at="1d 10:00 -5")
TRANSFER = adt("A02", "1d 11:15 -5", "B", at="1d 11:00 -5")

CASES: list[Case] = [
    case(
        "a discharge after the clocks changed repeats the PV1-44 of the admission",
        ADMISSION,
        adt("A03", "9d 10:15 -4", "A", pv144="1d 10:00 -4", pv145="9d 10:00 -4"),
        rules=("R5.15", "R5.5"),
        gives="p1 V1 IMP finished 1d 15:00-9d 14:00: A 1d 15:00-9d 14:00",
    ),
    case(
        "an update after the clocks changed repeats the PV1-45 of the discharge",
        ADMISSION,
        adt("A03", "2d 10:15 -5", "A", at="2d 10:00 -5"),
        adt("A08", "9d 10:15 -4", "A", pv144="1d 10:00 -4", pv145="2d 10:00 -4"),
        rules=("R5.15", "R5.9"),
        gives="p1 V1 IMP finished 1d 15:00-2d 15:00: A 1d 15:00-2d 15:00",
    ),
    case(
        "an admission is restated after the clocks changed",
        ADMISSION,
        adt("A01", "9d 10:15 -4", "B", pv144="1d 10:00 -4"),
        rules=("R5.15", "R7.4"),
        gives="p1 V1 IMP in-progress 1d 15:00-: B 1d 15:00-",
    ),
    case(
        "an update after the clocks changed states another admission",
        ADMISSION,
        adt("A08", "9d 10:15 -4", "A", pv144="1d 09:00 -4"),
        rules=("R5.15", "R5.4"),
        gives="p1 V1 IMP in-progress 1d 13:00-: A 1d 13:00-",
    ),
    case(
        "a cancel after the clocks changed names the transfer by its EVN-6",
        ADMISSION,
        TRANSFER,
        adt("A02", "1d 12:15 -5", "C", at="1d 12:00 -5"),
        adt("A12", "9d 10:15 -4", "A", evn6="1d 11:00 -4"),
        rules=("R5.15", "R6.8"),
        gives="p1 V1 IMP in-progress 1d 15:00-: A 1d 15:00-1d 17:00, (B 1d 16:00-9d 14:15), "
        "C 1d 17:00-",
    ),
    case(
        "a cancel names, by EVN-6, the EVN-2 of a transfer of before",
        ADMISSION,
        adt("A02", "1d 11:15 -5", "B", at=None),
        adt("A02", "1d 12:15 -5", "C", at="1d 12:00 -5"),
        adt("A12", "9d 10:15 -4", "A", evn6="1d 11:15 -4"),
        rules=("R5.15", "R6.9"),
        gives="p1 V1 IMP in-progress 1d 15:00-: A 1d 15:00-1d 17:00, (B 1d 16:15-9d 14:15), "
        "C 1d 17:00-",
    ),
    case(
        "an outpatient without a visit number is registered again after the clocks changed",
        adt("A04", "1d 10:15 -5", "K", at="1d 10:00 -5", visit=None),
        adt("A04", "9d 10:15 -4", "L", pv144="1d 10:00 -4", visit=None),
        rules=("R5.15", "R3.10"),
        gives="p1 - AMB arrived 1d 15:00-: L 1d 15:00-",
    ),
    case(
        "a message of before the admission, sent with another offset, gives no earlier admission",
        adt("A05", "-9d 10:15 -4", "A", pv144="1d 10:00 -4"),
        ADMISSION,
        rules=("R5.15",),
        gives="p1 V1 IMP in-progress 1d 15:00-: A 1d 15:00-",
        fields=({"planned_for": ADMISSION.admitted and ADMISSION.admitted.at},),
    ),
    case(
        "one text of two senders may be two times",
        ADMISSION,
        adt("A08", "1d 11:15 -4", "A", pv144="1d 10:00 -4", sender="H2", namespace="H1"),
        rules=("R5.15", "R5.4"),
        gives="p1 V1 IMP in-progress 1d 14:00-: A 1d 14:00-",
    ),
    case(
        "the hour that occurs twice has two transfers with one text",
        adt("A01", "0:15 -4", "A"),
        adt("A02", "1:35 -4", "B", at="1:30 -4"),
        adt("A02", "1:36 -5", "C", at="1:30 -5"),
        rules=("R5.15",),
        gives="p1 V1 IMP in-progress 04:15-: A 04:15-05:30, B 05:30-06:30, C 06:30-",
    ),
    case(
        "a time that states its own offset is never doubted",
        adt("A01", "1d 10:15 -5", "A", pv144="1d 15:00"),
        adt("A03", "9d 10:15 -4", "A", pv144="1d 14:00", pv145="9d 10:00 -4"),
        rules=("R5.15", "R5.4"),
        gives="p1 V1 IMP finished 1d 14:00-9d 14:00: A 1d 14:00-9d 14:00",
    ),
    case(
        "as of an instant, a later message with the same text moves no admission",
        ADMISSION,
        adt("A03", "9d 10:15 -4", "A", pv144="1d 10:00 -4", pv145="9d 10:00 -4"),
        rules=("R5.15", "R13.9"),
        as_of="1d 14:30",
        gives=(),
    ),
]
