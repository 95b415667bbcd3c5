"""A record of a stranger in the topic, seen by an operator at the real command line."""

import json
from pathlib import Path

import pytest

from infra import kafka_clients as kafka_client
from infra.kafka_access import Brokers
from infra.postgres_server import joined
from tests import servers
from tests.acceptance.command_line import SameProcess

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(300)]

FEED = """\
MSH|^~\\&|ADT|MERCY|||20260301101000||ADT^A01|1|P|2.5
EVN||20260301101000
PID|1||0042^^^MERCY^MR||ALDER^ROWENA||19510602|F
PV1|1|I|4W^401^1^MERCY||||||||||||||||V7
"""


def forge(brokers: Brokers, topic: str) -> None:
    """Write a record that says that the patient has died, as an attacker would."""
    producer = kafka_client.producer(brokers)
    producer.send(topic, partition=0, key=b"k", value=b'{"envelope":{},"body":{}}').get(timeout=30)
    kafka_client.throw_away(producer)


def test_a_forged_record_changes_nothing_and_is_reported(
    home: Path, kafka: Brokers, topic_prefix: str
) -> None:
    prefix = topic_prefix.rstrip(".")
    variables = {**servers.kafka_variables(kafka), "CARETRAIL_TOPIC_PREFIX": prefix}
    line = SameProcess(home, variables)
    feed = home.with_name("feed.hl7")
    feed.write_text(FEED, "utf-8")
    with joined(home):
        line.run("ingest", feed)
        assert line.object("audit", "reconcile")["equal"]
        assert all(each["ok"] for each in line.objects("doctor"))
        digests = line.run("projections", "digest", "--json")

        forge(kafka, f"{prefix}.events.v1")
        said = line.refused("audit", "reconcile")
        assert "1 records of the topic were not published by this installation" in said
        assert "--new-generation" in said
        checked = line.run("doctor", "--json", exit_code=1).splitlines()
        wrong = [each for each in map(json.loads, checked) if not each["ok"]]
        assert [each["check"] for each in wrong] == ["topic"]
        line.run("projections", "rebuild", "--from", "kafka")
        assert line.run("projections", "digest", "--json") == digests

        line.run("topics", "apply", "--new-generation")
        report = line.object("audit", "reconcile")
        assert (report["equal"], report["refused"]) == (True, 0)
        assert all(each["ok"] for each in line.objects("doctor"))
