"""The table of cases, continued: whose and which visit, beginnings and ends, places."""

from tests.domain.interpretation.cases import A01_A, TIMES_AND_CANCELS, case
from tests.domain.interpretation.saying import says

NO_VISIT = None

VISITS_AND_PEOPLE = [
    case(
        "no number, then one on the discharge",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A02", "11:00", "B", visit=NO_VISIT),
        says("A03", "13:20", visit="V9"),
        gives="!p1 V9 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-13:20",
    ),
    case(
        "no number, the admission corrected to earlier",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A01", "10:10", "A", at="9:30", visit=NO_VISIT),
        gives="p1 - IMP in-progress 09:30-: A 09:30-",
    ),
    case(
        "no number, then the same with one",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A01", "10:00", "A", visit="V9"),
        gives="!p1 V9 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "no numbers, the same clinic on Monday and Thursday",
        says("A04", "10:00", "K", visit=NO_VISIT),
        says("A04", "3d 10:00", "K", visit=NO_VISIT),
        gives=("p1 - AMB arrived 10:00-: K 10:00-", "p1 - AMB arrived 3d 10:00-: K 3d 10:00-"),
    ),
    case(
        "an inpatient visits a clinic that gives no number",
        says("A01", "10:00", "A"),
        says("A04", "11:00", "K", visit=NO_VISIT),
        says("A03", "11:30", "K", visit=NO_VISIT, pv12="O"),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p1 - AMB finished 11:00-11:30: K 11:00-11:30",
        ),
    ),
    case(
        "a discharge cancelled and said again without number",
        A01_A,
        says("A03", "11:40"),
        says("A13", "12:00", visit=NO_VISIT),
        says("A03", "13:20", visit=NO_VISIT),
        gives="!p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "no numbers, a discharge cancelled",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A03", "11:40", visit=NO_VISIT),
        says("A13", "12:00", visit=NO_VISIT),
        gives="p1 - IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "A06 under a new number",
        says("A04", "8:00", "ED", pv12="E"),
        says("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        says("A03", "15:00", visit="V2"),
        gives="!p1 V2 IMP finished 08:00-15:00: ED 08:00-12:00, W 12:00-15:00",
    ),
    case(
        "the same, PV1-44 of the A03 is the time of the A06",
        says("A04", "8:00", "ED", pv12="E"),
        says("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        says("A03", "15:00", visit="V2", pv144="12:00"),
        gives="!p1 V2 IMP finished 08:00-15:00: ED 08:00-12:00, W 12:00-15:00",
    ),
    case(
        "an update without number after the discharge",
        A01_A,
        says("A03", "11:40"),
        says("A08", "14:00", "A", visit=NO_VISIT),
        gives="!p1 V1 IMP finished 10:00-11:40: A 10:00-11:40",
    ),
    case(
        "the emergency visit ends, then an admission under its number",
        says("A04", "8:00", "ED", pv12="E"),
        says("A03", "11:55", "ED", pv12="E"),
        says("A01", "12:00", "W"),
        gives=(
            "p1 V1 EMER finished 08:00-11:55: ED 08:00-11:55",
            "p1 V1 IMP in-progress 12:00-: W 12:00-",
        ),
    ),
    case(
        "A06 under a new number that names no old one, no end yet",
        says("A04", "8:00", "ED", pv12="E"),
        says("A06", "12:00", "W", visit="V2"),
        gives="!p1 V2 IMP in-progress 08:00-: ED 08:00-12:00, W 12:00-",
    ),
    case(
        "registered, then admitted",
        says("A04", "8:00", "ED", pv12="E"),
        says("A01", "12:00", "W"),
        gives="p1 V1 IMP in-progress 08:00-: ED 08:00-12:00, W 12:00-",
    ),
    case(
        "registered, then admitted, PV1-44 is that of the visit",
        says("A04", "8:00", "ED", pv12="E"),
        says("A01", "12:00", "W", pv144="8:00", evn6="12:00"),
        gives="p1 V1 IMP in-progress 08:00-: ED 08:00-12:00, W 12:00-",
    ),
    case(
        "the emergency department closes its own visit",
        says("A04", "8:00", "ED", pv12="E"),
        says("A01", "12:00", "W"),
        says("A03", "12:00", "ED", pv12="E", control="c"),
        gives="!p1 V1 IMP in-progress 08:00-: ED 08:00-12:00, W 12:00-",
    ),
    case(
        "readmitted under the same number",
        A01_A,
        says("A03", "12:00"),
        says("A01", "3d 9:00", "B"),
        gives=(
            "p1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "p1 V1 IMP in-progress 3d 09:00-: B 3d 09:00-",
        ),
    ),
    case(
        "the admission restated after the discharge",
        A01_A,
        says("A03", "12:00"),
        says("A01", "13:00", "B", at="10:00"),
        gives="p1 V1 IMP finished 10:00-12:00: B 10:00-12:00",
    ),
    case(
        "a transfer before the beginning",
        says("A01", "10:30", "A"),
        says("A02", "10:35", "B", at="10:10"),
        gives="!p1 V1 IMP in-progress 10:30-: B 10:30-",
    ),
    case(
        "a beginning corrected by an update",
        A01_A,
        says("A08", "11:00", pv144="9:00"),
        gives="p1 V1 IMP in-progress 09:00-: A 09:00-",
    ),
    case(
        "an update after the discharge",
        A01_A,
        says("A03", "12:00"),
        says("A08", "13:00", "A"),
        gives="p1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
    ),
    case(
        "bed 1, bed 2, bed 1, none with EVN-2",
        says("A01", "10:00", "A", evn2=None),
        says("A01", "10:05", "B", at="10:00", evn2=None),
        says("A01", "10:10", "A", at="10:00", evn2=None),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a plan sent after the admission",
        A01_A,
        says("A05", "11:00"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "one number on two patients",
        says("A01", "10:00", "A", patient="p1"),
        says("A01", "10:00", "B", patient="p2"),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p2 V1 IMP in-progress 10:00-: B 10:00-",
        ),
    ),
    case(
        "admitted under the wrong patient",
        says("A01", "10:00", "A", patient="p1"),
        says("A11", "10:10", patient="p1"),
        says("A01", "10:20", "A", patient="p2"),
        gives=("p1 V1 IMP cancelled 10:00-: (A 10:00-)", "p2 V1 IMP in-progress 10:20-: A 10:20-"),
    ),
    case(
        "a chain of merges",
        says("A01", "10:00", "A", patient="p1"),
        says("A40", "11:00", patient="p2", merged="p1", visit=NO_VISIT),
        says("A40", "12:00", patient="p3", merged="p2", visit=NO_VISIT),
        gives="p3 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a cycle of merges",
        says("A01", "10:00", "A", patient="p1"),
        says("A40", "11:00", patient="p2", merged="p1", visit=NO_VISIT),
        says("A40", "12:00", patient="p1", merged="p2", visit=NO_VISIT),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "merged into a record never heard of",
        says("A01", "10:00", "A", patient="p1"),
        says("A40", "11:00", patient="p9", merged="p1", visit=NO_VISIT),
        gives="p9 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a trusted number, later corrected",
        says("A01", "10:00", "A", patient="h1.1", trusted=("e7",)),
        says("A01", "10:00", "B", patient="h2.1", trusted=("e7",), sender="H2", visit="V2"),
        says("A08", "12:00", patient="h2.1", trusted=("e8",), sender="H2", visit="V2"),
        gives=(
            "h1.1 V1 IMP in-progress 10:00-: A 10:00-",
            "h2.1 V2 IMP in-progress 10:00-: B 10:00-",
        ),
    ),
    case(
        "a number on updates alone, one of them after the end",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A08", "12:00", "A", visit="V9"),
        says("A03", "13:20", "A", visit=NO_VISIT),
        says("A08", "14:00", "A", visit="V9"),
        gives="!p1 V9 IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "a number on an update after the end alone, of the stay begun last",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A03", "13:20", "A", visit=NO_VISIT),
        says("A01", "3d 10:00", "B", visit=NO_VISIT),
        says("A03", "3d 13:20", "B", visit=NO_VISIT),
        says("A08", "3d 14:00", "B", visit="V9"),
        gives=(
            "p1 - IMP finished 10:00-13:20: A 10:00-13:20",
            "!p1 V9 IMP finished 3d 10:00-3d 13:20: B 3d 10:00-3d 13:20",
        ),
    ),
    case(
        "an update with a number and a beginning of its own, later",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A03", "13:20", "A", visit=NO_VISIT),
        says("A08", "3d 14:00", "B", visit="V9", pv144="3d 8:00"),
        gives=(
            "p1 - IMP finished 10:00-13:20: A 10:00-13:20",
            "p1 V9 IMP in-progress 3d 08:00-: B 3d 08:00-",
        ),
    ),
    case(
        "the same day, two facilities, no numbers",
        says("A01", "10:00", "A", visit=NO_VISIT, trusted=("e7",), patient="h1.1"),
        says("A01", "14:00", "B", visit=NO_VISIT, trusted=("e7",), patient="h2.1", sender="H2"),
        gives=(
            "h1.1 - IMP in-progress 10:00-: A 10:00-",
            "h1.1 - IMP in-progress 14:00-: B 14:00-",
        ),
    ),
]

CASES = [*TIMES_AND_CANCELS, *VISITS_AND_PEOPLE]
