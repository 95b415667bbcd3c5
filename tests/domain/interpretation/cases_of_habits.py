"""Cases of senders' habits that profiles decide (R5.14, R6.17, R7.15, R7.16)."""

from domain.statement import ProfileSettings, Statement
from tests.domain.interpretation.case import Case, case
from tests.domain.interpretation.statements import adt

ADMISSION = adt("A01", "10:00", "A")
DISCHARGE = adt("A03", "13:20", "A")
_NULL = ("PV1-45.null",)

_DISCHARGING = ProfileSettings(update_discharges=True)

DISCHARGED_BY_UPDATE: list[Case] = [
    case(
        "a discharge that only an update states is flagged, and the visit stays open",
        ADMISSION,
        adt("A08", "4d 8:05", "A", pv145="3d 14:00"),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00- [discharge_stated_by_update]",
        entries=("1 A01 10:00", "1 A08 4d ~08:05 discharge_stated_by_update"),
        census=("p1 H1.V1",),
    ),
    case(
        "with a discharge, the same update is a correction",
        ADMISSION,
        adt("A03", "3d 15:00", "A"),
        adt("A08", "4d 8:05", "A", pv145="3d 14:00"),
        rules=("R5.14", "R5.9"),
        gives="p1 V1 IMP finished 10:00-3d 14:00: A 10:00-3d 14:00",
    ),
    case(
        "a PV1-45 before the beginning states no discharge",
        ADMISSION,
        adt("A08", "11:00", "A", pv145="9:00"),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "the update of a discharge that was cancelled states a discharge",
        ADMISSION,
        DISCHARGE,
        adt("A13", "13:30", "A"),
        adt("A08", "14:00", "A", pv145="13:20"),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00- [discharge_stated_by_update]",
    ),
    *(
        case(
            f"a discharge that only {what} states is flagged, and the visit stays open",
            *statements,
            rules=("R5.14",),
            gives=f"p1 V1 IMP in-progress 10:00-: {stays} [discharge_stated_by_update]",
            entries=(*entries, f"1 {what[-3:]} {at} discharge_stated_by_update"),
        )
        for what, statements, stays, entries, at in (
            (
                "an A01",
                [adt("A01", "4d 8:05", "A", pv144="10:00", pv145="3d 14:00")],
                "A 10:00-",
                (),
                "10:00",
            ),
            (
                "an A02",
                [ADMISSION, adt("A02", "4d 8:05", "B", at="1d 8:00", pv145="3d 14:00")],
                "A 10:00-1d 08:00, B 1d 08:00-",
                ("1 A01 10:00",),
                "1d 08:00",
            ),
        )
    ),
    case(
        "by a profile, an A01 or an A02 with a PV1-45 ends nothing",
        adt("A01", "10:00", "A", settings=_DISCHARGING),
        adt("A02", "4d 8:05", "B", at="1d 8:00", pv145="3d 14:00", settings=_DISCHARGING),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-1d 08:00, B 1d 08:00- "
        "[discharge_stated_by_update]",
    ),
    case(
        "a PV1-45 of an A01 that is later than its MSH-7 is a plan",
        adt("A01", "10:05", "A", pv144="10:00", pv145="3d 14:00"),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "an A02 that repeats the PV1-45 of the discharge has no flag",
        ADMISSION,
        DISCHARGE,
        adt("A02", "14:00", "B", at="11:00", pv145="13:20"),
        rules=("R5.14",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-13:20",
    ),
    case(
        "a later update deletes the discharge that only an update stated",
        ADMISSION,
        adt("A08", "4d 8:05", "A", pv145="3d 14:00"),
        adt("A08", "4d 9:05", "A", flags=_NULL),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "an update with an empty discharge before the update that states one deletes nothing",
        ADMISSION,
        adt("A08", "4d 8:05", "A", flags=_NULL),
        adt("A08", "4d 9:05", "A", pv145="3d 14:00"),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00- [discharge_stated_by_update]",
    ),
    case(
        "an A13 takes back the discharge and what an update stated before it",
        ADMISSION,
        DISCHARGE,
        adt("A08", "13:25", "A", pv145="13:15"),
        adt("A13", "13:30", "A"),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "an A13 of a further encounter takes back nothing of the first one",
        adt("A01", "10:00", "A", settings=_DISCHARGING),
        adt("A08", "12:05", "A", pv145="12:00", settings=_DISCHARGING),
        adt("A01", "2d 9:00", "B", settings=_DISCHARGING),
        adt("A03", "2d 10:00", "B", settings=_DISCHARGING),
        adt("A13", "2d 11:00", "B", settings=_DISCHARGING),
        rules=("R5.14",),
        gives=(
            "p1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "p1 V1 IMP in-progress 2d 09:00-: B 2d 09:00-",
        ),
    ),
    *(
        case(
            f"a profile takes an update as the discharge, and {what}",
            adt("A01", "10:00", "A", settings=settings),
            adt("A08", "4d 8:05", "A", pv145="3d 14:00", settings=settings),
            adt("A08", "4d 9:05", "A", flags=_NULL, settings=settings),
            rules=("R5.14", "R6.17"),
            gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        )
        for what, settings in (
            ("a later update takes it back", _DISCHARGING),
            (
                "a later update takes it back as an A13 would",
                ProfileSettings(update_discharges=True, update_reopens=True),
            ),
        )
    ),
    case(
        "a profile takes the update as the discharge",
        adt("A01", "10:00", "A", settings=_DISCHARGING),
        adt("A08", "4d 8:05", "A", pv145="3d 14:00", disposition="home", settings=_DISCHARGING),
        rules=("R5.14",),
        gives="p1 V1 IMP finished 10:00-3d 14:00: A 10:00-3d 14:00",
        fields=({"disposition_code": "home", "end_inferred": False},),
        census=(),
    ),
    case(
        "a profile does not take a discharge of later as the discharge",
        adt("A01", "10:00", "A", settings=_DISCHARGING),
        adt("A08", "1d 8:05", "A", pv145="3d 14:00", settings=_DISCHARGING),
        rules=("R5.14",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00- [discharge_stated_by_update]",
    ),
    case(
        "after an update that discharged, an admission begins a further encounter",
        adt("A01", "10:00", "A", settings=_DISCHARGING),
        adt("A08", "12:05", "A", pv145="12:00", settings=_DISCHARGING),
        adt("A01", "2d 9:00", "B", settings=_DISCHARGING),
        rules=("R5.14", "R7.5"),
        gives=(
            "p1 V1 IMP finished 10:00-12:00: A 10:00-12:00",
            "p1 V1 IMP in-progress 2d 09:00-: B 2d 09:00-",
        ),
    ),
    case(
        "of an update that discharged and a discharge, the time sent last holds",
        adt("A01", "10:00", "A", settings=_DISCHARGING),
        adt("A08", "12:05", "A", pv145="12:00", settings=_DISCHARGING),
        adt("A03", "12:30", "A", at="12:10", settings=_DISCHARGING),
        rules=("R5.14",),
        gives="p1 V1 IMP finished 10:00-12:10: A 10:00-12:10",
    ),
]

_REOPENING = ProfileSettings(update_reopens=True)


def _without_discharge(
    sent: str, bed: str = "A", settings: ProfileSettings | None = None
) -> Statement:
    """Return an A08 with "" in PV1-45."""
    return adt("A08", sent, bed, flags=_NULL, settings=settings)


DELETED_DISCHARGE: list[Case] = [
    case(
        "an update that deletes the discharge is flagged, and the visit stays finished",
        ADMISSION,
        DISCHARGE,
        _without_discharge("13:30"),
        rules=("R6.17",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20 [discharge_deleted_by_update]",
        entries=(
            "1 A01 10:00",
            "1 A03 13:20",
            "1 A08 ~13:30 PV1-45.null discharge_deleted_by_update",
        ),
    ),
    case(
        "an update with an empty discharge before the discharge deletes nothing",
        ADMISSION,
        _without_discharge("13:00"),
        DISCHARGE,
        rules=("R6.17",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
    ),
    case(
        "an update with an empty discharge of an open visit deletes nothing",
        ADMISSION,
        _without_discharge("13:00"),
        rules=("R6.17",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
    ),
    case(
        "a profile takes the deleted discharge as a cancelled one",
        ADMISSION,
        DISCHARGE,
        _without_discharge("13:30", settings=_REOPENING),
        rules=("R6.17",),
        gives="p1 V1 IMP in-progress 10:00-: A 10:00-",
        entries=("1 A01 10:00", "1 A03 13:20 voided", "1 A08 ~13:30 PV1-45.null"),
    ),
    case(
        "by this profile, a further discharge ends the visit again",
        ADMISSION,
        DISCHARGE,
        _without_discharge("13:30", settings=_REOPENING),
        adt("A03", "15:00", "A"),
        rules=("R6.17",),
        gives="p1 V1 IMP finished 10:00-15:00: A 10:00-15:00",
    ),
    case(
        "by this profile, an update before every discharge cancels nothing",
        ADMISSION,
        _without_discharge("13:00", settings=_REOPENING),
        DISCHARGE,
        rules=("R6.17",),
        gives="p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
        entries=("1 A01 10:00", "1 A08 ~13:00 PV1-45.null", "1 A03 13:20"),
    ),
]


def _dialysis(sent: str, bed: str, recurring: str = "day", **fields: object) -> Statement:
    settings = ProfileSettings(recurring=recurring)  # type: ignore[arg-type]  # one of the three
    trigger = str(fields.pop("trigger", "A04"))
    return adt(trigger, sent, bed, pv12="R", settings=settings, **fields)  # type: ignore[arg-type]


RECURRING: list[Case] = [
    case(
        "each registration of a recurring visit is an encounter of its own",
        _dialysis("8:05", "D1", at="8:00"),
        _dialysis("2d 8:05", "D2", at="2d 8:00"),
        _dialysis("4d 8:05", "D3", at="4d 8:00"),
        rules=("R7.15",),
        gives=(
            "p1 V1 AMB arrived 08:00-: D1 08:00-",
            "p1 V1 AMB arrived 2d 08:00-: D2 2d 08:00-",
            "p1 V1 AMB arrived 4d 08:00-: D3 4d 08:00-",
        ),
    ),
    case(
        "a discharge of each day ends the encounter of that day",
        _dialysis("8:00", "D1"),
        _dialysis("12:00", "D1", trigger="A03"),
        _dialysis("2d 8:00", "D2"),
        _dialysis("2d 12:00", "D2", trigger="A03"),
        rules=("R7.15",),
        gives=(
            "p1 V1 AMB finished 08:00-12:00: D1 08:00-12:00",
            "p1 V1 AMB finished 2d 08:00-2d 12:00: D2 2d 08:00-2d 12:00",
        ),
    ),
    case(
        "a registration that is restated on its day is of the same encounter",
        _dialysis("8:05", "D1", at="8:00"),
        _dialysis("9:00", "D2", at="8:30"),
        rules=("R7.15", "R7.4"),
        gives="p1 V1 AMB arrived 08:30-: D2 08:30-",
    ),
    case(
        "an outpatient of another class who is registered again restates the beginning",
        adt("A04", "8:05", "K", at="8:00"),
        adt("A04", "2d 8:05", "K", at="2d 8:00"),
        rules=("R7.4", "R7.15"),
        gives="p1 V1 AMB arrived 2d 08:00-: K 2d 08:00-",
    ),
    case(
        "an A11 cancels one day of a recurring visit",
        _dialysis("8:00", "D1"),
        _dialysis("2d 8:00", "D2"),
        _dialysis("2d 8:30", "D2", trigger="A11"),
        _dialysis("4d 8:00", "D3"),
        rules=("R7.15",),
        gives=(
            "p1 V1 AMB arrived 08:00-: D1 08:00-, (D2 2d 08:00-2d 08:30)",
            "p1 V1 AMB arrived 4d 08:00-: D3 4d 08:00-",
        ),
    ),
    case(
        "an A11 that names the first day leaves the later days",
        _dialysis("8:00", "D1"),
        _dialysis("2d 8:00", "D2"),
        _dialysis("2d 9:00", "D4", trigger="A02"),
        _dialysis("2d 9:30", "D1", trigger="A11", evn6="8:00"),
        rules=("R7.15", "R6.4"),
        gives="p1 V1 AMB arrived 2d 08:00-: (D1 08:00-2d 09:30), D2 2d 08:00-2d 09:00, "
        "D4 2d 09:00-",
    ),
    case(
        "each registration repeats the PV1-44 of the series, and EVN-6 names its day",
        _dialysis("8:05", "D1", pv144="8:00", evn6="8:00"),
        _dialysis("2d 8:05", "D2", pv144="8:00", evn6="2d 8:00"),
        _dialysis("2d 12:05", "D2", trigger="A03", pv144="8:00", pv145="2d 12:00"),
        _dialysis("4d 8:05", "D3", pv144="8:00", evn6="4d 8:00"),
        rules=("R7.15", "R5.5"),
        gives=(
            "p1 V1 AMB arrived 08:00-: D1 08:00-",
            "p1 V1 AMB finished 2d 08:00-2d 12:00: D2 2d 08:00-2d 12:00",
            "p1 V1 AMB arrived 4d 08:00-: D3 4d 08:00-",
        ),
    ),
    case(
        "an A11 cancels one registration of a series, though all have one PV1-44",
        _dialysis("8:05", "D1", pv144="8:00", evn6="8:00"),
        _dialysis("2d 8:05", "D2", pv144="8:00", evn6="2d 8:00"),
        _dialysis("4d 8:05", "D3", pv144="8:00", evn6="4d 8:00"),
        _dialysis("4d 8:30", "D3", trigger="A11", pv144="8:00"),
        rules=("R7.15", "R6.3"),
        gives=(
            "p1 V1 AMB arrived 08:00-: D1 08:00-",
            "p1 V1 AMB arrived 2d 08:00-: D2 2d 08:00-, (D3 4d 08:00-4d 08:30)",
        ),
    ),
    case(
        "registrations of a series of which the first one never reached us",
        _dialysis("2d 8:05", "D2", pv144="8:00", evn6="2d 8:00"),
        _dialysis("4d 8:05", "D3", pv144="8:00", evn6="4d 8:00"),
        _dialysis("4d 12:05", "D3", trigger="A03", pv144="8:00", pv145="4d 12:00"),
        rules=("R7.15", "R5.5"),
        gives=(
            "p1 V1 AMB arrived 2d 08:00-: D2 2d 08:00-",
            "p1 V1 AMB finished 4d 08:00-4d 12:00: D3 4d 08:00-4d 12:00",
        ),
    ),
    case(
        "each registration repeats the PV1-44 of the series, without EVN-6",
        _dialysis("8:05", "D1", pv144="8:00"),
        _dialysis("2d 8:05", "D2", pv144="8:00"),
        rules=("R7.15",),
        gives=(
            "p1 V1 AMB arrived 08:00-: D1 08:00-",
            "p1 V1 AMB arrived 2d ~08:05-: D2 2d 08:05-",
        ),
    ),
    case(
        "a registration that was entered days later, alone, is of its PV1-44",
        _dialysis("2d 8:05", "D1", pv144="8:00"),
        rules=("R7.15", "R5.1"),
        gives="p1 V1 AMB arrived 08:00-: D1 08:00-",
    ),
    case(
        "by a profile, registrations with the PV1-44 of the series are one fact",
        _dialysis("8:05", "D1", "one", pv144="8:00", evn6="8:00"),
        _dialysis("2d 8:05", "D2", "one", pv144="8:00", evn6="2d 8:00"),
        rules=("R7.15",),
        gives="p1 V1 AMB arrived 08:00-: D2 08:00-",
    ),
    case(
        "a profile takes a series as one encounter with a stay for each attendance",
        _dialysis("8:05", "D1", "series", at="8:00"),
        _dialysis("2d 8:05", "D2", "series", at="2d 8:00"),
        _dialysis("4d 8:05", "D3", "series", at="4d 8:00"),
        rules=("R7.15",),
        gives="p1 V1 AMB arrived 08:00-: D1 08:00-2d 08:00, D2 2d 08:00-4d 08:00, D3 4d 08:00-",
    ),
    case(
        "a profile takes a further registration as a restated one",
        _dialysis("8:05", "D1", "one", at="8:00"),
        _dialysis("2d 8:05", "D2", "one", at="2d 8:00"),
        rules=("R7.15",),
        gives="p1 V1 AMB arrived 2d 08:00-: D2 2d 08:00-",
    ),
]

EMERGENCY = adt("A01", "8:05", "ED", at="8:00", pv12="E")
WARD = adt("A01", "15:05", "W", at="15:00")
_CORRECTING = ProfileSettings(second_admission="corrects")

AMENDED: list[Case] = [
    *(
        case(
            f"a second A01 of an inpatient amends the first one of class {letter}",
            adt("A01", "8:05", "ED", at="8:00", pv12=letter),
            WARD,
            rules=("R7.16",),
            gives=f"p1 V1 IMP in-progress 08:00-: ED {code} 08:00-15:00, W 15:00-",
        )
        for letter, code in (("E", "EMER"), ("O", "AMB"), ("B", "OBSENC"))
    ),
    case(
        "the second A01 repeats the PV1-44 of the first one",
        EMERGENCY,
        adt("A01", "15:05", "W", pv144="8:00", evn6="15:00"),
        rules=("R7.16", "R7.2"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-15:00, W 15:00-",
    ),
    case(
        "the A01 of the ward arrives first",
        adt("A01", "8:00", "W", at="15:00", control="1"),
        adt("A01", "8:05", "ED", at="8:00", pv12="E", control="2"),
        rules=("R7.16",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-15:00, W 15:00-",
    ),
    case(
        "a second A01 of one place corrects the class",
        EMERGENCY,
        adt("A01", "8:30", "ED", at="8:00"),
        rules=("R7.16", "R7.4"),
        gives="p1 V1 IMP in-progress 08:00-: ED 08:00-",
    ),
    case(
        "a second A01 of class E after the inpatient one, with its time, corrects it",
        adt("A01", "8:05", "W", at="8:00"),
        adt("A01", "8:30", "ED", at="8:00", pv12="E"),
        rules=("R7.16", "R7.4"),
        gives="p1 V1 EMER in-progress 08:00-: ED 08:00-",
    ),
    case(
        "a second A01 of class E in another place is of the same beginning",
        EMERGENCY,
        adt("A01", "9:05", "ED2", at="9:00", pv12="E"),
        rules=("R7.16", "R7.4"),
        gives="p1 V1 EMER in-progress 09:00-: ED2 09:00-",
    ),
    case(
        "an A11 cancels the admission to the ward, and the patient is in the emergency department",
        EMERGENCY,
        WARD,
        adt("A11", "15:30", "W"),
        rules=("R7.16", "R6.4"),
        gives="p1 V1 EMER in-progress 08:00-: ED 08:00-, (W IMP 15:00-15:30)",
    ),
    case(
        "the emergency department closes its part",
        EMERGENCY,
        WARD,
        adt("A03", "15:10", "ED", pv12="E"),
        rules=("R7.16", "R7.7"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-15:00, W 15:00- [part_ended]",
    ),
    case(
        "of three places, one of the ward amends the emergency department",
        EMERGENCY,
        WARD,
        adt("A01", "15:30", "ED", at="15:00"),
        rules=("R7.16",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-15:00, ED 15:00-",
    ),
    case(
        "a patient who is admitted stays in the emergency department",
        EMERGENCY,
        adt("A01", "15:05", "ED", at="15:00"),
        rules=("R7.16", "R8.5"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-15:00, ED 15:00-",
    ),
    case(
        "in one place and with one PV1-44, the later EVN-6 is the admission",
        adt("A01", "8:05", "ED", pv144="8:00", evn6="8:00", pv12="E"),
        adt("A01", "15:05", "ED", pv144="8:00", evn6="15:00"),
        rules=("R7.16", "R7.2"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-15:00, ED 15:00-",
    ),
    case(
        "an emergency patient is admitted to observation by a second A01",
        EMERGENCY,
        adt("A01", "11:05", "OBS", at="11:00", pv12="B"),
        rules=("R7.16",),
        gives="p1 V1 OBSENC in-progress 08:00-: ED EMER 08:00-11:00, OBS 11:00-",
    ),
    case(
        "an outpatient becomes an emergency patient by a second A01",
        adt("A01", "8:05", "K", at="8:00", pv12="O"),
        adt("A01", "11:05", "ED", at="11:00", pv12="E"),
        rules=("R7.16",),
        gives="p1 V1 EMER in-progress 08:00-: K AMB 08:00-11:00, ED 11:00-",
    ),
    case(
        "three A01: emergency, observation, ward",
        EMERGENCY,
        adt("A01", "11:05", "OBS", at="11:00", pv12="B"),
        WARD,
        rules=("R7.16",),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-11:00, OBS OBSENC 11:00-15:00, W 15:00-",
    ),
    case(
        "three A01 with one PV1-44: EVN-6 says when each class began",
        adt("A01", "8:05", "ED", pv144="8:00", evn6="8:00", pv12="E"),
        adt("A01", "11:05", "OBS", pv144="8:00", evn6="11:00", pv12="B"),
        adt("A01", "15:05", "W", pv144="8:00", evn6="15:00"),
        rules=("R7.16", "R7.2"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-11:00, OBS OBSENC 11:00-15:00, W 15:00-",
    ),
    case(
        "three A01 without a visit number, within 48 hours",
        adt("A01", "8:05", "ED", at="8:00", pv12="E", visit=None),
        adt("A01", "11:05", "OBS", at="11:00", pv12="B", visit=None),
        adt("A01", "15:05", "W", at="15:00", visit=None),
        rules=("R7.16", "R3.11"),
        gives="p1 - IMP in-progress 08:00-: ED EMER 08:00-11:00, OBS OBSENC 11:00-15:00, W 15:00-",
    ),
    case(
        "an A11 cancels the last of three A01",
        EMERGENCY,
        adt("A01", "11:05", "OBS", at="11:00", pv12="B"),
        WARD,
        adt("A11", "15:30", "W"),
        rules=("R7.16", "R6.4"),
        gives="p1 V1 OBSENC in-progress 08:00-: ED EMER 08:00-11:00, OBS 11:00-, "
        "(W IMP 15:00-15:30)",
    ),
    case(
        "an A11 cancels the second of three A01",
        EMERGENCY,
        adt("A01", "11:05", "OBS", at="11:00", pv12="B"),
        adt("A11", "11:30", "OBS", pv12="B"),
        WARD,
        rules=("R7.16", "R6.4"),
        gives="p1 V1 IMP in-progress 08:00-: ED EMER 08:00-15:00, (OBS OBSENC 11:00-11:30), "
        "W 15:00-",
    ),
    case(
        "after a discharge, a second and a third A01 are a further encounter",
        EMERGENCY,
        adt("A03", "9:00", "ED", pv12="E"),
        adt("A01", "1d 11:05", "OBS", at="1d 11:00", pv12="B"),
        adt("A01", "1d 15:05", "W", at="1d 15:00"),
        rules=("R7.16", "R7.5"),
        gives=(
            "p1 V1 EMER finished 08:00-09:00: ED 08:00-09:00",
            "p1 V1 IMP in-progress 1d 11:00-: OBS OBSENC 1d 11:00-1d 15:00, W 1d 15:00-",
        ),
    ),
    case(
        "an A01 of an emergency patient that states no place",
        adt("A01", "8:05", at="8:00", pv12="E"),
        WARD,
        rules=("R7.16", "R8.5"),
        gives="p1 V1 IMP in-progress 08:00-: nowhere EMER 08:00-15:00, W 15:00-",
    ),
    *(
        case(
            f"without a visit number, a second A01 {what}",
            adt("A01", "8:05", "ED", at="8:00", pv12="E", visit=None),
            adt("A01", sent, "W", visit=None),
            rules=("R7.16", "R3.11"),
            gives=gives,
        )
        for what, sent, gives in (
            (
                "within 48 hours amends the first",
                "1d 15:00",
                "p1 - IMP in-progress 08:00-: ED EMER 08:00-1d 15:00, W 1d 15:00-",
            ),
            (
                "after more than 48 hours is another visit",
                "2d 15:00",
                (
                    "p1 - EMER in-progress 08:00-: ED 08:00-",
                    "p1 - IMP in-progress 2d 15:00-: W 2d 15:00-",
                ),
            ),
        )
    ),
    case(
        "by a profile, the second A01 corrects the first one",
        adt("A01", "8:05", "ED", at="8:00", pv12="E", settings=_CORRECTING),
        adt("A01", "15:05", "W", at="15:00", settings=_CORRECTING),
        rules=("R7.16", "R7.4"),
        gives="p1 V1 IMP in-progress 15:00-: W 15:00-",
    ),
]

CASES = [*DISCHARGED_BY_UPDATE, *DELETED_DISCHARGE, *RECURRING, *AMENDED]
