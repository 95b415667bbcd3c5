"""``messages reprocess``, with a service that publishes to Kafka beside it."""

from pathlib import Path

import pytest

from infra.kafka_access import Brokers
from tests import servers
from tests.acceptance.command_line import SameProcess
from tests.acceptance.service import serving
from tests.consumers.hl7v2.adt import adt, pv1
from tests.documentation.test_json import documented

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]

NAME = "QUILLFEATHER"


def feed(count: int) -> bytes:
    return b"\n".join(
        adt(
            "A04",
            pid=f"PID|1||{number}^^^MERCY^MR||{NAME}^AMY||19510602|F",
            visit=pv1(f19=f"V{number}"),
            msh={10: f"R{number}"},
        )
        for number in range(1, count + 1)
    )


def test_a_later_reading_is_shown_and_published_and_changes_no_rebuild(
    home: Path, kafka: Brokers, topic_prefix: str
) -> None:
    (home / "feed.hl7").write_bytes(feed(20))
    prefix = topic_prefix.rstrip(".")
    line = SameProcess(home, {**servers.kafka_variables(kafka), "CARETRAIL_TOPIC_PREFIX": prefix})
    line.run("ingest", home / "feed.hl7")
    known = line.object("timeline", "MERCY|1")
    (home / "profiles.toml").write_text('[sender.default]\nzone = "America/Chicago"\n')
    with serving(line, "relay", "projector") as service:
        shown = line.run("messages", "reprocess", "--all", "--dry-run", "--json")
        assert NAME not in shown
        assert not [each for each in ("1951-06-02", "19510602") if each in shown]
        *changes, summary = line.objects("messages", "reprocess", "--all", "--dry-run")
        assert {each["change"] for each in changes} == {"changed"}
        assert set(changes[0]) == documented("messages reprocess")
        assert set(changes[0]["statements"][0]) == documented("messages reprocess", "statements")
        assert set(summary) == documented("messages reprocess", "the counts")
        assert (summary["dry_run"], summary["read"], summary["events"]) == (True, 20, 20)
        *recorded, done = line.objects("messages", "reprocess", "--all")
        assert recorded == changes
        assert done == {**summary, "dry_run": False}
        (again,) = line.objects("messages", "reprocess", "--sender", "default")
        assert (again["read"], again["unchanged"], again["events"]) == (20, 20, 0)

        before = line.object("timeline", "MERCY|1", "--known-at", str(21))
        assert before["encounters"] == known["encounters"]
        after = line.object("timeline", "MERCY|1")
        assert after["encounters"][0]["started_at"] == "2026-03-01T20:32:01Z"
        report = line.object("audit", "reconcile")
        assert report["equal"], report
        assert report["store"] == report["topic"] == 41
        live = line.object("projections", "digest")
        line.run("projections", "rebuild", "--from", "kafka")
        assert line.object("projections", "digest") == live
    assert service.left_behind() == []


def test_a_message_of_a_backlog_stays_one_when_it_is_read_again(home: Path) -> None:
    (home / "feed.hl7").write_bytes(feed(2))
    line = SameProcess(home)
    line.run("ingest", home / "feed.hl7", "--backfill")
    before = line.objects("messages", "ls")
    assert all("backfill" in each["warnings"] for each in before)
    (home / "profiles.toml").write_text('[sender.default]\nzone = "America/Chicago"\n')
    *changes, summary = line.objects("messages", "reprocess", "--all")
    assert (summary["read"], summary["changed"]) == (2, 2)
    assert len(changes) == 2
    after = line.objects("messages", "ls")
    assert all("backfill" in each["warnings"] for each in after)
    (again,) = line.objects("messages", "reprocess", "--all")
    assert (again["read"], again["unchanged"]) == (2, 2)


def test_messages_must_be_chosen(home: Path) -> None:
    line = SameProcess(home)
    assert "--all" in line.refused("messages", "reprocess", exit_code=2)
