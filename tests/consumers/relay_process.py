"""A relay in a process of its own, for tests that kill it: DATABASE PREFIX."""

import sys

from consumers.relay import Relay, RelayStep
from infra import master_key, settings, topics
from infra.event_log import EventLog
from infra.kafka import EventTopic
from infra.postgres import pool
from infra.record_mac import PURPOSE, RecordMac
from infra.relay_checkpoint import RelayCheckpoints
from infra.topic_names import events_topic


def _tell(step: RelayStep) -> None:
    sys.stdout.write(f"{step.position}\n")
    sys.stdout.flush()


def main(database: str, prefix: str) -> None:
    chosen = settings.load()
    brokers = chosen.brokers
    assert brokers is not None
    mac = RecordMac(master_key.load(chosen.master_key_file).derived(PURPOSE))
    with pool(database, name="relay test") as connections:
        with connections.connection() as connection:
            row = connection.execute("select incarnation::text from es.store").fetchone()
        incarnation = row[0] if row else ""
        name = events_topic(prefix)
        topic = EventTopic(
            brokers,
            name,
            incarnation=incarnation,
            mac=mac,
            create=lambda: topics.apply(brokers, prefix),
        )
        log = EventLog(connections, incarnation=incarnation)
        Relay(log, topic, RelayCheckpoints(database, name), on_step=_tell).run(lambda: False)


if __name__ == "__main__":
    main(*sys.argv[1:])
