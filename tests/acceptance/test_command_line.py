"""The command line on a small feed: counts, questions, refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]


def message(trigger: str, control_id: str, *, sent: str, bed: str, happened: str = "") -> str:
    visit = f"PV1|1|I|4W^401^{bed}^MERCY" + "|" * 16 + "V7" + "|" * 25 + "202603011000"
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||{sent}||ADT^{trigger}|{control_id}|P|2.5",
            f"EVN||{sent}||||{happened}",
            "PID|1||0042^^^MERCY^MR||ALDER^ROWENA||19510602|F",
            visit,
        ]
    )


MESSAGES = (
    message("A01", "1", sent="20260301101000", bed="1", happened="20260301100000"),
    message("A02", "2", sent="20260301150000", bed="2", happened="20260301120000"),
    message("A02", "3", sent="20260301140000", bed="3", happened="20260301140000"),
)


@pytest.fixture(scope="module")
def caretrail(module_home: Path) -> Iterator[CommandLine]:
    # Every verb joins this server, as it joins the server of a running service.
    with joined(module_home):
        yield ingested(module_home)


def ingested(module_home: Path) -> CommandLine:
    line = SameProcess(module_home)
    feed = module_home.with_name("feed.hl7")
    feed.write_text(
        "\n\n".join([*MESSAGES, MESSAGES[0], "no message", "MSH|^~\\&|X||||||ADT^A01|9|P"])
    )
    assert line.object("ingest", feed) == {
        "received": 6,
        "recorded": 3,
        "duplicate": 1,
        "no_effect": 0,
        "quarantined": 1,
        "unreadable": 1,
        "events": 3,
    }
    return line


@contextmanager
def database(line: CommandLine) -> Iterator[psycopg.Connection[Any]]:
    with joined(line.home) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


def beds(timeline: dict[str, Any]) -> list[str]:
    return [place["bed"] for place in timeline["encounters"][0]["locations"]]


def test_a_late_transfer_stands_where_it_happened_and_not_where_it_was_known(
    caretrail: CommandLine,
) -> None:
    now = caretrail.object("timeline", "MERCY|0042")
    assert beds(now) == ["1", "2", "3"]
    first = caretrail.object("timeline", "MERCY|0042", "--known-at", "2")
    assert (beds(first), first["known_at"]["index"]) == (["1"], 2)
    noon = caretrail.object("timeline", "MERCY|0042", "--as-of", "2026-03-01T13:00:00Z")
    assert (beds(noon), noon["encounters"][0]["ended_at"]) == (["1", "2"], None)
    before = caretrail.object(
        "timeline", "MERCY|0042", "--as-of", "2026-03-01T13:00:00Z", "--known-at", "2"
    )
    assert beds(before) == ["1"]


def test_a_row_leads_to_its_events_and_to_the_messages_received(caretrail: CommandLine) -> None:
    row = caretrail.objects("census")[0]
    chain = caretrail.object("why", row["encounter_id"])
    assert (chain["kind"], chain["patient_id"]) == ("encounter", row["patient_id"])
    assert {each["message"]["control_id"] for each in chain["events"]} == {"1", "2", "3"}
    shown = caretrail.object("messages", "show", chain["events"][0]["message"]["id"])
    assert shown["raw"] == MESSAGES[0]
    assert caretrail.object("why", shown["id"])["events"][0]["topic"] == "encounter.admitted.v1"


def test_a_message_in_quarantine_shows_its_reason_and_place(caretrail: CommandLine) -> None:
    waiting = caretrail.objects("messages", "quarantine")
    assert [(each["reason"], each["place"]) for each in waiting] == [
        ("no_patient_identifier", "PID-3")
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["timeline", "MERCY|999"], "no such patient, or the patient was not yet known"),
        (["timeline", "MERCY|0042", "--known-at", "0"], "or the patient was not yet known"),
        (["audit", "trail", "--patient", "MERCY|999"], "no patient has this id or number"),
        (["why", "nonsense"], "work item, event or message has this id"),
        (["messages", "show", "nonsense"], "no message nonsense; `caretrail messages ls` lists"),
        (["ingest", "/nonexistent"], "/nonexistent: no such file or folder"),
        (["ingest", ".", "--sender", "nobody"], "no profile 'nobody' in"),
        (["projections", "digest", "nothing"], "the read models are: "),
        (["projections", "switch", "census=9"], "version 9 of census is not kept; see"),
    ],
)
def test_a_failure_says_what_is_wrong_and_what_to_do(
    caretrail: CommandLine, arguments: list[str], words: str
) -> None:
    said = SameProcess(caretrail.home).refused(*arguments)
    assert said.startswith("caretrail: ")
    assert words in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["timeline"], "the following arguments are required: PATIENT"),
        (["timeline", "x", "--as-of", "soon"], "soon: write a time as 2026-03-02T14:05:00Z"),
        (["messages", "ls", "--limit", "0"], "0: write a whole number above 0"),
        (["send", ".", "--to", "here"], "here: write HOST:PORT"),
        (["projections", "switch", "census"], "census: write NAME=VERSION, such as census=2"),
        (["serve", "--only", "cook"], "no role 'cook'; the roles are: mllp, relay,"),
        ([], "usage: caretrail"),
    ],
)
def test_wrong_usage_says_what_to_write(new_home: Path, arguments: list[str], words: str) -> None:
    assert words in SameProcess(new_home).refused(*arguments, exit_code=2)


def test_read_models_of_another_release_are_rebuilt(caretrail: CommandLine) -> None:
    before = caretrail.object("projections", "digest")
    caretrail.run("patients", "ls")
    with database(caretrail) as connection:
        connection.execute("update proj.version set shape = 0 where projection = 'timeline'")
    assert caretrail.object("projections", "digest") == before
    assert beds(caretrail.object("timeline", "MERCY|0042")) == ["1", "2", "3"]


def test_a_version_that_a_rebuild_keeps_can_be_shown_again(caretrail: CommandLine) -> None:
    before = caretrail.object("projections", "digest")
    (census,) = caretrail.objects("projections", "ls", "census")
    first = census["version"]
    rebuilt = caretrail.object("projections", "rebuild", "census", "--keep")
    second = rebuilt["versions"]["census"]
    assert second > first

    def shown() -> tuple[int, list[int]]:
        (census,) = caretrail.objects("projections", "ls", "census")
        return census["version"], census["kept"]

    assert shown() == (second, [first])
    caretrail.run("projections", "switch", f"census={first}")
    assert shown() == (first, [second])
    assert caretrail.object("projections", "digest") == before
    caretrail.run("projections", "rebuild", "census")
    assert shown()[1] == []


def test_what_is_set_aside_is_listed_and_tried_again(caretrail: CommandLine) -> None:
    assert caretrail.objects("projections", "parked") == []
    with database(caretrail) as connection:
        connection.execute(
            "insert into proj.parked (component, source_position, event_id, reason)"
            " select record_id, source_position, event_id, 'ValueError' from proj.statement"
        )
    parked = caretrail.objects("projections", "parked")
    assert [(each["index"], each["reason"], each["part"]) for each in parked] == [
        (index, "ValueError", "statements") for index in (2, 3, 4)
    ]
    assert caretrail.object("projections", "retry") == {"retried": 3, "parked": 0}
    assert caretrail.objects("projections", "parked") == []
    chain = caretrail.object("why", parked[0]["event_id"])
    assert chain["events"][0]["message"]["control_id"] == "1"


@pytest.mark.parametrize(
    ("instant", "count"),
    [
        ("0001-01-01", 0),
        ("0001-01-01T00:00:00+14:00", 0),
        ("9999-12-31", 1),
        ("9999-12-31T23:59:59-12:00", 1),
    ],
)
def test_an_instant_at_an_edge_of_the_calendar_is_answered(
    caretrail: CommandLine, instant: str, count: int
) -> None:
    shown = caretrail.object("timeline", "MERCY|0042", "--as-of", instant)
    assert len(shown["encounters"]) == count
    assert len(caretrail.objects("census", "--as-of", instant)) == count
    known = caretrail.objects("census", "--known-at", instant)
    assert len(known) == count
