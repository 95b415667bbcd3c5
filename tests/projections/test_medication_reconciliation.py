"""The medication lists of each person as rows: live and after a rebuild."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from domain.ids import StreamId
from domain.medication_facts import (
    ActionCounts,
    DiscrepancyFound,
    DiscrepancyResolved,
    MedicationEvent,
    MedicationListRecorded,
    MedicationListReported,
    MedicationsReconciled,
)
from domain.party import Party
from domain.statement import Moment
from projections.catalogue import PROJECTIONS
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import (
    Log,
    SampleOwnEvent,
    applied,
    at,
    content,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

STREAM = StreamId("01990000-0000-7000-8000-0000000000b1")
ADMISSION = stated("A01", "10:00")


def sample(shape: type[MedicationEvent], clock: str, **members: Any) -> SampleOwnEvent:
    facts = {
        "record": record("1"),
        "happened_at": Moment(at=at(clock)),
        "by": Party(organisation="NGH", person="rx-1"),
        **members,
    }
    return SampleOwnEvent(stream=STREAM, event=shape.model_validate(facts))


HOME = sample(MedicationListRecorded, "11:00", list_id="l1", source="home", items=2)
PHARMACY = sample(MedicationListRecorded, "11:10", list_id="l2", source="pharmacy", items=1)
FOUND = sample(DiscrepancyFound, "11:20", discrepancy_id="d1", kind="dose", items=("l1/1", "l2/1"))
RECONCILED = sample(
    MedicationsReconciled, "12:00", at_point="discharge", role="nurse", compared=("l1",),
    decided_items=2, actions=ActionCounts(continued=1, stopped=1),
    given_to=("patient", "next_provider"), written_copy=True, language="pl",
    anchor=ADMISSION.statement.ref,
)  # fmt: skip


REPORTED = sample(
    MedicationListReported, "12:30", by=Party(organisation="HARBOR"), partner="HARBOR",
    claim="reconciled", at_point="visit", role="pharmacist",
)  # fmt: skip


def tell(connection: psycopg.Connection, *own: SampleOwnEvent) -> Log:
    log = Log()
    log.record(ADMISSION, *own)
    applied(connection, log, log.events)
    return log


def rows(connection: psycopg.Connection, table: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"select * from proj.{table} order by 1, 2").fetchall()


def test_a_reconciliation_is_a_row_with_its_counts(connection: psycopg.Connection) -> None:
    tell(connection, HOME, PHARMACY, RECONCILED)
    (found,) = rows(connection, "medication_reconciliation")
    assert (found["number"], found["at_point"], found["role"]) == (1, "discharge", "nurse")
    assert (found["continued"], found["stopped"], found["changed"]) == (1, 1, 0)
    assert (found["compared"], found["given_to"]) == (["l1"], ["patient", "next_provider"])
    assert (found["is_written_copy"], found["language"]) == (True, "pl")
    assert (found["patient_id"], found["encounter_id"]) == (record("1"), ADMISSION.statement.ref)
    assert found["flags"] == []


def test_a_reconciliation_by_another_role_is_recorded_and_flagged(
    connection: psycopg.Connection,
) -> None:
    other = sample(
        MedicationsReconciled, "12:00", at_point="call", role="other", compared=("l1",),
        decided_items=0, unresolved=2, actions=ActionCounts(),
    )  # fmt: skip
    tell(connection, HOME, other)
    (found,) = rows(connection, "medication_reconciliation")
    assert found["flags"] == ["role_may_not_reconcile"]


def test_a_report_is_a_reconciliation_that_names_its_partner_and_no_lists(
    connection: psycopg.Connection,
) -> None:
    tell(connection, HOME, RECONCILED, REPORTED)
    own, told = rows(connection, "medication_reconciliation")
    assert (own["reported_by"], told["reported_by"]) == (None, "HARBOR")
    assert (told["by_organisation"], told["role"], told["at_point"]) == (
        "HARBOR", "pharmacist", "visit",
    )  # fmt: skip
    assert (told["compared"], told["continued"], told["flags"]) == ([], 0, [])
    assert [each["is_compared"] for each in rows(connection, "medication_list")] == [True]


def test_a_report_alone_is_a_stream_without_a_list(connection: psycopg.Connection) -> None:
    tell(connection, REPORTED)
    assert rows(connection, "medication_reconciliation") == []
    (found,) = rows(connection, "stream_index")
    assert found["state"] == "no_list"


def test_lists_say_whether_they_were_compared(connection: psycopg.Connection) -> None:
    tell(connection, HOME, PHARMACY, RECONCILED)
    assert [
        (each["list_id"], each["source"], each["items"], each["is_compared"])
        for each in rows(connection, "medication_list")
    ] == [("l1", "home", 2, True), ("l2", "pharmacy", 1, False)]


def test_a_reconciliation_marks_the_lists_of_a_merged_record(
    connection: psycopg.Connection,
) -> None:
    other = StreamId("01990000-0000-7000-8000-0000000000b2")
    pharmacy = sample(
        MedicationListRecorded, "11:10", record=record("2"), list_id="l1", source="pharmacy",
        items=1,
    )  # fmt: skip
    both = sample(
        MedicationsReconciled, "12:00", at_point="visit", role="nurse", compared=("l1",),
        compared_elsewhere=({"stream": other, "list_id": "l1", "items": 1},), decided_items=3,
        actions=ActionCounts(continued=3),
    )  # fmt: skip
    merged = stated("A40", "10:30", number="1", visit="", retires="2")
    log = Log()
    log.record(ADMISSION, merged, HOME, replace(pharmacy, stream=other), both)
    applied(connection, log, log.events)
    assert {
        (each["source"], each["is_compared"], each["patient_id"])
        for each in rows(connection, "medication_list")
    } == {("home", True, record("1")), ("pharmacy", True, record("1"))}
    (found,) = rows(connection, "medication_reconciliation")
    assert found["compared_elsewhere"] == [f"{other}/l1"]


def test_a_discrepancy_is_open_until_it_is_resolved(connection: psycopg.Connection) -> None:
    resolved = sample(DiscrepancyResolved, "13:00", discrepancy_id="d1", how="list_corrected")
    log = Log()
    log.record(HOME, PHARMACY, FOUND, resolved)
    applied(connection, log, log.events[:3])
    (found,) = rows(connection, "medication_discrepancy")
    assert (found["kind"], found["items"], found["resolved_at"]) == ("dose", ["l1/1", "l2/1"], None)
    applied(connection, log, log.events[3:])
    (found,) = rows(connection, "medication_discrepancy")
    assert (found["resolved_at"], found["resolved_how"]) == (at("13:00"), "list_corrected")


def test_a_rebuild_gives_the_same_rows(connection: psycopg.Connection) -> None:
    late = sample(MedicationListRecorded, "10:30", list_id="l3", source="home", items=0)
    log = tell(connection, REPORTED, HOME, PHARMACY, FOUND, RECONCILED, late)
    live = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == live
