"""A reconciliation of the medication lists does the step ``medications`` of a transition."""

from datetime import datetime
from typing import Any

import pytest

from domain.ids import EventId
from domain.interpretation import interpret
from domain.medication_facts import (
    ActionCounts,
    MedicationEvent,
    MedicationListEnteredInError,
    MedicationListRecorded,
    MedicationListReported,
    MedicationsReconciled,
)
from domain.party import Party
from domain.statement import Moment
from domain.transition.acting import acted_on
from domain.transition.duties import duties
from domain.transition.elsewhere import RECONCILED, RECONCILIATION, StepDone
from domain.transition.events import TransitionMedicationsReconciled
from domain.transition.reconciliations import Reconciliations, reconciliations_of
from tests.domain.scenario import event_id, history_of
from tests.domain.stream_properties import RECORD
from tests.domain.transition.given import PROTOCOLS, act, only, stay, step, utc

#: It ends on Monday, 2 March 2026, at 10:00 in New York.
STAY = stay("2026-02-26 09:00", "2026-03-02 15:00")
DISCHARGE = STAY[1]
BY = Party(organisation="CLINIC", person="rx-1")
LISTED = MedicationListRecorded.model_construct(
    record=RECORD,
    happened_at=Moment(at=utc("2026-02-26 09:00")),
    by=BY,
    list_id="l1",
    source="home",
    items=1,
)


def reconciled(when: str, **members: Any) -> MedicationsReconciled:
    given: dict[str, Any] = {"at_point": "visit", "role": "pharmacist", "anchor": None, **members}
    return MedicationsReconciled.model_construct(
        record=RECORD,
        happened_at=Moment(at=utc(when)),
        by=BY,
        compared=("l1",),
        decided_items=1,
        actions=ActionCounts(continued=1),
        **given,
    )


def lists(*events: MedicationEvent) -> Reconciliations:
    return reconciliations_of([history_of([LISTED, *events])])


def done_at(medications: Reconciliations, *acts: Any) -> datetime | None:
    done = step(only(STAY, *acts, medications=medications), "medications").done
    return done.at if done else None


def test_a_reconciliation_after_the_discharge_does_the_step_and_its_duty() -> None:
    found = only(STAY, medications=lists(reconciled("2026-03-05 14:00")))
    assert step(found, "medications").done == StepDone(
        utc("2026-03-05 14:00"), RECONCILIATION, event=event_id(2)
    )
    done = {each.code: each.done_at for each in duties(found)}
    assert done["transition.medications"] == utc("2026-03-05 14:00")
    assert done["transition.contact"] is None


@pytest.mark.parametrize(
    ("when", "members", "done"),
    [
        ("2026-03-02 05:01", {"at_point": "discharge"}, 1),  # 00:01 of the day of the discharge
        ("2026-03-02 04:59", {"at_point": "discharge"}, 0),  # the day before
        ("2026-04-02 03:59", {}, 1),  # the last minute of the window
        ("2026-04-02 04:00", {}, 0),
        ("2026-04-02 04:00", {"anchor": DISCHARGE.ref}, 1),  # it names the encounter
        ("2026-03-05 14:00", {"at_point": "admission"}, 0),
        ("2026-03-05 14:00", {"at_point": "transfer"}, 0),
        ("2026-03-05 14:00", {"role": "other"}, 0),
    ],
)
def test_it_counts_from_the_day_of_the_discharge_to_the_end_of_the_window(
    when: str, members: dict[str, Any], done: int
) -> None:
    assert done_at(lists(reconciled(when, **members))) == (utc(when) if done else None)


def test_the_first_of_several_does_the_step_also_in_another_list_of_the_person() -> None:
    later, first = reconciled("2026-03-09 14:00"), reconciled("2026-03-04 14:00")
    two = reconciliations_of([history_of([LISTED, later]), history_of([LISTED, first])])
    assert done_at(two) == utc("2026-03-04 14:00")
    told = act(TransitionMedicationsReconciled, DISCHARGE, "2026-03-03 14:00", reconciliation=None)
    assert done_at(two, told) == utc("2026-03-03 14:00")


def test_a_reconciliation_entered_in_error_brings_the_duty_back() -> None:
    mark = MedicationListEnteredInError.model_construct(
        record=RECORD,
        happened_at=Moment(at=utc("2026-03-06 09:00")),
        event_id=event_id(2),
        reason_code="not_done",
    )
    medications = lists(reconciled("2026-03-05 14:00"), mark)
    assert done_at(medications) is None
    told = act(
        TransitionMedicationsReconciled, DISCHARGE, "2026-03-05 14:00", reconciliation=event_id(2)
    )
    assert done_at(medications, told) is None, "it names an event that is void"
    other = told.model_copy(update={"reconciliation": EventId("another")})
    assert done_at(medications, other) == utc("2026-03-05 14:00")
    owed = {each.code: each.done_at for each in duties(only(STAY, told, medications=medications))}
    assert owed["transition.medications"] is None


def test_people_who_act_see_the_step_as_done() -> None:
    found = only(STAY)
    medications = lists(reconciled("2026-03-05 14:00"))
    (patient,) = interpret(STAY)
    acted = acted_on(patient.encounters[0], [], PROTOCOLS, medications)
    assert acted is not None
    assert acted.done == {"medications": utc("2026-03-05 14:00")}
    assert acted.steps == {each.code for each in found.steps}


def test_the_protocol_names_the_move_that_a_reconciliation_stands_for() -> None:
    rule = PROTOCOLS.published[0].protocol.kinds["home"].steps
    assert [each.code for each in rule if RECONCILED in each.done_by] == ["medications"]


@pytest.mark.parametrize(("role", "counts"), [("nurse", True), ("other", False)])
def test_a_reported_reconciliation_does_the_step_and_says_so(role: str, counts: bool) -> None:  # noqa: FBT001 - a parameter of the case
    told = MedicationListReported.model_validate(
        {
            "record": RECORD,
            "happened_at": Moment(at=utc("2026-03-05 14:00")),
            "by": Party(organisation="HARBOR"),
            "partner": "HARBOR",
            "claim": "reconciled",
            "at_point": "visit",
            "role": role,
        }
    )
    done = step(only(STAY, medications=lists(told)), "medications").done
    shown = StepDone(utc("2026-03-05 14:00"), "reported", event=event_id(2))
    assert done == (shown if counts else None)
