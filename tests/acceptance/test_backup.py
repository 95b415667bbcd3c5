"""A home is backed up while it serves, and restored somewhere else by the command line alone."""

from pathlib import Path
from shutil import copy

import pytest

from infra.kafka_access import Brokers
from infra.mllp_client import MllpClient, code_of
from infra.postgres_server import joined
from tests import backups, servers
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.service import serving

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

ALONE = {"CARETRAIL_KAFKA": "false", "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"}


def admission(number: int) -> bytes:
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||20260301100000||ADT^A01|{number}|P|2.5",
            "EVN||20260301100000",
            f"PID|1||{10_000 + number}^^^MERCY^MR||ALDER^ROWENA||19510602|F",
            f"PV1|1|I|4W^401^1^MERCY{'|' * 16}V{number}",
        ]
    ).encode()


def admissions(home: Path) -> Path:
    """Return a file of 20 admissions beside a home."""
    file = home.with_name("feed.hl7")
    file.write_bytes(b"\n".join(map(admission, range(20))))
    return file


@pytest.fixture
def feed(home: Path) -> Path:
    return admissions(home)


def second(home: Path, **variables: str) -> CommandLine:
    """Return a home that has nothing but the master key of the first."""
    line = SameProcess(home.with_name("second"), {**ALONE, **variables})
    (line.home / "keys").mkdir(parents=True, mode=0o700)
    copy(home / "keys" / "master.key", line.home / "keys")
    return line


def test_a_home_that_serves_is_backed_up_and_restored_elsewhere(home: Path) -> None:
    line = SameProcess(home, ALONE)
    store, keys = home.with_name("store.backup"), home.with_name("keys.backup")
    with serving(line, "mllp", "projector") as service, MllpClient(*service.mllp) as client:
        for number in range(5):
            assert code_of(client.send_until_accepted(admission(number), retries=3)) == "AA"
        made = line.object("backup", "--store", store, "--keys", keys)
        assert made["store"]["events"] == 6
        assert made["keys"]["keys"] >= 5  # the service has taken some in advance
        assert code_of(client.send_until_accepted(admission(5), retries=3)) == "AA"
        census = line.objects("census")
        assert len(census) == 6
    other = second(home)
    restored = other.object("restore", "--store", store, "--keys", keys)
    assert (restored["events"], restored["keys_missing"], restored["parked"]) == (6, 0, 0)
    with joined(other.home):
        assert len(other.objects("census")) == 5
        sent_again = home.with_name("again.hl7")
        sent_again.write_bytes(b"\n".join(map(admission, range(6))))
        counts = other.object("ingest", sent_again)
        assert (counts["duplicate"], counts["recorded"]) == (5, 1)
        assert other.objects("census") == census
    restored_key = other.home / "keys" / "id.key"
    assert restored_key.read_bytes() == (home / "keys" / "id.key").read_bytes()
    assert restored_key.stat().st_mode & 0o777 == 0o600


def test_an_embedded_store_is_restored_into_a_server_of_ones_own(
    new_home: Path, server: str
) -> None:
    home = new_home
    key = {"CARETRAIL_ID_KEY": "5a" * 32}
    own = SameProcess(home, {**ALONE, **key})
    store, keys = home.with_name("store.backup"), home.with_name("keys.backup")
    with joined(home):
        own.run("ingest", admissions(home))
        own.run("backup", "--store", store, "--keys", keys)
        digests = own.run("projections", "digest", "--json")
    with backups.empty_database(server) as url:
        other = second(home, CARETRAIL_DATABASE_URL=url, **key)
        other.run("restore", "--store", store, "--keys", keys)
        assert other.run("projections", "digest", "--json") == digests


def test_a_restore_that_cannot_be_done_says_what_to_do(home: Path, feed: Path) -> None:
    served = SameProcess(home, ALONE)
    store, keys = home.with_name("store.backup"), home.with_name("keys.backup")
    with joined(home):
        served.run("ingest", feed)
        served.run("backup", exit_code=2)
        served.run("restore", exit_code=2)
        served.run("backup", "--store", store, "--keys", keys)
        assert "exists" in served.refused("backup", "--store", store)
        assert "a new home" in served.refused("restore", "--store", store, "--keys", keys)
    other = second(home)
    half = home.with_name("half.backup")
    half.write_bytes(store.read_bytes()[:9_000])
    with joined(other.home):
        assert "--keys" in other.refused("restore", "--store", store)
        assert "incomplete" in other.refused("restore", "--store", half, "--keys", keys)
        assert "No such file" in other.refused("restore", "--store", home / "none", "--keys", keys)
        assert all(each["ok"] for each in other.objects("doctor"))


@pytest.mark.kafka
def test_a_restored_store_publishes_to_new_topics_and_leaves_the_old_ones(
    home: Path, feed: Path, kafka: Brokers, topic_prefix: str
) -> None:
    brokers = {**servers.kafka_variables(kafka), "CARETRAIL_TOPIC_PREFIX": topic_prefix}
    line = SameProcess(home, {**ALONE, **brokers})
    late = home.with_name("late.hl7")
    late.write_bytes(b"\n".join(map(admission, range(20, 25))))
    store, keys = home.with_name("store.backup"), home.with_name("keys.backup")
    with joined(home):
        line.run("ingest", feed)
        assert line.object("audit", "reconcile")["topic"] == 21
        line.run("backup", "--store", store, "--keys", keys)
        line.run("ingest", late)
        assert line.object("audit", "reconcile")["topic"] == 26
        other = second(home, **brokers)
        assert other.object("restore", "--store", store, "--keys", keys)["generation"] == 2
        with joined(other.home):
            report = other.object("audit", "reconcile")
            assert (report["equal"], report["topic"], report["published"]) == (True, 21, 21)
            names = {each["name"] for each in other.objects("topics", "ls")}
            assert f"{topic_prefix}.events.v1.g2" in names
            digests = other.run("projections", "digest", "--json")
            other.run("projections", "rebuild", "--from", "kafka")
            assert other.run("projections", "digest", "--json") == digests
        unchanged = line.object("audit", "reconcile")
        assert (unchanged["equal"], unchanged["topic"], unchanged["published"]) == (True, 26, 0)
