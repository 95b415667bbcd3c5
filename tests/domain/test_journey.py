"""The rules about what lies between the encounters of one patient."""

from datetime import datetime, timedelta

import pytest

from domain.continuity import Death, Patient
from domain.journey import EMERGENCY_LASTS, Journey, journey_of, spans_of, was_left_open
from tests.web.people import AS_OF, CHICAGO, alder, at, encounter, heard, patient


def related(person: Patient) -> Journey:
    return journey_of(spans_of(person, AS_OF), as_of=AS_OF, zone=CHICAGO, death=person.death)


def inpatient(facility: str, start: str, end: str | None, disposition: str = "") -> Patient:
    return patient(encounter(facility, [("W-1", "IMP", start)], end, disposition=disposition))


def two(first: Patient, second: Patient) -> Patient:
    return patient(*first.encounters, *second.encounters)


def test_a_gap_is_counted_in_midnights() -> None:
    person = two(
        inpatient("A", "01-01 10:00", "01-05 23:50", "home"),
        inpatient("A", "01-07 00:10", "01-08 10:00"),
    )

    gap = related(person).gaps[0]

    assert (gap.days, gap.at_home) == (2, True)  # 24 h and 20 min, and two midnights


def test_a_gap_between_two_dates_is_the_difference_of_the_dates_in_every_zone() -> None:
    # 5 January ends, and 7 January begins, at 23:00 in Chicago if the sender is in New York.
    last = at("01-05 23:00") - timedelta(microseconds=1)
    left = inpatient("A", "01-01 10:00", "01-05 10:00", "home").encounters[0]
    back = inpatient("A", "01-06 23:00", None).encounters[0]
    person = patient(
        left._replace(end=last, end_precision="day"), back._replace(start_precision="day")
    )

    gap = related(person).gaps[0]

    assert (gap.days, gap.may_be_longer) == (2, False)


def test_a_gap_after_a_discharge_of_a_month_may_be_longer() -> None:
    last = at("02-01 00:00") - timedelta(microseconds=1)
    left = inpatient("A", "01-01 10:00", "01-05 10:00", "home").encounters[0]
    back = inpatient("A", "02-03 10:00", None)
    person = patient(left._replace(end=last, end_precision="month"), *back.encounters)

    gap = related(person).gaps[0]

    assert (gap.days, gap.may_be_longer) == (3, True)


def test_without_a_disposition_a_gap_is_not_at_home() -> None:
    person = two(
        inpatient("A", "01-01 10:00", "01-05 10:00"), inpatient("B", "01-14 10:00", "01-15 10:00")
    )

    gap = related(person).gaps[0]
    assert (gap.days, gap.at_home) == (9, False)


def test_an_outpatient_visit_does_not_end_a_gap() -> None:
    gaps = related(alder()).gaps

    assert [(gap.days, gap.at_home, gap.outpatient_visits) for gap in gaps] == [
        (8, True, 1),
        (9, True, 0),
    ]


def test_after_the_last_discharge_the_gap_lasts_to_as_of() -> None:
    gap = related(inpatient("A", "02-01 10:00", "02-10 10:00", "home")).gaps[0]

    assert (gap.days, gap.end, gap.until) == (9, None, AS_OF)


def test_after_a_death_there_is_no_gap() -> None:
    assert related(inpatient("A", "02-01 10:00", "02-10 10:00", "exp")).gaps == ()


@pytest.mark.parametrize(
    ("when", "gaps"),
    [
        ("02-14 09:00", [(4, at("02-14 09:00"))]),
        ("03-30 09:00", [(9, None)]),  # after as-of
        ("02-10 10:30", []),  # too soon for a gap
        ("02-09 09:00", []),
    ],
)
def test_a_death_ends_the_gap(when: str, gaps: list[tuple[int, datetime | None]]) -> None:
    person = inpatient("A", "02-01 10:00", "02-10 10:00", "home")
    died = person._replace(death=Death(at(when), "second", inferred=False))

    assert [(each.days, each.end) for each in related(died).gaps] == gaps


def test_before_a_death_at_a_time_that_is_not_stated_the_gap_may_be_shorter() -> None:
    person = inpatient("A", "02-01 10:00", "02-10 10:00", "home")
    died = person._replace(death=Death(at("02-14 09:00"), "second", inferred=True))

    assert [each.may_be_shorter for each in related(died).gaps] == [True]


def test_a_stay_that_is_told_after_the_death_does_not_lengthen_the_gap() -> None:
    person = two(
        inpatient("A", "01-01 10:00", "01-05 10:00", "home"),
        inpatient("A", "01-20 10:00", "01-21 10:00", "home"),
    )
    (gap,) = related(person._replace(death=Death(at("01-10 10:00"), "second", inferred=False))).gaps

    assert (gap.days, gap.end) == (5, at("01-10 10:00"))


@pytest.mark.parametrize(
    ("second", "transfers", "gaps"),
    [("01-06 09:59", 1, 0), ("01-06 10:01", 0, 1), ("01-05 09:00", 1, 0)],
)
def test_under_24_hours_to_another_facility_is_a_transfer(
    second: str, transfers: int, gaps: int
) -> None:
    person = two(
        inpatient("A", "01-01 10:00", "01-05 10:00"), inpatient("B", second, "02-19 14:00")
    )
    found = related(person)

    assert (len(found.transfers), len(found.gaps)) == (transfers, gaps)


def test_back_to_the_same_facility_is_no_transfer() -> None:
    person = two(
        inpatient("A", "01-01 10:00", "01-05 10:00"), inpatient("A", "01-05 12:00", "01-08 10:00")
    )
    found = related(person)

    assert found.transfers == ()
    assert found.gaps[0].until - found.gaps[0].start == timedelta(hours=2)
    assert found.readmissions[0].day == 0


@pytest.mark.parametrize(
    ("back", "day"),
    [("01-06 00:01", 1), ("02-04 23:59", 30), ("02-05 00:01", None)],
)
def test_the_day_of_a_readmission_is_the_difference_of_local_dates(
    back: str, day: int | None
) -> None:
    person = two(inpatient("A", "01-01 10:00", "01-05 23:00"), inpatient("A", back, "02-19 10:00"))

    assert [found.day for found in related(person).readmissions] == ([day] if day else [])


def test_a_readmission_counts_from_when_the_patient_became_an_inpatient() -> None:
    found = related(alder()).readmissions

    assert [(r.target.encounter.encounter_id, r.day) for r in found] == [("e3", 8), ("e6", 21)]


def test_a_cancelled_stay_interrupts_nothing() -> None:
    ghost = encounter("A", [("W-1", "IMP", "01-07 10:00")], "01-08 10:00", status="cancelled")
    person = patient(
        *inpatient("A", "01-01 10:00", "01-05 10:00", "home").encounters,
        ghost,
        *inpatient("A", "01-14 10:00", "01-15 10:00").encounters,
    )
    found = related(person)

    assert found.gaps[0].days == 9
    assert found.readmissions[0].day == 9


def test_without_a_stated_beginning_the_earliest_time_is_taken() -> None:
    unknown = encounter("A", [("W-1", "IMP", None)], "01-15 10:00")
    person = patient(
        *inpatient("B", "01-01 10:00", "01-05 10:00").encounters,
        unknown,
        entries=[heard(unknown, "01-10 10:00")],
    )

    assert not spans_of(person, AS_OF)[1].begin_known
    gap = related(person).gaps[0]
    assert (gap.days, gap.may_be_shorter) == (5, True)


def test_an_encounter_of_which_no_time_is_known_has_no_span() -> None:
    assert spans_of(patient(encounter("A", [("W-1", "IMP", None)])), AS_OF) == []


def test_a_visit_without_an_end_is_not_still_there_days_later() -> None:
    clinic = encounter("A", [("R-1", "AMB", "02-10 10:00")], status="arrived")
    today = encounter("A", [("R-1", "AMB", "02-19 10:00")], status="arrived")

    assert [span.open for span in spans_of(patient(clinic, today), AS_OF)] == [False, True]


def test_after_an_end_at_an_unknown_time_nothing_is_counted() -> None:
    lost = encounter("A", [("W-1", "IMP", "01-01 10:00")], status="finished")._replace(
        end_inferred=True
    )
    found = related(patient(lost, *inpatient("B", "01-20 10:00", "01-21 10:00").encounters))

    assert found.readmissions == ()
    assert all(gap.start != lost.start for gap in found.gaps)


def test_an_emergency_encounter_alone_counts_as_left_open_after_24_hours() -> None:
    begin = AS_OF - EMERGENCY_LASTS

    assert timedelta(hours=24) == EMERGENCY_LASTS
    assert not was_left_open("EMER", begin, AS_OF)
    assert was_left_open("EMER", begin - timedelta(minutes=1), AS_OF)
    assert not was_left_open("IMP", begin - timedelta(days=9), AS_OF)


def test_an_emergency_visit_of_a_date_was_left_open_a_day_after_that_date() -> None:
    begin = AS_OF - EMERGENCY_LASTS - timedelta(hours=23)

    assert not was_left_open("EMER", begin, AS_OF, "day")
    assert was_left_open("EMER", begin - timedelta(hours=2), AS_OF, "day")


def test_an_inpatient_who_comes_back_on_the_date_of_the_discharge_is_readmitted() -> None:
    last = at("02-06 00:00") - timedelta(microseconds=1)
    left = inpatient("A", "02-01 10:00", "02-05 10:00").encounters[0]
    back = inpatient("A", "02-05 18:00", None)

    person = patient(left._replace(end=last, end_precision="day"), *back.encounters)

    found = related(person).readmissions
    assert [(each.day, each.discharge_precision) for each in found] == [(0, "day")]
