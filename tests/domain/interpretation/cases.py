"""The table of cases of the interpretation reference, section 12, as data.

What must be given is written as ``saying.told`` shows it.
"""

from dataclasses import dataclass

from domain.statement import Statement
from tests.domain.interpretation.saying import says


@dataclass(frozen=True)
class Case:
    name: str
    said: tuple[Statement, ...]
    gives: tuple[str, ...]


def case(name: str, *said: Statement, gives: str | tuple[str, ...]) -> Case:
    return Case(name, said, (gives,) if isinstance(gives, str) else gives)


A01_A = says("A01", "10:00", "A")

TIMES_AND_CANCELS = [
    case(
        "a clean stay",
        A01_A,
        says("A02", "11:00", "B"),
        says("A02", "12:00", "C"),
        says("A03", "13:20"),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-12:00, C 12:00-13:20",
    ),
    case(
        "two transfers in one minute, control ids 9 and 10",
        A01_A,
        says("A02", "11:00", "B", control="9"),
        says("A02", "11:00", "C", control="10"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, C 11:00-",
    ),
    case(
        "two transfers with equal EVN-6, the second sent later, control ids x9 and x1",
        A01_A,
        says("A02", "11:00", "B", control="x9"),
        says("A02", "11:05", "C", at="11:00", control="x1"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, C 11:00-",
    ),
    case(
        "a discharge of that day, no hour",
        A01_A,
        says("A02", "14:00", "B"),
        says("A03", "15:00", at="--"),
        gives="p1 V1 IMP finished 10:00-23:59:59: A 10:00-14:00, B 14:00-23:59:59",
    ),
    case(
        "the admission sent after the discharge",
        says("A03", "13:20"),
        says("A01", "14:00", "A", at="10:00"),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "a discharge corrected to before a transfer",
        A01_A,
        says("A02", "13:00", "Z"),
        says("A03", "13:20"),
        says("A03", "13:30", at="12:30"),
        gives="!p1 V1 IMP finished 10:00-12:30: A 10:00-12:30",
    ),
    case(
        "a discharge corrected by an update",
        A01_A,
        says("A03", "13:20"),
        says("A08", "13:30", pv145="12:30"),
        gives="p1 V1 IMP finished 10:00-12:30: A 10:00-12:30",
    ),
    case(
        "a discharge said again two days later with EVN-2 only",
        A01_A,
        says("A03", "13:20"),
        says("A03", "2d 13:20", at=None),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "admitted, cancelled, admitted again with a new EVN-2",
        A01_A,
        says("A11", "10:10"),
        says("A01", "10:20", "A", at="10:20"),
        gives="p1 V1 IMP in-progress 10:20-: A 10:20-",
    ),
    case(
        "admitted, cancelled, admitted again, only EVN-2 is new",
        A01_A,
        says("A11", "10:10"),
        says("A01", "10:20", "A", at="10:00"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "the same, the third with the EVN-2 of the first",
        A01_A,
        says("A11", "10:10"),
        says("A01", "10:20", "A", at="10:00", evn2="10:00"),
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-)",
    ),
    case(
        "admitted, cancelled by EVN-6, admitted elsewhere at the same time",
        A01_A,
        says("A11", "10:10", evn6="10:00"),
        says("A01", "10:20", "B", at="10:00"),
        gives="p1 V1 IMP in-progress 10:00-: B 10:00-, (A 10:00-10:10)",
    ),
    case(
        "admitted, corrected, cancelled",
        A01_A,
        says("A01", "10:05", "B", at="10:00"),
        says("A11", "10:10"),
        gives="p1 V1 IMP cancelled 10:00-: (B 10:00-)",
    ),
    case(
        "admitted, transferred, the admission cancelled",
        A01_A,
        says("A02", "11:00", "B"),
        says("A11", "11:10"),
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-11:00), (B 11:00-)",
    ),
    case(
        "admission and cancel with equal MSH-7",
        A01_A,
        says("A11", "10:00"),
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-)",
    ),
    case(
        "a cancel with EVN-6 of its own time",
        A01_A,
        says("A11", "10:10", evn6="10:10"),
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-)",
    ),
    case(
        "a cancel that names PV1-44",
        says("A01", "10:00", "A", evn6="10:00", pv144="9:50"),
        says("A11", "10:10", evn6="9:50"),
        gives="p1 V1 IMP cancelled 09:50-: (A 09:50-)",
    ),
    case(
        "a cancel sent before what it names, by another sender",
        says("A11", "10:03", evn6="10:00"),
        says("A01", "10:05", "A", at="10:00", application="ELSEWHERE"),
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-)",
    ),
    case(
        "the same by one sender: what was sent after is not meant",
        says("A11", "10:03", evn6="10:00"),
        says("A01", "10:05", "A", at="10:00"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a transfer in mid-stay, the admission cancelled",
        says("A02", "11:00", "B"),
        says("A11", "11:10"),
        gives="p1 V1 IMP cancelled ?-: (B 11:00-)",
    ),
    case(
        "the first of two transfers cancelled by EVN-6",
        A01_A,
        says("A02", "11:00", "B", from_="A"),
        says("A02", "12:00", "C", from_="B"),
        says("A12", "12:10", "A", evn6="11:00"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-12:00, (B 11:00-12:10), C 12:00-",
    ),
    case(
        "the first of two transfers cancelled by its PV1-3",
        A01_A,
        says("A02", "11:00", "B", from_="A"),
        says("A02", "12:00", "C", from_="B"),
        says("A12", "12:10", "A"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-12:00, (B 11:00-12:10), C 12:00-",
    ),
    case(
        "the second of two transfers cancelled by its PV1-3",
        A01_A,
        says("A02", "11:00", "B", from_="A"),
        says("A02", "12:00", "C", from_="B"),
        says("A12", "12:10", "B"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-, (C 12:00-12:10)",
    ),
    case(
        "a cancelled transfer, EVN-6 is a day without hour",
        A01_A,
        says("A02", "11:00", "B"),
        says("A12", "11:10", "A", evn6="--"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-, (B 11:00-11:10)",
    ),
    case(
        "a transfer in mid-stay cancelled",
        says("A02", "11:00", "B"),
        says("A12", "11:10", "A"),
        gives="p1 V1 IMP in-progress ?-: A ?-, (B 11:00-11:10)",
    ),
    case(
        "transfer and cancel in one second, the cancel first in the file",
        A01_A,
        says("A12", "11:00", "A", evn6="11:00", control="x1"),
        says("A02", "11:00", "B", control="x2"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-, (B 11:00-11:00)",
    ),
    case(
        "a transfer said twice with a new EVN-2, cancelled",
        A01_A,
        says("A02", "11:00", "B"),
        says("A02", "11:05", "B", at="11:00"),
        says("A12", "11:10", "A"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-, (B 11:00-11:10)",
    ),
    case(
        "a discharge cancelled, back in another bed",
        A01_A,
        says("A03", "11:40", "A"),
        says("A13", "12:00", "B"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-12:00, B 12:00-",
    ),
    case(
        "a discharge cancelled, that did not say from where",
        A01_A,
        says("A03", "11:40"),
        says("A13", "12:00", "B", evn6="11:40"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-12:00, B 12:00-",
    ),
    case(
        "a corrected discharge cancelled",
        A01_A,
        says("A03", "11:40"),
        says("A03", "11:45", at="11:30"),
        says("A13", "12:00"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a discharge cancelled and said again, earlier",
        A01_A,
        says("A03", "11:40"),
        says("A13", "11:50", evn6="11:40"),
        says("A03", "12:00", at="11:30"),
        gives="p1 V1 IMP finished 10:00-11:30: A 10:00-11:30",
    ),
    case(
        "a copy of the cancel changes nothing",
        A01_A,
        says("A03", "11:40"),
        says("A13", "11:50"),
        says("A03", "13:20"),
        says("A13", "11:51", evn2="11:50"),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "a discharge with MSH-7 in 2099",
        A01_A,
        says("A03", None, at="11:40", evn2="11:40", control="c", flags=("MSH-7.out_of_range",)),
        says("A13", "11:50"),
        gives="!p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a transfer in mid-stay with PV1-44 of days before",
        says("A02", "3d 11:00", "B", pv144="8:00"),
        gives="p1 V1 IMP in-progress 08:00-: B 3d 11:00-",
    ),
    case(
        "an update alone",
        says("A08", "11:00", "B"),
        gives="p1 V1 IMP in-progress ?-: B ?-",
    ),
    case("an update alone, discharged", says("A08", "11:00", "B", pv145="10:00"), gives=()),
    case("an update alone, of an outpatient", says("A08", "11:00", "B", pv12="O"), gives=()),
    case(
        "a discharge alone with PV1-44",
        says("A03", "13:20", pv144="10:00"),
        gives="p1 V1 IMP finished 10:00-13:20",
    ),
    case(
        "a cancelled discharge alone",
        says("A13", "11:00", "B"),
        gives="p1 V1 IMP in-progress ?-: B ?-",
    ),
]
