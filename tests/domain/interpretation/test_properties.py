"""Properties that hold for every set of statements that ordinary senders can send."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.continuity import Patient
from domain.interpretation import happened, in_census, interpret, stated_by, stated_team
from domain.statement import Statement
from domain.triggers import TRIGGERS, trigger_of
from tests.domain.interpretation.statements import adt, moment

CLOCK = st.sampled_from(
    [
        *("8:00", "9:30", "10:00", "10:00:30", "12:00", "12:--", "--", "1d 10:00"),
        *("12:00 -5", "12:00 -4"),
    ]
)
MAYBE = st.none() | CLOCK
BED = st.none() | st.sampled_from(["A", "A N/4", "A S/", "B", "ED"])

STATEMENTS = st.builds(
    adt,
    st.sampled_from([*sorted(TRIGGERS), "A99"]),
    MAYBE,
    BED,
    at=MAYBE,
    evn2=MAYBE,
    evn6=MAYBE,
    pv144=MAYBE,
    pv145=MAYBE,
    visit=st.sampled_from([None, "V1", "V1", "V2"]),
    visit_form=st.sampled_from([None, None, None, "V1", "V3"]),
    prior_visit=st.sampled_from([None, None, "V1", "V2"]),
    patient=st.sampled_from(["a.1", "a.2", "b.1"]),
    merged=st.sampled_from([None, "a.1", "a.2", "b.1"]),
    pv12=st.sampled_from(["E", "I", "O", ""]),
    from_=BED,
    sender=st.sampled_from(["H1", "H1", "H2"]),
    control=st.sampled_from(["1", "9", "10", "x1", "x10"]),
    trusted=st.sampled_from([(), (), ("e1",), ("e2",), ("unknown",)]),
    movement=st.sampled_from([None, None, None, "m1", "m2"]),
    roles=st.sampled_from(
        [(), (), ("AT d1",), ("AT d2", "PP g1"), ("AT",), ("ROL AT d1",), ("ROL AT d1 action=DE",)]
    ),
)
SETS = st.lists(STATEMENTS, max_size=14)


@given(SETS, st.randoms(use_true_random=False))
def test_order_and_repetition_never_matter(statements: list[Statement], random: Random) -> None:
    expected = interpret(statements)
    repeated = [*statements, *(each for each in statements if random.random() < 0.5)]
    random.shuffle(repeated)
    assert interpret(repeated) == expected


@given(SETS)
def test_encounters_stays_and_entries_are_well_formed(statements: list[Statement]) -> None:
    patients = interpret(statements)
    entries = [entry.statement for patient in patients for entry in patient.entries]
    assert sorted(entries) == sorted({each.ref for each in statements})
    for patient in patients:
        assert str(patient.patient_id) in map(str, patient.records)
        assert list(patient.records) == sorted(patient.records)
        _well_formed(patient)


def _well_formed(patient: Patient) -> None:
    belonging = {entry.statement: entry.encounter_id for entry in patient.entries}
    ids = [encounter.encounter_id for encounter in patient.encounters]
    assert len(ids) == len(set(ids))
    for encounter in patient.encounters:
        assert str(encounter.statements[0]) == str(encounter.encounter_id)
        assert {belonging[ref] for ref in encounter.statements} == {encounter.encounter_id}
        assert encounter.cancelled == (encounter.status == "cancelled")
        standing = [stay for stay in encounter.stays if stay.cancelled == encounter.cancelled]
        for stay, following in pairwise(standing):
            if not encounter.cancelled:
                assert stay.end == following.start
        for stay in standing:
            assert stay.start is None or stay.end is None or stay.start <= stay.end
        assert not (in_census(encounter) and encounter.end)


@given(SETS, CLOCK)
def test_an_as_of_reading_leaves_out_what_had_not_happened(
    statements: list[Statement], clock: str
) -> None:
    as_of = (moment(clock) or moment("0:00")).at  # type: ignore[union-attr]
    kept = stated_by(statements, as_of)
    for each in kept:
        at, _ = happened(each)
        if trigger_of(each.trigger).happens:
            assert at is None or at <= as_of
    assert stated_by(kept, as_of) == kept
    assert interpret(kept) == interpret(list(reversed(kept)))


@given(SETS)
def test_statements_about_another_patient_change_nothing(statements: list[Statement]) -> None:
    stranger = adt("A01", "10:00", "Q", patient="z.9", visit="V9", sender="H9")
    alone = interpret(statements)
    together = interpret([*statements, stranger])
    assert [p for p in together if p.patient_id != "z.9"] == list(alone)


@given(SETS, st.randoms(use_true_random=False))
def test_stated_teams_are_well_formed_and_no_order_matters(
    statements: list[Statement], random: Random
) -> None:
    by_ref = {each.ref: each for each in statements}
    shuffled = random.sample(statements, len(statements))
    for patient, same in zip(interpret(statements), interpret(shuffled), strict=True):
        team = stated_team(patient, by_ref.__getitem__)
        assert stated_team(same, by_ref.__getitem__) == team
        encounters = {each.encounter_id: each for each in patient.encounters}
        for each in team:
            if each.since and each.until:
                assert each.since <= each.until
            if each.encounter_id is None:
                assert each.role == "PP"
                continue
            encounter = encounters[each.encounter_id]
            assert not encounter.cancelled
            if encounter.end:
                assert each.until
                assert each.until <= encounter.end
            if encounter.start and each.since:
                assert encounter.start <= each.since
        held = [(each.encounter_id, each.facility, each.role, each.practitioner) for each in team]
        for who in set(held):
            periods = [each for each, one in zip(team, held, strict=True) if one == who]
            for earlier, later in pairwise(periods):
                assert earlier.until
                assert later.since
                assert earlier.until <= later.since
