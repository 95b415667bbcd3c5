"""The rows of referrals: where each one is, its events, and the time between its milestones."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from caretrail.default_protocol import default_protocol
from domain.ids import EventId, StreamId
from domain.referral import ReferralEvent
from domain.rules import Protocols, PublishedProtocol, parse_protocol
from domain.statement import Moment
from projections.catalogue import PROJECTIONS
from projections.engine.course import Course
from projections.engine.events import FiledOwnEvent
from projections.rebuilding.rebuild import rebuild
from projections.referral import duties_of_referrals, rows
from projections.referral_tables import REFERRALS
from tests.domain.referral_facts import MEMBERS
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

STREAM = StreamId("01990000-0000-7000-8000-00000000000a")
OTHER = StreamId("01990000-0000-7000-8000-00000000000b")
PROTOCOLS = Protocols.of([PublishedProtocol(None, parse_protocol(default_protocol()))])
REASON = {"reason_category": "0f" * 16}


def fact(move: str, clock: str, stream: StreamId = STREAM, **members: Any) -> SampleOwnEvent:
    step, least = MEMBERS[move]
    event: ReferralEvent = step.model_validate(
        {"record": record("1"), "happened_at": Moment(at=at(clock)), **least, **members}
    )
    return SampleOwnEvent(stream=stream, event=event)


def told(connection: psycopg.Connection, *story: SampleStatement | SampleOwnEvent) -> Log:
    log = Log()
    log.record(*story)
    applied(connection, log, log.events)
    return log


def found(connection: psycopg.Connection, table: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"select * from proj.{table} order by 1, 2").fetchall()


def one(connection: psycopg.Connection, stream: StreamId = STREAM) -> dict[str, Any]:
    (row,) = [each for each in found(connection, "referral") if each["stream_id"] == stream]
    return row


LOOP = (
    referral("8:00", stream=STREAM),
    fact("sent", "8:10"),
    fact("accepted", "9:00", expected_by=None),
    fact("scheduled", "10:00", starts_at=at("15:00")),
    fact("missed", "15:30"),
    fact("contact_attempted", "16:00"),
    fact("scheduled", "16:30", starts_at=at("18:00")),
    fact("seen", "18:00"),
    fact("outcome_sent", "19:00"),
    fact("outcome_received", "20:00"),
    fact("closed", "21:00", plan_told_to_patient_on="2026-02-16"),
)


def test_a_referral_that_was_missed_once_and_closed_is_one_row(
    connection: psycopg.Connection,
) -> None:
    told(connection, stated("A01", "7:00"), *LOOP)
    row = one(connection)
    assert (row["state"], row["step"], row["is_open"], row["version"]) == (
        "closed", "closed", False, 11,
    )  # fmt: skip
    assert (row["missed"], row["need_met"], row["told_on"]) == (1, "yes", "2026-02-16")
    times = {
        "requested_at": "8:00", "sent_at": "8:10", "received_at": "9:00", "accepted_at": "9:00",
        "complete_at": "9:00", "appointment_made_at": "10:00", "appointment_starts_at": "18:00",
        "seen_at": "18:00", "outcome_at": "20:00", "ended_at": "21:00",
    }  # fmt: skip
    assert {name: row[name] for name in times} == {name: at(each) for name, each in times.items()}
    assert (row["flags"], row["likely_duplicates"], row["duplicate_of"]) == ([], [], [])


def test_the_intervals_of_the_law_are_rows(connection: psycopg.Connection) -> None:
    told(connection, *LOOP)
    rows = found(connection, "referral_interval")
    assert [(each["since"], each["milestone"], each["seconds"]) for each in rows] == [
        ("need_determined", "sent", 600),
        ("sent", "accepted", 3000),
        ("accepted", "complete", 0),
        ("complete", "appointment_made", 3600),
        ("appointment_made", "appointment_held", 8 * 3600),
        ("appointment_held", "outcome", 2 * 3600),
        ("outcome", "acknowledged", 3600),
    ]
    assert [each["number"] for each in rows] == [1, 2, 3, 4, 5, 6, 7]


def test_an_interval_that_goes_on_has_no_end(connection: psycopg.Connection) -> None:
    told(connection, *LOOP[:3])
    row = found(connection, "referral_interval")[-1]
    assert (row["milestone"], row["ended_at"], row["seconds"]) == ("appointment_made", None, None)


def test_each_event_is_a_row_with_the_state_after_it(connection: psycopg.Connection) -> None:
    log = told(connection, *LOOP[:5])
    void = fact("entered_in_error", "22:00", event_id=log.events[4].envelope.event_id)
    log.record(void)
    applied(connection, log, log.events[5:])
    rows = found(connection, "referral_event")
    assert [(each["kind"], each["state_after"], each["is_void"]) for each in rows] == [
        ("requested", "requested", False),
        ("sent", "requested", False),
        ("accepted", "accepted", False),
        ("scheduled", "scheduled", False),
        ("missed", None, True),
        ("entered_in_error", None, False),
    ]
    assert [each["version"] for each in rows] == [1, 2, 3, 4, 5, 6]
    assert one(connection)["flags"] == ["has_void_events"]


def test_a_held_referral_names_the_step_that_it_goes_back_to(
    connection: psycopg.Connection,
) -> None:
    told(connection, *LOOP[:4], fact("held", "11:00"))
    row = one(connection)
    assert (row["state"], row["step"], row["is_open"]) == ("held", "scheduled", True)


def test_a_report_that_is_not_legal_is_marked_on_the_referral_and_on_its_event(
    connection: psycopg.Connection,
) -> None:
    told(connection, LOOP[0], fact("reported", "9:00", claim="scheduled"))
    row, event = one(connection), found(connection, "referral_event")[-1]
    assert (row["state"], row["flags"]) == ("requested", ["reported_not_legal"])
    assert (event["claim"], event["flags"]) == ("scheduled", ["reported_not_legal"])


def test_reports_in_any_order_give_the_same_digest(connection: psycopg.Connection) -> None:
    first = fact("reported", "9:00", claim="declined")
    second = fact("reported", "9:00", claim="accepted", partner="LUNG")
    third = fact("reported", "8:30", claim="received")
    told(connection, LOOP[0], first, second, third)
    rows = [one(connection)[name] for name in ("state", "flags", "received_at")]
    connection.execute("delete from proj.referral")
    log = Log()
    log.record(LOOP[0], third, second, first)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert [one(connection)[name] for name in ("state", "flags", "received_at")] == rows


def test_two_referrals_for_the_same_are_both_marked_until_a_person_decides(
    connection: psycopg.Connection,
) -> None:
    log = told(
        connection,
        referral("8:00", stream=STREAM, **REASON),
        referral("9:00", stream=OTHER, **REASON),
    )
    for stream, other in ((STREAM, OTHER), (OTHER, STREAM)):
        row = one(connection, stream)
        assert (row["flags"], row["likely_duplicates"]) == (["likely_duplicate"], [other])
    log.record(fact("duplicate_cleared", "10:00", other=OTHER))
    applied(connection, log, log.events[2:])
    assert (one(connection)["flags"], one(connection, OTHER)["flags"]) == ([], [])


def test_referrals_of_two_patients_are_compared_once_the_patients_are_joined(
    connection: psycopg.Connection,
) -> None:
    log = told(
        connection,
        stated("A01", "7:00", number="1"),
        stated("A01", "7:00", number="2", visit="V2"),
        referral("8:00", stream=STREAM, number="1", **REASON),
        referral("9:00", stream=OTHER, number="2", **REASON),
    )
    assert one(connection)["flags"] == []
    log.record(stated("A40", "16:00", number="2", visit="", retires="1"))
    applied(connection, log, log.events[4:])
    assert one(connection)["likely_duplicates"] == [OTHER]


def test_a_marked_duplicate_names_the_other_referral(connection: psycopg.Connection) -> None:
    told(connection, LOOP[0], fact("duplicate_marked", "9:00", other=OTHER))
    assert one(connection)["duplicate_of"] == [OTHER]


def course(*story: SampleOwnEvent) -> Course:
    """Return the course of a component without statements, with the default protocol."""
    log = Log()
    log.record(*story)
    filed: dict[str, list[FiledOwnEvent]] = {}
    for each, sample in zip(log.events, story, strict=True):
        envelope = each.envelope
        filed.setdefault(envelope.stream, []).append(
            FiledOwnEvent(
                index=envelope.index,
                event_id=envelope.event_id,
                topic=envelope.topic,
                stream=envelope.stream,
                version=envelope.version,
                records=(record("1"),),
                recorded_at=envelope.recorded_at,
                happened_at=envelope.happened_at,
                actor=envelope.actor,
                core=sample.event,
                segments="[]",
            )
        )
    streams = {stream: tuple(events) for stream, events in filed.items()}
    return Course(component="1", patients=(), streams=streams, protocols=PROTOCOLS)


def test_a_referral_expires_by_the_protocol_that_was_in_force() -> None:
    (row,) = rows(course(LOOP[0]), services())["referral"]
    expires_at = dict(zip(REFERRALS.names, row, strict=True))["expires_at"]
    assert isinstance(expires_at, datetime)
    assert timedelta(days=180) < expires_at - at("8:00") <= timedelta(days=181)


def test_the_duties_of_referrals_are_those_of_all_streams_of_the_course() -> None:
    owed = list(
        duties_of_referrals(
            course(
                referral("8:00", stream=STREAM, **REASON),
                referral("9:00", stream=OTHER, **REASON),
            )
        )
    )
    assert {(each.kind, each.record, each.mode) for each in owed} == {
        ("referral", record("1"), "P")
    }
    codes = ["referral.acknowledge.urgent", "referral.duplicate", "referral.seen.urgent"]
    for stream in (STREAM, OTHER):
        assert sorted(each.duty.code for each in owed if each.duty.about == stream) == codes


def test_without_a_protocol_only_a_stated_day_expires(connection: psycopg.Connection) -> None:
    told(
        connection,
        LOOP[0],
        referral("9:00", stream=OTHER, expires_on="2026-03-01"),
    )
    assert one(connection)["expires_at"] is None
    assert one(connection, OTHER)["expires_at"].isoformat()[:10] == "2026-03-02"


def test_a_redirected_referral_names_the_new_one(connection: psycopg.Connection) -> None:
    told(connection, LOOP[0], fact("redirected", "9:00", new_referral=OTHER))
    row = one(connection)
    assert (row["state"], row["redirected_to"], row["is_open"]) == ("redirected", OTHER, False)


def test_a_request_entered_in_error_keeps_its_row(connection: psycopg.Connection) -> None:
    void = fact("entered_in_error", "22:00", event_id=EventId(f"{0:08d}-0000-7000-8000-{1:012d}"))
    told(connection, *LOOP[:3], void)
    row = one(connection)
    assert (row["state"], row["step"], row["is_open"]) == ("entered_in_error",) * 2 + (False,)
    assert row["flags"] == ["has_void_events", "rests_on_void"]
    assert found(connection, "referral_interval") == []


def test_test_records_are_kept_from_analysts(connection: psycopg.Connection) -> None:
    told(connection, LOOP[0], referral("9:00", number="2", stream=OTHER, mode="T"))
    for view in ("referral", "referral_event", "referral_interval"):
        streams = connection.execute(f"select distinct stream_id from care.{view}").fetchall()
        assert streams == [(STREAM,)]


def test_a_rebuild_gives_the_same_rows(connection: psycopg.Connection) -> None:
    log = told(
        connection,
        referral("8:30", stream=OTHER, **REASON),
        *LOOP,
        stated("A01", "7:00"),
        fact("reported", "8:20", claim="received"),
        stated("A40", "16:00", number="2", visit="", retires="1"),
    )
    live = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == live
