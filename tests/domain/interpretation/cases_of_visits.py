"""Cases of section 3: which visit a statement is about, and the ids of encounters."""

from domain.statement import ProfileSettings
from tests.domain.interpretation.case import Case, case
from tests.domain.interpretation.statements import adt, sent_again

NO_NUMBER = None
ADMISSION = adt("A01", "10:00", "A")
UNNUMBERED = adt("A01", "10:00", "A", visit=NO_NUMBER)
EMERGENCY = adt("A04", "8:00", "ED", pv12="E")

NUMBERED: list[Case] = [
    case(
        "the facility of the place does not part the statements of one number",
        ADMISSION,
        adt("A02", "11:00", "B", facility="H9"),
        rules=("R3.1",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
    ),
    case(
        "one number of two senders is two visits",
        ADMISSION,
        adt("A02", "11:00", "B", sender="H2"),
        rules=("R3.1",),
        gives=(
            "p1 V1 IMP in-progress ?-: B 11:00-",
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
        ),
    ),
    case(
        "two numbers of one patient are two visits, though one covers the other",
        ADMISSION,
        adt("A04", "11:00", "K", visit="V2"),
        adt("A03", "11:30", "K", visit="V2", pv12="O"),
        rules=("R3.1",),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p1 V2 AMB finished 11:00-11:30: K 11:00-11:30",
        ),
    ),
    case(
        "only the discharge carries an account number: it is of the same visit (named story)",
        ADMISSION,
        adt("A02", "11:00", "B"),
        adt("A03", "13:20", "B", account="acc-1"),
        rules=("R3.1",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-13:20",
    ),
    case(
        "one number on two patients is two visits",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A01", "10:00", "B", patient="p2"),
        rules=("R3.2",),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p2 V1 IMP in-progress 10:00-: B 10:00-",
        ),
    ),
    case(
        "a statement about the person belongs to no visit, whatever number and bed it carries",
        ADMISSION,
        adt("A31", "11:00", "B"),
        adt("A28", "11:10", "B", visit="V2"),
        rules=("R3.3",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A31 ~11:00", "- A28 ~11:10"),
    ),
    case(
        "a merge belongs to no visit, whatever number and bed it carries",
        ADMISSION,
        adt("A40", "11:00", "B", patient="p1", merged="p0"),
        rules=("R3.3",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A40 ~11:00"),
    ),
    case(
        "a trigger without a row is an entry and changes nothing",
        ADMISSION,
        adt("A99", "11:00", "B", pv144="9:00", pv145="10:30"),
        adt("A99", "12:00", "B", visit=NO_NUMBER),
        rules=("R3.3",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A99 ~11:00", "- A99 ~12:00"),
    ),
]

RENUMBERED: list[Case] = [
    case(
        "an A06 continues the visit whose number it names",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A03", "15:00", visit="V2"),
        rules=("R3.4", "R3.7"),
        gives="p1 V2 IMP finished 08:00-15:00: ED EMER 08:00-12:00, W 12:00-15:00 [renumbered]",
    ),
    case(
        "an A07 continues the visit whose number it names",
        ADMISSION,
        adt("A07", "12:00", "K", visit="V2", prior_visit="V1"),
        rules=("R3.4",),
        gives="p1 V2 AMB in-progress 10:00-: A IMP 10:00-12:00, K 12:00- [renumbered]",
    ),
    case(
        "an A08 that names a prior number renumbers nothing",
        ADMISSION,
        adt("A08", "12:00", "A", visit="V2", prior_visit="V1"),
        rules=("R3.4",),
        gives=(
            "p1 V2 IMP in-progress ?-: A ?-",
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
        ),
    ),
    case(
        "two changes of the number in a row make one visit",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A07", "13:00", "K", visit="V3", prior_visit="V2"),
        adt("A03", "13:05", "Q"),
        rules=("R3.4", "R3.7", "R3.8"),
        gives="p1 V3 AMB in-progress 08:00-: ED EMER 08:00-12:00, W IMP 12:00-13:00, K 13:00- "
        "[part_ended renumbered]",
    ),
    case(
        "two numbers that continue one number are one visit, though nothing was sent under it",
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A07", "13:00", "K", visit="V3", prior_visit="V1"),
        rules=("R3.4", "R3.7"),
        gives="p1 V3 AMB in-progress ?-: W IMP 12:00-13:00, K 13:00- [renumbered]",
    ),
    case(
        "an A06 that changes the visit number, told by both departments (named story)",
        EMERGENCY,
        adt("A08", "8:30", "ED", pv12="E"),
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A03", "12:05", "ED", pv12="E"),
        adt("A02", "13:00", "X", visit="V2"),
        adt("A03", "2d 15:00", "X", visit="V2", pv144="12:00"),
        rules=("R3.4", "R3.8"),
        gives="p1 V2 IMP finished 08:00-2d 15:00: ED EMER 08:00-12:00, W 12:00-13:00, "
        "X 13:00-2d 15:00 [part_ended renumbered]",
    ),
    case(
        "an A06 that names no number continues the only outpatient visit of that time",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives="p1 V2 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [renumbered]",
    ),
    case(
        "an A06 that names a number without statements continues no other visit",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2", prior_visit="V9"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: W 12:00-",
            "p1 V1 EMER in-progress 08:00-: ED 08:00-",
        ),
    ),
    case(
        "an A06 that names no number continues a visit whose beginning is not known",
        adt("A02", "8:00", "K", pv12="O"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives="p1 V2 IMP in-progress ?-: K AMB 08:00-12:00, W 12:00- [renumbered]",
    ),
    case(
        "an A06 continues no visit if its own is outpatient by mistake",
        adt("A06", "12:00", "W", visit="V2", pv12="O"),
        rules=("R3.5",),
        gives="p1 V2 AMB in-progress ?-: W 12:00-",
    ),
    case(
        "an A06 continues a visit of which only the end is known",
        adt("A06", "12:00", "W", visit="V2"),
        adt("A03", "13:00", "ED", pv12="E"),
        rules=("R3.5", "R3.8"),
        gives="p1 V2 IMP in-progress ?-: W 12:00- [part_ended renumbered]",
    ),
    case(
        "an A07 that names no number continues the only inpatient visit of that time",
        ADMISSION,
        adt("A07", "12:00", "K", visit="V2"),
        rules=("R3.5",),
        gives="p1 V2 AMB in-progress 10:00-: A IMP 10:00-12:00, K 12:00- [renumbered]",
    ),
    case(
        "an A06 does not continue a visit that is inpatient already",
        ADMISSION,
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=("p1 V2 IMP in-progress ?-: W 12:00-", "p1 V1 IMP in-progress 10:00-: A 10:00-"),
    ),
    case(
        "an A07 does not continue a visit that is outpatient already",
        EMERGENCY,
        adt("A07", "12:00", "K", visit="V2"),
        rules=("R3.5",),
        gives=("p1 V2 AMB in-progress ?-: K 12:00-", "p1 V1 EMER in-progress 08:00-: ED 08:00-"),
    ),
    case(
        "the class of the visit is the class that was stated last",
        EMERGENCY,
        adt("A02", "10:00", "W"),
        adt("A06", "12:00", "X", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: X 12:00-",
            "p1 V1 IMP in-progress 08:00-: ED EMER 08:00-10:00, W 10:00-",
        ),
    ),
    case(
        "an observed patient is an outpatient to an A06",
        adt("A04", "8:00", "O", pv12="B"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives="p1 V2 IMP in-progress 08:00-: O OBSENC 08:00-12:00, W 12:00- [renumbered]",
    ),
    case(
        "a visit that states no class is inpatient if an admission began it",
        adt("A01", "10:00", "A", pv12=""),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: W 12:00-",
            "p1 V1 unknown in-progress 10:00-: A 10:00-",
        ),
    ),
    case(
        "a visit that states no class is outpatient if a registration began it",
        adt("A04", "10:00", "A", pv12=""),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives="p1 V2 IMP in-progress 10:00-: A unknown 10:00-12:00, W 12:00- [renumbered]",
    ),
    case(
        "an A06 does not continue a visit that ended before it",
        EMERGENCY,
        adt("A03", "9:00", "ED", pv12="E"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: W 12:00-",
            "p1 V1 EMER finished 08:00-09:00: ED 08:00-09:00",
        ),
    ),
    case(
        "an A06 does not continue a visit that began after it",
        EMERGENCY,
        adt("A06", "7:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: W 07:00-",
            "p1 V1 EMER in-progress 08:00-: ED 08:00-",
        ),
    ),
    case(
        "an A06 does not continue a visit that was cancelled",
        EMERGENCY,
        adt("A11", "8:10", "ED", pv12="E"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: W 12:00-",
            "p1 V1 EMER cancelled 08:00-: (ED 08:00-)",
        ),
    ),
    case(
        "an A06 under a number that has a beginning of its own continues no other visit",
        EMERGENCY,
        adt("A01", "11:00", "U", visit="V2"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V1 EMER in-progress 08:00-: ED 08:00-",
            "p1 V2 IMP in-progress 11:00-: U 11:00-12:00, W 12:00-",
        ),
    ),
    case(
        "an A06 continues no visit of another sender",
        adt("A04", "8:00", "ED", pv12="E", sender="H2"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: W 12:00-",
            "p1 V1 EMER in-progress 08:00-: ED 08:00-",
        ),
    ),
    case(
        "an A06 that could continue two visits continues neither",
        EMERGENCY,
        adt("A04", "9:00", "K", visit="V3"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V2 IMP in-progress ?-: W 12:00-",
            "p1 V1 EMER in-progress 08:00-: ED 08:00-",
            "p1 V3 AMB arrived 09:00-: K 09:00-",
        ),
    ),
    case(
        "of two visits that an A06 could continue, it continues the visit with a known beginning",
        EMERGENCY,
        adt("A02", "9:00", "K", visit="V3", pv12="O"),
        adt("A06", "12:00", "W", visit="V2"),
        rules=("R3.5",),
        gives=(
            "p1 V3 AMB in-progress ?-: K 09:00-",
            "p1 V2 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [renumbered]",
        ),
    ),
    case(
        "the number of the visit is the number that a change of class stated last",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A07", "13:00", "K", visit="V1", prior_visit="V2"),
        adt("A03", "15:00", "K", visit="V1", pv12="O"),
        rules=("R3.7", "R3.8"),
        gives="p1 V1 AMB finished 08:00-15:00: ED EMER 08:00-12:00, W IMP 12:00-13:00, "
        "K 13:00-15:00 [renumbered]",
    ),
    case(
        "a visit whose prior number carries no statement is not flagged",
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        rules=("R3.7",),
        gives="p1 V2 IMP in-progress ?-: W 12:00-",
    ),
    case(
        "two changes from a number that carries no statement give no flag either",
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A06", "12:10", "X", visit="V2", prior_visit="V1", at="12:00"),
        rules=("R3.7",),
        gives="p1 V2 IMP in-progress ?-: X 12:00-",
    ),
    case(
        "a change of class that is sent again does not change the number back",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A07", "13:00", "K", visit="V1", prior_visit="V2"),
        sent_again(
            adt("A06", "12:00", "W", visit="V2", prior_visit="V1"), sent="14:00", control="again"
        ),
        rules=("R3.7", "R4.1"),
        gives="p1 V1 AMB in-progress 08:00-: ED EMER 08:00-12:00, W IMP 12:00-13:00, K 13:00- "
        "[renumbered]",
    ),
    case(
        "an end under a number that was replaced by the number before it ends only a part",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A07", "13:00", "K", visit="V1", prior_visit="V2"),
        adt("A03", "13:10", "Q", visit="V2"),
        rules=("R3.8",),
        gives="p1 V1 AMB in-progress 08:00-: ED EMER 08:00-12:00, W IMP 12:00-13:00, K 13:00- "
        "[part_ended renumbered]",
    ),
    case(
        "an end under the replaced number ends an encounter if a later one began under it",
        adt("A01", "8:00", "A"),
        adt("A03", "9:00", "A"),
        adt("A04", "11:00", "ED", pv12="E"),
        adt("A03", "11:50", "ED", pv12="E"),
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        rules=("R3.8",),
        gives=(
            "p1 V2 IMP finished 08:00-09:00: A 08:00-09:00 [renumbered]",
            "p1 V2 IMP in-progress 11:00-: ED EMER 11:00-12:00, W 12:00- [part_ended renumbered]",
        ),
    ),
    case(
        "a beginning under the new number makes no real end of an end under the replaced one",
        EMERGENCY,
        adt("A03", "11:50", "ED", pv12="E"),
        adt("A01", "12:00", "W", visit="V2"),
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1", control="A06"),
        rules=("R3.8",),
        gives="p1 V2 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [part_ended renumbered]",
    ),
    case(
        "a beginning after the change makes no real end of an end under the replaced number",
        EMERGENCY,
        adt("A03", "11:50", "ED", pv12="E"),
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A03", "13:00", "W", visit="V2"),
        adt("A04", "15:00", "ED", pv12="E"),
        rules=("R3.8",),
        gives=(
            (
                "p1 V2 IMP finished 08:00-13:00: ED EMER 08:00-12:00, W 12:00-13:00 "
                "[part_ended renumbered]"
            ),
            "p1 V2 EMER in-progress 15:00-: ED 15:00- [renumbered]",
        ),
    ),
    case(
        "an end under the replaced number ends only the part before the change",
        EMERGENCY,
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A03", "13:00", "Q"),
        rules=("R3.8",),
        gives="p1 V2 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [part_ended renumbered]",
        entries=("1 A04 08:00", "1 A06 12:00", "1 A03 13:00"),
    ),
    case(
        "an end under the replaced number ends the visit if the change was voided",
        adt("A04", "8:00", "ED", pv12="E"),
        adt("A06", "12:00", "W", visit="V2", prior_visit="V1"),
        adt("A11", "12:10", "ED", pv12="E"),
        adt("A04", "12:20", "ED", pv12="E"),
        adt("A03", "13:00", "ED", pv12="E"),
        rules=("R3.8",),
        gives="p1 V2 EMER finished 12:20-13:00: (W IMP 12:00-12:10), ED 12:20-13:00 [renumbered]",
    ),
]

_THREE_IN_A_ROW = (
    adt("A01", "10:00", "A", visit=NO_NUMBER),
    adt("A03", "11:00", "A", visit=NO_NUMBER),
    adt("A01", "12:00", "B", visit=NO_NUMBER),
    adt("A03", "13:00", "B", visit=NO_NUMBER),
)

UNNUMBERED_VISITS: list[Case] = [
    case(
        "two facilities on one day, without numbers, are two visits",
        adt("A01", "10:00", "A", visit=NO_NUMBER, trusted=("e7",), patient="h1.1"),
        adt("A01", "14:00", "B", visit=NO_NUMBER, trusted=("e7",), patient="h2.1", sender="H2"),
        rules=("R3.9",),
        gives=(
            "h1.1 - IMP in-progress 10:00-: A 10:00-",
            "h1.1 - IMP in-progress 14:00-: B 14:00-",
        ),
    ),
    case(
        "an unnumbered discharge of another sender ends no numbered visit",
        ADMISSION,
        adt("A03", "12:00", "A", visit=NO_NUMBER, sender="H2"),
        rules=("R3.9",),
        gives=("p1 - IMP finished ?-12:00", "p1 V1 IMP in-progress 10:00-: A 10:00-"),
    ),
    case(
        "an unnumbered discharge sent before its admission belongs to it",
        adt("A03", "13:20", visit=NO_NUMBER),
        adt("A01", "14:00", "A", at="10:00", visit=NO_NUMBER),
        rules=("R3.9",),
        gives="p1 - IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "at one time an end is assigned last, so it finds the visit that began then",
        UNNUMBERED,
        adt("A03", "12:00", "K", visit=NO_NUMBER, pv12="O"),
        adt("A04", "12:05", "K", at="12:00", visit=NO_NUMBER),
        rules=("R3.9",),
        gives=(
            "p1 - AMB finished ?-12:00",
            "p1 - IMP in-progress 10:00-: A 10:00-",
            "p1 - AMB arrived 12:00-: K 12:00-",
        ),
    ),
    case(
        "of two visits that state one beginning, a third statement of it joins the one sent first",
        adt("A01", "10:00", "A", visit="V2"),
        adt("A01", "10:05", "B", at="10:00", visit="V1"),
        adt("A01", "10:10", "C", at="10:00", visit=NO_NUMBER),
        adt("A03", "10:20", "C", visit="V2"),
        rules=("R3.10",),
        gives=(
            "p1 V2 IMP finished 10:00-10:20: C 10:00-10:20 [number_incomplete]",
            "p1 V1 IMP in-progress 10:00-: B 10:00-",
        ),
    ),
    case(
        "an outpatient registered at one time in two places is one visit",
        adt("A04", "10:00", "K", visit=NO_NUMBER),
        adt("A04", "10:05", "L", visit=NO_NUMBER, at="10:00"),
        rules=("R3.10",),
        gives="p1 - AMB arrived 10:00-: L 10:00-",
    ),
    case(
        "an unnumbered admission restated earlier is the same visit",
        UNNUMBERED,
        adt("A01", "10:10", "A", at="9:30", visit=NO_NUMBER),
        rules=("R3.10", "R5.3"),
        gives="p1 - IMP in-progress 09:30-: A 09:30-",
    ),
    case(
        "an unnumbered admission restated days later is the same visit while no end is known",
        UNNUMBERED,
        adt("A01", "5d 10:00", "B", visit=NO_NUMBER),
        rules=("R3.10",),
        gives="p1 - IMP in-progress 5d 10:00-: B 5d 10:00-",
    ),
    *(
        case(
            f"a stay of class {name} restated days later in another bed is the same visit",
            adt("A04", "10:00", "A", visit=NO_NUMBER, pv12=letter),
            adt("A04", "5d 10:00", "B", visit=NO_NUMBER, pv12=letter),
            rules=("R3.10",),
            gives=f"p1 - {name} arrived 5d 10:00-: B 5d 10:00-",
        )
        for letter, name in (("B", "OBSENC"), ("N", "NONAC"), ("S", "SS"))
    ),
    case(
        "an unnumbered admission after the end is another visit",
        *_THREE_IN_A_ROW,
        rules=("R3.10",),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 - IMP finished 12:00-13:00: B 12:00-13:00",
        ),
    ),
    case(
        "one clinic on Monday and on Thursday, without numbers and ends, is two visits",
        adt("A04", "10:00", "K", visit=NO_NUMBER),
        adt("A04", "3d 10:00", "K", visit=NO_NUMBER),
        rules=("R3.10",),
        gives=("p1 - AMB arrived 10:00-: K 10:00-", "p1 - AMB arrived 3d 10:00-: K 3d 10:00-"),
    ),
    case(
        "one clinic again after exactly twelve hours is one visit",
        adt("A04", "8:00", "K", visit=NO_NUMBER),
        adt("A04", "20:00", "K", visit=NO_NUMBER),
        rules=("R3.10",),
        gives="p1 - AMB arrived 20:00-: K 20:00-",
    ),
    case(
        "one clinic again after more than twelve hours is two visits",
        adt("A04", "8:00", "K", visit=NO_NUMBER),
        adt("A04", "20:01", "K", visit=NO_NUMBER),
        rules=("R3.10",),
        gives=("p1 - AMB arrived 08:00-: K 08:00-", "p1 - AMB arrived 20:01-: K 20:01-"),
    ),
    case(
        "the profile says how near two registrations of one visit are",
        adt("A04", "8:00", "K", visit=NO_NUMBER),
        adt("A04", "11:00", "K", visit=NO_NUMBER, settings=ProfileSettings(same_visit_hours=2)),
        rules=("R3.10",),
        gives=("p1 - AMB arrived 08:00-: K 08:00-", "p1 - AMB arrived 11:00-: K 11:00-"),
    ),
    case(
        "an outpatient registered twice without a place is one visit",
        adt("A04", "8:00", visit=NO_NUMBER),
        adt("A04", "9:00", visit=NO_NUMBER),
        rules=("R3.10",),
        gives="p1 - AMB arrived 09:00-: nowhere 09:00-",
    ),
    *(
        case(
            f"an outpatient registered {what} a place and then the other way is two visits",
            adt("A04", "8:00", first, visit=NO_NUMBER),
            adt("A04", "9:00", second, visit=NO_NUMBER),
            rules=("R3.10",),
            gives=(
                f"p1 - AMB arrived 08:00-: {first or 'nowhere'} 08:00-",
                f"p1 - AMB arrived 09:00-: {second or 'nowhere'} 09:00-",
            ),
        )
        for what, first, second in (("with", "K", None), ("without", None, "K"))
    ),
    case(
        "an admission without a known time is not restated by a later one",
        adt("A01", None, "A", at=None, evn2=None, visit=NO_NUMBER),
        adt("A01", "10:00", "B", visit=NO_NUMBER),
        rules=("R3.10",),
        gives=(
            "p1 - IMP in-progress ?-: A ?- [sent_time_unusable]",
            "p1 - IMP in-progress 10:00-: B 10:00-",
        ),
    ),
    case(
        "an admission does not join a visit of which no beginning is known",
        adt("A02", "9:00", "B", pv144="8:00", visit=NO_NUMBER),
        adt("A01", "10:00", "A", visit=NO_NUMBER),
        rules=("R3.10",),
        gives=(
            "p1 - IMP in-progress 08:00-: B 09:00-",
            "p1 - IMP in-progress 10:00-: A 10:00-",
        ),
    ),
    case(
        "an admission does not join a cancel that has no effect",
        adt("A12", "9:00", "B", visit=NO_NUMBER),
        adt("A01", "10:00", "A", visit=NO_NUMBER),
        rules=("R3.10", "R3.12"),
        gives="p1 - IMP in-progress 10:00-: A 10:00-",
        entries=("- A12 ~09:00 no_effect", "1 A01 10:00"),
    ),
    *(
        case(
            f"a start that an {trigger} corrects counts for the twelve hours",
            adt("A04", "10:00", "K", visit=NO_NUMBER),
            adt(trigger, "11:00", bed, pv144="5:00", pv12="O", visit=NO_NUMBER),
            adt("A04", "18:00", "K", visit=NO_NUMBER),
            rules=("R3.10",),
            gives=(
                f"p1 - AMB arrived 05:00-: K 05:00-{after}",
                "p1 - AMB arrived 18:00-: K 18:00-",
            ),
        )
        for trigger, bed, after in (("A08", "K", ""), ("A02", "L", "11:00, L 11:00-"))
    ),
    case(
        "two clinics within twelve hours are two visits",
        adt("A04", "8:00", "K", visit=NO_NUMBER),
        adt("A04", "9:00", "L", visit=NO_NUMBER),
        rules=("R3.10",),
        gives=("p1 - AMB arrived 08:00-: K 08:00-", "p1 - AMB arrived 09:00-: L 09:00-"),
    ),
    case(
        "an inpatient visits a clinic: the clinic visit and its end are apart",
        ADMISSION,
        adt("A04", "11:00", "K", visit=NO_NUMBER),
        adt("A03", "11:30", "K", visit=NO_NUMBER, pv12="O"),
        rules=("R3.10", "R3.14"),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p1 - AMB finished 11:00-11:30: K 11:00-11:30",
        ),
    ),
    case(
        "a plan that states the time of an admission is of the same visit",
        adt("A05", "8:00", pv144="10:00", visit=NO_NUMBER),
        UNNUMBERED,
        rules=("R3.10",),
        gives="p1 - IMP in-progress 10:00-: A 10:00-",
        entries=("1 A05 08:00", "1 A01 10:00"),
    ),
    *(
        case(
            f"an admission {hours} after the patient came to {where} is of the same visit",
            adt("A04", "10:00", "ED", visit=NO_NUMBER, pv12=letter),
            adt("A01", "2d 10:00", "W", visit=NO_NUMBER),
            rules=("R3.11",),
            gives=f"p1 - IMP in-progress 10:00-: ED {name} 10:00-2d 10:00, W 2d 10:00-",
        )
        for hours, where, letter, name in (
            ("48 hours", "the emergency department", "E", "EMER"),
            ("48 hours", "observation", "B", "OBSENC"),
        )
    ),
    case(
        "an admission more than 48 hours after the emergency department is another visit",
        adt("A04", "10:00", "ED", visit=NO_NUMBER, pv12="E"),
        adt("A01", "2d 10:01", "W", visit=NO_NUMBER),
        rules=("R3.11",),
        gives=(
            "p1 - EMER in-progress 10:00-: ED 10:00-",
            "p1 - IMP in-progress 2d 10:01-: W 2d 10:01-",
        ),
    ),
    case(
        "an admission 30 hours after the emergency department is of the same visit",
        adt("A04", "10:00", "ED", visit=NO_NUMBER, pv12="E"),
        adt("A01", "1d 16:00", "W", visit=NO_NUMBER),
        rules=("R3.11",),
        gives="p1 - IMP in-progress 10:00-: ED EMER 10:00-1d 16:00, W 1d 16:00-",
    ),
    case(
        "an admission after a clinic visit is another visit",
        adt("A04", "10:00", "K", visit=NO_NUMBER),
        adt("A01", "12:00", "W", visit=NO_NUMBER),
        rules=("R3.11",),
        gives=(
            "p1 - AMB arrived 10:00-: K 10:00-",
            "p1 - IMP in-progress 12:00-: W 12:00-",
        ),
    ),
    case(
        "of two open visits that an admission could continue, it continues the one begun last",
        adt("A04", "10:00", "ED", visit=NO_NUMBER, pv12="E"),
        adt("A04", "11:00", "O", visit=NO_NUMBER, pv12="B"),
        adt("A01", "12:00", "W", visit=NO_NUMBER),
        rules=("R3.10", "R3.11"),
        gives=(
            "p1 - EMER in-progress 10:00-: ED 10:00-",
            "p1 - IMP in-progress 11:00-: O OBSENC 11:00-12:00, W 12:00-",
        ),
    ),
    *(
        case(
            f"an admission twelve hours {side} its planned time is of the planned visit",
            adt("A05", "8:00", pv144="2d 12:00", visit=NO_NUMBER),
            adt("A01", sent, "A", visit=NO_NUMBER),
            rules=("R3.12",),
            gives=f"p1 - IMP in-progress {sent}-: A {sent}-",
            entries=("1 A05 08:00", f"1 A01 {sent}"),
            fields=({"planned_for": adt("A01", "2d 12:00").sent.at},),  # type: ignore[union-attr]
        )
        for side, sent in (("before", "2d 00:00"), ("after", "3d 00:00"))
    ),
    case(
        "an admission more than twelve hours after its planned time is another visit",
        adt("A05", "8:00", pv144="2d 12:00", visit=NO_NUMBER),
        adt("A01", "3d 00:01", "A", visit=NO_NUMBER),
        rules=("R3.12",),
        gives=("p1 - IMP planned ?-", "p1 - IMP in-progress 3d 00:01-: A 3d 00:01-"),
    ),
    case(
        "a plan without PV1-44 names its time by EVN-6",
        adt("A05", "8:00", at="2d 12:00", visit=NO_NUMBER),
        adt("A01", "2d 14:00", "A", visit=NO_NUMBER),
        rules=("R3.12",),
        gives="p1 - IMP in-progress 2d 14:00-: A 2d 14:00-",
        entries=("1 A05 2d 12:00", "1 A01 2d 14:00"),
    ),
    case(
        "a plan that names no time is begun by no admission",
        adt("A05", "8:00", at=None, visit=NO_NUMBER),
        adt("A01", "9:00", "A", visit=NO_NUMBER),
        rules=("R3.12",),
        gives=("p1 - IMP planned ?-", "p1 - IMP in-progress 09:00-: A 09:00-"),
    ),
    case(
        "of two plans of a visit, the time of the plan sent last counts",
        adt("A05", "8:00", at="8:00", pv144="2d 12:00", visit=NO_NUMBER),
        adt("A05", "2d 9:00", at="2d 9:00", pv144="5d 12:00", visit=NO_NUMBER),
        adt("A01", "5d 14:00", "A", visit=NO_NUMBER),
        rules=("R3.12",),
        gives="p1 - IMP in-progress 5d 14:00-: A 5d 14:00-",
        entries=("1 A05 08:00", "1 A05 2d 09:00", "1 A01 5d 14:00"),
    ),
    case(
        "an admission more than twelve hours before its planned time is another visit",
        adt("A05", "8:00", pv144="2d 12:00", visit=NO_NUMBER),
        adt("A01", "1d 23:59", "A", visit=NO_NUMBER),
        rules=("R3.12",),
        gives=("p1 - IMP planned ?-", "p1 - IMP in-progress 1d 23:59-: A 1d 23:59-"),
    ),
    case(
        "an admission does not begin a visit that is more than planned",
        adt("A05", "8:00", pv144="14:00", visit=NO_NUMBER),
        adt("A04", "14:00", "K", visit=NO_NUMBER),
        adt("A01", "16:00", "A", visit=NO_NUMBER),
        rules=("R3.12",),
        gives=(
            "p1 - AMB arrived 14:00-: K 14:00-",
            "p1 - IMP in-progress 16:00-: A 16:00-",
        ),
    ),
    case(
        "an unnumbered cancel means the visit begun last in which it can void something",
        *_THREE_IN_A_ROW,
        adt("A13", "14:00", visit=NO_NUMBER),
        rules=("R3.13",),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 - IMP in-progress 12:00-: B 12:00-",
        ),
    ),
    case(
        "an unnumbered cancel passes over a visit in which it can void nothing",
        *_THREE_IN_A_ROW[:3],
        adt("A13", "14:00", visit=NO_NUMBER),
        rules=("R3.13",),
        gives=(
            "p1 - IMP in-progress 10:00-: A 10:00-",
            "p1 - IMP in-progress 12:00-: B 12:00-",
        ),
    ),
    case(
        "two cancels without a number void two transfers, the last one first",
        UNNUMBERED,
        adt("A02", "11:00", "B", visit=NO_NUMBER),
        adt("A02", "12:00", "C", visit=NO_NUMBER),
        adt("A12", "12:10", "B", visit=NO_NUMBER),
        adt("A12", "12:20", "A", visit=NO_NUMBER),
        rules=("R3.13", "R6.11"),
        gives="p1 - IMP in-progress 10:00-: A 10:00-, (B 11:00-12:20), (C 12:00-12:10)",
    ),
    case(
        "of two cancels without a number, the one sent first voids, though it was entered later",
        UNNUMBERED,
        adt("A02", "11:00", "B", visit=NO_NUMBER),
        adt("A12", "12:10", "A", evn2="11:20", visit=NO_NUMBER),
        adt("A12", "12:20", evn2="11:10", visit=NO_NUMBER),
        rules=("R3.13", "R6.11"),
        gives="p1 - IMP in-progress 10:00-: A 10:00-, (B 11:00-12:10)",
        entries=(
            "1 A01 10:00",
            "1 A02 11:00 voided",
            "1 A12 ~11:10 no_effect",
            "1 A12 ~11:20",
        ),
    ),
    case(
        "a cancel without a number finds nothing in a visit whose transfer is void already",
        UNNUMBERED,
        adt("A02", "10:10", "B", visit=NO_NUMBER),
        adt("A04", "11:00", "K", visit=NO_NUMBER),
        adt("A02", "11:10", "L", visit=NO_NUMBER, pv12="O"),
        adt("A12", "11:20", "K", visit=NO_NUMBER, pv12="O"),
        adt("A12", "11:30", "A", visit=NO_NUMBER),
        rules=("R3.13",),
        gives=(
            "p1 - IMP in-progress 10:00-: A 10:00-, (B 10:10-11:30)",
            "p1 - AMB arrived 11:00-: K 11:00-, (L 11:10-11:20)",
        ),
    ),
    case(
        "an admission, a discharge and its cancel, all without a number",
        UNNUMBERED,
        adt("A03", "11:40", visit=NO_NUMBER),
        adt("A13", "12:00", visit=NO_NUMBER),
        rules=("R3.13",),
        gives="p1 - IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a discharge cancelled and stated again without a number is of the numbered visit",
        ADMISSION,
        adt("A03", "11:40"),
        adt("A13", "12:00", visit=NO_NUMBER),
        adt("A03", "13:20", visit=NO_NUMBER),
        rules=("R3.13", "R3.14", "R3.17"),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20 [number_incomplete]",
    ),
    case(
        "of two visits that cover its time, a transfer is of the visit begun last",
        UNNUMBERED,
        adt("A04", "11:00", "K", visit=NO_NUMBER),
        adt("A02", "12:00", "L", visit=NO_NUMBER, pv12="O"),
        rules=("R3.14",),
        gives=(
            "p1 - IMP in-progress 10:00-: A 10:00-",
            "p1 - AMB arrived 11:00-: K 11:00-12:00, L 12:00-",
        ),
    ),
    *(
        case(
            f"a transfer {what} of a finished visit is of that visit",
            ADMISSION,
            adt("A03", "12:00", "A"),
            adt("A02", sent, "B", visit=NO_NUMBER),
            rules=("R3.14",),
            gives=gives,
        )
        for what, sent, gives in (
            (
                "within the time",
                "11:00",
                "p1 V1 IMP finished 10:00-12:00: A 10:00-11:00, B 11:00-12:00 [number_incomplete]",
            ),
            (
                "at the end",
                "12:00",
                "p1 V1 IMP finished 10:00-12:00: A 10:00-12:00 [number_incomplete]",
            ),
        )
    ),
    case(
        "a transfer within a stay that an update made longer is of that stay",
        *_THREE_IN_A_ROW[:2],
        adt("A08", "11:10", "A", pv145="15:00", visit=NO_NUMBER),
        adt("A02", "14:00", "B", visit=NO_NUMBER),
        rules=("R3.14", "R5.9"),
        gives="p1 - IMP finished 10:00-15:00: A 10:00-14:00, B 14:00-15:00",
    ),
    case(
        "a visit that an A13 opened has no known beginning once a transfer shows it",
        adt("A01", "8:00", "A", visit="V9"),
        adt("A13", "10:00", "C", visit=NO_NUMBER, pv144="9:00"),
        adt("A02", "11:00", "D", visit=NO_NUMBER),
        adt("A02", "12:00", "E", visit=NO_NUMBER),
        rules=("R3.14", "R7.13"),
        gives=(
            "p1 - IMP in-progress ?-: D 11:00-",
            "p1 V9 IMP in-progress 08:00-: A 08:00-12:00, E 12:00- [number_incomplete]",
        ),
    ),
    case(
        "a visit began when it said first if the transfer that corrected its beginning is void",
        adt("A04", "8:15", "K", visit="V9"),
        adt("A01", "8:30", "C", visit=NO_NUMBER),
        adt("A02", "10:00", "D", visit=NO_NUMBER, pv144="8:00"),
        adt("A12", "10:30", "C", visit=NO_NUMBER),
        adt("A02", "11:00", "E", visit=NO_NUMBER),
        rules=("R3.14", "R5.4"),
        gives=(
            "p1 V9 AMB arrived 08:15-: K 08:15-",
            "p1 - IMP in-progress 08:30-: C 08:30-11:00, (D 10:00-10:30), E 11:00-",
        ),
    ),
    case(
        "a transfer without a number shows that a department closed its part of a numbered visit",
        EMERGENCY,
        adt("A01", "12:00", "W"),
        adt("A03", "13:00", "P", pv12="E"),
        adt("A02", "11:00", "P", pv12="E", visit=NO_NUMBER),
        adt("A02", "14:00", "X", visit=NO_NUMBER),
        rules=("R3.14", "R7.7"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-11:00, P EMER 11:00-12:00, "
        "W 12:00-14:00, X 14:00- [number_incomplete part_ended]",
    ),
    case(
        "a transfer told late is of the visit that covers its time",
        *_THREE_IN_A_ROW,
        adt("A02", "14:00", "C", at="10:30", visit=NO_NUMBER),
        rules=("R3.14",),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-10:30, C 10:30-11:00",
            "p1 - IMP finished 12:00-13:00: B 12:00-13:00",
        ),
    ),
    case(
        "a discharge stated again after the end is of the visit that ended last before it",
        *_THREE_IN_A_ROW,
        adt("A03", "14:00", "B", visit=NO_NUMBER),
        rules=("R3.14",),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 - IMP finished 12:00-14:00: B 12:00-14:00",
        ),
    ),
    case(
        "an update between two visits is of the visit that ended before it",
        *_THREE_IN_A_ROW,
        adt("A08", "11:30", "A", visit=NO_NUMBER, pv145="10:50"),
        rules=("R3.14", "R5.9"),
        gives=(
            "p1 - IMP finished 10:00-10:50: A 10:00-10:50",
            "p1 - IMP finished 12:00-13:00: B 12:00-13:00",
        ),
    ),
    case(
        "an unnumbered update after the discharge does not reopen the numbered visit",
        ADMISSION,
        adt("A03", "11:40"),
        adt("A08", "14:00", "A", visit=NO_NUMBER),
        rules=("R3.14", "R7.12"),
        gives="p1 V1 IMP finished 10:00-11:40: A 10:00-11:40 [number_incomplete]",
        census=(),
    ),
    case(
        "a transfer after the end opens a visit of its own",
        *_THREE_IN_A_ROW[:2],
        adt("A02", "12:00", "B", visit=NO_NUMBER),
        rules=("R3.14",),
        gives=(
            "p1 - IMP in-progress ?-: B 12:00-",
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
        ),
    ),
    case(
        "a repeated cancel voids nothing in an earlier visit",
        *_THREE_IN_A_ROW,
        adt("A13", "13:10", visit=NO_NUMBER),
        adt("A13", "13:11", visit=NO_NUMBER),
        rules=("R3.15", "R4.3"),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 - IMP in-progress 12:00-: B 12:00-",
        ),
        entries=(
            "1 A01 10:00",
            "1 A03 11:00",
            "2 A01 12:00",
            "2 A03 13:00 voided",
            "2 A13 ~13:10",
            "2 A13 ~13:11 resend",
        ),
    ),
    case(
        "a cancel after a further statement of its kind is no repetition",
        *_THREE_IN_A_ROW,
        adt("A13", "13:10", visit=NO_NUMBER),
        adt("A03", "13:20", "B", visit=NO_NUMBER),
        adt("A13", "13:30", visit=NO_NUMBER),
        rules=("R3.15", "R4.3"),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 - IMP in-progress 12:00-: B 12:00-",
        ),
        entries=(
            "1 A01 10:00",
            "1 A03 11:00",
            "2 A01 12:00",
            "2 A03 13:00 voided",
            "2 A13 ~13:10",
            "2 A03 13:20 voided",
            "2 A13 ~13:30",
        ),
    ),
    case(
        "a resend without EVN-2 is of the visit of its original, not of the numbered visit of now",
        *_THREE_IN_A_ROW[:2],
        adt("A08", "11:30", "A", visit=NO_NUMBER, evn2=None),
        adt("A01", "12:00", "B", visit="V2"),
        adt("A08", "12:30", "A", visit=NO_NUMBER, evn2=None),
        rules=("R3.15",),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 V2 IMP in-progress 12:00-: B 12:00-",
        ),
    ),
    case(
        "a resend is of the visit of its original, not of the visit of today",
        *_THREE_IN_A_ROW[:3],
        adt("A08", "10:10", "A", visit=NO_NUMBER),
        adt("A08", "14:00", "A", visit=NO_NUMBER, evn2="10:10"),
        rules=("R3.15", "R3.21"),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 - IMP in-progress 12:00-: B 12:00-",
        ),
        entries=(
            "1 A01 10:00",
            "1 A08 ~10:10",
            "1 A08 ~10:10 resend",
            "1 A03 11:00",
            "2 A01 12:00",
        ),
    ),
]

ADOPTED: list[Case] = [
    case(
        "only the discharge carries a number: the whole visit has it",
        UNNUMBERED,
        adt("A02", "11:00", "B", visit=NO_NUMBER),
        adt("A03", "13:20", visit="V9"),
        rules=("R3.16", "R3.17"),
        gives="p1 V9 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-13:20 [number_incomplete]",
    ),
    case(
        "no visit number anywhere, then one arrives (named story)",
        UNNUMBERED,
        adt("A02", "11:00", "B", visit=NO_NUMBER),
        adt("A08", "11:30", "B", visit=NO_NUMBER),
        adt("A02", "12:00", "C", visit="V9"),
        adt("A03", "13:20", "C", visit="V9"),
        rules=("R3.16", "R3.17"),
        gives="p1 V9 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-12:00, C 12:00-13:20 "
        "[number_incomplete]",
    ),
    case(
        "a numbered visit that falls inside an unnumbered one may have later updates and ends",
        UNNUMBERED,
        adt("A03", "13:20", "A", visit=NO_NUMBER),
        adt("A02", "12:00", "B", visit="V9"),
        adt("A08", "14:00", "B", visit="V9"),
        adt("A03", "14:10", "B", visit="V9", at="13:10"),
        rules=("R3.16",),
        gives="p1 V9 IMP finished 10:00-13:10: A 10:00-12:00, B 12:00-13:10 [number_incomplete]",
    ),
    case(
        "a numbered transfer after the end of an unnumbered visit is of another visit",
        UNNUMBERED,
        adt("A03", "13:20", "A", visit=NO_NUMBER),
        adt("A02", "14:00", "B", visit="V9"),
        rules=("R3.16",),
        gives=(
            "p1 V9 IMP in-progress ?-: B 14:00-",
            "p1 - IMP finished 10:00-13:20: A 10:00-13:20",
        ),
    ),
    case(
        "a numbered visit with a transfer before the unnumbered admission is another visit",
        UNNUMBERED,
        adt("A02", "9:00", "B", visit="V9"),
        adt("A02", "11:00", "C", visit="V9"),
        rules=("R3.16",),
        gives=(
            "p1 V9 IMP in-progress ?-: B 09:00-11:00, C 11:00-",
            "p1 - IMP in-progress 10:00-: A 10:00-",
        ),
    ),
    case(
        "a numbered visit with a beginning of its own does not fall inside another one",
        UNNUMBERED,
        adt("A04", "11:00", "K", visit="V9"),
        adt("A02", "12:00", "L", visit="V9", pv12="O"),
        rules=("R3.16",),
        gives=(
            "p1 - IMP in-progress 10:00-: A 10:00-",
            "p1 V9 AMB arrived 11:00-: K 11:00-12:00, L 12:00-",
        ),
    ),
    case(
        "one admission without and with a number is one visit",
        UNNUMBERED,
        adt("A01", "10:00", "A", visit="V9"),
        rules=("R3.10", "R3.16"),
        gives="p1 V9 IMP in-progress 10:00-: A 10:00- [number_incomplete]",
    ),
    case(
        "a numbered admission that restates the unnumbered one later is of the same visit",
        UNNUMBERED,
        adt("A01", "11:00", "B", visit="V9"),
        rules=("R3.10", "R3.16"),
        gives="p1 V9 IMP in-progress 11:00-: B 11:00- [number_incomplete]",
    ),
    case(
        "an unnumbered admission that restates the numbered one later is of the same visit",
        ADMISSION,
        adt("A01", "11:00", "B", visit=NO_NUMBER),
        rules=("R3.10", "R3.16"),
        gives="p1 V1 IMP in-progress 11:00-: B 11:00- [number_incomplete]",
    ),
    case(
        "an unnumbered admission after the end of a numbered visit is another visit",
        ADMISSION,
        adt("A03", "11:00", "A"),
        adt("A01", "12:00", "B", visit=NO_NUMBER),
        rules=("R3.10", "R3.16"),
        gives=(
            "p1 V1 IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 - IMP in-progress 12:00-: B 12:00-",
        ),
    ),
    case(
        "a numbered admission after the end of an unnumbered visit is another visit",
        *_THREE_IN_A_ROW[:2],
        adt("A01", "12:00", "B", visit="V2"),
        rules=("R3.10", "R3.16"),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 V2 IMP in-progress 12:00-: B 12:00-",
        ),
    ),
    case(
        "a numbered admission out of an unnumbered emergency visit is of the same visit",
        adt("A04", "8:00", "ED", pv12="E", visit=NO_NUMBER),
        adt("A01", "12:00", "W", visit="V9"),
        rules=("R3.11", "R3.16"),
        gives="p1 V9 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [number_incomplete]",
    ),
    case(
        "an unnumbered admission out of a numbered emergency visit is of the same visit",
        EMERGENCY,
        adt("A01", "12:00", "W", visit=NO_NUMBER),
        rules=("R3.11", "R3.16"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [number_incomplete]",
    ),
    case(
        "a numbered admission begins the visit that was planned without a number",
        adt("A05", "8:00", pv144="2d 12:00", visit=NO_NUMBER),
        adt("A01", "2d 14:00", "A", visit="V9"),
        rules=("R3.12", "R3.16"),
        gives="p1 V9 IMP in-progress 2d 14:00-: A 2d 14:00- [number_incomplete]",
        entries=("1 A05 08:00", "1 A01 2d 14:00"),
    ),
    case(
        "only updates carry a number, one of them after the end",
        UNNUMBERED,
        adt("A08", "12:00", "A", visit="V9"),
        adt("A03", "13:20", "A", visit=NO_NUMBER),
        adt("A08", "14:00", "A", visit="V9"),
        rules=("R3.16",),
        gives="p1 V9 IMP finished 10:00-13:20: A 10:00-13:20 [number_incomplete]",
    ),
    case(
        "only updates after the end carry a number: it is of the visit begun last before them",
        *_THREE_IN_A_ROW,
        adt("A08", "14:00", "B", visit="V9"),
        rules=("R3.16",),
        gives=(
            "p1 - IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 V9 IMP finished 12:00-13:00: B 12:00-13:00 [number_incomplete]",
        ),
    ),
    case(
        "an update after the end, in a visit of its own that began later, is not adopted",
        UNNUMBERED,
        adt("A03", "13:20", "A", visit=NO_NUMBER),
        adt("A08", "3d 14:00", "B", visit="V9", pv144="3d 8:00"),
        rules=("R3.16",),
        gives=(
            "p1 - IMP finished 10:00-13:20: A 10:00-13:20",
            "p1 V9 IMP in-progress 3d 08:00-: B 3d 08:00-",
        ),
    ),
    case(
        "an update after the end is not adopted if another numbered visit began in between",
        UNNUMBERED,
        adt("A03", "13:20", "A", visit=NO_NUMBER),
        adt("A01", "1d 10:00", "C", visit="V2"),
        adt("A03", "1d 12:00", "C", visit="V2"),
        adt("A08", "2d 14:00", "A", visit="V9"),
        rules=("R3.16",),
        gives=(
            "p1 V9 IMP in-progress ?-: A ?-",
            "p1 - IMP finished 10:00-13:20: A 10:00-13:20",
            "p1 V2 IMP finished 1d 10:00-1d 12:00: C 1d 10:00-1d 12:00",
        ),
    ),
    case(
        "a numbered visit with unnumbered statements is flagged, no other visit is",
        ADMISSION,
        adt("A02", "11:00", "B", visit=NO_NUMBER),
        adt("A01", "3d 10:00", "C", visit="V2"),
        rules=("R3.17",),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00- [number_incomplete]",
            "p1 V2 IMP in-progress 3d 10:00-: C 3d 10:00-",
        ),
    ),
]

_LATE_ADMISSION = adt("A01", "14:00", "A", at="10:00")
_EARLY_DISCHARGE = adt("A03", "13:20")

IDS: list[Case] = [
    case(
        "the id of an encounter is the ref of its statement that was sent first",
        _LATE_ADMISSION,
        _EARLY_DISCHARGE,
        rules=("R3.19",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
        fields=(
            {
                "encounter_id": _EARLY_DISCHARGE.ref,
                "statements": (_EARLY_DISCHARGE.ref, _LATE_ADMISSION.ref),
            },
        ),
    ),
    case(
        "of two encounters of one visit, a cancel belongs to the encounter of what it voids",
        ADMISSION,
        adt("A02", "10:20", "D"),
        adt("A03", "11:00", "A"),
        adt("A08", "11:30", "A"),
        adt("A01", "12:00", "B"),
        adt("A12", "12:40", "A", evn6="10:20"),
        adt("A12", "12:50", "A", evn6="10:20"),
        adt("A08", "12:45", "B", evn2="12:00"),
        adt("A08", "13:10", "B", evn2="9:30"),
        rules=("R3.21",),
        gives=(
            "p1 V1 IMP finished 10:00-11:00: A 10:00-11:00, (D 10:20-12:40)",
            "p1 V1 IMP in-progress 12:00-: B 12:00-",
        ),
        entries=(
            "1 A08 ~09:30",
            "1 A01 10:00",
            "1 A02 10:20 voided",
            "1 A03 11:00",
            "1 A08 ~11:30",
            "2 A01 12:00",
            "2 A08 ~12:00",
            "1 A12 ~12:40",
            "1 A12 ~12:50 resend",
        ),
    ),
    case(
        "of two encounters of one visit, a resend belongs to the encounter of its original",
        ADMISSION,
        adt("A03", "11:00", "A"),
        adt("A08", "11:30", "A", evn2=None),
        adt("A08", "12:10", "A", evn2=None),
        adt("A01", "12:20", "B", at="12:00"),
        rules=("R3.21", "R4.2"),
        gives=(
            "p1 V1 IMP finished 10:00-11:00: A 10:00-11:00",
            "p1 V1 IMP in-progress 12:00-: B 12:00-",
        ),
        entries=(
            "1 A01 10:00",
            "1 A03 11:00",
            "1 A08 ~11:30",
            "2 A01 12:00",
            "1 A08 ~12:10 resend",
        ),
    ),
]

ACCOUNTS: list[Case] = [
    case(
        "two visits that are known by their accounts alone, one of which ends",
        adt("A04", "8:00", "DIAL", visit=NO_NUMBER, account="acc-1"),
        adt("A04", "9:00", "EYE", visit=NO_NUMBER, account="acc-2"),
        adt("A03", "12:00", visit=NO_NUMBER, account="acc-1", pv12="O"),
        rules=("R3.23",),
        gives=(
            "p1 acc-1 AMB finished 08:00-12:00: DIAL 08:00-12:00",
            "p1 acc-2 AMB arrived 09:00-: EYE 09:00-",
        ),
    ),
    case(
        "an account that is stated beside one visit number is of that visit",
        adt("A01", "10:00", "A", account="acc-1"),
        adt("A01", "10:30", "C", visit="V2", account="acc-2", pv12="O"),
        adt("A03", "13:00", "A", visit=NO_NUMBER, account="acc-1"),
        rules=("R3.23",),
        gives=(
            "p1 V1 IMP finished 10:00-13:00: A 10:00-13:00",
            "p1 V2 AMB in-progress 10:30-: C 10:30-",
        ),
    ),
    case(
        "an account that only the discharge states is no visit number",
        UNNUMBERED,
        adt("A03", "13:20", "A", visit=NO_NUMBER, account="acc-1"),
        rules=("R3.23",),
        gives="p1 - IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "an account of two visits does not say which of them ends",
        adt("A01", "10:00", "A", account="acc-1"),
        adt("A04", "11:00", "K", visit="V2", account="acc-1"),
        adt("A08", "11:30", "K", visit=NO_NUMBER, account="acc-1", pv12="O"),
        rules=("R3.23",),
        gives=(
            "p1 V1 IMP in-progress 10:00-: A 10:00-",
            "p1 V2 AMB arrived 11:00-: K 11:00- [number_incomplete]",
        ),
        resend_counts="it covers one of two visits",
    ),
]

CASES = [*NUMBERED, *RENUMBERED, *UNNUMBERED_VISITS, *ADOPTED, *IDS, *ACCOUNTS]
