"""Cases of coarse times: a time that names only its day or its hour (R5.12, R5.13, R7.14)."""

from collections.abc import Mapping

from tests.domain.interpretation.case import Case, case
from tests.domain.interpretation.statements import adt

ADMISSION = adt("A01", "10:00", "A")
NO_NUMBER = None


def _precise(start: str, end: str = "second") -> Mapping[str, object]:
    return {"start_precision": start, "end_precision": end}


FINER: list[Case] = [
    case(
        "an EVN-6 of the same day holds against a PV1-44 and a PV1-45 that name only the day",
        adt("A01", "9:30", "A", pv144="--", evn6="9:15"),
        adt("A03", "4d 11:00", "A", pv144="--", pv145="4d --", evn6="4d 10:45"),
        rules=("R5.12",),
        gives="p1 V1 IMP finished 09:15-4d 10:45: A 09:15-4d 10:45",
        entries=("1 A01 09:15", "1 A03 4d 10:45"),
        fields=(_precise("second"),),
    ),
    case(
        "an EVN-6 of the same hour holds against a PV1-44 that names only the hour",
        adt("A01", "10:30", "A", pv144="10:--", evn6="10:20"),
        rules=("R5.12",),
        gives="p1 V1 IMP in-progress 10:20-: A 10:20-",
    ),
    case(
        "an EVN-6 that names the hour holds against a PV1-44 that names the day",
        adt("A01", "10:30", "A", pv144="--", evn6="10:--"),
        rules=("R5.12", "R5.13"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        fields=(_precise("hour"),),
    ),
    case(
        "an EVN-6 of another day does not hold against a PV1-44",
        adt("A01", "1d 9:30", "A", pv144="--", evn6="1d 9:15"),
        rules=("R5.12", "R5.13"),
        gives="p1 V1 IMP in-progress 00:00-: A 00:00-",
        fields=(_precise("day"),),
    ),
    case(
        "an EVN-6 that names only the day does not hold against a precise PV1-44",
        adt("A01", "10:30", "A", pv144="10:00", evn6="--"),
        rules=("R5.12",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        fields=(_precise("second"),),
    ),
    case(
        "an EVN-2 does not hold against a PV1-44 that names only the day",
        adt("A01", "9:30", "A", pv144="--"),
        rules=("R5.2", "R5.13"),
        gives="p1 V1 IMP in-progress 00:00-: A 00:00-",
        fields=({"start_precision": "day", "start_inferred": False},),
    ),
    case(
        "a later discharge that names only the day does not change the time of that day",
        ADMISSION,
        adt("A03", "13:20", "A"),
        adt("A03", "15:00", "A", pv145="--"),
        rules=("R5.12",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
        fields=(_precise("second"),),
    ),
    case(
        "a later discharge that names another day changes the time",
        ADMISSION,
        adt("A03", "13:20", "A"),
        adt("A03", "1d 15:00", "A", pv145="1d --"),
        rules=("R5.3", "R5.13"),
        gives="p1 V1 IMP finished 10:00-1d 23:59:59: A 10:00-1d 23:59:59",
        fields=(_precise("second", "day"),),
    ),
    case(
        "of two times of the day that a third statement names, the one sent last holds",
        ADMISSION,
        adt("A03", "13:20", "A"),
        adt("A03", "13:30", "A", pv145="13:00"),
        adt("A03", "15:00", "A", pv145="--"),
        rules=("R5.12",),
        gives="p1 V1 IMP finished 10:00-13:00: A 10:00-13:00",
    ),
    case(
        "the finest of several times that agree holds, though it was sent first",
        ADMISSION,
        adt("A03", "13:20", "A"),
        adt("A03", "13:30", "A", pv145="13:--"),
        adt("A03", "15:00", "A", pv145="--"),
        rules=("R5.12",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "a time of entry does not refine a discharge that names only its day",
        ADMISSION,
        adt("A03", "13:20", "A", at=None),
        adt("A03", "15:00", "A", pv145="--"),
        rules=("R5.2", "R5.13"),
        gives="p1 V1 IMP finished 10:00-23:59:59: A 10:00-23:59:59",
        fields=(_precise("second", "day"),),
    ),
    case(
        "an update with the time of the day refines a discharge",
        ADMISSION,
        adt("A03", "13:20", "A", pv145="--"),
        adt("A08", "15:00", "A", pv145="12:30"),
        rules=("R5.9", "R5.12"),
        gives="p1 V1 IMP finished 10:00-12:30: A 10:00-12:30",
    ),
    *(
        case(
            f"an {trigger} with the time of the day refines the beginning",
            adt("A01", "9:30", "A", pv144="--"),
            adt(trigger, "11:00", "A", at=at, pv144="9:15"),
            rules=("R5.4", "R5.12"),
            gives=f"p1 V1 IMP {status}: A 09:15-{end}",
            fields=(_precise("second"),),
        )
        for trigger, at, status, end in (
            ("A08", None, "in-progress 09:15-", ""),
            ("A02", "11:00", "in-progress 09:15-", ""),
            ("A03", "11:00", "finished 09:15-11:00", "11:00"),
        )
    ),
    *(
        case(
            f"of two admissions, the one with the time of the day holds (sent {which})",
            adt("A01", sent, "A", pv144="--"),
            adt("A01", "10:00", "A", at="9:15"),
            rules=("R5.12",),
            gives="p1 V1 IMP in-progress 09:15-: A 09:15-",
        )
        for sent, which in (("9:50", "last"), ("10:10", "first"))
    ),
    case(
        "a PV1-44 that names only the day of the admission corrects nothing",
        ADMISSION,
        adt("A08", "11:00", "A", pv144="--"),
        rules=("R5.5", "R5.12"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        fields=(_precise("second"),),
    ),
    case(
        "a PV1-44 that names only another day corrects the beginning",
        adt("A01", "1d 10:00", "A"),
        adt("A08", "1d 11:00", "A", pv144="--"),
        rules=("R5.4", "R5.13"),
        gives="p1 V1 IMP in-progress 00:00-: A 00:00-",
        fields=(_precise("day"),),
    ),
    case(
        "the time of the admission, repeated later, does not refine the day of the registration",
        adt("A04", "8:10", "ED", pv12="E", pv144="--"),
        adt("A01", "12:10", "W", at="12:00"),
        adt("A08", "12:30", "W", pv144="12:00"),
        rules=("R5.5", "R5.12"),
        gives="p1 V1 IMP in-progress 00:00-: ED EMER 00:00-12:00, W 12:00-",
        fields=(_precise("day"),),
    ),
    case(
        "a day without a time in the admission does not say when the class changes; EVN-6 does",
        adt("A04", "8:00", "ED", pv12="E"),
        adt("A01", "1d 12:10", "W", pv144="1d --", evn6="1d 12:00"),
        rules=("R5.12", "R7.1"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-1d 12:00, W 1d 12:00-",
    ),
    case(
        "the only time of an encounter that an A08 opens is as precise as its PV1-44",
        adt("A08", "10:00", "B", pv144="--"),
        rules=("R5.13", "R7.13"),
        gives="p1 V1 IMP in-progress 00:00-: B 00:00-",
        fields=(_precise("day"),),
    ),
]

#: A stay that ended on Tuesday, and what follows.
_STAY = adt("A01", "8:00", "A")

ORDER: list[Case] = [
    case(
        "a discharge that names only its day precedes a readmission of that day, sent later",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d --"),
        adt("A01", "1d 14:30", "B", at="1d 14:15"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 14:14:59: A 08:00-1d 14:14:59",
            "p1 V1 IMP in-progress 1d 14:15-: B 1d 14:15-",
        ),
        fields=(_precise("second", "day"), _precise("second")),
    ),
    case(
        "a readmission that names only its day does not begin before the discharge of that day",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d 10:45"),
        adt("A01", "1d 18:30", "B", at="1d --"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 10:45: A 08:00-1d 10:45",
            "p1 V1 IMP in-progress 1d 10:45-: B 1d 10:45-",
        ),
        fields=(_precise("second"), _precise("day")),
    ),
    case(
        "if both name only the day, the entry of the discharge parts them",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d --"),
        adt("A01", "1d 18:30", "B", at="1d --"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 11:00: A 08:00-1d 11:00",
            "p1 V1 IMP in-progress 1d 11:00-: B 1d 11:00-",
        ),
        fields=(_precise("second", "day"), _precise("day")),
    ),
    case(
        "if both name only the day and were sent on another day, the last instant parts them",
        _STAY,
        adt("A03", "2d 11:00", "A", at="1d --"),
        adt("A01", "2d 18:30", "B", at="1d --"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 23:59:59: A 08:00-1d 23:59:59",
            "p1 V1 IMP in-progress 1d 23:59:59-: B 1d 23:59:59-",
        ),
    ),
    case(
        "an end that names the hour precedes a beginning within that hour that was sent later",
        _STAY,
        adt("A03", "10:50", "A", at="10:--"),
        adt("A04", "10:55", "K", at="10:30"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-10:29:59: A 08:00-10:29:59",
            "p1 V1 AMB arrived 10:30-: K 10:30-",
        ),
    ),
    case(
        "three stays on one day, whose ends name only the day",
        _STAY,
        adt("A03", "9:00", "A", at="--"),
        adt("A01", "10:00", "B"),
        adt("A03", "11:00", "B", at="--"),
        adt("A01", "12:00", "C"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-10:00: A 08:00-10:00",
            "p1 V1 IMP finished 10:00-11:59:59: B 10:00-11:59:59",
            "p1 V1 IMP in-progress 12:00-: C 12:00-",
        ),
    ),
    case(
        "a discharge that names only its day and was sent after the beginning belongs to it",
        _STAY,
        adt("A03", "9:00", "A"),
        adt("A01", "10:00", "B"),
        adt("A03", "11:00", "B", at="--"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-09:00: A 08:00-09:00",
            "p1 V1 IMP finished 10:00-23:59:59: B 10:00-23:59:59",
        ),
    ),
    case(
        "an admission that names only its day, sent after the only discharge, is its admission",
        adt("A03", "13:20", "A"),
        adt("A01", "13:30", "A", at="--"),
        rules=("R7.14",),
        gives="p1 V1 IMP finished 00:00-13:20: A 00:00-13:20",
    ),
    case(
        "both name only the day, and the admission was sent late: it is of the discharged stay",
        adt("A03", "13:20", "A", at="--"),
        adt("A01", "13:30", "A", at="--"),
        rules=("R7.14",),
        gives="p1 V1 IMP finished 00:00-23:59:59: A 00:00-23:59:59",
    ),
    case(
        "an admission restated after the discharge with the same day is the same admission",
        adt("A01", "9:00", "A", at="--"),
        adt("A03", "10:45", "A"),
        adt("A01", "11:00", "B", at="--"),
        rules=("R7.14", "R7.4"),
        gives="p1 V1 IMP finished 00:00-10:45: B 00:00-10:45",
    ),
    case(
        "a transfer of the day before shows that there was a stay to end",
        adt("A02", "8:00", "A"),
        adt("A03", "1d 11:00", "A", at="1d 10:45"),
        adt("A01", "1d 18:30", "B", at="1d --"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished ?-1d 10:45: A 08:00-1d 10:45",
            "p1 V1 IMP in-progress 1d 10:45-: B 1d 10:45-",
        ),
    ),
    case(
        "a discharge that names an earlier beginning ends another stay",
        adt("A03", "1d 11:00", "A", at="1d 10:45", pv144="8:00"),
        adt("A01", "1d 18:30", "B", at="1d --"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 10:45",
            "p1 V1 IMP in-progress 1d 10:45-: B 1d 10:45-",
        ),
    ),
    case(
        "the emergency department closes its part with a day only, before the admission was sent",
        adt("A04", "8:00", "ED", pv12="E"),
        adt("A03", "14:10", "ED", pv12="E", at="--"),
        adt("A01", "14:20", "W", at="14:15"),
        rules=("R7.6", "R7.7", "R7.14"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-14:15, W 14:15- [part_ended]",
    ),
    case(
        "without numbers, a readmission on the day of the discharge is another encounter",
        adt("A01", "9:30", "A", visit=NO_NUMBER, pv144="--", evn6="9:15"),
        adt("A03", "4d 11:00", "A", visit=NO_NUMBER, pv144="--", pv145="4d --", evn6="4d 10:45"),
        adt("A01", "4d 18:30", "B", visit=NO_NUMBER, pv144="4d --", evn6="4d 18:00"),
        rules=("R5.12", "R3.10"),
        gives=(
            "p1 - IMP finished 09:15-4d 10:45: A 09:15-4d 10:45",
            "p1 - IMP in-progress 4d 18:00-: B 4d 18:00-",
        ),
    ),
    case(
        "without numbers and with days only, a readmission is another encounter",
        adt("A01", "9:30", "A", visit=NO_NUMBER, pv144="--"),
        adt("A03", "4d 11:00", "A", visit=NO_NUMBER, pv144="--", pv145="4d --"),
        adt("A01", "4d 18:30", "B", visit=NO_NUMBER, pv144="4d --"),
        rules=("R7.14", "R3.10"),
        gives=(
            "p1 - IMP finished 00:00-4d 11:00: A 00:00-4d 11:00",
            "p1 - IMP in-progress 4d 11:00-: B 4d 11:00-",
        ),
    ),
    case(
        "entries of a discharge and a readmission of one day are in the order of the facts",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d --"),
        adt("A01", "1d 18:30", "B", at="1d --"),
        adt("A02", "1d 19:00", "C"),
        rules=("R7.14", "R9.7"),
        gives=(
            "p1 V1 IMP finished 08:00-1d 11:00: A 08:00-1d 11:00",
            "p1 V1 IMP in-progress 1d 11:00-: B 1d 11:00-1d 19:00, C 1d 19:00-",
        ),
        entries=("1 A01 08:00", "1 A03 1d 11:00", "2 A01 1d 11:00", "2 A02 1d 19:00"),
    ),
    case(
        "under another number, a readmission of the same day does not begin before the discharge",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d --"),
        adt("A01", "1d 18:30", "B", at="1d --", visit="V2"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 11:00: A 08:00-1d 11:00",
            "p1 V2 IMP in-progress 1d 11:00-: B 1d 11:00-",
        ),
        entries=("1 A01 08:00", "1 A03 1d 11:00", "2 A01 1d 11:00"),
        fields=(_precise("second", "day"), _precise("day")),
    ),
    case(
        "under another number, a precise readmission ends what ended on its day, on its date",
        _STAY,
        adt("A03", "1d 15:00", "A", at="1d --"),
        adt("A01", "1d 18:30", "B", at="1d 18:15", visit="V2"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 18:14:59: A 08:00-1d 18:14:59",
            "p1 V2 IMP in-progress 1d 18:15-: B 1d 18:15-",
        ),
        entries=("1 A01 08:00", "1 A03 1d 18:14:59", "2 A01 1d 18:15"),
    ),
    case(
        "under another number, a precise discharge comes before what began on its day",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d 10:45"),
        adt("A01", "1d 18:30", "B", at="1d --", visit="V2"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 10:45: A 08:00-1d 10:45",
            "p1 V2 IMP in-progress 1d 10:45-: B 1d 10:45-",
        ),
    ),
    case(
        "under another number, a discharge sent after the beginning parts nothing",
        _STAY,
        adt("A01", "1d 10:30", "B", at="1d --", visit="V2"),
        adt("A03", "1d 11:00", "A", at="1d --"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 23:59:59: A 08:00-1d 23:59:59",
            "p1 V2 IMP in-progress 1d 00:00-: B 1d 00:00-",
        ),
    ),
    case(
        "an outpatient visit may be on the day of the discharge, before it",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d --"),
        adt("A04", "1d 18:30", "K", at="1d --", visit="V2"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 23:59:59: A 08:00-1d 23:59:59",
            "p1 V2 AMB arrived 1d 00:00-: K 1d 00:00-",
        ),
    ),
    case(
        "of two senders, a beginning on the day of a discharge is not known to follow it",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d --"),
        adt("A01", "1d 18:30", "B", at="1d --", sender="H2"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 23:59:59: A 08:00-1d 23:59:59",
            "p1 V1 IMP in-progress 1d 00:00-: B 1d 00:00-",
        ),
    ),
    case(
        "a stay that began after the entry of the discharge is not cut by another visit",
        _STAY,
        adt("A02", "1d 10:00", "C", at="1d 12:00"),
        adt("A03", "1d 11:00", "C", at="1d --"),
        adt("A01", "1d 18:30", "B", at="1d --", visit="V2"),
        rules=("R7.14",),
        gives=(
            "p1 V1 IMP finished 08:00-1d 23:59:59: A 08:00-1d 12:00, C 1d 12:00-1d 23:59:59",
            "p1 V2 IMP in-progress 1d 00:00-: B 1d 00:00-",
        ),
    ),
    *(
        case(
            f"as of {clock} of the day, a readmission under another number {what}",
            _STAY,
            adt("A03", "1d 11:00", "A", at="1d --"),
            adt("A01", "1d 18:30", "B", at="1d --", visit="V2"),
            rules=("R7.14", "R13.7"),
            as_of=f"1d {clock}",
            gives=gives,
        )
        for clock, what, gives in (
            (
                "10:00",
                "has not happened",
                ("p1 V1 IMP in-progress 08:00-: A 08:00- [may_have_ended]",),
            ),
            (
                "12:00",
                "follows the discharge",
                (
                    "p1 V1 IMP finished 08:00-1d 11:00: A 08:00-1d 11:00",
                    "p1 V2 IMP in-progress 1d 11:00-: B 1d 11:00- [may_have_begun_later]",
                ),
            ),
        )
    ),
    case(
        "as of the time between, a readmission follows a discharge that names only its day",
        _STAY,
        adt("A03", "1d 11:00", "A", at="1d --"),
        adt("A01", "1d 14:30", "B", at="1d 14:15"),
        rules=("R7.14", "R13.7"),
        as_of="1d 15:00",
        gives=(
            "p1 V1 IMP finished 08:00-1d 14:14:59: A 08:00-1d 14:14:59",
            "p1 V1 IMP in-progress 1d 14:15-: B 1d 14:15-",
        ),
    ),
]

CASES = [*FINER, *ORDER]
