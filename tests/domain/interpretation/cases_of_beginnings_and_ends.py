"""Cases of section 7: which encounters the statements of one visit make."""

from tests.domain.interpretation.case import Case, case
from tests.domain.interpretation.statements import adt

ADMISSION = adt("A01", "10:00", "A")
EMERGENCY = adt("A04", "8:00", "ED", pv12="E")

_EARLY = "p1 V1 {} in-progress 12:00-: X 12:00- before_beginning [before_beginning]"
_IN_X = "p1 V1 EMER in-progress {}-: W IMP {}-{}, X {}-"
_ENDED = "p1 V1 EMER finished 08:00-12:00: ED 08:00-12:00"
_ADMITTED = "p1 V1 IMP in-progress 12:00-: W 12:00-"

BEGINNINGS: list[Case] = [
    case(
        "a registration, then an admission: the admission changes the class",
        EMERGENCY,
        adt("A01", "12:00", "W"),
        rules=("R7.1",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00-",
    ),
    case(
        "an admission, then a registration: the registration changes the class",
        ADMISSION,
        adt("A04", "12:00", "K"),
        rules=("R7.1",),
        gives="p1 V1 AMB arrived 10:00-: A IMP 10:00-12:00, K 12:00-",
    ),
    case(
        "the change of class happens at EVN-6 if its PV1-44 is that of the visit",
        EMERGENCY,
        adt("A01", "12:10", "W", pv144="8:00", evn6="12:00"),
        rules=("R7.1",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00-",
    ),
    case(
        "the change of class happens at EVN-2 if it has no EVN-6",
        EMERGENCY,
        adt("A01", "12:10", "W", pv144="8:00", evn2="12:05"),
        rules=("R7.1",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:05, W 12:05-",
    ),
    case(
        "the change of class happens at PV1-44 if that is later than the beginning",
        EMERGENCY,
        adt("A01", "12:10", "W", pv144="11:00", evn6="12:00"),
        rules=("R7.1",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-11:00, W 11:00-",
    ),
    case(
        "of several statements of the change, the stated time sent last holds",
        EMERGENCY,
        adt("A01", "12:10", "W", at="12:00"),
        adt("A01", "12:20", "W", at="11:30"),
        rules=("R7.1", "R5.3"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-11:30, W 11:30-",
    ),
    case(
        "with EVN-6 in both, the one with the later EVN-6 is the change, though it is the A04",
        adt("A01", "9:00", "W", pv144="8:00", evn6="8:00"),
        adt("A04", "9:30", "ED", pv12="E", pv144="8:00", evn6="9:15"),
        rules=("R7.2",),
        gives="p1 V1 EMER in-progress 08:00-: W IMP 08:00-09:15, ED 09:15-",
    ),
    case(
        "with EVN-6 in both, the A01 is the change if its EVN-6 is later",
        adt("A01", "9:00", "W", pv144="8:00", evn6="8:50"),
        adt("A04", "9:30", "ED", pv12="E", pv144="8:00", evn6="8:00"),
        rules=("R7.2",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-08:50, W 08:50-",
    ),
    case(
        "without EVN-6, at equal times, the A01 is the change, though the A04 was sent after it",
        adt("A01", "9:00", "W", pv144="8:00"),
        adt("A04", "9:30", "ED", pv12="E", pv144="8:00"),
        rules=("R7.2",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-09:00, W 09:00-",
    ),
    case(
        "without EVN-6, an A01 of an earlier PV1-44 sent after the A04 is the change",
        adt("A04", "10:55", "A", pv144="12:00"),
        adt("A01", "11:00", "B", pv144="10:00"),
        rules=("R7.2",),
        gives="p1 V1 IMP in-progress 12:00-: B 12:00-",
    ),
    case(
        "without EVN-6, an A01 of an earlier PV1-44 sent before the A04 is the beginning",
        adt("A01", "10:50", "B", pv144="10:00"),
        adt("A04", "10:55", "A", pv144="12:00"),
        rules=("R7.2",),
        gives="p1 V1 AMB arrived 10:00-: B IMP 10:00-12:00, A 12:00-",
    ),
    case(
        "without EVN-6, an A04 of an earlier PV1-44 sent after the A01 is the beginning",
        adt("A01", "10:50", "B", pv144="12:00"),
        adt("A04", "10:55", "A", pv144="10:00"),
        rules=("R7.2",),
        gives="p1 V1 IMP in-progress 10:00-: A AMB 10:00-12:00, B 12:00-",
    ),
    case(
        "a change out of the beginning is not before it",
        adt("A01", "9:00", "A", pv144="11:00"),
        adt("A04", "12:00", "A", pv144="11:00"),
        rules=("R7.2",),
        gives="p1 V1 IMP in-progress 11:00-: A 11:00-",
    ),
    case(
        "an admission told late, of before a registration that came after the end, is no change",
        adt("A03", "13:20"),
        adt("A04", "14:00", "C"),
        adt("A01", "15:00", "A", pv144="10:00"),
        rules=("R7.2", "R7.5"),
        gives=(
            "p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
            "p1 V1 AMB arrived 14:00-: C 14:00-",
        ),
    ),
    case(
        "a transfer shows that the stay began earlier in another class: the admission is a change",
        adt("A02", "9:00", "X", pv12="E", pv144="8:00"),
        adt("A01", "12:00", "W"),
        rules=("R7.3",),
        gives="p1 V1 IMP in-progress 08:00-: X EMER 09:00-12:00, W 12:00-",
    ),
    *(
        case(
            f"a transfer {what} does not show that the stay began earlier",
            adt("A02", sent, "X", pv12=pv12, pv144=pv144, at=at),
            adt("A01", "12:00", "W"),
            rules=("R7.3",),
            gives=gives,
        )
        for what, sent, at, pv12, pv144, gives in (
            (
                "of the same class",
                "9:00",
                "9:00",
                "I",
                "8:00",
                _EARLY.format("IMP"),
            ),
            (
                "without PV1-44",
                "9:00",
                "9:00",
                "E",
                None,
                _EARLY.format("EMER"),
            ),
            (
                "with the PV1-44 of the admission",
                "9:00",
                "9:00",
                "E",
                "12:00",
                _EARLY.format("EMER"),
            ),
            (
                "with a PV1-44 later than the admission",
                "9:00",
                "9:00",
                "E",
                "13:00",
                _EARLY.format("EMER"),
            ),
            (
                "that happened later",
                "11:00",
                "13:00",
                "E",
                "8:00",
                _IN_X.format("12:00", "12:00", "13:00", "13:00"),
            ),
            (
                "that was sent later",
                "12:10",
                "9:00",
                "E",
                "8:00",
                _IN_X.format("08:00", "08:00", "09:00", "09:00"),
            ),
        )
    ),
    case(
        "two admissions with no end between them are one fact",
        ADMISSION,
        adt("A01", "3d 10:00", "B"),
        rules=("R7.4",),
        gives="p1 V1 IMP in-progress 3d 10:00-: B 3d 10:00-",
    ),
    case(
        "an admission restated after the end, with its PV1-44, begins no further encounter",
        ADMISSION,
        adt("A03", "12:00"),
        adt("A01", "13:00", "B", at="10:00"),
        rules=("R7.4",),
        gives="p1 V1 IMP finished 10:00-12:00: B 10:00-12:00",
    ),
    case(
        "a readmission under the same number is a further encounter",
        ADMISSION,
        adt("A03", "12:00"),
        adt("A01", "3d 9:00", "B"),
        rules=("R7.5",),
        gives=(
            "p1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "p1 V1 IMP in-progress 3d 09:00-: B 3d 09:00-",
        ),
    ),
    case(
        "an admission under the number of an ended emergency visit is a further encounter",
        EMERGENCY,
        adt("A03", "11:55", "ED", pv12="E"),
        adt("A01", "12:00", "W"),
        rules=("R7.5",),
        gives=(
            "p1 V1 EMER finished 08:00-11:55: ED 08:00-11:55",
            "p1 V1 IMP in-progress 12:00-: W 12:00-",
        ),
    ),
    case(
        "a transfer after the end begins no further encounter",
        ADMISSION,
        adt("A03", "12:00", "A"),
        adt("A02", "13:00", "B"),
        rules=("R7.5", "R8.3"),
        gives="p1 V1 IMP finished 10:00-12:00: A 10:00-12:00 [after_end]",
    ),
    case(
        "an end sent before an admission at its time precedes it",
        adt("A01", "8:00", "A"),
        adt("A03", "12:00", "A"),
        adt("A01", "12:05", "B", at="12:00"),
        rules=("R3.21", "R7.6"),
        gives=(
            "p1 V1 IMP finished 08:00-12:00: A 08:00-12:00",
            "p1 V1 IMP in-progress 12:00-: B 12:00-",
        ),
        entries=("1 A01 08:00", "1 A03 12:00", "2 A01 12:00"),
    ),
    case(
        "an end that names its day, sent before an admission at the start of that day, precedes it",
        adt("A01", "8:00", "A"),
        adt("A03", "1d 8:00", "A", at="1d --"),
        adt("A01", "1d 9:00", "B", at="1d 0:00"),
        rules=("R7.6",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 23:59:59: A 08:00-1d 23:59:59",
            "p1 V1 IMP in-progress 1d 00:00-: B 1d 00:00-",
        ),
    ),
    case(
        "an end sent after an admission at its time belongs to it",
        adt("A01", "12:00", "B"),
        adt("A03", "12:05", "B", at="12:00"),
        rules=("R7.6",),
        gives="p1 V1 IMP finished 12:00-12:00",
    ),
    case(
        "an end of the registered part at the time of the admission ends only that part",
        EMERGENCY,
        adt("A03", "11:55", "ED", pv12="E", at="12:00"),
        adt("A01", "12:05", "W", at="12:00"),
        rules=("R7.6", "R7.7"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [part_ended]",
    ),
    case(
        "an end in the place that the admission came from, at its time, ends only that part",
        adt("A04", "10:00", "E", pv12="E"),
        adt("A02", "12:00", "O", pv12="B"),
        adt("A03", "17:20", "O", pv12="B", at="17:14"),
        adt("A01", "21:00", "W", at="17:14", evn6="17:14", from_="O"),
        rules=("R7.6", "R7.7"),
        gives="p1 V1 IMP in-progress 10:00-: E EMER 10:00-12:00, O OBSENC 12:00-17:14, W 17:14- "
        "[part_ended]",
    ),
    case(
        "an end in the place of a transfer before the admission, at its time, ends only that part",
        adt("A04", "10:00", "E", pv12="E"),
        adt("A02", "12:00", "O", pv12="B"),
        adt("A03", "17:17", "O", pv12="B", at="17:14"),
        adt("A08", "17:25", "W"),
        adt("A01", "21:00", "W", at="17:14", evn6="17:14"),
        rules=("R7.6", "R7.7"),
        gives="p1 V1 IMP in-progress 10:00-: E EMER 10:00-12:00, O OBSENC 12:00-17:14, W 17:14- "
        "[part_ended]",
    ),
    case(
        "a transfer after an end does not make it the end of a part",
        adt("A04", "10:00", "E", pv12="E"),
        adt("A03", "17:10", "O", pv12="B", at="17:14"),
        adt("A01", "17:20", "W", at="17:14", evn6="17:14"),
        adt("A02", "18:00", "O", pv12="B"),
        rules=("R7.6",),
        gives=(
            "p1 V1 EMER finished 10:00-17:14: E 10:00-17:14",
            "p1 V1 OBSENC in-progress 17:14-: W IMP 17:14-18:00, O 18:00-",
        ),
    ),
    *(
        case(
            f"an end at the time of the admission {what} ends the encounter",
            *registration,
            adt("A03", "11:55", bed, pv12=pv12, at="12:00"),
            adt(trigger, "12:05", "W", at="12:00", from_="O"),
            rules=("R7.6",),
            gives=gives,
        )
        for what, registration, trigger, bed, pv12, gives in (
            (
                "in another place",
                (EMERGENCY,),
                "A01",
                "Q",
                "E",
                (
                    "p1 V1 EMER finished 08:00-12:00: ED 08:00-12:00",
                    "p1 V1 IMP in-progress 12:00-: W 12:00-",
                ),
            ),
            (
                "without a place",
                (EMERGENCY,),
                "A01",
                None,
                "E",
                (
                    "p1 V1 EMER finished 08:00-12:00: ED 08:00-12:00",
                    "p1 V1 IMP in-progress 12:00-: W 12:00-",
                ),
            ),
            (
                "with class and place of the admission",
                (EMERGENCY,),
                "A01",
                "W",
                "I",
                (
                    "p1 V1 EMER finished 08:00-12:00: ED 08:00-12:00",
                    "p1 V1 IMP in-progress 12:00-: W 12:00-",
                ),
            ),
            (
                "without a registration",
                (adt("A01", "8:00", "A"),),
                "A01",
                "O",
                "B",
                (
                    "p1 V1 IMP finished 08:00-12:00: A 08:00-12:00",
                    "p1 V1 IMP in-progress 12:00-: W 12:00-",
                ),
            ),
            (
                "that is a registration",
                (EMERGENCY,),
                "A04",
                "ED",
                "E",
                (
                    "p1 V1 EMER finished 08:00-12:00: ED 08:00-12:00",
                    "p1 V1 AMB arrived 12:00-: W 12:00-",
                ),
            ),
        )
    ),
]

PARTS: list[Case] = [
    case(
        "an end with class and place of an admission within its own place ends the encounter",
        EMERGENCY,
        adt("A03", "11:55", "W", at="12:00"),
        adt("A01", "12:05", "W", at="12:00", from_="W"),
        rules=("R7.6",),
        gives=(_ENDED, _ADMITTED),
    ),
    case(
        "the emergency department closes its own visit after the admission",
        EMERGENCY,
        adt("A01", "12:00", "W"),
        adt("A03", "12:10", "ED", pv12="E"),
        rules=("R7.7",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [part_ended]",
    ),
    case(
        "the emergency department closes its own visit at the time of the admission",
        EMERGENCY,
        adt("A01", "12:00", "W"),
        adt("A03", "12:00", "ED", pv12="E", control="c"),
        rules=("R7.7",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [part_ended]",
    ),
    case(
        "the emergency department closes its own visit after an A06",
        EMERGENCY,
        adt("A06", "12:00", "W"),
        adt("A03", "12:10", "ED", pv12="E"),
        rules=("R7.7",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-12:00, W 12:00- [part_ended]",
    ),
    *(
        case(
            f"an end {what} ends the encounter",
            EMERGENCY,
            adt("A01", "12:00", "W"),
            adt("A03", "12:10", bed, pv12=pv12),
            rules=("R7.7",),
            gives="p1 V1 IMP finished 08:00-12:10: ED EMER 08:00-12:00, W 12:00-12:10",
        )
        for what, bed, pv12 in (
            ("in the emergency department, but of inpatient class", "ED", "I"),
            ("of emergency class, but on the ward", "W", "E"),
            ("of emergency class without a place", None, "E"),
            ("in the emergency department without a class", "ED", ""),
        )
    ),
    case(
        "an end of the emergency part before the change ends the encounter",
        EMERGENCY,
        adt("A03", "11:00", "ED", pv12="E"),
        adt("A06", "12:00", "W"),
        rules=("R7.7",),
        gives="p1 V1 EMER finished 08:00-11:00: ED 08:00-11:00 [after_end]",
    ),
    case(
        "the place to which a registered patient was brought belongs to the replaced part",
        EMERGENCY,
        adt("A02", "9:00", "CT", pv12="E"),
        adt("A01", "12:00", "W"),
        adt("A03", "12:10", "CT", pv12="E"),
        rules=("R7.7",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-09:00, CT EMER 09:00-12:00, W 12:00- "
        "[part_ended]",
    ),
    case(
        "a part in which the patient is again is not replaced",
        EMERGENCY,
        adt("A01", "12:00", "W"),
        adt("A02", "12:05", "ED", pv12="E"),
        adt("A03", "12:10", "ED", pv12="E"),
        rules=("R7.7",),
        gives="p1 V1 EMER finished 08:00-12:10: ED 08:00-12:00, W IMP 12:00-12:05, ED 12:05-12:10",
    ),
    case(
        "an A06 that leaves out the place replaces no part in that place",
        adt("A06", "10:00", "C"),
        adt("A06", "10:20"),
        adt("A03", "10:30", "C"),
        rules=("R7.7", "R8.4"),
        gives="p1 V1 IMP finished ?-10:30: C 10:00-10:30",
    ),
    case(
        "an A06 replaces the part of an earlier A06",
        adt("A06", "10:00", "C"),
        adt("A06", "11:00", "D"),
        adt("A03", "11:30", "C"),
        rules=("R7.7",),
        gives="p1 V1 IMP in-progress ?-: C 10:00-11:00, D 11:00- [part_ended]",
    ),
    case(
        "an A02 replaces no part: an end in the place before it ends the encounter",
        ADMISSION,
        adt("A02", "11:00", "B"),
        adt("A03", "11:30", "A"),
        rules=("R7.7",),
        gives="p1 V1 IMP finished 10:00-11:30: A 10:00-11:00, B 11:00-11:30",
    ),
    *(
        case(
            f"after an admission, an {trigger} replaces no part",
            EMERGENCY,
            adt("A01", "12:00", "W"),
            adt(trigger, "13:00", "X"),
            adt("A03", "14:00", "W"),
            rules=("R7.7",),
            gives=f"p1 V1 {name} finished 08:00-14:00: ED EMER 08:00-12:00, W {own}12:00-13:00, "
            "X 13:00-14:00",
        )
        for trigger, name, own in (("A02", "IMP", ""), ("A07", "AMB", "IMP "))
    ),
    case(
        "an A07 replaces no part",
        ADMISSION,
        adt("A07", "11:00", "K"),
        adt("A03", "11:30", "A"),
        rules=("R7.7",),
        gives="p1 V1 AMB finished 10:00-11:30: A IMP 10:00-11:00, K 11:00-11:30",
    ),
    case(
        "a registration after an admission replaces no part",
        ADMISSION,
        adt("A04", "11:00", "K"),
        adt("A03", "11:30", "A"),
        rules=("R7.7",),
        gives="p1 V1 AMB finished 10:00-11:30: A IMP 10:00-11:00, K 11:00-11:30",
    ),
    case(
        "parts of an encounter before the readmission are not parts of the next",
        EMERGENCY,
        adt("A01", "12:00", "W"),
        adt("A03", "13:00", "W"),
        adt("A01", "2d 10:00", "X"),
        adt("A03", "2d 11:00", "ED", pv12="E"),
        rules=("R7.5", "R7.7"),
        gives=(
            "p1 V1 IMP finished 08:00-13:00: ED EMER 08:00-12:00, W 12:00-13:00",
            "p1 V1 IMP finished 2d 10:00-2d 11:00: X 2d 10:00-2d 11:00",
        ),
    ),
    case(
        "an end in the place that an A06 came from, in another class, ends only a part",
        adt("A06", "10:00", "W", from_="O"),
        adt("A03", "10:10", "O", pv12="B"),
        adt("A02", "12:00", "X"),
        rules=("R7.8",),
        gives="p1 V1 IMP in-progress ?-: W 10:00-12:00, X 12:00- [part_ended]",
    ),
    case(
        "an end in the place that an admission came from, in another class, ends only a part",
        adt("A01", "10:00", "W", from_="E"),
        adt("A03", "10:10", "E", pv12="E"),
        rules=("R7.8",),
        gives="p1 V1 IMP in-progress 10:00-: W 10:00- [part_ended]",
    ),
    case(
        "an end in the place that an admission came from, in its class, ends the encounter",
        adt("A01", "10:00", "W", from_="E"),
        adt("A03", "10:10", "E"),
        rules=("R7.8",),
        gives="p1 V1 IMP finished 10:00-10:10: W 10:00-10:10",
    ),
    case(
        "an end in the place that an A02 came from ends the encounter",
        ADMISSION,
        adt("A02", "11:00", "W", from_="E"),
        adt("A03", "11:10", "E", pv12="E"),
        rules=("R7.8",),
        gives="p1 V1 IMP finished 10:00-11:10: A 10:00-11:00, W 11:00-11:10",
    ),
    case(
        "if the patient is again in the place that the admission came from, the end is an end",
        adt("A01", "10:00", "W", from_="E"),
        adt("A02", "10:05", "E"),
        adt("A03", "10:10", "E", pv12="E"),
        rules=("R7.8",),
        gives="p1 V1 IMP finished 10:00-10:10: W 10:00-10:05, E 10:05-10:10",
    ),
    case(
        "an end with class and place of no other statement, before a transfer, ends only a part",
        adt("A01", "10:00", "W"),
        adt("A03", "10:10", "O", pv12="B"),
        adt("A02", "12:00", "X"),
        rules=("R7.9",),
        gives="p1 V1 IMP in-progress 10:00-: W 10:00-12:00, X 12:00- [part_ended]",
    ),
    case(
        "an end with class and place of no other statement, before a fitting end, ends only a part",
        adt("A01", "10:00", "W"),
        adt("A03", "10:10", "O", pv12="B"),
        adt("A03", "13:20", "W"),
        rules=("R7.9",),
        gives="p1 V1 IMP finished 10:00-13:20: W 10:00-13:20 [part_ended]",
    ),
    case(
        "an end with class and place of no other statement that is the last word is an end",
        adt("A01", "10:00", "W"),
        adt("A03", "10:10", "O", pv12="B"),
        rules=("R7.9",),
        gives="p1 V1 IMP finished 10:00-10:10: W 10:00-10:10",
    ),
    case(
        "an end that does not fit, before another end that does not fit, is an end",
        adt("A01", "10:00", "W"),
        adt("A03", "10:10", "O", pv12="B"),
        adt("A03", "13:20", "Q", pv12="B"),
        rules=("R7.9",),
        gives="p1 V1 IMP finished 10:00-13:20: W 10:00-13:20",
    ),
    case(
        "an end that does not fit, sent after the fitting end, is an end",
        adt("A01", "10:00", "W"),
        adt("A03", "13:20", "W"),
        adt("A03", "14:00", "O", pv12="B", at="13:10"),
        rules=("R7.9",),
        gives="p1 V1 IMP finished 10:00-13:10: W 10:00-13:10",
    ),
    *(
        case(
            f"an end before a transfer that {what} is an end",
            adt("A01", "10:00", "W"),
            adt("A03", "10:10", bed, pv12=pv12),
            adt("A02", "12:00", "X"),
            rules=("R7.9",),
            gives="p1 V1 IMP finished 10:00-10:10: W 10:00-10:10 [after_end]",
        )
        for what, bed, pv12 in (
            ("has the class of the admission", "O", "I"),
            ("has the place of the admission", "W", "B"),
            ("has the place of the transfer", "X", "B"),
            ("states no place", None, "B"),
            ("states no class", "O", ""),
        )
    ),
    case(
        "an end at the time of the last transfer is not followed by it",
        adt("A01", "10:00", "W"),
        adt("A03", "12:00", "O", pv12="B"),
        adt("A02", "12:00", "X"),
        rules=("R7.9",),
        gives="p1 V1 IMP finished 10:00-12:00: W 10:00-12:00",
    ),
]

UNKNOWN: list[Case] = [
    *(
        case(
            f"an {trigger} alone opens an encounter whose beginning is not known",
            adt(trigger, "11:00", "B"),
            rules=("R7.10",),
            gives=f"p1 V1 {class_code} in-progress ?-: B 11:00-",
            fields=({"start_inferred": True},),
        )
        for trigger, class_code in (("A02", "IMP"), ("A06", "IMP"), ("A07", "AMB"))
    ),
    case(
        "an A03 alone opens an encounter that is finished",
        adt("A03", "3d 12:00", "D"),
        rules=("R7.10",),
        gives="p1 V1 IMP finished ?-3d 12:00",
    ),
    case(
        "a feed switched on in mid-stay (named story)",
        adt("A08", "10:30", "A", pv144="8:00"),
        adt("A02", "11:00", "B", from_="A"),
        adt("A08", "2d 11:00", "C", visit="V2", patient="p2"),
        adt("A03", "3d 12:00", "D", visit="V3", patient="p3"),
        rules=("R7.10", "R7.12", "R7.13"),
        gives=(
            "p1 V1 IMP in-progress 08:00-: B 11:00-",
            "p2 V2 IMP in-progress ?-: C ?-",
            "p3 V3 IMP finished ?-3d 12:00",
        ),
    ),
    case(
        "an A13 alone opens an encounter in its place",
        adt("A13", "11:00", "B"),
        rules=("R7.11",),
        gives="p1 V1 IMP in-progress ?-: B ?-",
        entries=("1 A13 ~11:00 no_effect",),
    ),
    case(
        "an A12 alone opens no encounter",
        adt("A12", "11:00", "A"),
        rules=("R7.11", "R8.11"),
        gives=(),
        entries=("- A12 ~11:00 no_effect",),
    ),
    case(
        "an A11 alone opens no encounter",
        adt("A11", "11:00", "A"),
        rules=("R8.11",),
        gives=(),
        entries=("- A11 ~11:00 no_effect",),
    ),
    case(
        "an A13 beside a plan opens an encounter, for nothing else remains",
        adt("A05", "8:00", pv144="9:00"),
        adt("A13", "11:00", "B"),
        rules=("R7.11",),
        gives="p1 V1 IMP in-progress ?-: B ?-",
    ),
    case(
        "an A08 alone opens an encounter of inpatient, observation or emergency class",
        adt("A08", "11:00", "B"),
        adt("A08", "11:00", "B", visit="V2", pv12="B", patient="p2"),
        adt("A08", "11:00", "B", visit="V3", pv12="E", patient="p3"),
        rules=("R7.12",),
        gives=(
            "p1 V1 IMP in-progress ?-: B ?-",
            "p2 V2 OBSENC in-progress ?-: B ?-",
            "p3 V3 EMER in-progress ?-: B ?-",
        ),
        fields=({"start_inferred": True},) * 3,
    ),
    case(
        "an A08 alone with PV1-45 opens no encounter",
        adt("A08", "11:00", "B", pv145="10:00"),
        rules=("R7.12",),
        gives=(),
        entries=("- A08 ~11:00",),
    ),
    case(
        "an A08 alone opens no encounter if another A08 has PV1-45",
        adt("A08", "11:00", "B"),
        adt("A08", "12:00", pv145="11:30"),
        rules=("R7.12",),
        gives=(),
    ),
    *(
        case(
            f"an A08 alone {what} opens no encounter",
            adt("A08", "11:00", bed, pv12=pv12),
            rules=("R7.12",),
            gives=(),
        )
        for what, bed, pv12 in (
            ("of an outpatient", "B", "O"),
            ("of a preadmitted patient", "B", "P"),
            ("without a class", "B", ""),
            ("without a place", None, "I"),
        )
    ),
    case(
        "an A08 beside a plan opens no encounter",
        adt("A05", "10:00", pv144="2d 10:00"),
        adt("A08", "11:00", "B"),
        rules=("R7.12",),
        gives="p1 V1 IMP planned ?-",
    ),
    case(
        "an A08 beside a cancel without effect opens an encounter",
        adt("A12", "10:00", "C"),
        adt("A08", "11:00", "B"),
        rules=("R7.12",),
        gives="p1 V1 IMP in-progress ?-: B ?-",
    ),
    case(
        "an A08 sent after the cancel of the admission opens no encounter",
        ADMISSION,
        adt("A11", "10:10"),
        adt("A08", "11:00", "B"),
        rules=("R7.12",),
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-)",
    ),
    case(
        "of several A08, the place of the last with a place holds",
        adt("A08", "11:00", "B"),
        adt("A08", "12:00", "C"),
        adt("A08", "13:00"),
        rules=("R7.12",),
        gives="p1 V1 IMP in-progress ?-: C ?-",
    ),
    case(
        "an A08 after the A03 does not reopen the encounter",
        ADMISSION,
        adt("A03", "12:00"),
        adt("A08", "13:00", "A"),
        rules=("R7.12",),
        gives="p1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
        census=(),
    ),
    case(
        "an A08 with another place does not move the patient",
        ADMISSION,
        adt("A08", "13:00", "B"),
        rules=("R7.12", "R8.6"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "an A08 with another class does not change the class",
        ADMISSION,
        adt("A08", "13:00", "A", pv12="E"),
        rules=("R8.6", "R9.2"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    *(
        case(
            f"an encounter opened by {what} begins at the PV1-44 that it states",
            *statements,
            rules=("R7.13",),
            gives=gives,
            fields=({"start_inferred": False},),
        )
        for what, statements, gives in (
            (
                "a transfer",
                (adt("A02", "3d 11:00", "B", pv144="8:00"),),
                "p1 V1 IMP in-progress 08:00-: B 3d 11:00-",
            ),
            (
                "a discharge",
                (adt("A03", "13:20", pv144="10:00"),),
                "p1 V1 IMP finished 10:00-13:20",
            ),
            (
                "an update",
                (adt("A08", "13:20", "B", pv144="10:00"),),
                "p1 V1 IMP in-progress 10:00-: B 10:00-",
            ),
            (
                "a cancelled discharge",
                (adt("A13", "13:20", "B", pv144="10:00"),),
                "p1 V1 IMP in-progress 10:00-: B 10:00-",
            ),
            (
                "a cancelled transfer",
                (adt("A02", "11:00", "B"), adt("A12", "13:20", "A", pv144="10:00")),
                "p1 V1 IMP in-progress 10:00-: A 10:00-, (B 11:00-13:20)",
            ),
        )
    ),
    case(
        "an encounter opened by an update begins at the PV1-44 that another update states",
        adt("A08", "9:00", pv144="8:00"),
        adt("A08", "10:00", "B"),
        rules=("R7.13",),
        gives="p1 V1 IMP in-progress 08:00-: B 08:00-",
    ),
    case(
        "the PV1-44 of an A06 alone is not the beginning",
        adt("A06", "3d 11:00", "B", pv144="8:00"),
        rules=("R7.13",),
        gives="p1 V1 IMP in-progress ?-: B 3d 11:00-",
    ),
    case(
        "the PV1-44 of a plan is not the beginning of the encounter that an A13 opens",
        adt("A05", "8:00", pv144="9:00"),
        adt("A13", "11:00", "B"),
        rules=("R7.13",),
        gives="p1 V1 IMP in-progress ?-: B ?-",
    ),
]

CASES = [*BEGINNINGS, *PARTS, *UNKNOWN]
