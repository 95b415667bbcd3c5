"""The work list by the real command line: what a referral owes, and who is at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.test_referral import FEED, NURSE, REQUEST

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

BY = ("--by", "HEART", "--by-person", "nurse-1", *NURSE)
LIST = ("work", "ls", "--kind", "referral", "--older")


@pytest.fixture(scope="module")
def caretrail(module_home: Path) -> Iterator[CommandLine]:
    with joined(module_home):
        line = SameProcess(module_home)
        feed = module_home.with_name("feed.hl7")
        feed.write_text(FEED)
        line.run("ingest", feed)
        yield line


def test_an_item_is_claimed_and_leaves_the_list_when_the_work_is_recorded(
    caretrail: CommandLine,
) -> None:
    stream = caretrail.object(*REQUEST)["stream_id"]

    def acknowledge() -> list[dict[str, object]]:
        return [
            item
            for person in caretrail.object(*LIST)["people"]
            for item in person["items"]
            if item["about"] == stream and str(item["duty"]).startswith("referral.acknowledge")
        ]

    (item,) = acknowledge()
    assert (item["claimed_by"], item["urgent"], item["overdue"]) == (None, True, True)
    known = caretrail.object("work", "ls")["known_at"]["index"]
    one = (str(item["item_id"]),)
    claimed = caretrail.object("work", "claim", *one, *BY)
    assert [each["topic"] for each in claimed["events"]] == ["work.claimed.v1"]
    (item,) = acknowledge()
    assert item["claimed_by"] == {"organisation": "HEART", "person": "nurse-1", "pool": None}
    other = ("--by", "HEART", "--by-person", "nurse-2", *NURSE)
    assert "claimed_by_another" in caretrail.refused("work", "claim", *one, *other)
    assert str(item["item_id"]) in caretrail.run(*LIST)
    caretrail.run("work", "release", *one, *BY)
    assert acknowledge()[0]["claimed_by"] is None
    caretrail.run("referral", "accept", stream, "--by", "HEART", *NURSE)
    assert acknowledge() == []
    assert "unknown_work_item" in caretrail.refused("work", "claim", *one, *BY)
    then = caretrail.object(*LIST, "--known-at", str(known))
    assert item["item_id"] in [each["item_id"] for p in then["people"] for each in p["items"]]
    replayed = caretrail.objects("audit", "replay", "MERCY|0042")
    gone = [
        change["id"]
        for step in replayed
        if step["topic"] == "referral.accepted.v1"
        for change in step["changes"]
        if (change["part"], change["change"]) == ("work_item", "removed")
    ]
    assert item["item_id"] in gone
