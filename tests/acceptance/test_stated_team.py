"""The care team as the hospital states it, from messages to the command line and the views."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from consumers.hl7v2 import statement, translate
from consumers.hl7v2.practitioners import StatedPractitioners
from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.test_referral import NURSE

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

ALDER = "PID|1||0042^^^MERCY^MR||ALDER^ROWENA||19510602|F"
HOUSE = "Zq4711^HOUSE^GREGORY^^^DR^^^MERCY^L^^^EI~1234567893^HOUSE^GREGORY^^^DR^^^CMS^L^^^NPI"
WILSON = "Zq4712^WILSON^JAMES^^^^^^MERCY"


def message(number: int, trigger: str, at: str, *segments: str) -> str:
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||{at}||ADT^{trigger}|{number}|P|2.5",
            f"EVN||{at}",
            ALDER,
            *segments,
        ]
    )


def visit(*, attending: str = "", admitted: str = "", discharged: str = "") -> str:
    fields = {1: "1", 2: "I", 3: "4W^401^1^MERCY", 7: attending, 19: "V7", 44: admitted,
              45: discharged}  # fmt: skip
    return "|".join(["PV1", *(fields.get(number, "") for number in range(1, 46))]).rstrip("|")


MORNING, NOON, EVENING = "20260301100000", "20260301120000", "20260301180000"
FEED = [
    message(1, "A01", MORNING, f"PD1||||{WILSON}", visit(attending=HOUSE, admitted=MORNING)),
    message(2, "A08", NOON, visit(attending=WILSON), f"ROL|1|AD|CP|{HOUSE}"),
    message(3, "A03", EVENING, visit(attending=WILSON, discharged=EVENING)),
]


@pytest.fixture
def caretrail(home: Path) -> Iterator[CommandLine]:
    with joined(home):
        yield SameProcess(home)


def ingest(line: CommandLine, *messages: str) -> None:
    feed = line.home.with_name("feed.hl7")
    feed.write_text("\r".join(messages))
    line.run("ingest", feed)


def stated(line: CommandLine, *question: str) -> list[tuple[str, str, str, str | None]]:
    """Return role, name, beginning and end of what the hospital states, within its day."""
    verb, *rest = question
    found = line.object(*verb.split(" "), "MERCY|0042", *rest)["stated_by_hospital"]
    return [
        (each["role"], each["name"], each["since"][11:16], each["until"] and each["until"][11:16])
        for each in found
    ]


TEAM = [
    ("attending", "HOUSE, GREGORY", "10:00", "12:00"),
    ("attending", "WILSON, JAMES", "12:00", "18:00"),
    ("consultant", "HOUSE, GREGORY", "12:00", "18:00"),
    ("primary_care", "WILSON, JAMES", "10:00", None),
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["in order", "in reverse"])
def test_the_hospital_states_who_has_which_role_and_when(
    caretrail: CommandLine, order: tuple[int, ...]
) -> None:
    for each in order:
        ingest(caretrail, FEED[each])
    assert stated(caretrail, "team show") == TEAM
    shown = caretrail.object("team", "show", "MERCY|0042")
    house, wilson = shown["stated_by_hospital"][0], shown["stated_by_hospital"][1]
    assert [(each["identifier"], each["type"]) for each in house["identifiers"]] == [
        ("Zq4711", "EI"),
        ("1234567893", "NPI"),
    ]
    assert (house["facility"], house["stated_in"], house["role_code"]) == ("MERCY", "PV1-7", "AT")
    assert house["ended_by_ref"] == wilson["statement_ref"]
    assert shown["members"] == []
    text = caretrail.run("team", "show", "MERCY|0042")
    assert "stated by the hospital" in text
    assert "HOUSE, GREGORY" in text

    at_eleven = ("--as-of", "2026-03-01T11:00:00Z")
    assert stated(caretrail, "responsible", *at_eleven) == [
        ("attending", "HOUSE, GREGORY", "10:00", None),
        ("primary_care", "WILSON, JAMES", "10:00", None),
    ]
    assert stated(caretrail, "team show", *at_eleven) == stated(
        caretrail, "responsible", *at_eleven
    )
    assert stated(caretrail, "responsible") == [TEAM[-1]]
    assert "WILSON, JAMES" in caretrail.run("responsible", "MERCY|0042")


def test_what_is_stated_is_apart_from_the_team_that_people_keep(caretrail: CommandLine) -> None:
    ingest(caretrail, FEED[0])
    known = caretrail.object("team", "show", "MERCY|0042")["known_at"]["index"]
    ingest(caretrail, FEED[1])
    caretrail.object(
        "team", "join", "MERCY|0042", "--member", "Zq4711", "--role", "nurse",
        "--happened-at", "2026-03-01T11:00Z", *NURSE,
    )  # fmt: skip
    shown = caretrail.object("team", "show", "MERCY|0042", "--known-at", str(known))
    assert shown["members"] == []
    assert [each["role"] for each in shown["stated_by_hospital"]] == ["attending", "primary_care"]
    now = caretrail.object("team", "show", "MERCY|0042")
    assert [each["member"] for each in now["members"]] == ["Zq4711"]
    assert len(now["stated_by_hospital"]) == 4


def test_the_view_holds_no_name_and_no_number(caretrail: CommandLine, home: Path) -> None:
    ingest(caretrail, *FEED)
    with joined(home) as server, psycopg.connect(server) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(
            "select role, practitioner_ref, since, until, c::text from care.care_team_stated as c"
            " order by number"
        ).fetchall()
    assert [role for role, *_ in rows] == [role for role, *_ in TEAM]
    assert len({ref for _, ref, *_ in rows}) == 2
    for canary in ("HOUSE", "WILSON", "Zq4711", "Zq4712", "1234567893"):
        assert not [text for *_, text in rows if canary in text]
    before = caretrail.object("projections", "digest")
    caretrail.run("projections", "rebuild")
    assert caretrail.object("projections", "digest") == before


def test_messages_of_an_earlier_release_gain_it_when_they_are_read_again(
    caretrail: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(statement, "practitioners", lambda *_, **__: StatedPractitioners())
        earlier.setattr(translate, "MAPPING_VERSION", "hl7v2-adt-3")
        ingest(caretrail, *FEED)
    assert stated(caretrail, "team show") == []
    known = caretrail.object("team", "show", "MERCY|0042")["known_at"]["index"]
    changed = caretrail.objects("messages", "reprocess", "--all")
    assert [each["statements"][0]["differs"] for each in changed[:-1]] == [
        ["roles", "sealed:demographics"]
    ] * 3
    assert stated(caretrail, "team show") == TEAM
    assert stated(caretrail, "team show", "--known-at", str(known)) == []
    assert [each["changed"] for each in caretrail.objects("messages", "reprocess", "--all")] == [0]
