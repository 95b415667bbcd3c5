"""The twelve named stories, at the level of statements."""

from tests.domain.interpretation.cases import Case, case
from tests.domain.interpretation.cases_of_visits import NO_VISIT
from tests.domain.interpretation.saying import says

STORIES: list[Case] = [
    case(
        "story 1: a clean stay with transfers",
        says("A01", "10:00", "A"),
        says("A08", "10:05", "A", pv144="10:00"),
        says("A02", "11:00", "B", from_="A", pv144="10:00"),
        says("A02", "2d 9:00", "C", from_="B", pv144="10:00"),
        says("A03", "4d 13:20", "C", pv144="10:00"),
        gives="p1 V1 IMP finished 10:00-4d 13:20: A 10:00-11:00, B 11:00-2d 09:00, "
        "C 2d 09:00-4d 13:20",
    ),
    case(
        "story 2: A03 before A01",
        says("A03", "13:20", "A", at="13:15"),
        says("A01", "13:30", "A", at="10:00"),
        gives="p1 V1 IMP finished 10:00-13:15: A 10:00-13:15",
    ),
    case(
        "story 3: A03 corrected by a later one with an earlier time",
        says("A01", "10:00", "A"),
        says("A02", "11:00", "B"),
        says("A03", "13:20", "B"),
        says("A03", "15:00", "B", at="12:30"),
        gives="p1 V1 IMP finished 10:00-12:30: A 10:00-11:00, B 11:00-12:30",
    ),
    case(
        "story 4: A01, A11, A01 again with a new EVN-2",
        says("A01", "10:00", "A"),
        says("A11", "10:10", "A"),
        says("A01", "10:20", "A", at="10:00"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "story 5: A12 of the first of two transfers",
        says("A01", "10:00", "A"),
        says("A02", "11:00", "B", from_="A"),
        says("A02", "12:00", "C", from_="B"),
        says("A12", "12:30", "A", evn6="11:00"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-12:00, (B 11:00-12:30), C 12:00-",
    ),
    case(
        "story 6: A13 after A03 with another bed",
        says("A01", "10:00", "A"),
        says("A03", "2d 11:40", "A"),
        says("A13", "2d 12:00", "B"),
        says("A03", "3d 10:00", "B"),
        gives="p1 V1 IMP finished 10:00-3d 10:00: A 10:00-2d 12:00, B 2d 12:00-3d 10:00",
    ),
    case(
        "story 7: a feed switched on in mid-stay",
        says("A08", "10:30", "A", pv144="8:00"),
        says("A02", "11:00", "B", from_="A"),
        says("A08", "2d 11:00", "C", visit="V2", patient="p2"),
        says("A03", "3d 12:00", "D", visit="V3", patient="p3"),
        gives=(
            "p1 V1 IMP in-progress 08:00-: B 11:00-",
            "p2 V2 IMP in-progress ?-: C ?-",
            "p3 V3 IMP finished ?-3d 12:00",
        ),
    ),
    case(
        "story 8: an A03 that alone carries PID-18",
        says("A01", "10:00", "A"),
        says("A02", "11:00", "B"),
        says("A03", "13:20", "B", account="acc-1"),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-13:20",
    ),
    case(
        "story 9: no visit number anywhere, then one arrives",
        says("A01", "10:00", "A", visit=NO_VISIT),
        says("A02", "11:00", "B", visit=NO_VISIT),
        says("A08", "11:30", "B", visit=NO_VISIT),
        says("A02", "12:00", "C", visit="V9"),
        says("A03", "13:20", "C", visit="V9"),
        gives="!p1 V9 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-12:00, C 12:00-13:20",
    ),
    case(
        "story 10: A06 that changes the visit number",
        says("A04", "8:00", "ED", pv12="E"),
        says("A08", "8:30", "ED", pv12="E"),
        says("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        says("A03", "12:05", "ED", pv12="E"),
        says("A02", "13:00", "X", visit="V2"),
        says("A03", "2d 15:00", "X", visit="V2", pv144="12:00"),
        gives="!p1 V2 IMP finished 08:00-2d 15:00: ED 08:00-12:00, W 12:00-13:00, X 13:00-2d 15:00",
    ),
    case(
        "story 11: a merge across two facilities, then messages for the old number",
        says("A01", "10:00", "A", patient="h1.1"),
        says("A03", "12:00", "A", patient="h1.1"),
        says("A40", "2d 9:00", patient="h2.7", merged="h1.1", visit=NO_VISIT, sender="H2"),
        says("A01", "3d 9:00", "B", patient="h1.1", visit="V2"),
        says("A01", "1d 9:00", "Q", patient="h2.7", visit="V7", sender="H2"),
        gives=(
            "h2.7 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "h2.7 V7 IMP in-progress 1d 09:00-: Q 1d 09:00-",
            "h2.7 V2 IMP in-progress 3d 09:00-: B 3d 09:00-",
        ),
    ),
    case(
        "story 12: two hospitals that share an enterprise number",
        says("A01", "10:00", "A", patient="h1.1", trusted=("e7",)),
        says("A03", "12:00", "A", patient="h1.1", trusted=("e7",)),
        says("A04", "14:00", "K", patient="h2.9", trusted=("e7",), sender="H2", pv12="E"),
        gives=(
            "h1.1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "h1.1 V1 EMER in-progress 14:00-: K 14:00-",
        ),
    ),
]
