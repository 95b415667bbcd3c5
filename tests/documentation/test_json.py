"""``--json`` has the members that are documented, and metrics have values."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pytest

from tests import homes
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.service import RunningService, serving
from tests.documentation.console import DOCS, blocks

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

JSON_PAGE: Final = (DOCS / "reference" / "json.md").read_text("utf-8")


@pytest.fixture(scope="module")
def served(made_home: Path) -> Iterator[RunningService]:
    """A home with the profile of the tutorial, served without Kafka."""
    with homes.copied_home(made_home) as home:
        for block in blocks("tutorial.md"):
            if block.name in {"profiles.toml", "mercy.hl7"}:
                (home / block.name).write_text(block.text, "utf-8")
        free = {"CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0", "CARETRAIL_KAFKA": "false"}
        with serving(SameProcess(home, free)) as service:
            yield service


@pytest.fixture(scope="module")
def line(served: RunningService) -> CommandLine:
    """The command line, after the messages of the tutorial."""
    line = served.line
    counts: dict[str, Any] = json.loads(line.run("ingest", line.home / "mercy.hl7", "--json"))
    assert set(counts) == documented("ingest")
    return line


def documented(*headings: str) -> set[str]:
    """Return the members listed last under a heading, or under one within another."""
    text = JSON_PAGE
    for level, heading in enumerate(headings, 2):
        _, _, text = text.partition(f"\n{'#' * level} {heading}\n")
        assert text, heading
        text = re.split(rf"^#{{1,{level}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]
    own = re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"`(\w+)`", own.strip().rpartition("\n\n")[2]))


@pytest.mark.parametrize(
    "verb",
    [
        "messages ls",
        "patients ls",
        "timeline MERCY|0042",
        "census",
        "projections ls",
        "projections rebuild timeline",
        "audit trail",
        "doctor",
    ],
)
def test_what_is_written_has_the_members_that_are_documented(line: CommandLine, verb: str) -> None:
    name = verb if f"\n## {verb}" in JSON_PAGE else verb.rpartition(" ")[0]
    heading = "messages ls, messages quarantine" if name == "messages ls" else name
    first = line.objects(*verb.split())[0]
    assert set(first) == documented(heading)


def test_what_stands_inside_has_the_members_that_are_documented(line: CommandLine) -> None:
    timeline = line.object("timeline", "MERCY|0042")
    assert set(timeline["known_at"]) == documented("timeline", "known_at")
    assert set(timeline["entries"][0]) == documented("timeline", "entries")
    (encounter,) = timeline["encounters"]
    assert set(encounter) == documented("timeline", "encounters")
    assert set(encounter["locations"][0]) == documented("timeline", "locations")
    (patient,) = line.objects("patients", "ls")
    assert set(patient["identifiers"][0]) == documented("patients ls", "identifiers")
    chain = line.object("why", encounter["encounter_id"])
    assert set(chain) == documented("why")
    assert set(chain["events"][0]) == documented("why", "events")
    message = chain["events"][0]["message"]
    assert set(message) == documented("why", "message")
    assert set(line.object("messages", "show", message["id"])) == documented("messages show")
    digests = line.object("projections", "digest")
    assert all(set(each) == documented("projections digest") for each in digests.values())


def test_metrics_say_what_waits_and_who_was_heard(served: RunningService) -> None:
    facts: dict[str, Any] = served.facts()
    served.line.run("send", served.home / "mercy.hl7", "--to", facts["mllp"], exit_code=1)
    pages = metrics_at(f"{facts['pages']}/metrics")
    assert pages['caretrail_quarantined_messages{error="no_patient_identifier"}'] == 1
    assert 0 < pages["caretrail_quarantine_oldest_seconds"] < 300
    assert not any("relay_position" in name or "ingest" in name for name in pages)
    mllp = metrics_at(f"http://127.0.0.1:{facts['health']['mllp']}/metrics")
    assert 0 <= mllp['caretrail_message_age_seconds{source="mercy"}'] < 300
    assert mllp['caretrail_messages_total{ack="AA",source="mercy",trigger="A01"}'] >= 1


def metrics_at(url: str) -> dict[str, float]:
    with urlopen(url, timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_help_is_given_and_a_wrong_argument_is_wrong_usage(served: RunningService) -> None:
    assert "timeline" in served.line.run("--help")
    for wrong in (
        ["timeline", "MERCY|0042", "--as-of", "noon"],
        ["timeline", "MERCY|0042", "--known-at", "-1"],
        ["census", "--as-of", "yesterday"],
        ["send", "mercy.hl7", "--to", "localhost"],
        ["generate", "--days", "0", "--out", "out"],
        ["serve", "--only", "nothing"],
    ):
        served.line.run(*wrong, exit_code=2)


def test_care_teams_and_attributions_have_the_members_that_are_documented(
    line: CommandLine,
) -> None:
    stating = line.home / "attending.hl7"
    stating.write_text(
        "MSH|^~\\&|ADT|MERCY|||20260306101000||ADT^A01|T1|P|2.5\rEVN||20260306101000\r"
        "PID|1||0990^^^MERCY^MR||BEECH^TOM\r"
        "PV1|1|I|4W^402^1^MERCY||||4711^HOUSE^GREGORY^^^^^^MERCY"
    )
    line.run("ingest", stating)
    patient = line.object("team", "show", "MERCY|0990")["patient_id"]
    caller = ("--as", "nurse-1", "--purpose", "TREAT")
    for member in ("rn-1", "cm-2"):
        line.run("team", "join", patient, "--member", member, "--role", "nurse", *caller)
    line.run("team", "assign-coordinator", patient, "--member", "rn-1", *caller)
    line.run("team", "hand-over", patient, "--from-member", "rn-1", "--to-member", "cm-2", *caller)
    line.run(
        "attribution", "attribute", patient, "--target-kind", "payer", "--target", "acme", *caller
    )
    team = line.object("team", "show", patient)
    assert set(team) == documented("team show")
    for name in ("members", "coordinators", "handovers", "stated_by_hospital"):
        assert set(team[name][0]) == documented("team show", name)
    (number,) = team["stated_by_hospital"][0]["identifiers"]
    assert set(number) == documented("team show", "identifiers in stated_by_hospital")
    told = line.object("attribution", "show", patient)
    assert set(told) == documented("attribution show")
    assert set(told["attributions"][0]) == documented("attribution show", "attributions")
    assert told["in_force"] == told["attributions"]
    for verb, more in (("team ls", ("--member", "rn-1")), ("attribution ls", ("--target", "acme"))):
        (listed,) = line.objects(*verb.split(), *more)
        assert set(listed) == documented(verb)
    activities = line.object("timeline", patient)["activities"]
    assert set(activities["care_team"][0]) == documented("team show", "care_team in activities")
    assert set(activities["attribution"][0]) == documented(
        "attribution show", "attribution in activities"
    )
    found = line.object("responsible", patient)
    assert set(found) == documented("responsible")
    assert set(found["open_handover"]) == documented("team show", "handovers")
    roster = line.home / "roster.csv"
    roster.write_text("authority,identifier,target,from\nMERCY,nobody,NORTH,2026-01-01\n")
    loaded = line.object("roster", "load", roster, "--roster", "plan-a", *caller)
    assert set(loaded) == documented("roster load")
    assert set(loaded["refusals"][0]) == documented("roster load", "refusals")


def test_care_plans_and_medications_have_the_members_that_are_documented(
    line: CommandLine,
) -> None:
    patient = line.objects("patients", "ls")[0]["patient_id"]
    caller = ("--by", "MERCY", "--as", "nurse-1", "--purpose", "TREAT")
    draft = ("--category", "disease", "--responsible", "MERCY", *caller[2:])
    plan = line.object("plan", "draft", patient, *draft)["stream_id"]
    line.run("plan", "add-concern", plan, "--code", "R60.0", *caller)
    line.run("plan", "set-goal", plan, "--owner", "patient", "--words", "To walk", *caller)
    line.run("plan", "add-activity", plan, "--kind", "visit", "--goals", "g1", *caller)
    line.run("plan", "activate", plan, *caller)
    change = json.dumps([{"change": {"goal_id": "g1", "priority": "high"}}])
    author = ("--author", "MERCY", "--reason", "patient_wish", *caller[2:])
    line.run("plan", "revise", plan, "--goals-changed", change, *author)
    (listed,) = line.objects("plan", "ls")
    assert set(listed) == documented("plan ls")
    shown = line.object("plan", "show", plan)
    assert set(shown) == documented("plan show") | documented("plan ls")
    for member, heading in (
        ("concerns", "concerns"),
        ("goals", "goals"),
        ("activities", "activities of a plan"),
        ("revisions", "revisions"),
    ):
        assert set(shown[member][0]) == documented("plan show", heading)
    compared = line.object("plan", "compare", plan, "0", "1")
    assert set(compared) == documented("plan compare")
    assert set(compared["later"]) == documented("plan compare", "earlier, later")
    assert set(compared["changed"][0]) == documented("plan compare", "changed")

    items = json.dumps([{"name": "A"}])
    record = ("medications", "record", patient, "--source", "home", "--items", items)
    lists = line.object(*record, *caller)["stream_id"]
    line.run("medications", "find-discrepancy", patient, "--kind", "dose", *caller)
    reconcile = ("--at-point", "visit", "--role", "other", "--compared", "l1", "--unresolved", "1")
    line.run("medications", "reconcile", patient, *reconcile, *caller)
    (listed,) = line.objects("medications", "ls", "--open-discrepancy", "--org", "MERCY")
    assert set(listed) == documented("medications ls")
    medications = line.object("medications", "show", lists)
    assert set(medications) == documented("medications show")
    for member in ("lists", "reconciliations", "discrepancies"):
        assert set(medications[member][0]) == documented("medications show", member)


def test_replays_accesses_and_the_work_list_have_the_members_that_are_documented(
    line: CommandLine,
) -> None:
    patient = line.objects("patients", "ls")[0]["patient_id"]
    (first, *_, last) = line.objects("audit", "replay", patient)
    assert set(first) == documented("audit replay")
    assert set(first["actor"]) == documented("timeline", "actor")
    assert set(first["changes"][0]) == documented("audit replay", "changes")
    moments = (str(first["index"]), str(last["index"]))
    compared = line.object("audit", "replay", patient, "--compare", *moments)
    assert set(compared) == documented("audit replay", "compare")
    assert set(line.object("work", "ls")) == documented("work ls")
