"""A relay in a process of its own, for tests that kill it: DATABASE BOOTSTRAP PREFIX."""

import sys

from consumers.relay import Relay, RelayStep
from infra import topics
from infra.event_log import EventLog
from infra.kafka import EventTopic
from infra.postgres import pool
from infra.relay_checkpoint import RelayCheckpoints


def _tell(step: RelayStep) -> None:
    sys.stdout.write(f"{step.position}\n")
    sys.stdout.flush()


def main(database: str, bootstrap: str, prefix: str) -> None:
    with pool(database, name="relay test") as connections:
        with connections.connection() as connection:
            row = connection.execute("select incarnation::text from es.store").fetchone()
        incarnation = row[0] if row else ""
        name = topics.events_topic(prefix)
        topic = EventTopic(
            bootstrap,
            name,
            incarnation=incarnation,
            create=lambda: topics.apply(bootstrap, prefix),
        )
        log = EventLog(connections, incarnation=incarnation)
        Relay(log, topic, RelayCheckpoints(database, name), on_step=_tell).run(lambda: False)


if __name__ == "__main__":
    main(*sys.argv[1:])
