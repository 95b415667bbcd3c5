"""Cases of sections 1 and 2: the order in which statements were sent, and whose they are."""

from domain.statement import Statement
from tests.domain.interpretation.case import Case, case
from tests.domain.interpretation.statements import adt

ADMISSION = adt("A01", "10:00", "A")


def _content(bed: str) -> str:
    """Return the comparison value of a transfer at 11:00."""
    return adt("A02", "11:00", bed).content


ORDER: list[Case] = [
    case(
        "of two transfers at one time, the later MSH-7 wins over the greater control id",
        ADMISSION,
        adt("A02", "11:05", "B", at="11:00", control="1"),
        adt("A02", "11:00", "C", at="11:00", control="2"),
        rules=("R1.1", "R1.2"),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
    ),
    case(
        "in one second, control id 9 is sent before control id 10",
        ADMISSION,
        adt("A02", "11:00", "B", control="9"),
        adt("A02", "11:00", "C", control="10"),
        rules=("R1.2",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, C 11:00-",
    ),
    case(
        "in one second, control id 10 is sent after control id 9",
        ADMISSION,
        adt("A02", "11:00", "B", control="10"),
        adt("A02", "11:00", "C", control="9"),
        rules=("R1.2",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
    ),
    case(
        "in one second, control id x009 is sent before control id x10",
        ADMISSION,
        adt("A02", "11:00", "B", control="x10"),
        adt("A02", "11:00", "C", control="x009"),
        rules=("R1.2",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
    ),
    case(
        "in one second, the sequence number comes before the control id",
        ADMISSION,
        adt("A02", "11:00", "B", sequence="9", control="2"),
        adt("A02", "11:00", "C", sequence="10", control="1"),
        rules=("R1.2",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, C 11:00-",
    ),
    case(
        "in one second, a lower sequence number is sent first in spite of its control id",
        ADMISSION,
        adt("A02", "11:00", "B", sequence="10", control="1"),
        adt("A02", "11:00", "C", sequence="9", control="2"),
        rules=("R1.2",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
    ),
    *(
        case(
            f"in one second, control id {first} is sent before {second} (beds {beds})",
            ADMISSION,
            adt("A02", "11:00", beds[0], control=first),
            adt("A02", "11:00", beds[1], control=second),
            rules=("R1.2",),
            gives=f"p1 V1 IMP in-progress 10:00-: A 10:00-11:00, {beds[1]} 11:00-",
        )
        for first, second in (("x9", "x10"), ("x1-9", "x1-10"), ("x2-9", "x10-1"))
        for beds in ("BC", "CB")
    ),
    *(
        case(
            f"in one second, the control ids {first} and {second} tell no order ({beds})",
            ADMISSION,
            adt("A02", "11:00", beds[0], from_="A", control=first),
            adt("A02", "11:00", beds[1], from_=beds[0], control=second),
            rules=("R1.2",),
            gives=f"p1 V1 IMP in-progress 10:00-: A 10:00-11:00, {beds[1]} 11:00-",
        )
        for first, second in (("b1", "aa1"), ("x10", "y9"), ("ZZZ", "AAA"), ("7f3a", "12cd"))
        for beds in ("BC", "CB")
    ),
    *(
        case(
            f"with equal MSH-7, EVN-2 orders two transfers, not the control id ({beds})",
            ADMISSION,
            adt("A02", "11:00", beds[0], evn2="11:10", evn6="11:00", control="2"),
            adt("A02", "11:00", beds[1], evn2="11:20", evn6="11:00", control="1"),
            rules=("R1.2",),
            gives=f"p1 V1 IMP in-progress 10:00-: A 10:00-11:00, {beds[1]} 11:00-",
        )
        for beds in ("BC", "CB")
    ),
    case(
        "every MSH-7 of a visit is the time of the admission: EVN-2 orders the messages",
        adt("A01", "10:00", "A", control="ZZZ"),
        adt("A03", "10:00", "B", evn2="3d 12:00", pv145="3d 11:45", control="AAA"),
        adt("A13", "10:00", "B", evn2="3d 12:10", control="CCC"),
        adt("A03", "10:00", "B", evn2="4d 9:10", pv145="4d 9:00", control="BBB"),
        adt("A02", "10:00", "B", evn2="1d 8:10", evn6="1d 8:00", control="EEE"),
        rules=("R1.2", "R1.3"),
        gives="p1 V1 IMP finished 10:00-4d 09:00: A 10:00-1d 08:00, B 1d 08:00-4d 09:00",
    ),
    *(
        case(
            f"a chain of places orders the transfers of one second, in a circle too ({controls})",
            ADMISSION,
            adt("A02", "11:00", "B", from_="A", control=controls[0]),
            adt("A02", "11:00", "C", from_="B", control=controls[1]),
            adt("A02", "11:00", "A", from_="C", control=controls[2]),
            rules=("R1.2",),
            gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        )
        for controls in (("c", "b", "a"), ("a", "b", "c"), ("b", "c", "a"))
    ),
    *(
        case(
            f"a transfer out of the place of the patient comes first ({controls})",
            ADMISSION,
            adt("A02", "11:00", "B", from_="A", control=controls[0]),
            adt("A02", "11:00", "C", control=controls[1]),
            rules=("R1.2",),
            gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, C 11:00-",
        )
        for controls in ("xy", "yx")
    ),
    *(
        case(
            f"counters order the transfers that the chain of places does not ({controls})",
            ADMISSION,
            adt("A02", "11:00", "B", from_="A", control=controls[0]),
            adt("A02", "11:00", "C", from_="A", control=controls[1]),
            adt("A08", "11:00", "C", control="other"),
            rules=("R1.2",),
            gives=f"p1 V1 IMP in-progress 10:00-: A 10:00-11:00, {last} 11:00-",
        )
        for controls, last in ((("x9", "x10"), "C"), (("x10", "x9"), "B"))
    ),
    *(
        case(
            f"a whole chain of places decides against control ids that count ({bed})",
            *admission,
            adt("A02", "11:00", "B", from_=bed, control="102"),
            adt("A02", "11:00", "C", from_="B", control="101"),
            rules=("R1.2",),
            gives=gives,
        )
        for bed, admission, gives in (
            ("A", [ADMISSION], "p1 V1 IMP in-progress 10:00-: A 10:00-11:00, C 11:00-"),
            ("D", [], "p1 V1 IMP in-progress ?-: C 11:00-"),
        )
    ),
    *(
        case(
            f"control ids that count order transfers that are no whole chain ({what})",
            ADMISSION,
            adt("A02", "11:00", "B", from_=first, control="102"),
            adt("A02", "11:00", "C", from_=second, control="101"),
            rules=("R1.2",),
            gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
        )
        for what, first, second in (
            ("both leave the place of the patient", "A", "A"),
            ("none leaves the place of the patient", "D", "B"),
            ("one does not say where it comes from", "A", None),
        )
    ),
    case(
        "transfers of one second to one place disagree about nothing",
        ADMISSION,
        adt("A02", "11:00", "B", from_="A", control="x"),
        adt("A02", "11:00", "B", from_="A", control="y", extra="detail"),
        rules=("R1.6",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
    ),
    case(
        "transfers of one second that happened at different times disagree about nothing",
        ADMISSION,
        adt("A02", "11:00", "B", at="10:50", control="x"),
        adt("A02", "11:00", "C", at="10:55", control="y"),
        rules=("R1.6",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-10:50, B 10:50-10:55, C 10:55-",
    ),
    case(
        "discharges of one second that name different times: one holds, and the visit is flagged",
        ADMISSION,
        adt("A03", "13:00", "A", pv145="12:00", control="x"),
        adt("A03", "13:00", "A", pv145="12:30", control="y"),
        rules=("R1.6",),
        gives="p1 V1 IMP finished 10:00-12:00: A 10:00-12:00 [order_unknown]",
    ),
    case(
        "admissions of one second to different beds: one holds, and the visit is flagged",
        adt("A01", "10:00", "A", control="x"),
        adt("A01", "10:00", "B", control="y"),
        rules=("R1.6",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00- [order_unknown]",
    ),
    case(
        "a void transfer disagrees with no other",
        ADMISSION,
        adt("A02", "11:00", "B", control="x", movement="m1"),
        adt("A02", "11:00", "C", control="y", movement="m2"),
        adt("A12", "11:10", "A", movement="m1"),
        rules=("R1.6",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, C 11:00-, (B 11:00-11:10)",
    ),
    *(
        case(
            f"if all else is equal, the greater content hash holds ({' and '.join(beds)})",
            ADMISSION,
            *(adt("A02", "11:00", bed) for bed in beds),
            rules=("R1.2", "R1.6"),
            gives=f"p1 V1 IMP in-progress 10:00-: A 10:00-11:00, {max(beds, key=_content)} 11:00-"
            " [order_unknown]",
        )
        for beds in ("BC", "DE", "FG", "HJ", "KL")
    ),
    *(
        case(
            f"with one control id, the sending facility orders two transfers ({first}, {second})",
            adt("A01", "10:00", "A", namespace="N"),
            adt("A02", "11:00", first, sender="H1", application="Z", namespace="N"),
            adt("A02", "11:00", second, sender="H2", application="A", namespace="N"),
            rules=("R1.2",),
            gives=f"p1 V1 IMP in-progress 10:00-: A 10:00-11:00, {second} 11:00- [order_unknown]",
        )
        for first, second in ("BC", "CB", "DE", "ED")
    ),
    *(
        case(
            f"of one facility, the sending application orders two transfers ({first}, {second})",
            adt("A01", "10:00", "A"),
            adt("A02", "11:00", first, application="ADT1"),
            adt("A02", "11:00", second, application="ADT2"),
            rules=("R1.2",),
            gives=f"p1 V1 IMP in-progress 10:00-: A 10:00-11:00, {second} 11:00- [order_unknown]",
        )
        for first, second in ("BC", "CB", "HJ", "JH")
    ),
    case(
        "a transfer and its cancel in one second: the cancel counts as sent after it",
        ADMISSION,
        adt("A12", "11:00", "A", evn6="11:00", control="x1"),
        adt("A02", "11:00", "B", control="x2"),
        rules=("R1.3",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-, (B 11:00-11:00)",
    ),
    case(
        "an admission and its cancel with equal MSH-7: the admission is cancelled",
        ADMISSION,
        adt("A11", "10:00"),
        rules=("R1.3",),
        gives="p1 V1 IMP cancelled 10:00-: (A 10:00-)",
    ),
    case(
        "in one second, control ids that are numbers show that the cancel was sent before",
        ADMISSION,
        adt("A12", "11:00", "A", control="9"),
        adt("A02", "11:00", "B", control="10"),
        rules=("R1.3",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-",
        entries=("1 A01 10:00", "1 A12 ~11:00 no_effect", "1 A02 11:00"),
    ),
    case(
        "in one second, control ids that are numbers show that the cancel was sent after",
        ADMISSION,
        adt("A12", "11:00", "A", control="10"),
        adt("A02", "11:00", "B", control="9"),
        rules=("R1.3",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-, (B 11:00-11:00)",
    ),
    *(
        case(
            f"in one second, control ids {statement!a} and {cancel!a} let the cancel be the later",
            ADMISSION,
            adt("A02", "11:00", "B", control=statement),
            adt("A12", "11:00", "A", control=cancel),
            rules=("R1.3",),
            gives="p1 V1 IMP in-progress 10:00-: A 10:00-, (B 11:00-11:00)",
        )
        for statement, cancel in (
            ("100", "x1"),
            ("x100", "1"),
            ("100", "\uff11"),  # a digit, but no plain one
            ("\uff11\uff10\uff10", "1"),
            ("5", "5"),
        )
    ),
    case(
        "an unusable MSH-7: the statement is ordered by EVN-2",
        ADMISSION,
        adt("A03", None, at="11:40", evn2="11:40", flags=("MSH-7.out_of_range",)),
        adt("A13", "11:50"),
        rules=("R1.4",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00- [sent_time_unusable]",
        entries=(
            "1 A01 10:00",
            "1 A03 11:40 voided MSH-7.out_of_range sent_time_unusable",
            "1 A13 ~11:50",
        ),
    ),
    case(
        "an unusable MSH-7: a statement with a later EVN-2 counts as sent later",
        ADMISSION,
        adt("A13", "11:30"),
        adt("A03", None, at="11:40", evn2="11:40"),
        rules=("R1.4",),
        gives="p1 V1 IMP finished 10:00-11:40: A 10:00-11:40 [sent_time_unusable]",
    ),
    case(
        "neither MSH-7 nor EVN-2 is usable: the statement counts as sent before all others",
        adt("A01", None, "B", at="10:00", evn2=None),
        ADMISSION,
        rules=("R1.4",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00- [sent_time_unusable]",
    ),
    case(
        "the same statement twice is one statement",
        ADMISSION,
        ADMISSION,
        rules=("R1.5",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00",),
    ),
]

_SHARED = (
    adt("A01", "10:00", "A", patient="a.1", trusted=("e7",)),
    adt("A01", "10:10", "B", patient="a.2", trusted=("e7",), visit="V2"),
    adt("A01", "10:20", "C", patient="b.1", trusted=("e7",), visit="V3", sender="H2"),
)

PATIENTS: list[Case] = [
    case(
        "two hospitals that share a trusted number have one patient",
        adt("A01", "10:00", "A", patient="h1.1", trusted=("e7",)),
        adt("A03", "12:00", "A", patient="h1.1", trusted=("e7",)),
        adt("A04", "14:00", "K", patient="h2.9", trusted=("e7",), sender="H2", pv12="E"),
        rules=("R2.2",),
        gives=(
            "h1.1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "h1.1 V1 EMER in-progress 14:00-: K 14:00-",
        ),
        patients=("h1.1: h1.1 h2.9",),
    ),
    case(
        "a number that the profile does not trust joins no records",
        adt("A01", "10:00", "A", patient="h1.1", account="e7"),
        adt("A01", "10:00", "B", patient="h2.9", account="e7", sender="H2"),
        rules=("R2.2", "R2.3"),
        gives=(
            "h1.1 V1 IMP in-progress 10:00-: A 10:00-",
            "h2.9 V1 IMP in-progress 10:00-: B 10:00-",
        ),
        patients=("h1.1: h1.1", "h2.9: h2.9"),
    ),
    case(
        "a trigger that is no merge joins no records, whatever MRG-1 says",
        adt("A08", "10:00", patient="p1", merged="p2"),
        adt("A31", "10:00", patient="p2", visit=None),
        rules=("R2.2",),
        gives=(),
        patients=("p1: p1", "p2: p2"),
    ),
    case(
        "a merge alone makes one patient of two records",
        adt("A40", "11:00", patient="p2", merged="p1", visit=None),
        rules=("R2.2", "R2.8"),
        gives=(),
        patients=("p2: p1 p2, p1 into p2",),
    ),
    case(
        "patients come in the order of their ids, not of their records",
        adt("A40", "11:00", patient="p9", merged="p1", visit=None),
        adt("A31", "11:00", patient="p5", visit=None),
        rules=("R2.8",),
        gives=(),
        patients=("p5: p5", "p9: p1 p9, p1 into p9"),
    ),
    case(
        "records that share no number with each other are joined through a third one",
        adt("A31", "9:00", patient="a.1", trusted=("e7",), visit=None),
        adt("A31", "9:00", patient="b.1", trusted=("e7", "x/5"), visit=None),
        adt("A31", "9:00", patient="c.1", trusted=("x/5",), visit=None),
        rules=("R2.2",),
        gives=(),
        patients=("a.1: a.1 b.1 c.1",),
    ),
    case(
        "a trusted number, later corrected, joins no records",
        adt("A01", "10:00", "A", patient="h1.1", trusted=("e7",)),
        adt("A01", "10:00", "B", patient="h2.1", trusted=("e7",), sender="H2", visit="V2"),
        adt("A08", "12:00", patient="h2.1", trusted=("e8",), sender="H2", visit="V2"),
        rules=("R2.3",),
        gives=(
            "h1.1 V1 IMP in-progress 10:00-: A 10:00-",
            "h2.1 V2 IMP in-progress 10:00-: B 10:00-",
        ),
        patients=("h1.1: h1.1", "h2.1: h2.1"),
    ),
    case(
        "a later statement without a number of that issuer leaves the trusted number as it was",
        adt("A01", "10:00", "A", patient="h1.1", trusted=("e7",)),
        adt("A01", "11:00", "B", patient="h2.1", trusted=("e7",), sender="H2", visit="V2"),
        adt("A08", "12:00", patient="h2.1", trusted=("x/1",), sender="H2", visit="V2"),
        rules=("R2.3",),
        gives=(
            "h1.1 V1 IMP in-progress 10:00-: A 10:00-",
            "h1.1 V2 IMP in-progress 11:00-: B 11:00-",
        ),
        patients=("h1.1: h1.1 h2.1",),
    ),
    case(
        "a statement with two numbers of one issuer joins both",
        adt("A31", "9:00", patient="a.1", trusted=("e7", "e8"), visit=None),
        adt("A31", "9:00", patient="b.1", trusted=("e7",), visit=None),
        adt("A31", "9:00", patient="c.1", trusted=("e8",), visit=None),
        rules=("R2.3",),
        gives=(),
        patients=("a.1: a.1 b.1 c.1",),
    ),
    case(
        "a trusted number in MRG-1 joins no records",
        adt("A01", "10:00", "A", patient="h1.1", trusted=("e7",)),
        adt("A31", "11:00", patient="h2.1", mrg_trusted=("e7",), visit=None),
        rules=("R2.3",),
        gives="h1.1 V1 IMP in-progress 10:00-: A 10:00-",
        patients=("h1.1: h1.1", "h2.1: h2.1"),
    ),
    case(
        "a record that is filed under the trusted number itself holds that number",
        adt("A01", "10:00", "A", patient="a.1", trusted=("e7",)),
        adt("A04", "11:00", "B", patient="e7", sender="H2"),
        rules=("R2.4",),
        gives=(
            "a.1 V1 IMP in-progress 10:00-: A 10:00-",
            "a.1 V1 AMB arrived 11:00-: B 11:00-",
        ),
        patients=("a.1: a.1 e7",),
    ),
    case(
        "a placeholder joins no records",
        adt("A31", "10:00", patient="a.1", trusted=("unknown",), visit=None),
        adt("A31", "10:00", patient="b.1", trusted=("unknown",), visit=None),
        rules=("R2.5",),
        gives=(),
        patients=("a.1: a.1", "b.1: b.1"),
    ),
    case(
        "a number that two records of one authority hold joins no holder",
        *_SHARED,
        rules=("R2.6",),
        gives=(
            "a.1 V1 IMP in-progress 10:00-: A 10:00-",
            "a.2 V2 IMP in-progress 10:10-: B 10:10-",
            "b.1 V3 IMP in-progress 10:20-: C 10:20-",
        ),
        patients=(
            "a.1: a.1 [identifier_shared]",
            "a.2: a.2 [identifier_shared]",
            "b.1: b.1 [identifier_shared]",
        ),
    ),
    case(
        "the number joins its holders once a merge has joined the two records of one authority",
        *_SHARED,
        adt("A40", "11:00", patient="a.1", merged="a.2", visit=None),
        rules=("R2.2", "R2.6"),
        gives=(
            "a.1 V1 IMP in-progress 10:00-: A 10:00-",
            "a.1 V2 IMP in-progress 10:10-: B 10:10-",
            "a.1 V3 IMP in-progress 10:20-: C 10:20-",
        ),
        patients=("a.1: a.1 a.2 b.1, a.2 into a.1",),
    ),
    case(
        "the number joins its holders once another number has joined the two records",
        adt("A31", "9:00", patient="a.1", trusted=("e7", "x/5"), visit=None),
        adt("A31", "9:00", patient="a.2", trusted=("e7", "y/6"), visit=None),
        adt("A31", "9:00", patient="b.1", trusted=("x/5", "y/6"), visit=None),
        adt("A31", "9:00", patient="c.1", trusted=("e7",), visit=None),
        rules=("R2.2", "R2.6"),
        gives=(),
        patients=("a.1: a.1 a.2 b.1 c.1",),
    ),
    case(
        "the issuer of a master index gives no value twice, so its number joins both records",
        adt("A01", "10:00", "A", patient="a.1", trusted=("e7",), master_index=True),
        adt("A04", "11:00", "B", patient="a.2", trusted=("e7",), visit="V2"),
        rules=("R2.6",),
        gives=(
            "a.1 V1 IMP in-progress 10:00-: A 10:00-",
            "a.1 V2 AMB arrived 11:00-: B 11:00-",
        ),
        patients=("a.1: a.1 a.2",),
    ),
    case(
        "a merge of later belongs to an as-of reading, for it corrects identity for all time",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A40", "2d 11:00", patient="p2", merged="p1", visit=None),
        rules=("R2.7", "R13.2"),
        as_of="12:00",
        gives="p2 V1 IMP in-progress 10:00-: A 10:00-",
        patients=("p2: p1 p2, p1 into p2",),
    ),
    case(
        "the survivor is the end of a chain of merges",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A40", "11:00", patient="p2", merged="p1", visit=None),
        adt("A40", "12:00", patient="p3", merged="p2", visit=None),
        rules=("R2.8",),
        gives="p3 V1 IMP in-progress 10:00-: A 10:00-",
        patients=("p3: p1 p2 p3, p1 into p2, p2 into p3",),
    ),
    case(
        "in a cycle of merges, the survivor is that of the merge sent last",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A40", "11:00", patient="p2", merged="p1", visit=None),
        adt("A40", "12:00", patient="p1", merged="p2", visit=None),
        rules=("R2.8",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "in the other cycle of merges, the survivor is the other record",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A40", "11:00", patient="p1", merged="p2", visit=None),
        adt("A40", "12:00", patient="p2", merged="p1", visit=None),
        rules=("R2.8",),
        gives="p2 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a record that was merged into a cycle belongs to the survivor of that cycle",
        adt("A40", "11:00", patient="p2", merged="p1", visit=None),
        adt("A40", "12:00", patient="p3", merged="p2", visit=None),
        adt("A40", "13:00", patient="p2", merged="p3", visit=None),
        rules=("R2.8",),
        gives=(),
        patients=("p2: p1 p2 p3, p1 into p2, p2 into p3, p3 into p2",),
    ),
    case(
        "a later merge into a cycle does not change the survivor of the cycle",
        adt("A40", "11:00", patient="p2", merged="p1", visit=None),
        adt("A40", "12:00", patient="p1", merged="p2", visit=None),
        adt("A40", "13:00", patient="p2", merged="p0", visit=None),
        rules=("R2.8",),
        gives=(),
        patients=("p1: p0 p1 p2, p1 into p2, p2 into p1, p0 into p2",),
    ),
    case(
        "a record merged into one that no other statement names belongs to it at once",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A40", "11:00", patient="p9", merged="p1", visit=None),
        rules=("R2.8",),
        gives="p9 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "the withdrawn form A34 merges as A40 does",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A34", "11:00", patient="p2", merged="p1", visit=None),
        rules=("R2.2", "R2.8"),
        gives="p2 V1 IMP in-progress 10:00-: A 10:00-",
        patients=("p2: p1 p2, p1 into p2",),
    ),
    case(
        "a merge of a record into itself has no effect",
        ADMISSION,
        adt("A40", "11:00", merged="p1", visit=None),
        rules=("R2.9",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A40 ~11:00 merge_into_itself"),
    ),
    case(
        "a merge into a placeholder has no effect",
        ADMISSION,
        adt("A40", "11:00", patient="unknown", merged="p1", visit=None),
        rules=("R2.9",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A40 ~11:00 merge_of_placeholder"),
        patients=("p1: p1", "unknown: unknown"),
    ),
    case(
        "a merge of a placeholder into a record has no effect",
        ADMISSION,
        adt("A40", "11:00", patient="p1", merged="unknown", visit=None),
        rules=("R2.9",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A40 ~11:00 merge_of_placeholder"),
        patients=("p1: p1",),
    ),
    case(
        "a placeholder elsewhere in a merge does not stop it",
        ADMISSION,
        adt("A40", "11:00", patient="p2", merged="p1", visit=None, trusted=("unknown",)),
        rules=("R2.9",),
        gives="p2 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A40 ~11:00"),
    ),
    case(
        "a merge that names no other record joins nothing and is not flagged",
        ADMISSION,
        adt("A40", "11:00", visit=None),
        rules=("R2.2",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A40 ~11:00"),
        patients=("p1: p1",),
    ),
    case(
        "a merge sent again is no later merge: the cycle keeps its survivor",
        adt("A40", "11:00", patient="p2", merged="p1", visit=None),
        adt("A40", "12:00", patient="p1", merged="p2", visit=None),
        adt("A40", "13:00", patient="p2", merged="p1", visit=None, evn2="11:00"),
        rules=("R2.10",),
        gives=(),
        patients=("p1: p1 p2, p1 into p2, p2 into p1",),
    ),
    case(
        "an old number sent again is no later number",
        adt("A31", "9:00", patient="a.1", trusted=("e7",), visit=None),
        adt("A31", "10:00", patient="b.1", trusted=("e7",), visit=None),
        adt("A31", "11:00", patient="b.1", trusted=("e8",), visit=None),
        adt("A31", "12:00", patient="b.1", trusted=("e7",), visit=None, evn2="10:00"),
        rules=("R2.10",),
        gives=(),
        patients=("a.1: a.1", "b.1: b.1"),
    ),
    case(
        "a statement sent for a record after its merge is flagged, a further merge is not",
        adt("A01", "10:00", "A", patient="p1"),
        adt("A40", "11:00", patient="p2", merged="p1", visit=None),
        adt("A08", "12:00", "A", patient="p1"),
        adt("A40", "13:00", patient="p1", merged="p0", visit=None),
        rules=("R2.13",),
        gives="p2 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "- A40 ~11:00", "1 A08 ~12:00 record_retired", "- A40 ~13:00"),
        patients=("p2: p0 p1 p2, p1 into p2, p0 into p1",),
    ),
    case(
        "of several survivors that nothing else joins, the smallest id answers",
        adt("A40", "11:00", patient="p3", merged="p1", visit=None),
        adt("A40", "12:00", patient="p2", merged="p1", visit=None),
        rules=("R3.22",),
        gives=(),
        patients=("p2: p1 p2 p3, p1 into p3, p1 into p2",),
    ),
    case(
        "a merge across two facilities, then statements for the old number (named story)",
        adt("A01", "10:00", "A", patient="h1.1"),
        adt("A03", "12:00", "A", patient="h1.1"),
        adt("A40", "2d 9:00", patient="h2.7", merged="h1.1", visit=None, sender="H2"),
        adt("A01", "3d 9:00", "B", patient="h1.1", visit="V2"),
        adt("A01", "1d 9:00", "Q", patient="h2.7", visit="V7", sender="H2"),
        rules=("R2.8", "R2.13"),
        gives=(
            "h2.7 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "h2.7 V7 IMP in-progress 1d 09:00-: Q 1d 09:00-",
            "h2.7 V2 IMP in-progress 3d 09:00-: B 3d 09:00-",
        ),
    ),
]

#: A patient with a hospital number and an enterprise number, and another record of that person.
_KNOWN = adt("A01", "10:00", "A", patient="n.55")
_OTHER = adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E")
_KNOWN_STAY = "V1 IMP in-progress 10:00-: A 10:00-"
_OTHER_STAY = "V2 EMER in-progress 08:00-: ED 08:00-"


def _merge(sent: str = "11:00", **fields: object) -> Statement:
    return adt("A40", sent, visit=None, **fields)  # type: ignore[arg-type]


MERGED_NUMBERS: list[Case] = [
    case(
        "a merge that is filed under another number joins the number of the same authority",
        _KNOWN,
        _OTHER,
        _merge(patient="e.900", numbers=("n.55",), merged="n.77"),
        rules=("R2.14",),
        gives=(f"e.900 {_OTHER_STAY}", f"e.900 {_KNOWN_STAY}"),
        patients=("e.900: e.900 n.55 n.77, n.77 into n.55",),
    ),
    case(
        "a merge joins the number of the same type",
        _KNOWN,
        _OTHER,
        _merge(patient="n.1/PI", numbers=("n.55/MR", "n.2/PT"), merged="n.77/MR"),
        rules=("R2.14",),
        gives=(f"n.1 {_OTHER_STAY}", f"n.1 {_KNOWN_STAY}"),
        patients=("n.1: n.1 n.55 n.77, n.77 into n.55",),
    ),
    *(
        case(
            f"of two numbers of one type, the merge takes the same in every order ({numbers[0]})",
            _KNOWN,
            _OTHER,
            adt("A04", "9:00", "K", patient="n.60", visit="V3"),
            _merge(patient="e.900", numbers=numbers, merged="n.77"),
            rules=("R2.14",),
            gives=(
                f"e.900 {_OTHER_STAY}",
                f"e.900 {_KNOWN_STAY}",
                "n.60 V3 AMB arrived 09:00-: K 09:00-",
            ),
        )
        for numbers in (("n.55", "n.60"), ("n.60", "n.55"))
    ),
    case(
        "a merge of two numbers joins both pairs",
        _KNOWN,
        _OTHER,
        adt("A04", "9:00", "K", patient="e.2", visit="V3"),
        _merge(patient="n.55", numbers=("e.900",), merged="n.77", retired=("e.2",)),
        rules=("R2.14",),
        gives=(
            f"n.55 {_OTHER_STAY}",
            "n.55 V3 AMB arrived 09:00-: K 09:00-",
            f"n.55 {_KNOWN_STAY}",
        ),
        patients=("n.55: e.2 n.55 n.77, e.2 into n.55, n.77 into n.55",),
    ),
    case(
        "a further number of a merge that has no partner retires nothing",
        _KNOWN,
        adt("A04", "9:00", "K", patient="e.2", visit="V3"),
        _merge(patient="n.55", merged="n.77", retired=("e.2",)),
        rules=("R2.14",),
        gives=("e.2 V3 AMB arrived 09:00-: K 09:00-", f"n.55 {_KNOWN_STAY}"),
    ),
    case(
        "a merge of a second number joins the record that holds it",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.2",)),
        _merge(patient="n.55", numbers=("e.900",), merged="e.2"),
        rules=("R2.15",),
        gives=(f"n.55 {_OTHER_STAY}", f"n.55 {_KNOWN_STAY}"),
        patients=("n.55: e.2 n.55 n.77, e.2 into n.55",),
    ),
    case(
        "the record is joined though its second number is the surviving one since",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.2",)),
        _merge(patient="n.55", numbers=("e.900",), merged="e.2"),
        adt("A31", "12:00", patient="n.77", visit=None, numbers=("e.900",)),
        rules=("R2.15",),
        gives=(f"n.55 {_OTHER_STAY}", f"n.55 {_KNOWN_STAY}"),
    ),
    case(
        "a record that states the retired number after the merge is joined",
        _KNOWN,
        _merge(patient="n.55", numbers=("e.900",), merged="e.2"),
        adt("A04", "12:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.2",)),
        rules=("R2.15",),
        gives=(f"n.55 {_KNOWN_STAY}", "n.55 V2 EMER in-progress 12:00-: ED 12:00-"),
    ),
    case(
        "a second number that was corrected before the merge joins no record",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.2",)),
        adt("A31", "9:00", patient="n.77", visit=None, numbers=("e.3",)),
        _merge(patient="n.55", numbers=("e.900",), merged="e.2"),
        rules=("R2.15",),
        gives=(f"n.55 {_KNOWN_STAY}", f"n.77 {_OTHER_STAY}"),
    ),
    case(
        "a merge of an insurance number joins no other member of the family",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("i.2/PN",)),
        _merge(patient="n.55", numbers=("i.900/PN",), merged="n.1", retired=("i.2/PN",)),
        rules=("R2.15",),
        gives=(f"n.55 {_KNOWN_STAY}", f"n.77 {_OTHER_STAY}"),
    ),
    *(
        case(
            f"a merge joins the number of the same authority, though one states no type ({own})",
            _KNOWN,
            _OTHER,
            _merge(patient="e.900/PI", numbers=(own,), merged=retired),
            rules=("R2.14",),
            gives=(f"e.900 {_OTHER_STAY}", f"e.900 {_KNOWN_STAY}"),
            patients=("e.900: e.900 n.55 n.77, n.77 into n.55",),
        )
        for own, retired in (("n.55/MR", "n.77"), ("n.55", "n.77/MR"))
    ),
    case(
        "a merge prefers the number of an equal type to a number without a type",
        _KNOWN,
        _OTHER,
        adt("A04", "9:00", "K", patient="n.20", visit="V3"),
        _merge(patient="e.900/PI", numbers=("n.20", "n.55/MR"), merged="n.77/MR"),
        rules=("R2.14",),
        gives=(
            f"e.900 {_OTHER_STAY}",
            f"e.900 {_KNOWN_STAY}",
            "n.20 V3 AMB arrived 09:00-: K 09:00-",
        ),
    ),
    case(
        "a merge joins no number of another stated type",
        _KNOWN,
        _OTHER,
        _merge(patient="e.900/PI", numbers=("n.55/MR",), merged="n.77/PI"),
        rules=("R2.14",),
        gives=(f"e.900 {_OTHER_STAY}", f"n.55 {_KNOWN_STAY}"),
    ),
    case(
        "a merge of a second number joins its record, though MRG-1 states no type",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.901/PI",)),
        _merge(patient="n.55", numbers=("e.900/PI",), merged="e.901"),
        rules=("R2.15",),
        gives=(f"n.55 {_OTHER_STAY}", f"n.55 {_KNOWN_STAY}"),
        patients=("n.55: e.901 n.55 n.77, e.901 into n.55",),
    ),
    case(
        "a second number that was corrected without a type joins no record",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.901/PI",)),
        adt("A31", "9:00", patient="n.77", visit=None, numbers=("e.903",)),
        _merge(patient="n.55", numbers=("e.900/PI",), merged="e.901"),
        rules=("R2.15",),
        gives=(f"n.55 {_KNOWN_STAY}", f"n.77 {_OTHER_STAY}"),
    ),
    case(
        "a number of another type is no correction of a second number without a type",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.901",)),
        adt("A31", "9:00", patient="n.77", visit=None, numbers=("e.5/MR",)),
        _merge(patient="n.55", numbers=("e.900/PI",), merged="e.901/PI"),
        rules=("R2.15",),
        gives=(f"n.55 {_OTHER_STAY}", f"n.55 {_KNOWN_STAY}"),
    ),
    case(
        "a merge joins no record that holds the number under another stated type",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.901/PI",)),
        _merge(patient="n.55", numbers=("e.900/MR",), merged="e.901/MR"),
        rules=("R2.15",),
        gives=(f"n.55 {_KNOWN_STAY}", f"n.77 {_OTHER_STAY}"),
    ),
    case(
        "a second number that has no partner in PID-3 retires into the record of the message",
        _KNOWN,
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.2",)),
        _merge(patient="n.55", merged="e.2"),
        rules=("R2.15",),
        gives=(f"n.55 {_OTHER_STAY}", f"n.55 {_KNOWN_STAY}"),
    ),
    *(
        case(
            f"a merge of two second numbers joins both records ({other})",
            adt("A01", "10:00", "A", patient="n.55", numbers=("e.900/PI",)),
            adt("A04", "8:00", "ED", patient=other, visit="V2", pv12="E", numbers=("e.901/PI",)),
            _merge(patient="e.900/PI", merged="e.901/PI"),
            rules=("R2.15",),
            gives=(f"{survivor} {_OTHER_STAY}", f"{survivor} {_KNOWN_STAY}"),
        )
        for other, survivor in (("n.77", "e.900"), ("s.12", "e.900"))
    ),
    case(
        "a surviving second number that was corrected before the merge joins no record",
        adt("A01", "10:00", "A", patient="n.55", numbers=("e.900/PI",)),
        adt("A31", "10:30", patient="n.55", visit=None, numbers=("e.902/PI",)),
        adt("A04", "8:00", "ED", patient="n.77", visit="V2", pv12="E", numbers=("e.901/PI",)),
        _merge(patient="e.900/PI", merged="e.901/PI"),
        rules=("R2.15",),
        gives=(f"e.900 {_OTHER_STAY}", f"n.55 {_KNOWN_STAY}"),
    ),
]

CASES = [*ORDER, *PATIENTS, *MERGED_NUMBERS]
