"""Topics by the real command line, on a real broker."""

from pathlib import Path

import pytest

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


def test_a_new_generation_holds_every_event_anew(
    home: Path, kafka: Brokers, topic_prefix: str
) -> None:
    prefix = topic_prefix.rstrip(".")
    variables = {**servers.kafka_variables(kafka), "CARETRAIL_TOPIC_PREFIX": prefix}
    line = SameProcess(home, variables)
    (home / "feed.hl7").write_text(FEED)
    with joined(home):
        line.run("ingest", home / "feed.hl7")
        # The first event of a store is its default protocol.
        assert line.object("audit", "reconcile")["published"] == 2

        begun = line.object("topics", "apply", "--new-generation")
        assert begun == {"generation": 2, "changed": [f"{prefix}.events.v1.g2"]}
        assert line.object("topics", "apply") == {"generation": 2, "changed": []}
        (found,) = line.objects("topics", "ls")
        assert (found["name"], found["as_wanted"]) == (f"{prefix}.events.v1.g2", True)
        report = line.object("audit", "reconcile")
        assert (report["equal"], report["store"], report["published"]) == (True, 2, 2)
