"""The referrals of each patient: how far they are, and to whom they belong now."""

from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from domain.events import OwnEvent
from domain.ids import EventId, StatementRef, StreamId
from domain.party import Party
from domain.referral import (
    ReferralAccepted,
    ReferralClosed,
    ReferralEnteredInError,
    ReferralOutcomeReceived,
)
from domain.statement import Moment
from projections import referral_loop
from projections.catalogue import PROJECTIONS
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import (
    Log,
    SampleOwnEvent,
    SampleStatement,
    applied,
    at,
    content,
    record,
    referral,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

WARD = Party(organisation="NGH", person="dr-ward")
HEART = Party(organisation="HEART", pool="triage")
STREAM = StreamId("01990000-0000-7000-8000-00000000000a")
OTHER = StreamId("01990000-0000-7000-8000-00000000000b")


def sample(event: OwnEvent, stream: StreamId = STREAM) -> SampleOwnEvent:
    return SampleOwnEvent(stream=stream, event=event)


def requested(clock: str = "12:00", stream: StreamId = STREAM, **facts: Any) -> SampleOwnEvent:
    return referral(clock, stream=stream, **facts)


def accepted(clock: str = "13:00", *, stream: StreamId = STREAM) -> SampleOwnEvent:
    moment = Moment(at=at(clock))
    return sample(ReferralAccepted(record=record("1"), happened_at=moment, by=HEART), stream)


def closed(clock: str = "14:00") -> tuple[SampleOwnEvent, SampleOwnEvent]:
    moment = Moment(at=at(clock))
    return (
        sample(ReferralOutcomeReceived(record=record("1"), happened_at=moment, how="fax")),
        sample(
            ReferralClosed(
                record=record("1"), happened_at=moment, acknowledged_by=WARD, need_met="yes"
            )
        ),
    )


def void(index: int) -> SampleOwnEvent:
    return sample(
        ReferralEnteredInError(
            record=record("1"),
            happened_at=Moment(at=at("15:00")),
            event_id=EventId(f"00000000-0000-7000-8000-{index:012d}"),
            reason_code="wrong_item",
        )
    )


def tell(connection: psycopg.Connection, *story: SampleStatement | SampleOwnEvent) -> Log:
    log = Log()
    log.record(*story)
    applied(connection, log, log.events)
    return log


def row(connection: psycopg.Connection, stream: StreamId = STREAM) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "select * from proj.referral_loop where stream_id = %s", (stream,)
        ).fetchone()
    assert found is not None
    return found


def test_a_referral_is_a_row_with_its_state_and_times(connection: psycopg.Connection) -> None:
    tell(connection, stated("A01", "10:00"), requested(), accepted(), *closed())
    found = row(connection)
    assert (found["state"], found["version"], found["need_met"]) == ("closed", 4, "yes")
    assert (found["patient_id"], found["record_id"], found["mode"]) == (
        record("1"),
        record("1"),
        "P",
    )
    assert (found["requester_organisation"], found["target_pool"]) == ("NGH", "triage")
    assert (found["specialty"], found["urgency"], found["category"]) == (
        "394579002",
        "urgent",
        "clinical",
    )
    times: list[datetime | None] = [
        found[name] for name in ("requested_at", "accepted_at", "outcome_at", "closed_at")
    ]
    assert times == [at("12:00"), at("13:00"), at("14:00"), at("14:00")]
    steps = ("requested", "accepted", "outcome", "closed")
    assert {found[f"{step}_precision"] for step in steps} == {"second"}


def test_the_time_of_a_step_has_the_precision_with_which_it_is_stated(
    connection: psycopg.Connection,
) -> None:
    day = Moment(at=at("0:00"), until=at("23:59"), precision="day")
    tell(connection, requested(happened_at=day))
    found = row(connection)
    assert (found["requested_precision"], found["accepted_precision"]) == ("day", None)


def test_an_open_referral_has_no_times_of_later_steps(connection: psycopg.Connection) -> None:
    tell(connection, requested())
    found = row(connection)
    assert found["state"] == "requested"
    assert [found[name] for name in ("accepted_at", "outcome_at", "closed_at", "need_met")] == [
        None
    ] * 4


def test_the_encounter_is_the_one_that_holds_the_anchor_now(
    connection: psycopg.Connection,
) -> None:
    transfer = stated("A02", "11:00")
    admission = stated("A01", "10:00")
    log = Log()
    log.record(transfer, requested(anchor=transfer.statement.ref), admission)
    applied(connection, log, log.events[:2])
    assert row(connection)["encounter_id"] == transfer.statement.ref
    applied(connection, log, log.events[2:])
    found = row(connection)
    assert (found["anchor_ref"], found["encounter_id"]) == (
        transfer.statement.ref,
        admission.statement.ref,
    )


def test_an_anchor_that_has_not_arrived_names_no_encounter(connection: psycopg.Connection) -> None:
    nowhere = StatementRef(record("nowhere"))
    tell(connection, stated("A01", "10:00"), requested(anchor=nowhere))
    found = row(connection)
    assert (found["anchor_ref"], found["encounter_id"]) == (nowhere, None)


def test_a_referral_of_a_record_merged_away_belongs_to_the_survivor(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", number="1"),
        requested(number="1"),
        stated("A40", "16:00", number="2", visit="", retires="1"),
    )
    applied(connection, log, log.events[:2])
    assert row(connection)["patient_id"] == record("1")
    applied(connection, log, log.events[2:])
    found = row(connection)
    assert (found["patient_id"], found["record_id"]) == (record("2"), record("1"))
    assert [
        each.stream_id for each in referral_loop.referrals(connection, patient=record("2"))
    ] == [STREAM]


def test_a_referral_of_a_record_never_heard_of_is_kept_until_the_record_appears(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(requested(number="9"), stated("A01", "10:00", number="9"))
    applied(connection, log, log.events[:1])
    assert row(connection)["patient_id"] == record("9")
    applied(connection, log, log.events[1:])
    assert connection.execute(
        "select r.stream_id from proj.referral_loop r join proj.patient using (patient_id)"
    ).fetchall() == [(STREAM,)]


def test_a_referral_joins_no_components(connection: psycopg.Connection) -> None:
    tell(
        connection,
        stated("A01", "10:00", number="1"),
        stated("A01", "10:00", number="2", visit="V2"),
        requested(number="1"),
        requested(number="2", stream=OTHER),
    )
    assert connection.execute(
        "select stream_id, patient_id from proj.referral_loop order by 1"
    ).fetchall() == [(STREAM, record("1")), (OTHER, record("2"))]
    (components,) = connection.execute("select count(distinct component) from proj.component")
    assert components == (2,)


def test_a_request_entered_in_error_is_kept_with_what_rests_on_it(
    connection: psycopg.Connection,
) -> None:
    tell(connection, requested(), accepted(), void(1))
    found = row(connection)
    assert found["state"] == "entered_in_error"
    assert (found["requester_organisation"], found["accepted_at"]) == ("NGH", None)
    assert found["flags"] == ["has_void_events", "rests_on_void"]


def test_a_step_entered_in_error_takes_the_referral_back(connection: psycopg.Connection) -> None:
    tell(connection, requested(), accepted(), void(2))
    found = row(connection)
    assert (found["state"], found["accepted_at"]) == ("requested", None)
    assert found["flags"] == ["has_void_events"]


def test_a_step_entered_late_counts_from_its_own_time(connection: psycopg.Connection) -> None:
    tell(connection, requested("14:00"), void(1), requested("9:00"), accepted("10:00"))
    found = row(connection)
    assert (found["state"], found["requested_at"]) == ("accepted", at("9:00"))


def test_test_records_are_kept_from_analysts(connection: psycopg.Connection) -> None:
    tell(connection, requested(), requested(number="2", stream=OTHER, mode="T"))
    assert connection.execute("select stream_id from care.referral_loop").fetchall() == [(STREAM,)]


def test_referrals_are_listed_by_state_and_patient(connection: psycopg.Connection) -> None:
    tell(connection, requested(), accepted(), requested("13:00", number="2", stream=OTHER))
    listed = referral_loop.referrals(connection)
    assert [each.stream_id for each in listed] == [OTHER, STREAM]
    assert [each.stream_id for each in referral_loop.referrals(connection, state="accepted")] == [
        STREAM
    ]
    assert referral_loop.referrals(connection, patient=record("3")) == []
    (one,) = referral_loop.referrals(connection, stream=OTHER)
    assert (one.state, one.record_id) == ("requested", record("2"))


def test_a_rebuild_gives_the_same_referrals(connection: psycopg.Connection) -> None:
    admission = stated("A01", "10:00")
    log = tell(
        connection,
        requested(anchor=admission.statement.ref),
        admission,
        accepted(),
        stated("A40", "16:00", number="2", visit="", retires="1"),
        requested("9:00", number="9", stream=OTHER),
        void(3),
        accepted("13:30"),
        *closed(),
    )
    live = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == live
    rebuild(
        connection, PROJECTIONS, ["referral_loop"], log.events, heal=log.heal, services=services()
    )
    assert content(connection) == live
    assert row(connection)["state"] == "closed"
