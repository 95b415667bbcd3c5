"""The last event of a stream is found, in whatever batches the events come."""

import psycopg
import pytest

from projections.catalogue import PROJECTIONS
from projections.engine import fold
from tests.projections.samples import Log, at, place, services, stated


@pytest.mark.postgres
def test_the_last_event_of_a_record_does_not_depend_on_the_batches(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00"), stated("A03", "13:00"), stated("A02", "11:00", where=place("W"))
    )
    query = "select event_count, happened_at, topic, source_position from proj.last_seen"
    expected = [(3, at("13:00"), "encounter.transferred.v1", 3)]
    with connection.transaction(force_rollback=True):
        fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
        assert connection.execute(query).fetchall() == expected
    for one in log.events:
        fold.apply(connection, PROJECTIONS, [one], heal=log.heal, services=services())
    assert connection.execute(query).fetchall() == expected
