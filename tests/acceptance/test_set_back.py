"""A store set back by an older copy of its data folder: nothing goes on until it is told."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest

from infra.kafka_access import Brokers
from infra.mllp_client import MllpClient, code_of
from infra.postgres_server import joined
from tests import servers
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.service import RunningService, serving
from tests.acceptance.test_operations import admission
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(400)]

ALONE = {"CARETRAIL_KAFKA": "false"}
FED = ("mllp", "relay", "projector")


def send(service: RunningService, first: int, last: int) -> None:
    """Send messages, each about a patient of its own; all are acknowledged."""
    with MllpClient(*service.mllp, timeout=30) as client:
        codes = {code_of(client.send(admission(number))) for number in range(first, last)}
    assert codes == {"AA"}


def unready(service: RunningService) -> dict[str, str]:
    """Return the problems of the service, by part."""
    try:
        with urlopen(f"{service.facts()['pages']}/readyz", timeout=60) as answer:
            found = json.loads(answer.read())
    except HTTPError as error:
        found = json.loads(error.read())
    problems: dict[str, str] = found["problems"]
    return problems


def halted(service: RunningService) -> set[str]:
    return {part for part, why in unready(service).items() if why.startswith("halted")}


def position(line: CommandLine) -> tuple[int, int]:
    """Return how far the read models are, and how far behind."""
    (found,) = line.objects("projections", "ls", "timeline")
    return found["complete_through"], found["behind"]


def published(home: Path, generation: int) -> int:
    """Return up to which index a relay has published to this generation of the topics."""
    with joined(home) as url, psycopg.connect(url) as connection:
        row = connection.execute(
            "select position from relay.checkpoint where topic like %s", (f"%.g{generation}",)
        ).fetchone()
    return int(row[0]) if row else 0


def patients(home: Path) -> int:
    with joined(home) as url, psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from care.patient").fetchone()
    assert row
    return int(row[0])


def copy_folder(source: Path, to: Path) -> None:
    """Copy a folder with its owners, as a person does who keeps a copy of the database."""
    subprocess.run(["cp", "-a", source, to], check=True)


def digest_of_a_restored_home(home: Path) -> dict[str, Any]:
    """Return the digest of a home that is restored and gets the messages after the backup."""
    restored = SameProcess(home.with_name("restored"), ALONE)
    (restored.home / "keys").mkdir(parents=True, mode=0o700)
    shutil.copy(home / "keys" / "master.key", restored.home / "keys")
    files = ("--store", home.with_name("store.backup"), "--keys", home.with_name("keys.backup"))
    feed = home.with_name("feed.hl7")
    feed.write_bytes(b"\r\n".join(admission(number) for number in range(80, 95)))
    with joined(restored.home):
        assert restored.object("restore", *files)["events"] == 61
        restored.run("ingest", feed)
        return restored.object("projections", "digest")


def digest_of_a_clean_home(home: Path, made: Path) -> dict[str, Any]:
    """Return the digest of a home with the same keys that gets every message that was not lost."""
    clean = SameProcess(home.with_name("clean"), ALONE)
    copy_folder(made, clean.home)
    feed = home.with_name("feed.hl7")
    numbers = [*range(20), *range(40, 95)]
    feed.write_bytes(b"\r\n".join(admission(number) for number in numbers))
    with joined(clean.home):
        clean.run("ingest", feed)
        return clean.object("projections", "digest")


def test_a_store_set_back_halts_until_a_new_generation_which_equals_a_clean_home(
    home: Path, made_home: Path, kafka: Brokers, topic_prefix: str
) -> None:
    line = SameProcess(
        home,
        {
            **servers.kafka_variables(kafka),
            "CARETRAIL_MLLP_PORT": "0",
            "CARETRAIL_HTTP_PORT": "0",
            "CARETRAIL_TOPIC_PREFIX": topic_prefix.rstrip("."),
        },
    )
    data, older = home / "postgres" / "data", home.with_name("older")
    with serving(line, *FED) as service:
        send(service, 0, 20)
        until(lambda: position(line) == (21, 0), "the first events")
    copy_folder(data, older)
    with serving(line, *FED) as service:
        send(service, 20, 40)
        until(lambda: position(line) == (41, 0), "the events that are lost")
        assert line.object("audit", "reconcile")["equal"]
    shutil.rmtree(data)
    copy_folder(older, data)

    with serving(line) as service:
        until(lambda: halted(service) == {"relay", "projector"}, "both to halt")
        for first in range(40, 80, 10):
            send(service, first, first + 10)  # more than were lost: known indexes, other events
            assert halted(service) == {"relay", "projector"}
        assert position(line) == (21, 40)
        assert patients(home) == 20
        for why in unready(service).values():
            assert "The store was set back" in why
            assert "caretrail topics apply --new-generation" in why
        assert "The store was set back" in line.refused("audit", "reconcile")
        assert "The store was set back" in line.refused("projections", "rebuild", "--from", "kafka")

        made = line.object("backup", "--store", home.with_name("store.backup"))
        assert made["store"]["events"] == 61
        line.run("backup", "--keys", home.with_name("keys.backup"))

        line.run("topics", "apply", "--new-generation")
        until(lambda: not unready(service), "the service to go on", 60)
        until(lambda: position(line) == (61, 0), "every event of the store")
        report = line.object("audit", "reconcile")
        assert (report["equal"], report["store"], report["topic"]) == (True, 61, 61)
        send(service, 80, 90)
        until(lambda: position(line) == (71, 0), "new events")
        line.run("topics", "apply", "--new-generation")  # while the service works
        until(lambda: published(home, 3) == 71, "the relay to change topics")
        send(service, 90, 95)
        until(lambda: position(line) == (76, 0), "the projector to change topics")
        mended = line.object("projections", "digest")

    assert digest_of_a_restored_home(home) == mended
    assert digest_of_a_clean_home(home, made_home) == mended
