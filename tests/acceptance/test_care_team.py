"""Care teams by the real command line: members, coordinators, handovers, and a merge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from caretrail.default_protocol import default_protocol
from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.test_referral import NURSE

OPERATOR = ("--as", "op-1", "--purpose", "HOPERAT")

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

FEED = "\r".join(
    [
        "MSH|^~\\&|ADT|MERCY|||20260301101000||ADT^A01|1|P|2.5",
        "EVN||20260301101000||||20260301100000",
        "PID|1||0042^^^MERCY^MR||ALDER^ROWENA||19510602|F",
        "PV1|1|I|4W^401^1^MERCY" + "|" * 16 + "V7" + "|" * 25 + "202603011000",
        "MSH|^~\\&|ADT|MERCY|||20260301111000||ADT^A01|2|P|2.5",
        "EVN||20260301111000||||20260301110000",
        "PID|1||0077^^^MERCY^MR||ALDER^ROWENA||19510602|F",
        "PV1|1|I|4W^402^1^MERCY" + "|" * 16 + "V8" + "|" * 25 + "202603011100",
    ]
)
MERGE = (
    "MSH|^~\\&|ADT|MERCY|||20260305101000||ADT^A40|3|P|2.5\r"
    "EVN||20260305101000||||20260305100000\r"
    "PID|1||0042^^^MERCY^MR||ALDER^ROWENA||19510602|F\r"
    "MRG|0077^^^MERCY^MR"
)


@pytest.fixture
def caretrail(home: Path) -> Iterator[CommandLine]:
    with joined(home):
        line = SameProcess(home)
        feed = home.with_name("feed.hl7")
        feed.write_text(FEED)
        line.run("ingest", feed)
        yield line


def join(patient: str, member: str, role: str, at: str) -> tuple[str, ...]:
    return (
        "team", "join", patient, "--member", member, "--role", role, "--happened-at", at, *NURSE,
    )  # fmt: skip


def coordinator_at(line: CommandLine, patient: str, *instants: str) -> str | None:
    found = line.object("responsible", patient, *instants)["coordinator"]
    return found["member"] if found else None


def test_a_handover_is_open_until_it_is_accepted(caretrail: CommandLine) -> None:
    for member, role, more in (
        ("rn-1", "nurse", ("--name", "Ada Rowan", "--telephone", "555-0100")),
        ("cm-2", "social_worker", ()),
    ):
        outcome = caretrail.object(*join("MERCY|0042", member, role, "2026-03-02T08:00Z"), *more)
        assert [each["topic"] for each in outcome["events"]] == ["care_team.member_joined.v1"]
    caretrail.object(
        "team", "assign-coordinator", "MERCY|0042", "--member", "rn-1",
        "--happened-at", "2026-03-02T09:00Z", *NURSE,
    )  # fmt: skip
    caretrail.object(
        "team", "hand-over", "MERCY|0042", "--from-member", "rn-1", "--to-member", "cm-2",
        "--happened-at", "2026-03-03T09:00Z", "--note", "Going on leave.", *NURSE,
    )  # fmt: skip
    before = caretrail.object("responsible", "MERCY|0042")
    assert before["coordinator"]["member"] == "rn-1"
    assert (before["member"]["role"], before["member"]["name"]) == ("nurse", "Ada Rowan")
    assert before["open_handover"]["to_member"] == "cm-2"
    known = before["known_at"]["index"]
    caretrail.object(
        "team", "accept-handover", "MERCY|0042", "--to-member", "cm-2",
        "--happened-at", "2026-03-03T11:00Z", *NURSE,
    )  # fmt: skip
    after = caretrail.object("responsible", "MERCY|0042", "--scope", "transition")
    assert (after["coordinator"]["member"], after["open_handover"]) == ("cm-2", None)
    assert coordinator_at(caretrail, "MERCY|0042", "--as-of", "2026-03-03T10:00:00Z") == "rn-1"
    assert coordinator_at(caretrail, "MERCY|0042", "--as-of", "2026-03-02T08:30:00Z") is None
    assert coordinator_at(caretrail, "MERCY|0042", "--known-at", str(known)) == "rn-1"

    refused = caretrail.refused(
        "team", "assign-coordinator", "MERCY|0042", "--member", "cm-2",
        "--happened-at", "2026-03-02T10:00Z", *NURSE,
    )  # fmt: skip
    assert "two_coordinators" in refused

    shown = caretrail.object("team", "show", "MERCY|0042")
    assert [(each["member"], each["name"], each["telephone"]) for each in shown["members"]] == [
        ("rn-1", "Ada Rowan", "555-0100"),
        ("cm-2", None, None),
    ]
    assert "Ada Rowan" in caretrail.run("team", "show", "MERCY|0042")
    assert [(each["state"], each["ended_at"]) for each in shown["handovers"]] == [
        ("accepted", "2026-03-03T11:00:00Z")
    ]
    timeline = caretrail.object("timeline", "MERCY|0042")
    summaries = [each["summary"] for each in timeline["entries"] if each["stream"] == "care_team"]
    assert "Handed over from rn-1 to cm-2, for everything." in summaries
    (team,) = timeline["activities"]["care_team"]
    assert team["state"] == "active"
    assert "cm-2" in caretrail.run("team", "show", "MERCY|0042")
    assert "cm-2" in caretrail.run("responsible", "MERCY|0042")


def test_the_teams_of_a_merged_patient_are_one_team(caretrail: CommandLine, home: Path) -> None:
    for patient, member, hour in (("MERCY|0042", "rn-1", "08"), ("MERCY|0077", "cm-2", "10")):
        at = f"2026-03-02T{hour}:00Z"
        caretrail.object(*join(patient, member, "nurse", at))
        caretrail.object(
            "team", "assign-coordinator", patient, "--member", member, "--happened-at", at, *NURSE
        )
    merge = home.with_name("merge.hl7")
    merge.write_text(MERGE)
    caretrail.run("ingest", merge)
    shown = caretrail.object("team", "show", "MERCY|0042")
    assert [(each["member"], each["until"], each["flags"]) for each in shown["coordinators"]] == [
        ("rn-1", "2026-03-02T10:00:00Z", ["two_coordinators"]),
        ("cm-2", None, ["two_coordinators"]),
    ]
    # The member joined in the stream of the other record, and can take over now.
    caretrail.object(
        "team", "hand-over", "MERCY|0042", "--from-member", "cm-2", "--to-member", "rn-1",
        "--happened-at", "2026-03-06T08:00Z", *NURSE,
    )  # fmt: skip
    caretrail.object(
        "team", "accept-handover", "MERCY|0042", "--to-member", "rn-1",
        "--happened-at", "2026-03-06T09:00Z", *NURSE,
    )  # fmt: skip
    assert coordinator_at(caretrail, "MERCY|0077") == "rn-1"
    before = caretrail.object("projections", "digest")
    caretrail.run("projections", "rebuild")
    assert caretrail.object("projections", "digest") == before


def test_a_wish_of_the_person_precedes_and_conflicts_are_flagged(caretrail: CommandLine) -> None:
    for practice, more in (("NORTH", ()), ("SOUTH", ("--own-wish",))):
        caretrail.object(
            "attribution", "attribute", "MERCY|0042", "--target-kind", "practice",
            "--target", practice, "--since", "2026-01-01T00:00Z", *more, *NURSE,
        )  # fmt: skip
    shown = caretrail.object("attribution", "show", "MERCY|0042", "--as-of", "2026-02-01T00:00:00Z")
    assert [each["target"] for each in shown["in_force"]] == ["SOUTH", "NORTH"]
    assert shown["flags"] == ["attribution_conflict"]
    caretrail.object(
        "attribution", "end", "MERCY|0042", "--target-kind", "practice", "--target", "NORTH",
        "--until", "2026-02-15T00:00Z", *NURSE,
    )  # fmt: skip
    now = caretrail.object("responsible", "MERCY|0042")
    assert [each["target"] for each in now["attributions"]] == ["SOUTH"]
    assert (now["flags"], now["coordinator"]) == ([], None)
    assert "SOUTH" in caretrail.run("attribution", "show", "MERCY|0042")


def test_a_person_records_what_the_hospital_stated_and_ends_it(caretrail: CommandLine) -> None:
    about = ("MERCY|0042", "--target-kind", "payer", "--target", "PLAN-A", *NURSE)
    caretrail.object("attribution", "attribute", *about, "--source", "in1")
    (told,) = caretrail.object("attribution", "show", "MERCY|0042")["in_force"]
    assert (told["source"], told["precedence"]) == ("in1", 4)
    assert "not_attributed" in caretrail.refused("attribution", "end", *about)
    caretrail.object("attribution", "end", *about, "--source", "in1")
    assert caretrail.object("attribution", "show", "MERCY|0042")["in_force"] == []


def test_the_practice_of_the_last_visit_is_proposed_until_it_is_attributed(
    caretrail: CommandLine, home: Path
) -> None:
    visits = home.with_name("visits.hl7")
    visits.write_text(
        FEED.replace("ADT^A01", "ADT^A04")
        .replace("1|I|4W", "1|O|EXAM")
        .replace("ADT|MERCY", "ADT|CLINIC")
        .replace("^1^MERCY", "^1^CLINIC")
        .replace("||V7|", "||W7|")
    )
    caretrail.run("ingest", visits)
    assert caretrail.object("responsible", "MERCY|0042")["proposed"] is None
    protocol = home.with_name("protocol.toml")
    protocol.write_text(f'primary_care = ["CLINIC"]\n{default_protocol()}')
    caretrail.object("protocol", "publish", protocol, *OPERATOR)

    proposed = caretrail.object("responsible", "MERCY|0042")["proposed"]
    assert (proposed["target"], proposed["seen_at"]) == ("CLINIC", "2026-03-01T10:00:00Z")
    assert proposed == caretrail.object("attribution", "show", "MERCY|0042")["proposed"]
    assert caretrail.objects("attribution", "ls", "--target", "CLINIC") == []
    assert "proposed: practice CLINIC" in caretrail.run("responsible", "MERCY|0042")
    caretrail.object(
        "attribution", "attribute", "MERCY|0042", "--target-kind", "practice",
        "--target", "CLINIC", *NURSE,
    )  # fmt: skip
    assert caretrail.object("responsible", "MERCY|0042")["proposed"] is None


def test_a_referral_has_the_time_of_the_payer_of_the_patient(
    caretrail: CommandLine, home: Path
) -> None:
    lines = """
[lines.quick]
payers = ["PLAN-A"]
[lines.quick.duties]
"referral.acknowledge.routine" = { within = "2 h", source = "contract with plan A" }
"""
    protocol = home.with_name("protocol.toml")
    protocol.write_text(default_protocol() + lines)
    (counts,) = caretrail.objects("protocol", "publish", protocol, "--dry-run")
    assert counts["kinds"] == []  # no patient has left
    caretrail.object("protocol", "publish", protocol, *OPERATOR)
    for patient in ("MERCY|0042", "MERCY|0077"):
        caretrail.object(
            "referral", "request", patient, "--requester", "MERCY", "--target", "HEART",
            "--specialty", "394579002", *NURSE,
        )  # fmt: skip

    def sources(patient: str) -> set[str]:
        return {
            each["source"]
            for each in caretrail.objects("duty", "ls", "--patient", patient)
            if each["duty"] == "referral.acknowledge.routine"
        }

    ordinary = sources("MERCY|0042")
    assert ordinary == sources("MERCY|0077") != {"contract with plan A"}
    caretrail.object(
        "attribution", "attribute", "MERCY|0042", "--target-kind", "payer", "--target", "PLAN-A",
        "--since", "2026-01-01T00:00Z", *NURSE,
    )  # fmt: skip
    assert sources("MERCY|0042") == {"contract with plan A"}
    assert sources("MERCY|0077") == ordinary
