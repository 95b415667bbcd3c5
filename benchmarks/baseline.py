"""The baseline: an assembly from libraries, written as their documentation shows.

``hl7.mllp`` receives and ``python-hl7`` reads a message, ``Application.save`` records one event,
one Kafka send is awaited, and the ACK is sent. ``ProjectionRunner`` keeps a view. As with
caretrail, one process receives and another one projects, on the same PostgreSQL and broker.
"""

import asyncio
import json
import signal
import sys
import threading
from contextlib import closing, suppress
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from typing_extensions import override

TOPIC = "baseline.events"


class Record(Aggregate):
    """The record of a patient at one hospital."""

    @staticmethod
    @override
    def create_id(number: str) -> UUID:
        """Derive the id from the number."""
        return uuid5(NAMESPACE_URL, f"/records/{number}")

    @event("Registered")
    def __init__(self, number: str) -> None:
        self.number = number
        self.fields: dict[str, str] = {}

    @event("Stated")
    def state(self, fields: dict[str, str]) -> None:
        """Keep the fields of the last message."""
        self.fields = fields


class Records(Application[UUID]):
    """The write side."""

    name = "records"

    def take(self, number: str, fields: dict[str, str]) -> None:
        """Record the fields of one message."""
        try:
            record: Record = self.repository.get(Record.create_id(number))
        except AggregateNotFoundError:
            record = Record(number)
        record.state(fields)
        self.save(record)


class LastSeen(PostgresTrackingRecorder):
    """The read side: one row for each record."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        table = Identifier(self.datastore.schema, "last_seen")
        self.sql_create_statements.append(
            SQL(
                "create table if not exists {}"
                " (record uuid primary key, trigger text, times bigint)"
            ).format(table)
        )
        self._upsert = SQL(
            "insert into {} as t values (%s, %s, 1)"
            " on conflict (record) do update set trigger = excluded.trigger, times = t.times + 1"
        ).format(table)

    def seen(self, record: UUID, trigger: str, tracking: Tracking) -> None:
        """Write the row and the position in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._upsert, (record, trigger), prepare=True)


class LastSeenProjection(Projection[LastSeen]):
    """Writes the rows of ``LastSeen``."""

    name = "last_seen"

    @override
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Apply one event."""
        fields = getattr(domain_event, "fields", {})
        self.view.seen(domain_event.originator_id, str(fields.get("trigger", "")), tracking)


def environment(url: str) -> dict[str, str]:
    """Return the settings of the ``eventsourcing`` library for a connection string."""
    where = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(where["dbname"]),
        "POSTGRES_HOST": str(where.get("host", "127.0.0.1")),
        "POSTGRES_PORT": str(where.get("port", "5432")),
        "POSTGRES_USER": str(where.get("user", "")),
        "POSTGRES_PASSWORD": str(where.get("password", "")),
        "AGGREGATE_CACHE_MAXSIZE": "1000",
    }


async def _serve(url: str, brokers: str, port: int) -> None:
    app = Records(env=environment(url))
    with (
        suppress(TopicAlreadyExistsError),
        closing(KafkaAdminClient(**json.loads(brokers))) as admin,
    ):
        admin.create_topics([NewTopic(TOPIC, 12, 1)])
    producer = KafkaProducer(**json.loads(brokers), acks="all", linger_ms=0)

    async def talk(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                number = str(message.segment("PID")[3][0][0])
                visit = message.segment("PV1")
                fields = {
                    "trigger": str(message.segment("MSH")[9][0][1]),
                    "control_id": str(message.segment("MSH")[10]),
                    "sent": str(message.segment("MSH")[7]),
                    "class": str(visit[2]),
                    "place": str(visit[3]),
                    "visit": str(visit[19]),
                }
                app.take(number, fields)
                producer.send(TOPIC, key=number.encode(), value=str(message).encode()).get(30)
                writer.writemessage(message.create_ack("AA"))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await start_hl7_server(talk, "127.0.0.1", port, encoding="utf-8")
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


def _project(url: str) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with ProjectionRunner(
        application_class=Records,
        projection_class=LastSeenProjection,
        view_class=LastSeen,
        env=environment(url),
    ):
        print("ready", flush=True)
        stop.wait()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(_serve(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        _project(sys.argv[2])
