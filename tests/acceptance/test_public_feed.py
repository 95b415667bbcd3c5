"""A public simulated hospital's feed, not written by us: every figure below is known beforehand.

``CARETRAIL_FEED`` names the file: 1,013 messages, 400 A01, one A34, all with MSH-11 = T.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.command_line import CommandLine

pytestmark = [pytest.mark.feed, pytest.mark.postgres, pytest.mark.kafka]

RETIRED = "SIMULATOR MRN|618454581"
SURVIVOR = "SIMULATOR MRN|2777246431"


@pytest.fixture(scope="module")
def feed() -> Path:
    return Path(os.environ["CARETRAIL_FEED"])


@pytest.fixture(scope="module")
def caretrail(module_home: Path, feed: Path) -> CommandLine:
    line = CommandLine(module_home)
    assert line.object("ingest", feed) == {
        "received": 1013,
        "recorded": 401,
        "duplicate": 0,
        "no_effect": 612,
        "quarantined": 0,
        "unreadable": 0,
        "events": 401,
    }
    return line


def test_the_census_has_four_hundred_open_stays(caretrail: CommandLine) -> None:
    rows = caretrail.objects("census")
    assert len(rows) == 400
    assert {row["mode"] for row in rows} == {"T"}


def test_the_retired_number_answers_with_the_survivor_and_one_stay(caretrail: CommandLine) -> None:
    retired, survivor = (
        caretrail.object("timeline", RETIRED),
        caretrail.object("timeline", SURVIVOR),
    )
    assert retired == survivor
    assert len(retired["encounters"]) == 1
    assert Counter(entry["kind"] for entry in retired["entries"])["identifiers_merged"] == 1


def test_patients_are_listed_with_their_mode(caretrail: CommandLine) -> None:
    patients = caretrail.objects("patients", "ls")
    assert {row["mode"] for row in patients} == {"T"}
    merged = [row for row in patients if row["merged_into"]]
    assert [[each["identifier"] for each in row["identifiers"]][:1] for row in merged] == [
        ["618454581"]
    ]


def test_a_second_run_says_that_all_are_duplicates(caretrail: CommandLine, feed: Path) -> None:
    before = caretrail.object("projections", "digest")
    again = caretrail.object("ingest", feed)
    assert (again["received"], again["duplicate"], again["events"]) == (1013, 1013, 0)
    assert caretrail.object("projections", "digest") == before


def test_a_rebuild_leaves_every_digest_unchanged(caretrail: CommandLine) -> None:
    before = caretrail.object("projections", "digest")
    caretrail.run("projections", "rebuild")
    assert caretrail.object("projections", "digest") == before
    caretrail.run("projections", "rebuild", "--from", "kafka")
    assert caretrail.object("projections", "digest") == before


def test_store_and_topic_hold_the_same_events(caretrail: CommandLine) -> None:
    report = caretrail.object("audit", "reconcile")
    assert report["equal"] is True
    # The events of the feed, and the default protocol of the store.
    assert report["store"] == report["topic"] == 401 + 1
