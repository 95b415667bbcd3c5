"""What follows a discharge, told by the command line only."""

from pathlib import Path

import pytest

from tests.acceptance.command_line import SameProcess
from tests.consumers.hl7v2.adt import adt, pv1

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

PATIENT = "PID|1||7^^^MERCY^MR||QUILLFEATHER^AMY||19510602|F"
NURSE = ("--as", "nurse-1", "--purpose", "TREAT", "--by", "MERCY", "--by-person", "nurse-1")


def stay() -> bytes:
    """Return an admission on Sunday and a discharge to home on Monday 2 March 2026."""
    visit = pv1(f19="V7", f44="20260301143201")
    left = pv1(f19="V7", f36="01", f44="20260301143201", f45="20260302160000")
    return b"\n".join(
        (
            adt("A01", pid=PATIENT, visit=visit, msh={10: "T1"}),
            adt(
                "A03", pid=PATIENT, visit=left, msh={7: "20260302160100", 10: "T2"},
                evn="EVN||20260302160000",
            ),
        )
    )  # fmt: skip


def test_a_patient_goes_home_and_is_called_seen_and_settled(home: Path) -> None:
    (home / "stay.hl7").write_bytes(stay())
    line = SameProcess(home)
    line.run("ingest", home / "stay.hl7")
    (visit,) = line.object("timeline", "MERCY|7")["encounters"]
    encounter = visit["encounter_id"]
    (owed,) = line.object("transition", "show", encounter)["transitions"]
    assert (owed["kind"], owed["encounter_id"]) == ("home", encounter)
    due = {each["step"]: each["due_on"] for each in owed["steps"]}
    assert due["contact"] == "2026-03-04"

    def do(verb: str, at: str, *more: str) -> None:
        line.run("transition", verb, encounter, *NURSE, "--happened-at", at, *more)

    do("attempt-contact", "2026-03-03T10:00-05:00", "--result", "no_answer")
    # It was made in time, and is recorded much later.
    do("record-contact", "2026-03-04T11:00-05:00", "--findings", "understands_plan")
    do("schedule-follow-up", "2026-03-04T11:05-05:00", "--starts-at", "2026-03-10T09:00-04:00")
    do("complete-follow-up", "2026-03-10T09:30-04:00")
    do("waive-step", "2026-03-04T11:10-05:00", "--step", "equipment", "--reason", "not_needed")
    refused = line.refused(
        "transition", "waive-step", encounter, *NURSE, "--step", "moon", "--reason", "other"
    )
    assert "step_unknown" in refused
    every = ["practitioner", "procedures", "diagnoses", "medications", "results", "instructions"]
    elements = [part for each in every for part in ("--elements", each)]
    do("send-information", "2026-03-02T18:00-05:00", *elements)
    do("reconcile-medications", "2026-03-04T11:20-05:00")
    do("assign-result", "2026-03-03T09:00-05:00")
    for step in ("referrals", "education"):
        do("complete-step", "2026-03-04T11:30-05:00", "--step", step)

    (done,) = line.object("transition", "show", encounter)["transitions"]
    assert done["state"] == "completed"
    steps = {each["step"]: each for each in done["steps"]}
    assert steps["contact"]["done_by"] == "contact_made"
    assert steps["equipment"]["waived_reason"] == "not_needed"
    assert steps["information"]["elements_missing"] == []
    assert not any(each["late"] for each in done["steps"])
    shown = line.object("transition", "show", "MERCY|7", "--as-of", "2026-03-04T12:00Z")
    (then,) = shown["transitions"]
    assert then["state"] == "open"

    lists_name_what_is_owed(line, encounter, visit["facility"])
    assert "Patient contacted" in line.run("timeline", "MERCY|7")
    live = line.object("projections", "digest")
    line.run("projections", "rebuild")
    assert line.object("projections", "digest") == live


def lists_name_what_is_owed(line: SameProcess, encounter: str, facility: str) -> None:
    """List transitions and duties, now and as they were seen before the call was known."""
    listed = line.objects("transition", "ls", "--facility", facility)
    assert [each["encounter_id"] for each in listed] == [encounter]
    assert line.objects("transition", "ls", "--open") == []
    past = ("--as-of", "2026-03-06T12:00Z")
    assert line.objects("transition", "ls", "--overdue", *past) == []
    (known,) = line.objects("transition", "ls", "--overdue", *past, "--known-at", "3")
    assert set(known["overdue"]) >= {"contact", "information"}
    assert line.objects("transition", "ls", "--patient", "MERCY|7") == listed
    duties = line.objects("duty", "ls", "--patient", "MERCY|7", "--kind", "transition")
    assert {each["about"] for each in duties} == {encounter}
    owed = line.objects("duty", "ls", "--overdue", *past, "--known-at", "3")
    assert len(owed) == len(known["overdue"])
    assert owed[0]["duty"] in line.run("duty", "ls", "--overdue", *past, "--known-at", "3")


def test_a_backlog_owes_nothing(home: Path) -> None:
    (home / "stay.hl7").write_bytes(stay())
    line = SameProcess(home)
    line.run("ingest", home / "stay.hl7", "--backfill")
    assert line.object("transition", "show", "MERCY|7")["transitions"] == []
    assert line.objects("transition", "ls", "--overdue") == []


def tried_without_a_trace(line: SameProcess, home: Path) -> None:
    """Try a stricter protocol on a call that was made in time. Nothing is recorded."""
    (visit,) = line.object("timeline", "MERCY|7")["encounters"]
    call = ("record-contact", visit["encounter_id"], *NURSE)
    line.run("transition", *call, "--happened-at", "2026-03-04T11:00-05:00")
    digest = line.object("projections", "digest")
    text = line.run("protocol", "show")
    strict = text.replace('code = "contact", within = "2 bd"', 'code = "contact", within = "1 bd"')
    assert strict != text
    (home / "strict.toml").write_text(strict)
    tried = ("protocol", "publish", home / "strict.toml", "--dry-run")
    *differing, counts = line.objects(*tried, "--discharges")
    (home_kind,) = counts["kinds"]
    assert (home_kind["kind"], home_kind["discharges_before"]) == ("home", 1)
    (contact,) = [each for each in home_kind["steps"] if each["step"] == "contact"]
    assert (contact["before"]["in_time"], contact["before"]["late"]) == (1, 0)
    assert (contact["after"]["in_time"], contact["after"]["late"]) == (0, 1)
    assert [(each["step"], each["before"], each["after"]) for each in differing] == [
        ("contact", "in_time", "late")
    ]
    assert differing[0]["encounter_id"] == visit["encounter_id"]
    assert "would be late" in line.run(*tried, "--discharges")
    (later,) = line.objects(*tried, "--since", "2026-03-03T00:00Z")
    assert later["kinds"] == []
    assert len(line.objects("protocol", "ls")) == 1
    assert line.object("projections", "digest") == digest


def test_protocols_are_tried_published_listed_shown_and_voided_except_the_first(
    home: Path,
) -> None:
    (home / "stay.hl7").write_bytes(stay())
    line = SameProcess(home)
    line.run("ingest", home / "stay.hl7")
    tried_without_a_trace(line, home)
    (first,) = line.objects("protocol", "ls")
    assert line.objects("protocol", "ls", "--known-at", "0") == []
    assert (first["name"], first["effective_from"]) == ("caretrail-default", None)
    assert first["in_force"]
    text = line.run("protocol", "show")
    (home / "ours.toml").write_text(text.replace("caretrail-default", "ours"))
    caller = ("--as", "op-1", "--purpose", "HOPERAT")
    line.run("protocol", "publish", home / "ours.toml", *caller)
    assert [each["in_force"] for each in line.objects("protocol", "ls")] == [False, True]
    second = line.objects("protocol", "ls")[1]
    assert 'name = "ours"' in line.run("protocol", "show", second["version"][:8])
    void = ("--reason", "wrong_item", *caller)
    assert "last_protocol" in line.refused("protocol", "void", first["event_id"], *void)
    line.run("protocol", "void", second["event_id"], *void)
    assert [each["in_force"] for each in line.objects("protocol", "ls")] == [True, False]
