"""The transitions of each person as rows, with their duties and the items of the work list."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

import caretrail
from caretrail.reading.past_courses import TwoClocks
from caretrail.reading.past_rows import PastRows
from domain.body import RecordedEvent
from domain.ids import EncounterId, PatientId, StreamId
from domain.interpretation import interpret
from domain.medication_facts import (
    ActionCounts,
    MedicationListEnteredInError,
    MedicationListRecorded,
    MedicationsReconciled,
)
from domain.medication_list import stream_of_person
from domain.party import Party
from domain.protocol import ProtocolPublished, stream_of_protocols
from domain.rules import version_of
from domain.statement import Moment
from domain.transition.events import (
    TransitionContactMade,
    TransitionEnteredInError,
    TransitionEvent,
    TransitionStepDone,
    TransitionStepWaived,
)
from domain.work import WorkClaimed
from projections.audit_trail import LogPosition
from projections.catalogue import PROJECTIONS
from projections.duty_report import duty_counts
from projections.engine import fold, resuming
from projections.engine.digest import digest
from projections.rebuilding.rebuild import rebuild
from projections.transition import TRANSITION_TABLE, steps_of_patient, transitions_of_patient
from projections.work import DUTY, WORK_ITEM
from tests.projections.samples import (
    KEY,
    Log,
    SampleOwnEvent,
    SampleStatement,
    at,
    open_segment,
    place,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

STREAM = stream_of_protocols(KEY)
RULES = services(interpret=interpret, protocol_stream=STREAM)
CONTENT = (Path(caretrail.__file__).parent / "default_protocol.toml").read_text("utf-8")
PATIENT = PatientId(record("1"))
NURSE = Party(organisation="NGH", person="nurse-1")


def published(content: str = CONTENT, since: Any = None) -> SampleOwnEvent:
    event = ProtocolPublished(
        happened_at=Moment(at=at("09:00")),
        version=version_of(content),
        effective_from=since,
        content=content,
    )
    return SampleOwnEvent(stream=StreamId(STREAM), event=event)


#: A stay that ends on Monday, 5 January 2026, at 15:00 in UTC: at 10:00 in New York.
ADMISSION = stated("A01", "10:00", where=place("4W", "A"))
DISCHARGE = stated("A03", "15:00", disposition="01", disposition_code="home")
STAY = (ADMISSION, DISCHARGE)
PROTOCOL = published()


def acted(
    kind: type[TransitionEvent],
    clock: str,
    anchor: SampleStatement = DISCHARGE,
    day: int = 1,
    **members: Any,
) -> SampleOwnEvent:
    """Return what people did after a discharge, in the stream of its anchor."""
    given = {
        "record": anchor.statement.record,
        "happened_at": Moment(at=at(clock, day)),
        "anchor": anchor.statement.ref,
    } | ({"by": NURSE} if "by" in kind.model_fields else {})
    event = kind.model_validate(given | members)
    return SampleOwnEvent(stream=KEY.stream("transition", anchor.statement.ref), event=event)


def called(clock: str = "12:00", anchor: SampleStatement = DISCHARGE) -> SampleOwnEvent:
    return acted(TransitionContactMade, clock, anchor, how="telephone", reached="patient")


def apply(connection: psycopg.Connection, log: Log, events: Sequence[RecordedEvent]) -> None:
    fold.apply(connection, PROJECTIONS, events, heal=log.heal, services=RULES)
    while resuming.fold_waiting(connection, PROJECTIONS, RULES):
        pass


def tell(connection: psycopg.Connection, *story: SampleOwnEvent | SampleStatement) -> Log:
    log = Log()
    apply(connection, log, log.record(PROTOCOL, *story))
    return log


def rows(connection: psycopg.Connection, table: str, order: str = "1") -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"select * from proj.{table} order by {order}").fetchall()


def items(connection: psycopg.Connection) -> set[str]:
    return {each["duty"] for each in rows(connection, "work_item")}


def test_a_discharge_is_a_row_with_its_steps_duties_and_items(
    connection: psycopg.Connection,
) -> None:
    tell(connection, *STAY, called())
    (found,) = transitions_of_patient(connection, PATIENT)
    assert (found.encounter_id, found.kind, found.state) == (
        EncounterId(ADMISSION.statement.ref),
        "home",
        "open",
    )
    assert (found.discharge_ref, found.discharge_at) == (DISCHARGE.statement.ref, at("15:00"))
    assert (found.protocol, found.protocol_version) == ("caretrail-default", version_of(CONTENT))
    assert (found.steps, found.steps_settled, found.responsible_organisation) == (8, 1, "NGH")
    assert found.window_ends_at == at("05:00", 31)
    steps = steps_of_patient(connection, PATIENT)[found.encounter_id]
    assert [each.step for each in steps][:2] == ["information", "contact"]
    assert (steps[1].done_at, steps[1].done_by) == (at("12:00", 1), "contact_made")
    assert (str(steps[1].due_on), steps[1].in_time_until) == (
        "2026-01-07",
        at("04:59", 3).replace(second=59, microsecond=999_999),
    )
    done = {each["duty"]: each["done_at"] for each in rows(connection, "duty")}
    assert done["transition.contact"] == at("12:00", 1)
    assert items(connection) == set(done) - {"transition.contact"}
    assert {each["about"] for each in rows(connection, "duty")} == {found.encounter_id}


def test_two_anchors_of_one_encounter_give_one_transition(connection: psycopg.Connection) -> None:
    by_admission = acted(TransitionStepDone, "13:00", ADMISSION, step="education")
    tell(connection, *STAY, called(), by_admission)
    (found,) = rows(connection, "transition")
    assert found["steps_settled"] == 2


def test_an_event_that_was_entered_in_error_does_nothing(connection: psycopg.Connection) -> None:
    log = tell(connection, *STAY, called())
    mark = acted(
        TransitionEnteredInError,
        "14:00",
        event_id=log.events[-1].envelope.event_id,
        reason_code="wrong_patient",
    )
    apply(connection, log, log.record(mark))
    assert rows(connection, "transition")[0]["steps_settled"] == 0
    assert "transition.contact" in items(connection)


def test_a_reconciliation_does_the_step_until_it_is_entered_in_error(
    connection: psycopg.Connection,
) -> None:
    about: Any = {"record": record("1"), "by": NURSE}
    listed = MedicationListRecorded(
        **about, happened_at=Moment(at=at("16:00")), list_id="l1", source="discharge", items=1
    )
    reconciled = MedicationsReconciled(
        **about,
        happened_at=Moment(at=at("16:30")),
        at_point="call",
        role="nurse",
        compared=("l1",),
        decided_items=1,
        actions=ActionCounts(continued=1),
    )
    lists = stream_of_person(KEY, record("1"))
    told = [SampleOwnEvent(stream=lists, event=each) for each in (listed, reconciled)]
    log = tell(connection, *STAY, *told)
    assert "transition.medications" not in items(connection)
    step = steps_of_patient(connection, PATIENT)[EncounterId(ADMISSION.statement.ref)][2]
    assert (step.done_at, step.done_by) == (at("16:30"), "reconciliation")
    assert step.done_event_id == log.events[-1].envelope.event_id
    mark = MedicationListEnteredInError(
        record=record("1"),
        happened_at=Moment(at=at("17:00")),
        event_id=step.done_event_id,
        reason_code="not_done",
    )
    apply(connection, log, log.record(SampleOwnEvent(stream=lists, event=mark)))
    assert "transition.medications" in items(connection)


def test_a_report_counts_what_was_done_in_time_late_missed_and_waived(
    connection: psycopg.Connection,
) -> None:
    waived = acted(TransitionStepWaived, "12:00", step="equipment", reason="not_needed")
    late = acted(TransitionStepDone, "12:00", day=20, step="education")
    test_record = stated("A01", "10:00", number="9", mode="T")
    left = stated("A03", "15:00", number="9", mode="T", disposition="01")
    tell(connection, *STAY, called(), waived, late, test_record, left)

    def counted(day: int, **asked: Any) -> dict[str, tuple[int, ...]]:
        return {
            each.duty.removeprefix("transition."): (
                each.done_in_time, each.done_late, each.overdue, each.not_yet_due, each.waived
            )
            for each in duty_counts(connection, at=at("12:00", day), **asked)
        }  # fmt: skip

    found = counted(21)
    assert found["contact"] == (1, 0, 0, 0, 0)
    assert found["education"] == (0, 1, 0, 0, 0)
    assert found["visit"] == (0, 0, 1, 0, 0)
    assert found["equipment"] == (0, 0, 0, 0, 1)
    assert counted(3)["visit"] == (0, 0, 0, 1, 0)
    assert counted(21, organisation="NGH") == found
    assert counted(21, organisation="OTHER") == counted(21, since=at("16:00")) == {}
    (visit,) = [
        each
        for each in duty_counts(connection, at=at("12:00", 21))
        if each.duty == "transition.visit"
    ]
    assert visit.oldest_overdue is not None
    assert f"{visit.oldest_overdue:%Y-%m-%d %H:%M}" == "2026-01-20 04:59"


def test_an_earlier_statement_changes_the_id_and_keeps_the_work(
    connection: psycopg.Connection,
) -> None:
    claimed = SampleOwnEvent(
        stream=KEY.stream("work", DISCHARGE.statement.ref, "transition.visit", ""),
        event=WorkClaimed(
            record=record("1"),
            happened_at=Moment(at=at("13:00", 1)),
            anchor=DISCHARGE.statement.ref,
            about=DISCHARGE.statement.ref,
            duty="transition.visit",
            by=NURSE,
            until=at("13:30", 1),
        ),
    )
    log = tell(connection, DISCHARGE, called(), claimed)
    (before,) = rows(connection, "transition")
    assert (before["encounter_id"], before["steps_settled"]) == (DISCHARGE.statement.ref, 1)
    apply(connection, log, log.record(ADMISSION))
    (after,) = rows(connection, "transition")
    assert (after["encounter_id"], after["steps_settled"]) == (ADMISSION.statement.ref, 1)
    (item,) = [each for each in rows(connection, "work_item") if each["duty"] == "transition.visit"]
    assert (item["about"], item["claimed_person"]) == (ADMISSION.statement.ref, "nurse-1")


def test_work_on_a_cancelled_discharge_is_a_withdrawn_row(connection: psycopg.Connection) -> None:
    cancel = stated("A13", "10:00", day=2)
    tell(connection, *STAY, called(), cancel)
    (found,) = transitions_of_patient(connection, PATIENT)
    assert (found.state, found.cause, found.kind) == ("withdrawn", "discharge_cancelled", None)
    assert (rows(connection, "transition_step"), rows(connection, "duty")) == ([], [])


def test_a_cancelled_discharge_without_work_leaves_no_row(connection: psycopg.Connection) -> None:
    tell(connection, *STAY, stated("A13", "10:00", day=2))
    assert rows(connection, "transition") == []
    assert items(connection) == set()


def test_a_readmission_suspends_and_the_next_transition_goes_on(
    connection: psycopg.Connection,
) -> None:
    again = stated("A01", "10:00", visit="V2", day=3)
    left = stated("A03", "15:00", visit="V2", day=4, disposition="01", disposition_code="home")
    tell(connection, *STAY, again, left)
    first, second = rows(connection, "transition", "discharge_at")
    assert (first["state"], first["suspended_by"]) == ("suspended", again.statement.ref)
    assert (second["state"], second["continues"]) == ("open", first["encounter_id"])
    assert {each["about"] for each in rows(connection, "work_item")} == {again.statement.ref}


def test_a_merge_moves_the_transition_to_the_survivor(connection: psycopg.Connection) -> None:
    tell(connection, *STAY, called(), stated("A40", "16:00", number="2", visit="", retires="1"))
    for table in ("transition", "transition_step", "duty", "work_item"):
        assert {each["patient_id"] for each in rows(connection, table)} == {record("2")}
    assert rows(connection, "transition")[0]["steps_settled"] == 1


def test_a_backlog_load_creates_no_duty(connection: psycopg.Connection) -> None:
    loaded = stated("A03", "15:00", disposition="01", flags=("backfill",))
    tell(connection, ADMISSION, loaded)
    assert rows(connection, "duty") == []


# --- death ----------------------------------------------------------------------------------------

DEATHS = {
    "A08": stated("A08", "18:00", day=1, deceased=True),
    "A31": stated("A31", "18:00", visit="", day=1, deceased=True),
    "A03": stated("A03", "18:00", disposition="20", disposition_code="exp"),
    "before the discharge": stated("A08", "14:00", deceased=True),
}


@pytest.mark.parametrize("told", DEATHS.values(), ids=DEATHS)
@pytest.mark.parametrize("first", [True, False], ids=["told first", "told last"])
def test_nothing_is_owed_to_the_dead(
    connection: psycopg.Connection, told: SampleStatement, *, first: bool
) -> None:
    story = (told, *STAY) if first else (*STAY, told)
    tell(connection, *story, called())
    assert (rows(connection, "duty"), rows(connection, "work_item")) == ([], [])
    assert [(each["state"], each["cause"]) for each in rows(connection, "transition")] == [
        ("closed", "deceased")
    ]


def past(connection: psycopg.Connection, known: int, table: Any) -> list[tuple[Any, ...]]:
    then = PastRows(
        connection,
        TwoClocks(known=known),
        RULES,
        known=LogPosition(index=known, recorded_at=None),
    )
    query = psycopg.sql.SQL("select {} from {} as r order by 1, 2, 3").format(
        psycopg.sql.SQL(", ").join(
            psycopg.sql.Identifier(each.name) for each in table.columns if each.covered
        ),
        then.of(table),
    )
    return connection.execute(query, {}).fetchall()


@pytest.mark.parametrize("table", [TRANSITION_TABLE, DUTY, WORK_ITEM], ids=lambda one: one.name)
def test_what_was_known_before_does_not_change(connection: psycopg.Connection, table: Any) -> None:
    log = tell(connection, *STAY, called())
    known = log.events[-1].envelope.index
    before = past(connection, known, table)
    assert before
    changed = CONTENT.replace('within = "2 bd"', 'within = "5 bd"')
    apply(connection, log, log.record(DEATHS["A08"], published(changed, at("00:00"))))
    assert past(connection, known, table) == before
    assert past(connection, log.events[-1].envelope.index, table) != before


# --- the same in any way --------------------------------------------------------------------------


def test_a_later_protocol_changes_only_discharges_since_then(
    connection: psycopg.Connection,
) -> None:
    other = (
        stated("A01", "10:00", number="2", visit="V2"),
        stated("A03", "15:00", number="2", visit="V2", day=3, disposition="01"),
    )
    log = tell(connection, *STAY, *other)
    before = rows(connection, "duty", "patient_id, duty")
    changed = CONTENT.replace(
        'within = "2 bd", done_by = ["contact_made"]', 'within = "1 bd", done_by = ["contact_made"]'
    )
    apply(connection, log, log.record(published(changed, at("00:00", 2))))
    after = rows(connection, "duty", "patient_id, duty")

    def dates(some: list[dict[str, Any]], number: str) -> dict[str, Any]:
        mine = [each for each in some if each["patient_id"] == record(number)]
        return {each["duty"]: (each["due_on"], each["rule_version"]) for each in mine}

    assert dates(after, "1") == dates(before, "1")
    assert dates(before, "2")["transition.contact"][0] == "2026-01-12"
    assert dates(after, "2")["transition.contact"] == ("2026-01-09", version_of(changed))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])  # each is first, and last
def test_any_order_gives_what_a_rebuild_gives(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    log = Log()
    readmission = (
        stated("A01", "10:00", visit="V2", day=3),
        stated("A03", "15:00", visit="V2", day=4, disposition="03"),
    )
    batches = [
        log.record(PROTOCOL, *readmission),
        log.record(ADMISSION, called(anchor=ADMISSION)),
        log.record(DISCHARGE, acted(TransitionStepDone, "13:00", step="education")),
    ]
    for each in order:
        apply(connection, log, batches[each])
    live = digests(connection)
    found = rows(connection, "transition", "discharge_at")
    assert [(each["state"], each["steps_settled"]) for each in found] == [
        ("suspended", 2),
        ("open", 0),
    ]
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=RULES)
    assert digests(connection) == live


def digests(connection: psycopg.Connection) -> dict[str, str]:
    found = digest(connection, PROJECTIONS, open_segment)
    return {name: one.sha256 for name, one in found.items()}


def test_records_that_part_again_keep_each_its_own_transitions(
    connection: psycopg.Connection,
) -> None:
    """A corrected enterprise number parts two records: what was done goes back with its record."""
    joined = (
        stated("A01", "10:00", enterprise="9"),
        DISCHARGE,
        stated("A01", "10:00", number="2", authority="SGH", visit="V2", enterprise="9", day=2),
    )
    log = tell(connection, *joined, called())
    (before,) = rows(connection, "transition")
    assert (before["state"], before["steps_settled"]) == ("suspended", 1)
    assert {each["done_at"] is None for each in rows(connection, "duty")} == {False}

    apply(
        connection,
        log,
        log.record(
            stated("A08", "11:00", number="2", authority="SGH", visit="V2", enterprise="8", day=2)
        ),
    )
    (after,) = rows(connection, "transition")
    assert (after["state"], after["patient_id"], after["record_id"]) == (
        "open",
        record("1"),
        record("1"),
    )
    assert after["steps_settled"] == 1
    for table in ("transition_step", "duty", "work_item"):
        assert {each["patient_id"] for each in rows(connection, table)} == {record("1")}
    assert "transition.visit" in items(connection)
    live = digests(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=RULES)
    assert digests(connection) == live
