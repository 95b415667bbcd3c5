"""The text of the command line writes a time only as far as it is stated, as its JSON says."""

import pytest

from tests.acceptance.command_line import SameProcess
from tests.region import Told

pytestmark = pytest.mark.postgres


@pytest.fixture
def line(told: Told) -> SameProcess:
    settings = told.application.settings
    return SameProcess(settings.home, settings.environment())


def test_the_text_of_a_timeline_shows_dates_and_hours_alone(line: SameProcess) -> None:
    text = line.run("timeline", "NGH|0051877")

    assert "visit D1: 2026-01-29 to 2026-02-06\n" in text
    assert "visit D3: 2026-02-16 to open\n" in text
    assert "visit D2: 2026-02-11T15Z to open\n" in text  # 9 o'clock in Chicago
    assert "\n  2026-01-30  2026-02-02  NGH" in text
    happened = [row.split()[0] for row in text.partition("happened")[2].splitlines()[1:]]
    assert happened == [
        "2026-01-29", "2026-01-30", "2026-02-02", "2026-02-06", "2026-02-11T15Z", "2026-02-16",
        "2026-02-18", "2026-02-18",
    ]  # fmt: skip


def test_the_json_of_a_timeline_says_how_precisely_each_time_is_stated(line: SameProcess) -> None:
    timeline = line.object("timeline", "NGH|0051877")

    planned = next(each for each in timeline["encounters"] if each["visit_number"] == "D4")
    assert planned["planned_for"] == "2026-02-25T06:00:00Z"
    assert planned["planned_for_precision"] == "day"
    assert [each["precision"] for each in timeline["entries"]].count("day") == 7


def test_the_text_of_the_census_shows_a_date_alone(line: SameProcess) -> None:
    rows = [row.split() for row in line.run("census", "--facility", "NGH").splitlines()]

    assert [row[5] for row in rows if row[1:4] == ["4W", "35", "-"] and "Z" not in row[5]] == [
        "2026-02-18"
    ]


def test_the_text_of_why_and_of_the_audit_trail_shows_dates_and_hours_alone(
    line: SameProcess, told: Told
) -> None:
    chain = line.run("why", told.orchard).splitlines()
    trail = line.run("audit", "trail", "--patient", "NGH|0051877").splitlines()

    why = [row.split()[2] for row in chain[2:]]
    assert [row.split()[2] for row in trail[1:]] == why
    assert (why.count("2026-01-29"), why.count("2026-02-11T15Z")) == (1, 1)
    assert not [each for each in why if ":" in each]


def test_the_json_of_why_and_of_the_audit_trail_says_how_precise_each_time_is(
    line: SameProcess, told: Told
) -> None:
    events = line.object("why", told.orchard)["events"]
    trail = line.objects("audit", "trail", "--patient", "NGH|0051877")
    messages = [each["message"]["id"] for each in events]

    precisions = [each["precision"] for each in events]
    assert [each["happened_precision"] for each in trail] == precisions
    assert (precisions.count("day"), precisions.count("hour")) == (7, 1)
    assert {each["stated_precision"] for each in trail} == {"day", "hour"}
    (of_message,) = line.object("why", messages[0])["events"]
    assert of_message["precision"] == precisions[0]
