"""A patient's history as it became known, and who read it, by the real command line."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.access_log import AccessRecord, write
from infra.clock import new_id
from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.test_referral import FEED, NURSE, REQUEST

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

DISCHARGE = FEED.replace("ADT^A01|1", "ADT^A03|2").replace("101000", "151000")


@pytest.fixture(scope="module")
def caretrail(module_home: Path) -> Iterator[CommandLine]:
    with joined(module_home):
        line = SameProcess(module_home)
        for number, text in enumerate((FEED, DISCHARGE)):
            feed = module_home.with_name(f"feed{number}.hl7")
            feed.write_text(text)
            line.run("ingest", feed)
        stream = line.object(*REQUEST)["stream_id"]
        accepted = line.object("referral", "accept", stream, "--by", "HEART", *NURSE)
        line.run(
            "referral", "void", stream, accepted["events"][0]["event_id"], "--reason",
            "wrong_item", *NURSE,
        )  # fmt: skip
        yield line


def test_each_step_says_who_and_what_changed(caretrail: CommandLine) -> None:
    steps = caretrail.objects("audit", "replay", "MERCY|0042")
    assert [each["topic"] for each in steps] == [
        "encounter.admitted.v1",
        "encounter.discharged.v1",
        "referral.requested.v1",
        "referral.accepted.v1",
        "referral.entered_in_error.v1",
    ]
    assert [each["index"] for each in steps] == sorted(each["index"] for each in steps)
    admitted, discharged, requested, accepted, voided = steps
    assert {(c["change"], c["part"]) for c in admitted["changes"]} >= {
        ("added", "encounter"), ("added", "entry"),
    }  # fmt: skip
    (encounter,) = [c for c in discharged["changes"] if c["part"] == "encounter"]
    assert (encounter["change"], encounter["before"]["status"]) == ("changed", "in-progress")
    assert {"status", "ended_at"} <= set(encounter["members"])
    assert (
        requested["actor"]["subject"], requested["actor"]["purpose"],
    ) == ("nurse-1", "TREAT")  # fmt: skip
    states = [
        (c["before"]["state"], c["after"]["state"])
        for step in (accepted, voided)
        for c in step["changes"]
        if (c["part"], c["change"]) == ("referral", "changed")
    ]
    assert states == [("requested", "accepted"), ("accepted", "requested")]


def test_the_text_of_a_replay_has_a_line_for_each_change(caretrail: CommandLine) -> None:
    text = caretrail.run("audit", "replay", "MERCY|0042")
    assert "encounter.admitted.v1  from MERCY" in text
    assert "referral.requested.v1  by nurse-1" in text
    assert "state requested -> accepted" in text
    assert 'entry "Referral requested from MERCY to HEART, 394579002, urgent." added' in text


def test_a_replay_begins_after_an_event_and_ends_after_a_number_of_steps(
    caretrail: CommandLine,
) -> None:
    steps = caretrail.objects("audit", "replay", "MERCY|0042")
    after = str(steps[1]["index"])
    some = caretrail.objects("audit", "replay", "MERCY|0042", "--after", after, "--limit", "2")
    assert some == steps[2:4]


def test_two_moments_are_compared(caretrail: CommandLine) -> None:
    steps = caretrail.objects("audit", "replay", "MERCY|0042")
    first, last = (str(steps[place]["index"]) for place in (0, -1))
    command = ("audit", "replay", "MERCY|0042", "--compare")
    whole = caretrail.object(*command, first, last)
    assert (str(whole["from"]), str(whole["to"])) == (first, last)
    assert {c["change"] for c in whole["changes"] if c["part"] == "referral"} == {"added"}
    back = caretrail.object(*command, last, first)
    assert {c["change"] for c in back["changes"] if c["part"] == "referral"} == {"removed"}
    assert caretrail.object(*command, last, last)["changes"] == []
    assert f"from event {first} to event {last}" in caretrail.run(*command, first, last)


def test_an_unknown_patient_has_no_replay(caretrail: CommandLine) -> None:
    for verb in ("replay", "accesses"):
        refused = caretrail.refused("audit", verb, "MERCY|4711")
        assert "no patient has this id or number" in refused


def test_the_actor_of_an_own_event_shows_in_timeline_why_and_trail(caretrail: CommandLine) -> None:
    shown = caretrail.object("timeline", "MERCY|0042")
    own = [each for each in shown["entries"] if each["stream"] is not None]
    assert {each["actor"]["subject"] for each in own} == {"nurse-1"}
    assert {each["actor"]["purpose"] for each in own} == {"TREAT"}
    assert {e["actor"] is None for e in shown["entries"] if e["stream"] is None} == {True}
    (event,) = caretrail.object("why", own[0]["event_id"])["events"]
    assert event["actor"] == own[0]["actor"]
    trail = caretrail.objects("audit", "trail", "--patient", "MERCY|0042")
    assert [each["actor_purpose"] for each in trail] == ["", "", "TREAT", "TREAT", "TREAT"]
    for verb in (("timeline", "MERCY|0042"), ("why", own[0]["event_id"]), ("audit", "trail")):
        assert "nurse-1" in caretrail.run(*verb)
        assert "TREAT" in caretrail.run(*verb)


def test_why_leads_from_each_row_to_the_people_behind_it(caretrail: CommandLine) -> None:
    shown = caretrail.object("timeline", "MERCY|0042")
    (referral,) = shown["activities"]["referral"]
    found = caretrail.object("why", referral["stream_id"])
    assert (found["kind"], found["stream_id"]) == ("stream", referral["stream_id"])
    assert found["patient_id"] == shown["patient_id"]
    assert [each["topic"] for each in found["events"]] == [
        "referral.requested.v1", "referral.accepted.v1", "referral.entered_in_error.v1",
    ]  # fmt: skip
    assert {each["actor"]["subject"] for each in found["events"]} == {"nurse-1"}
    items = caretrail.object("work", "ls", "MERCY|0042", "--older")["people"][0]["items"]
    item = next(each["item_id"] for each in items if each["kind"] == "referral")
    of_item = caretrail.object("why", item)
    assert of_item == found | {"id": item, "kind": "work_item"}
    steps = caretrail.objects("audit", "replay", "MERCY|0042")
    whole = caretrail.object("why", "MERCY|0042")["events"]
    assert [each["event_id"] for each in whole] == [each["event_id"] for each in steps]


def test_accesses_list_who_read_without_the_other_patients(caretrail: CommandLine) -> None:
    patient = caretrail.object("timeline", "MERCY|0042")["patient_id"]
    assert caretrail.objects("audit", "accesses", "MERCY|0042") == []
    record = AccessRecord(
        access_id=new_id(), issuer="local", subject="nurse-1", role="coordinator",
        purpose="TREAT", relation="panel", interface="api",
        route="GET /api/v1/patients/{patient}/timeline", patients=[patient, new_id()],
    )  # fmt: skip
    with (
        joined(caretrail.home) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        write(connection, record)
    (shown,) = caretrail.objects("audit", "accesses", "MERCY|0042")
    assert (shown["subject"], shown["patients"], shown["other_patients"]) == (
        "nurse-1", [patient], 1,
    )  # fmt: skip
    assert "nurse-1 (local)" in caretrail.run("audit", "accesses", "MERCY|0042")
    before = ("audit", "accesses", "MERCY|0042", "--before", shown["access_id"])
    assert caretrail.objects(*before) == []


def test_accesses_of_merged_records_are_those_to_each_of_them(caretrail: CommandLine) -> None:
    two = [FEED.replace("0042", each).replace("A01|1|", f"A01|{each}|") for each in NUMBERS]
    _ingest(caretrail, "\r".join(two))
    with joined(caretrail.home) as url, psycopg.connect(url, autocommit=True) as connection:
        for patient in caretrail.objects("patients", "ls"):
            number = patient["identifiers"][0]["identifier"]
            if number not in NUMBERS:
                continue
            record = AccessRecord(
                access_id=new_id(), issuer="local", subject=f"nurse-{number}", role="coordinator",
                purpose="TREAT", relation="panel", interface="page", route="GET /ui/patients",
                patients=[patient["patient_id"]],
            )  # fmt: skip
            write(connection, record)
    (one,) = caretrail.objects("audit", "accesses", "MERCY|0077")
    assert one["subject"] == "nurse-0077"
    _ingest(caretrail, MERGE)
    for number in NUMBERS:
        shown = caretrail.objects("audit", "accesses", f"MERCY|{number}")
        assert {each["subject"] for each in shown} == {"nurse-0078", "nurse-0077"}


NUMBERS = ("0077", "0078")
MERGE = (
    "MSH|^~\\&|ADT|MERCY|||20260304101000||ADT^A40|40|P|2.5\rEVN||20260304101000\r"
    "PID|1||0078^^^MERCY^MR\rMRG|0077^^^MERCY^MR\r"
)


def _ingest(line: CommandLine, text: str) -> None:
    feed = line.home.with_name("more.hl7")
    feed.write_text(text)
    line.run("ingest", feed)
