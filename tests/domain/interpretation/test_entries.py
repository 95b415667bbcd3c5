"""What an entry says about other statements: its cancel, and what counts instead of it."""

from collections.abc import Sequence

from domain.continuity import Entry
from domain.interpretation import interpret
from domain.statement import Statement
from tests.domain.interpretation.statements import adt, sent_again

ADMITTED = adt("A01", "10:00", "A")


def entries(said: Sequence[Statement]) -> dict[Statement, Entry]:
    (patient,) = interpret(said)
    of = {entry.statement: entry for entry in patient.entries}
    return {each: of[each.ref] for each in said}


def test_a_voided_statement_names_its_cancel() -> None:
    moved, cancel = adt("A02", "11:00", "B"), adt("A12", "11:10", "A")
    of = entries([ADMITTED, moved, cancel])
    assert [each.voided_by for each in of.values()] == [None, cancel.ref, None]


def test_what_was_built_on_an_admission_names_the_cancel_of_the_admission() -> None:
    moved, cancel = adt("A02", "11:00", "B"), adt("A11", "11:10")
    of = entries([ADMITTED, moved, cancel])
    assert [each.voided_by for each in of.values()] == [cancel.ref, cancel.ref, None]


def test_a_resend_names_the_statement_that_it_repeats() -> None:
    moved = adt("A02", "11:00", "B")
    resend = sent_again(moved, sent="11:30", control="again")
    of = entries([ADMITTED, moved, resend])
    assert (of[moved].superseded_by, of[resend].superseded_by) == (None, moved.ref)


def test_a_repeated_cancel_names_the_cancel_that_it_repeats() -> None:
    moved, cancel = adt("A02", "11:00", "B"), adt("A12", "11:10", "A")
    repeat = sent_again(cancel, sent="11:12", control="again")
    of = entries([ADMITTED, moved, cancel, repeat])
    assert (of[moved].voided_by, of[repeat].superseded_by) == (cancel.ref, cancel.ref)


def test_a_corrected_discharge_names_the_discharge_whose_time_holds() -> None:
    first, second = adt("A03", "13:20"), adt("A03", "15:00", pv145="12:30")
    of = entries([ADMITTED, first, second])
    assert (of[first].superseded_by, of[second].superseded_by) == (second.ref, None)


def test_a_discharge_that_an_update_corrects_names_the_update() -> None:
    discharged, update = adt("A03", "13:20"), adt("A08", "15:00", pv145="12:30")
    of = entries([ADMITTED, discharged, update])
    assert of[discharged].superseded_by == update.ref


def test_a_discharge_without_a_stated_time_names_the_one_with_a_stated_time() -> None:
    stated, inferred = adt("A03", "13:20"), adt("A03", "2d 10:00", at=None)
    of = entries([ADMITTED, stated, inferred])
    assert (of[stated].superseded_by, of[inferred].superseded_by) == (None, stated.ref)


def test_discharges_that_state_one_time_all_hold() -> None:
    first, second = adt("A03", "13:20"), adt("A03", "15:00", pv145="13:20", pv12="")
    of = entries([ADMITTED, first, second])
    assert [each.superseded_by for each in of.values()] == [None, None, None]


def test_a_cancelled_discharge_names_its_cancel_alone() -> None:
    first, cancel, second = adt("A03", "13:20"), adt("A13", "13:30"), adt("A03", "15:00")
    of = entries([ADMITTED, first, cancel, second])
    assert (of[first].voided_by, of[first].superseded_by) == (cancel.ref, None)


def test_the_discharge_of_a_replaced_part_ends_a_part_and_no_other_does() -> None:
    arrived = adt("A04", "8:00", "ED", pv12="E")
    part, last = adt("A03", "12:00", "ED", pv12="E"), adt("A03", "17:00", "W")
    of = entries([arrived, adt("A01", "12:00", "W"), part, last])
    assert [each.ends_part for each in of.values()] == [False, False, True, False]
    assert of[part].superseded_by is None
