"""Referrals by the real command line: commands, refusals, lists and the timeline."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

FEED = "\r".join(
    [
        "MSH|^~\\&|ADT|MERCY|||20260301101000||ADT^A01|1|P|2.5",
        "EVN||20260301101000||||20260301100000",
        "PID|1||0042^^^MERCY^MR||ALDER^ROWENA||19510602|F",
        "PV1|1|I|4W^401^1^MERCY" + "|" * 16 + "V7" + "|" * 25 + "202603011000",
    ]
)
NURSE = ("--as", "nurse-1", "--purpose", "TREAT")
REQUEST = (
    "referral", "request", "MERCY|0042", "--requester", "MERCY", "--target", "HEART",
    "--specialty", "394579002", "--urgency", "urgent", "--happened-at", "2026-03-01T12:00Z", *NURSE,
)  # fmt: skip


@pytest.fixture(scope="module")
def caretrail(module_home: Path) -> Iterator[CommandLine]:
    with joined(module_home):
        line = SameProcess(module_home)
        feed = module_home.with_name("feed.hl7")
        feed.write_text(FEED)
        line.run("ingest", feed)
        yield line


def requested(line: CommandLine, *more: str) -> str:
    stream: str = line.object(*REQUEST, *more)["stream_id"]
    return stream


def accept(stream: str, *more: str) -> tuple[str, ...]:
    return ("referral", "accept", stream, "--by", "HEART", *NURSE, *more)


def close(stream: str, *more: str) -> tuple[str, ...]:
    return ("referral", "close", stream, "--by", "MERCY", *NURSE, *more)


def topics(outcome: dict[str, Any]) -> list[str]:
    return [each["topic"] for each in outcome["events"]]


def test_a_referral_goes_from_its_request_to_its_close(caretrail: CommandLine) -> None:
    stream = requested(caretrail)
    accepted = caretrail.object(*accept(stream, "--happened-at", "2026-03-02T09:00Z"))
    assert (accepted["version"], topics(accepted)) == (2, ["referral.accepted.v1"])
    closed = caretrail.object(
        *close(stream, "--outcome", "fax", "--need-met", "yes", "--happened-at", "2026-03-05")
    )
    assert (closed["stream_id"], closed["version"]) == (stream, 4)
    assert topics(closed) == ["referral.outcome_received.v1", "referral.closed.v1"]

    shown = caretrail.object("referral", "show", stream)
    assert (shown["state"], shown["version"], shown["need_met"]) == ("closed", 4, "yes")
    assert shown["requested_at"] == "2026-03-01T12:00:00Z"
    assert [each["kind"] for each in shown["entries"]] == [
        "requested", "accepted", "outcome_received", "closed",
    ]  # fmt: skip
    (listed,) = [
        each
        for each in caretrail.objects("referral", "ls", "--state", "closed")
        if each["stream_id"] == stream
    ]
    assert listed == {name: shown[name] for name in listed}


def test_the_timeline_shows_the_referral_beside_the_messages(caretrail: CommandLine) -> None:
    encounter = caretrail.object("timeline", "MERCY|0042")["encounters"][0]["encounter_id"]
    stream = requested(caretrail, "--anchor", encounter)
    shown = caretrail.object("timeline", "MERCY|0042")
    (entry,) = [each for each in shown["entries"] if each["stream_id"] == stream]
    assert (entry["kind"], entry["stream"], entry["trigger"]) == ("requested", "referral", None)
    assert entry["encounter_id"] == encounter
    assert entry["summary"] == "Referral requested from MERCY to HEART, 394579002, urgent."
    (referral,) = [each for each in shown["activities"]["referral"] if each["stream_id"] == stream]
    assert (referral["state"], referral["encounter_id"]) == ("requested", encounter)
    assert "Referral requested from MERCY to HEART" in caretrail.run("timeline", "MERCY|0042")
    before = caretrail.object("timeline", "MERCY|0042", "--as-of", "2026-03-01T11:00Z")
    assert before["activities"]["referral"] == []


def test_a_repeated_key_changes_nothing_and_gets_the_same_answer(caretrail: CommandLine) -> None:
    first = caretrail.object(*REQUEST, "--key", "k1", "--question", "Pacemaker?")
    again = caretrail.object(*REQUEST, "--key", "k1", "--question", "Pacemaker?")
    assert again == {**first, "repeated": True}
    refused = caretrail.refused(*REQUEST, "--key", "k1", "--question", "Something else?")
    assert refused == (
        "caretrail: refused (key_reused): this idempotency key belongs to an earlier command with"
        " other content. Use a new key for a new command.\n"
    )


def test_a_refusal_names_its_code_and_what_to_do(caretrail: CommandLine) -> None:
    stream = requested(caretrail)
    caretrail.run(*accept(stream))
    assert caretrail.refused(*close(stream)) == (
        "caretrail: refused (outcome_missing): not possible: closed; the state is accepted, which"
        " allows declined, redirected, patient_declined, authorised, authorisation_refused,"
        " scheduled, contact_attempted, held, seen, interim_note_sent, outcome_sent,"
        " outcome_received, cancellation_requested, duplicate_marked, duplicate_cleared. State how"
        " the outcome was received.\n"
    )
    early = caretrail.refused(*accept(stream, "--happened-at", "2026-02-01"))
    assert "refused (move_not_allowed)" in early
    stale = caretrail.refused(*close(stream, "--outcome", "told", "--expected-version", "1"))
    assert "refused (version_conflict): the stream is at version 2" in stale
    ahead = caretrail.refused(*accept(stream, "--happened-at", "2999-01-01"))
    assert "refused (in_the_future)" in ahead
    unknown = caretrail.refused("referral", "show", "01990000-0000-7000-8000-00000000000a")
    assert "refused (unknown_stream)" in unknown
    no_purpose = ("referral", "accept", stream, "--by", "HEART", "--as", "nurse-1")
    assert "refused (purpose_missing)" in caretrail.refused(*no_purpose)
    assert caretrail.object("referral", "show", stream)["version"] == 2


def test_an_entry_in_error_is_kept_and_does_not_count(caretrail: CommandLine) -> None:
    stream = requested(caretrail)
    (accepted,) = caretrail.object(*accept(stream))["events"]
    void = ("referral", "void", stream, accepted["event_id"], "--reason", "wrong_item", *NURSE)
    assert topics(caretrail.object(*void)) == ["referral.entered_in_error.v1"]
    shown = caretrail.object("referral", "show", stream)
    assert (shown["state"], shown["flags"]) == ("requested", ["has_void_events"])
    assert [each["voided"] for each in shown["entries"]] == [False, True, False]
    assert "entered in error" in caretrail.run("referral", "show", stream)


def test_a_referral_of_a_new_person_waits_for_the_first_message(
    caretrail: CommandLine,
) -> None:
    arguments = [each.replace("0042", "0099") for each in REQUEST]
    assert "refused (unknown_person)" in caretrail.refused(*arguments)
    new = caretrail.object(*arguments, "--new-person")
    assert new["warnings"] == ["patient_not_named_yet"]
    waits = new["stream_id"]
    (listed,) = [each for each in caretrail.objects("referral", "ls") if each["stream_id"] == waits]
    feed = caretrail.home.with_name("later.hl7")
    feed.write_text(FEED.replace("0042", "0099").replace("A01|1|", "A01|2|"))
    caretrail.run("ingest", feed)
    shown = caretrail.object("timeline", "MERCY|0099")
    assert shown["patient_id"] == listed["patient_id"]
    assert [each["stream_id"] for each in shown["activities"]["referral"]] == [waits]
    assert [
        each["stream_id"] for each in caretrail.objects("referral", "ls", "--patient", "MERCY|0099")
    ] == [waits]


def test_an_unknown_patient_is_told(caretrail: CommandLine) -> None:
    arguments = [each.replace("MERCY|0042", "no-such-id") for each in REQUEST]
    assert "refused (unknown_person)" in caretrail.refused(*arguments, "--new-person")


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--requester", "Rowena Alder"),
        ("--happened-at", "yesterday"),
        ("--needed-by", "soon"),
        ("--anchor", "V7"),
        ("--expected-version", "first"),
    ],
)
def test_an_argument_of_the_wrong_shape_is_wrong_usage(
    caretrail: CommandLine, flag: str, value: str
) -> None:
    assert flag in caretrail.refused(*REQUEST, flag, value, exit_code=2)


def test_the_text_of_a_person_is_in_no_table_and_no_output(caretrail: CommandLine) -> None:
    stream = requested(caretrail, "--question", "Quastenflosser?")
    for arguments in (("referral", "show", stream), ("audit", "trail"), ("timeline", "MERCY|0042")):
        assert "Quastenflosser" not in caretrail.run(*arguments, "--json")
    with joined(caretrail.home) as url, psycopg.connect(url) as connection:
        tables = connection.execute(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables"
            " where table_schema in ('es', 'intake') or table_schema like 'proj%'"
        ).fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(f"select t::text from {table} t"):
                assert "Quastenflosser" not in row
                assert b"Quastenflosser".hex() not in row


def test_a_referral_is_missed_once_booked_again_and_closed(caretrail: CommandLine) -> None:
    stream = requested(caretrail, "--reason-codes", "I50.9")
    target = ("--by", "HEART", *NURSE)
    own = ("--by", "MERCY", *NURSE)
    for hour, verb in enumerate(
        (
            ("send", "--channel", "fax", *NURSE),
            ("receive", "--channel", "fax", *target),
            ("return-for-information", "--missing", "medication_list", *target),
            ("send-information", "--supplied", "medication_list", *own),
            ("accept", *target),
            ("authorise", "--payer", "PLAN", "--units", "2", *NURSE),
            ("schedule", "--starts-at", "2026-03-03T09:00Z", *target),
            ("miss", "--reason", "transport", *target),
            ("contact", "--how", "telephone", "--result", "reached", *own),
            ("schedule", "--starts-at", "2026-03-04T09:00Z", *target),
            ("reschedule", "--starts-at", "2026-03-04T10:00Z", "--asked-by", "patient", *target),
            ("hold", "--reason", "waiting_list", *target),
            ("resume", *target),
            ("see", *target),
            ("send-interim-note", "--recommends", "follow_up", *target),
            ("send-outcome", "--document", "doc-1", "--findings", "Rate 70.", *target),
            ("receive-outcome", "--how", "sent", "--document", "doc-1", *NURSE),
            ("close", "--need-met", "yes", *own),
            ("close", "--need-met", "yes", "--told-on", "2026-03-02", *own),
        )
    ):
        at = f"2026-03-02T{hour:02}:00Z"
        given = caretrail.object("referral", verb[0], stream, *verb[1:], "--happened-at", at)
        assert given["version"] == hour + 2, verb
    shown = caretrail.object("referral", "show", stream)
    assert (shown["state"], shown["open"], shown["plan_told_on"]) == ("closed", False, "2026-03-02")
    assert shown["appointment_starts_at"] == "2026-03-04T10:00:00Z"
    assert [each["milestone"] for each in shown["intervals"]] == [
        "sent", "accepted", "complete", "appointment_made", "appointment_held", "outcome",
        "acknowledged",
    ]  # fmt: skip
    words = [each["summary"] for each in shown["entries"]]
    assert "Visit missed as recorded by HEART, transport." in words
    assert "Appointment made by HEART, for 2026-03-03 09:00 UTC." in words
    before = caretrail.object("projections", "digest")
    caretrail.run("projections", "rebuild")
    assert caretrail.object("projections", "digest") == before


def test_a_referral_ends_otherwise_and_is_listed_by_what_is_asked(caretrail: CommandLine) -> None:
    reason = ("--reason", "no_longer_needed", "--by", "MERCY", *NURSE)
    new = requested(caretrail, "--target", "LUNG")
    cancelled = requested(caretrail, "--target", "LUNG")
    refused = caretrail.refused("referral", "cancel", cancelled, *reason)
    assert "refused (cancel_needs_confirmation)" in refused
    caretrail.run("referral", "request-cancellation", cancelled, *reason)
    caretrail.run("referral", "cancel", cancelled, *reason)
    caretrail.run(
        "referral", "redirect", requested(caretrail, "--target", "SKIN"), "--by", "SKIN",
        "--to", "LUNG", "--new-referral", new, *NURSE,
    )  # fmt: skip
    declined = requested(caretrail, "--target", "LUNG")
    caretrail.run(
        "referral", "decline", declined, "--reason", "no_capacity", "--by", "LUNG", *NURSE
    )
    caretrail.run(
        "referral", "reopen", declined, "--reason", "needed_again", "--by", "MERCY", *NURSE
    )
    caretrail.run(
        "referral", "patient-declined", declined, "--reason", "cost", "--by", "MERCY", *NURSE
    )
    listed = ("referral", "ls", "--target", "LUNG")
    assert {each["stream_id"] for each in caretrail.objects(*listed)} == {new, cancelled, declined}
    assert [each["stream_id"] for each in caretrail.objects(*listed, "--open")] == [new]
    assert caretrail.objects(*listed, "--requester", "HEART") == []
    (one,) = caretrail.objects(*listed, "--state", "patient_declined")
    assert one["stream_id"] == declined


def test_a_likely_duplicate_is_said_and_decided(caretrail: CommandLine) -> None:
    same = ("--service", "echo", "--reason-codes", "I35.0")
    first = requested(caretrail, *same)
    second = caretrail.object(*REQUEST, *same)
    assert second["warnings"] == ["likely_duplicate"]
    assert "warning: likely duplicate" in caretrail.run(*REQUEST, *same)
    refused = caretrail.refused(*REQUEST, *same, "--refuse-duplicates")
    assert "refused (likely_duplicate)" in refused
    mark = ("referral", "mark-duplicate", second["stream_id"], "--other", first, *NURSE)
    assert topics(caretrail.object(*mark)) == ["referral.duplicate_marked.v1"]
    clear = ("referral", "clear-duplicate", first, "--other", first, *NURSE)
    assert "refused (duplicate_of_itself)" in caretrail.refused(*clear)
