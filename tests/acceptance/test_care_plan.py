"""Care plans and medication lists by the real command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.test_referral import FEED, NURSE

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

DRAFT = (
    "plan", "draft", "MERCY|0042", "--category", "transition", "--responsible", "MERCY",
    "--happened-at", "2026-03-01T12:00Z", *NURSE,
)  # fmt: skip


@pytest.fixture(scope="module")
def caretrail(module_home: Path) -> Iterator[CommandLine]:
    with joined(module_home):
        line = SameProcess(module_home)
        feed = module_home.with_name("feed.hl7")
        feed.write_text(FEED)
        line.run("ingest", feed)
        yield line


def gave(line: CommandLine, verb: str, stream: str, *flags: str) -> dict[str, Any]:
    outcome: dict[str, Any] = line.object("plan", verb, stream, "--by", "MERCY", *flags, *NURSE)
    return outcome


def test_a_plan_is_revised_and_its_revisions_are_compared(caretrail: CommandLine) -> None:
    stream: str = caretrail.object(*DRAFT)["stream_id"]
    gave(caretrail, "set-goal", stream, "--owner", "patient", "--words", "Quastenflosser")
    gave(caretrail, "add-activity", stream, "--kind", "call", "--goals", "g1",
         "--due-on", "2026-03-12")  # fmt: skip
    gave(caretrail, "activate", stream)
    changes = [{"change": {"goal_id": "g1", "owner": "shared"}, "text": "Quastenflosser 2"}]
    revised = caretrail.object(
        "plan", "revise", stream, "--author", "MERCY", "--reason", "patient_wish",
        "--goals-changed", json.dumps(changes), "--removed", "a1", *NURSE,
    )  # fmt: skip
    assert [each["topic"] for each in revised["events"]] == ["care_plan.revised.v1"]

    shown = caretrail.object("plan", "show", stream)
    assert (shown["state"], shown["revision"], shown["flags"]) == ("active", 1, [])
    assert [(each["goal_id"], each["owner"]) for each in shown["goals"]] == [("g1", "shared")]
    assert shown["activities"] == []
    assert [each["kind"] for each in shown["entries"]] == [
        "drafted", "goal_set", "activity_added", "activated", "revised",
    ]  # fmt: skip
    (goal,) = [each for each in shown["contents"] if each["part_id"] == "g1"]
    assert goal["text"] == "Quastenflosser 2"
    compared = caretrail.object("plan", "compare", stream, "0", "1")
    (was,), (now,) = compared["earlier"]["contents"], compared["later"]["contents"]
    assert (was["text"], now["text"]) == ("Quastenflosser", "Quastenflosser 2")
    _as_of_and_as_known(caretrail, stream, before=revised["events"][0]["index"] - 1)
    assert compared["removed"] == [{"part_id": "a1", "kind": "activity"}]
    assert compared["changed"] == [{"part_id": "g1", "kind": "goal", "members": ["owner", "words"]}]
    assert "a1" in caretrail.run("plan", "compare", stream, "0", "1")
    assert "no revision 7" in caretrail.refused("plan", "compare", stream, "0", "7")
    (listed,) = caretrail.objects("plan", "ls", "--state", "active", "--patient", "MERCY|0042")
    assert listed == {name: shown[name] for name in listed}
    _not_in_clear(caretrail, "Quastenflosser")


def _as_of_and_as_known(line: CommandLine, stream: str, *, before: int) -> None:
    """Read a plan as it was known before its only revision, and before it came into force."""
    then = line.object("plan", "show", stream, "--known-at", str(before))
    assert (then["state"], then["revision"]) == ("active", 0)
    assert [each["text"] for each in then["contents"]] == ["Quastenflosser"]
    assert [each["kind"] for each in then["entries"]][-1] == "activated"
    unknown = line.refused("plan", "compare", stream, "0", "1", "--known-at", str(before))
    assert "no revision 1" in unknown
    (listed,) = line.objects("plan", "ls", "--patient", "MERCY|0042", "--known-at", str(before))
    assert (listed["stream_id"], listed["revision"]) == (stream, 0)
    draft = line.object("plan", "show", stream, "--as-of", "2026-03-02T12:00Z")
    assert (draft["state"], draft["contents"]) == ("draft", [])
    assert line.objects("plan", "ls", "--as-of", "2026-02-01T12:00Z") == []
    line.refused("plan", "show", stream, "--as-of", "2026-02-01T12:00Z")


def test_a_person_has_one_active_plan_of_a_category(caretrail: CommandLine) -> None:
    first, second = (
        caretrail.object(*DRAFT, "--category", "palliative", "--key", key)["stream_id"]
        for key in ("p1", "p2")
    )
    gave(caretrail, "activate", first)
    activate = ("plan", "activate", second, "--by", "MERCY", *NURSE)
    refused = caretrail.refused(*activate)
    assert "refused (plan_already_active): the person has an active palliative plan" in refused
    assert first in refused
    gave(caretrail, "complete", first, "--reason", "goals_met")
    assert caretrail.object(*activate)["version"] == 2


def test_a_change_of_words_alone_is_recorded(caretrail: CommandLine) -> None:
    stream: str = caretrail.object(*DRAFT, "--key", "w1")["stream_id"]
    gave(caretrail, "set-goal", stream, "--owner", "patient", "--words", "To walk")
    change = ("change-goal", stream, "--goal-id", "g1", "--words")
    assert gave(caretrail, *change, "To walk to church")["events"] != []
    assert gave(caretrail, *change, "To walk home")["events"] != []
    assert gave(caretrail, *change, "To walk home")["events"] == []


def test_medications_are_recorded_reconciled_and_on_the_timeline(caretrail: CommandLine) -> None:
    record = ("medications", "record", "MERCY|0042", "--by", "MERCY", *NURSE)
    items = [{"name": "Quastenflosserin", "dose": "5 mg"}, {"name": "Another"}]
    home = caretrail.object(*record, "--source", "home", "--items", json.dumps(items))
    stream: str = home["stream_id"]
    pharmacy = caretrail.object(*record, "--source", "pharmacy", "--items", json.dumps(items[:1]))
    assert pharmacy["stream_id"] == stream
    reconcile = (
        "medications", "reconcile", "MERCY|0042", "--by", "MERCY", "--at-point", "discharge",
        "--role", "pharmacist", "--compared", "l1", "--compared", "l2", *NURSE,
    )  # fmt: skip
    one = [{"action": "continue", "items": ["l1/1", "l2/1"]}]
    refused = caretrail.refused(*reconcile, "--decisions", json.dumps(one))
    assert "refused (undecided_items): items without a decision: 1" in refused
    both = [*one, {"action": "stop", "items": ["l1/2"], "reason": "Quastenflosserin"}]
    caretrail.run(*reconcile, "--decisions", json.dumps(both))
    shown = caretrail.object("medications", "show", stream)
    assert (shown["state"], shown["version"]) == ("reconciled", 3)
    (reconciliation,) = shown["reconciliations"]
    assert (reconciliation["actions"]["continue"], reconciliation["actions"]["stop"]) == (1, 1)
    assert [(each["item"], each["name"], each["dose"]) for each in shown["items"]] == [
        ("l1/1", "Quastenflosserin", "5 mg"), ("l1/2", "Another", None),
        ("l2/1", "Quastenflosserin", "5 mg"),
    ]  # fmt: skip
    first = caretrail.object(
        "medications", "show", stream, "--known-at", home["events"][0]["index"]
    )
    assert (first["state"], len(first["items"])) == ("recorded", 2)
    timeline = caretrail.object("timeline", "MERCY|0042")
    assert [each["stream_id"] for each in timeline["activities"]["medication_list"]] == [stream]
    summaries = [
        each["summary"] for each in timeline["entries"] if each["stream"] == "medication_list"
    ]
    assert summaries[0] == "Medication list l1 recorded from home, items: 2."
    _not_in_clear(caretrail, "Quastenflosser")


def test_what_a_partner_reports_is_kept_and_shown(caretrail: CommandLine) -> None:
    drafted = (each if each != "transition" else "disease" for each in DRAFT)
    stream: str = caretrail.object(*drafted)["stream_id"]

    def report(*flags: str) -> dict[str, Any]:
        outcome: dict[str, Any] = caretrail.object(
            "plan", "report", stream, "--partner", "HARBOR", *flags, *NURSE
        )
        return outcome

    begun = report("--claim", "active", "--happened-at", "2026-03-02T08:00Z", "--number", "P-7")
    assert [each["topic"] for each in begun["events"]] == ["care_plan.reported.v1"]
    report("--claim", "held", "--happened-at", "2026-03-01T13:00Z")
    shown = caretrail.object("plan", "show", stream)
    assert (shown["state"], shown["reported_by"]) == ("active", "HARBOR")
    assert shown["flags"] == ["patient_not_involved", "reported_not_legal"]
    assert shown["revisions"][0]["author"]["organisation"] == "HARBOR"
    caretrail.object(
        "medications", "record", "MERCY|0042", "--by", "MERCY", "--source", "patient",
        "--happened-at", "2026-03-01T09:00Z", *NURSE,
    )  # fmt: skip
    lists: str = caretrail.object(
        "medications", "report", "MERCY|0042", "--partner", "HARBOR", "--at-point", "visit",
        "--role", "nurse", *NURSE,
    )["stream_id"]  # fmt: skip
    (*_, told) = caretrail.object("medications", "show", lists)["reconciliations"]
    assert (told["reported_by"], told["compared"], told["flags"]) == ("HARBOR", [], [])
    timeline = caretrail.object("timeline", "MERCY|0042")["entries"]
    summaries = {each["summary"] for each in timeline if each["stream_id"] in {stream, lists}}
    assert summaries >= {
        "Care plan reported by HARBOR as active.",
        "Medication lists reported by HARBOR as reconciled at visit.",
    }


def test_a_rebuild_gives_the_same_read_models(caretrail: CommandLine) -> None:
    before = caretrail.object("projections", "digest")
    caretrail.run("projections", "rebuild")
    assert caretrail.object("projections", "digest") == before


def _not_in_clear(line: CommandLine, word: str) -> None:
    with joined(line.home) as url, psycopg.connect(url) as connection:
        tables = connection.execute(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables"
            " where table_schema in ('es', 'intake') or table_schema like 'proj%'"
        ).fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(f"select t::text from {table} t"):
                assert word not in row
                assert word.encode().hex() not in row
