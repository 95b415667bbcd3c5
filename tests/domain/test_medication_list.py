"""The medication lists of a person, decided, and what holds for every sequence of commands."""

from typing import Any

import pytest
from hypothesis import strategies as st

from domain import medication_list
from domain.decider import StatedTime, fold
from domain.errors import (
    AnotherPatient,
    DiscrepancyUnknown,
    ItemUnknown,
    ListUnknown,
    MoveNotAllowed,
    NothingCompared,
    UndecidedItems,
)
from domain.ids import DEVELOPMENT_KEY, IdKey, StreamId
from domain.medication_facts import (
    ActionCounts,
    DiscrepancyFound,
    DiscrepancyResolved,
    ListElsewhere,
    MedicationEvent,
    MedicationListRecorded,
    MedicationListReported,
    MedicationsReconciled,
)
from domain.medication_list import (
    MEDICATION_LIST,
    ListsReconciled,
    ListsRecorded,
    MedicationHistory,
    NoList,
    find_discrepancy,
    record_list,
    resolve_discrepancy,
)
from domain.party import Party
from tests.domain.scenario import PRESENT, at, history_of
from tests.domain.stream_properties import (
    RECORD,
    TIMES,
    Asked,
    properties_of,
    properties_of_reports,
)

BY = Party(organisation="GENERAL", person="rx-1")


def listed(
    list_id: str, items: int = 2, hours: float = -10, **facts: Any
) -> MedicationListRecorded:
    return MedicationListRecorded(
        record=RECORD, happened_at=at(hours), by=BY, list_id=list_id,
        **{"source": "home", **facts}, items=items,
    )  # fmt: skip


def reconciled(
    decided: int, *compared: str, hours: float = 0, **facts: Any
) -> MedicationsReconciled:
    return MedicationsReconciled(
        record=RECORD, happened_at=at(hours), by=BY, at_point="discharge", role="pharmacist",
        compared=compared, decided_items=decided, actions=ActionCounts(continued=decided), **facts,
    )  # fmt: skip


def found(discrepancy_id: str = "d1", hours: float = -5, **facts: Any) -> DiscrepancyFound:
    return DiscrepancyFound(
        record=RECORD, happened_at=at(hours), by=BY, discrepancy_id=discrepancy_id, kind="dose",
        **facts,
    )  # fmt: skip


def resolved(discrepancy_id: str = "d1", hours: float = 0) -> DiscrepancyResolved:
    return DiscrepancyResolved(
        record=RECORD, happened_at=at(hours), by=BY, discrepancy_id=discrepancy_id,
        how="order_changed",
    )  # fmt: skip


def history(*events: MedicationEvent) -> MedicationHistory:
    return history_of(events)


def reconcile(
    event: MedicationsReconciled, *decided: str, given: MedicationHistory
) -> list[MedicationEvent]:
    return medication_list.reconcile(given, event, decided=decided, time=PRESENT)


HOME, HOSPITAL = listed("l1", 2), listed("l2", 1, source="hospital")
BOTH = history(HOME, HOSPITAL)


def test_lists_are_reconciled_until_the_next_list_comes() -> None:
    done = reconciled(3, "l1", "l2", hours=-8)
    assert isinstance(fold(MEDICATION_LIST, history()).state, NoList)
    assert isinstance(fold(MEDICATION_LIST, BOTH).state, ListsRecorded)
    assert isinstance(fold(MEDICATION_LIST, history(HOME, HOSPITAL, done)).state, ListsReconciled)
    later = history(HOME, HOSPITAL, done, listed("l3", hours=-1))
    assert isinstance(fold(MEDICATION_LIST, later).state, ListsRecorded)


def test_a_list_gets_the_next_id() -> None:
    made = record_list(BOTH, lambda free: listed(free, 4, hours=0), time=PRESENT)
    assert made == [listed("l3", 4, hours=0)]


def test_a_list_recorded_again_just_now_is_recorded_once() -> None:
    again = history(HOME, listed("l2", 4, hours=-0.05))
    assert record_list(again, lambda free: listed(free, 4, hours=0), time=PRESENT) == []


def test_the_stream_is_about_one_person() -> None:
    other = IdKey(DEVELOPMENT_KEY).record("GENERAL", "2", "P")
    with pytest.raises(AnotherPatient):
        record_list(
            BOTH, lambda free: listed(free).model_copy(update={"record": other}), time=PRESENT
        )


def test_the_stream_of_a_person_is_known_by_the_record() -> None:
    key = IdKey(DEVELOPMENT_KEY)
    one = medication_list.stream_of_person(key, RECORD)
    assert one == medication_list.stream_of_person(key, RECORD)
    assert one != medication_list.stream_of_person(key, key.record("GENERAL", "2", "P"))


def test_every_item_is_decided_or_said_to_be_unresolved() -> None:
    whole = reconciled(3, "l1", "l2")
    assert reconcile(whole, "l1/1", "l1/2", "l2/1", given=BOTH) == [whole]
    with pytest.raises(UndecidedItems) as caught:
        reconcile(reconciled(1, "l1", "l2"), "l1/1", given=BOTH)
    assert caught.value.undecided == 2
    open_items = reconciled(1, "l1", "l2", unresolved=2)
    assert reconcile(open_items, "l1/1", given=BOTH) == [open_items]


def test_a_reconciliation_compares_lists_that_are_known() -> None:
    with pytest.raises(NothingCompared):
        reconcile(reconciled(0), given=BOTH)
    with pytest.raises(ListUnknown):
        reconcile(reconciled(0, "l7"), given=BOTH)
    with pytest.raises(MoveNotAllowed):
        reconcile(reconciled(0, "l1"), given=history())


@pytest.mark.parametrize("wrong", ["l1/3", "l2/1", "l9/1"])
def test_a_decision_is_about_an_item_of_a_compared_list(wrong: str) -> None:
    with pytest.raises(ItemUnknown):
        reconcile(reconciled(2, "l1"), "l1/1", wrong, given=BOTH)


def test_an_item_is_decided_once() -> None:
    with pytest.raises(ItemUnknown):
        reconcile(reconciled(2, "l1"), "l1/1", "l1/1", given=BOTH)


def test_a_discrepancy_is_found_and_resolved_once() -> None:
    (made,) = find_discrepancy(BOTH, lambda free: found(free, 0, items=("l1/2",)), time=PRESENT)
    assert made == found("d1", 0, items=("l1/2",))
    with pytest.raises(DiscrepancyUnknown):
        resolve_discrepancy(BOTH, resolved(), time=PRESENT)
    then = history(HOME, found())
    assert resolve_discrepancy(then, resolved(), time=PRESENT) == [resolved()]
    with pytest.raises(DiscrepancyUnknown):
        resolve_discrepancy(
            history(HOME, found(), resolved(hours=-2)),
            resolved(),
            time=StatedTime(PRESENT.now, at(-1)),
        )


def test_a_discrepancy_names_items_that_are_known() -> None:
    with pytest.raises(ItemUnknown):
        find_discrepancy(BOTH, lambda free: found(free, 0, items=("l2/2",)), time=PRESENT)
    with pytest.raises(ListUnknown):
        find_discrepancy(BOTH, lambda free: found(free, 0, items=("l5/1",)), time=PRESENT)


# --- what other systems report --------------------------------------------------------------------


def reported(hours: float = -6, **facts: Any) -> MedicationListReported:
    return MedicationListReported(
        record=RECORD, happened_at=at(hours), by=Party(organisation="HARBOR"), partner="HARBOR",
        claim="reconciled", at_point="discharge", **facts,
    )  # fmt: skip


def test_a_reported_reconciliation_counts_until_the_next_list() -> None:
    folded = fold(MEDICATION_LIST, history(HOME, reported()))
    assert isinstance(folded.state, ListsReconciled)
    assert folded.state.known.reconciliations == (reported(),)
    later = history(HOME, reported(), listed("l2", hours=-1))
    assert isinstance(fold(MEDICATION_LIST, later).state, ListsRecorded)


def test_a_report_without_a_list_is_kept_and_counts_once_a_list_is_known() -> None:
    told = StatedTime(PRESENT.now, at(-6))
    assert medication_list.report(history(), reported(), time=told) == [reported()]
    alone = fold(MEDICATION_LIST, history(reported()))
    assert (alone.state, len(alone.not_legal)) == (NoList(), 1)
    (late,) = record_list(history(reported()), listed, time=StatedTime(PRESENT.now, at(-10)))
    both = fold(MEDICATION_LIST, history(reported(), late))
    assert (isinstance(both.state, ListsReconciled), both.not_legal) == (True, frozenset())


def test_a_report_is_about_the_person_of_the_stream() -> None:
    other = IdKey(DEVELOPMENT_KEY).record("GENERAL", "2", "P")
    told = reported().model_copy(update={"record": other})
    with pytest.raises(AnotherPatient):
        medication_list.report(BOTH, told, time=StatedTime(PRESENT.now, at(-6)))


def test_our_people_are_not_offered_the_step_that_only_others_take() -> None:
    state = fold(MEDICATION_LIST, BOTH).state
    assert medication_list.moves(state) == (
        "recorded", "reconciled", "discrepancy_found", "discrepancy_resolved",
    )  # fmt: skip


# --- lists of merged records ----------------------------------------------------------------------

OTHER_STREAM = StreamId("01990000-0000-7000-8000-0000000000b2")
ELSEWHERE = ListElsewhere(stream=OTHER_STREAM, list_id="l1", items=1)


def test_a_reconciliation_compares_the_lists_of_a_merged_record_too() -> None:
    both = reconciled(3, "l1", compared_elsewhere=(ELSEWHERE,))
    other = f"{OTHER_STREAM}/l1/1"
    given = history(HOME)
    assert reconcile(both, "l1/1", "l1/2", other, given=given) == [both]
    with pytest.raises(UndecidedItems) as caught:
        reconcile(both.model_copy(update={"decided_items": 2}), "l1/1", "l1/2", given=given)
    assert caught.value.undecided == 1
    with pytest.raises(ItemUnknown):
        reconcile(both, "l1/1", "l1/2", f"{OTHER_STREAM}/l1/2", given=given)


def test_a_record_without_a_list_reconciles_those_of_the_merged_record() -> None:
    only = reconciled(1, compared_elsewhere=(ELSEWHERE,))
    assert reconcile(only, f"{OTHER_STREAM}/l1/1", given=history()) == [only]
    assert isinstance(fold(MEDICATION_LIST, history(only)).state, ListsReconciled)


def test_a_list_of_a_merged_record_is_one_that_was_known_then() -> None:
    streams = {OTHER_STREAM: history(listed("l1", 1, hours=-10), listed("l2", 5, hours=-1))}
    ref = f"{OTHER_STREAM}/l1"
    assert medication_list.list_elsewhere(streams, ref, time=PRESENT) == ELSEWHERE
    earlier = StatedTime(PRESENT.now, at(-2))
    for unknown in (f"{OTHER_STREAM}/l2", f"{OTHER_STREAM}/l3", f"{RECORD}/l1"):
        with pytest.raises(ListUnknown):
            medication_list.list_elsewhere(streams, unknown, time=earlier)


# --- what holds for every sequence of commands ----------------------------------------------------


def recording(time: StatedTime, items: int) -> Asked:
    return Asked(
        f"record {items}",
        lambda given: record_list(given, lambda free: _at(listed(free, items), time), time=time),
        time,
    )


def reconciling(time: StatedTime, number: int, unresolved: int) -> Asked:
    event = _at(reconciled(0, f"l{number}", unresolved=unresolved), time)
    return Asked(
        f"reconcile l{number}",
        lambda given: medication_list.reconcile(given, event, decided=(), time=time),
        time,
    )


def finding(time: StatedTime) -> Asked:
    return Asked(
        "find",
        lambda given: find_discrepancy(given, lambda free: _at(found(free), time), time=time),
        time,
    )


def resolving(time: StatedTime, number: int) -> Asked:
    event = _at(resolved(f"d{number}"), time)
    return Asked(
        f"resolve d{number}", lambda given: resolve_discrepancy(given, event, time=time), time
    )


def _at(event: Any, time: StatedTime) -> Any:
    return event.model_copy(update={"happened_at": time.moment})


STEPS = st.one_of(
    st.builds(recording, TIMES, st.integers(0, 2)),
    st.builds(reconciling, TIMES, st.integers(1, 3), st.integers(0, 1)),
    st.builds(finding, TIMES),
    st.builds(resolving, TIMES, st.integers(1, 2)),
)

TestMedicationList = properties_of(medication_list.KIND, steps=STEPS)
TestReportsOfMedicationLists = properties_of_reports(medication_list.KIND, steps=STEPS)
