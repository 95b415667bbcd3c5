"""A message that was read again counts by its last reading that is known, in every order."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caretrail.reading.patient import interpreted
from domain.body import RecordedEvent
from domain.continuity import Patient
from domain.ids import RecordId
from domain.interpretation import interpret
from domain.partitions import PARTITIONS
from projections import patient_identifiers
from projections.catalogue import PROJECTIONS
from projections.engine.projection_list import COURSE, SUBSTRATE
from projections.engine.readings import latest_readings
from projections.engine.substrate import filed_of
from projections.rebuilding.rebuild import rebuild
from tests.examples import a_part_of_the_examples
from tests.projections.samples import (
    Log,
    SampleStatement,
    applied,
    content,
    place,
    read_again,
    record,
    referral,
    services,
    stated,
    withdrawal,
)

pytestmark = pytest.mark.postgres

#: These hold every event of the log, so their content tells that messages were read again.
OF_THE_LOG = {"audit_trail", "last_seen", SUBSTRATE.name}

#: The first reading: an enterprise number joins two patients, and a visit has no number.
FIRST = (
    stated("A01", "10:00", number="1", where=place("4W", "A"), enterprise="900"),
    stated("A03", "11:00", number="1"),
    stated("A01", "10:30", number="2", visit="V2", where=place("5E", "A"), enterprise="900"),
    stated("A04", "12:00", number="3", visit=""),
    stated("A01", "12:30", number="4", visit="V4", where=place("6N")),
)
#: The second reading: the number is not trusted, the discharge has another time, a message belongs
#: to another record, and the last one states nothing.
SECOND = (
    stated("A01", "10:00", number="1", where=place("4W", "A")),
    stated("A03", "11:00", number="1", discharged=None, occurred=None),
    stated("A01", "10:30", number="2", visit="V2", where=place("5E", "A")),
    stated("A04", "12:00", number="9", visit="V9"),
)


def both_readings() -> Log:
    """Return a log with both readings."""
    log = Log()
    first = log.record(*FIRST)
    log.record(
        *(read_again(one, before) for one, before in zip(SECOND[:3], first[:3], strict=True)),
        withdrawal(FIRST[3], first[3]),
        read_again(SECOND[3], first[3], former_refs=[FIRST[3].statement.ref]),
        withdrawal(FIRST[4], first[4]),
    )
    return log


def shown(connection: psycopg.Connection) -> dict[str, str]:
    """Return the content of the read models that show what the messages state."""
    found = content(connection)
    return {name: one for name, one in found.items() if name not in {*OF_THE_LOG, COURSE.name}}


def shown_for(connection: psycopg.Connection, *samples: SampleStatement) -> dict[str, str]:
    """Return the content for a home that has these statements alone."""
    log = Log()
    log.record(*samples)
    with connection.transaction(force_rollback=True):
        applied(connection, log, log.events, reading=interpret)
        return shown(connection)


def in_batches(
    connection: psycopg.Connection, log: Log, events: list[RecordedEvent], sizes: list[int]
) -> None:
    start = 0
    for size in (*sizes, len(events)):
        applied(connection, log, events[start : start + size], reading=interpret)
        start += size


@settings(a_part_of_the_examples(0.2), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    partitions=st.permutations(range(PARTITIONS)),
    sizes=st.lists(st.integers(1, 4), max_size=8),
)
def test_a_second_reading_gives_the_content_of_a_home_that_has_it_alone(
    connection: psycopg.Connection, partitions: list[int], sizes: list[int]
) -> None:
    log = both_readings()
    events = sorted(
        log.events,
        key=lambda one: (partitions.index(one.envelope.partition), one.envelope.index),
    )
    expected = shown_for(connection, *SECOND)
    with connection.transaction(force_rollback=True):
        in_batches(connection, log, events, sizes)
        assert shown(connection) == expected


def test_a_rebuild_of_two_readings_changes_nothing(connection: psycopg.Connection) -> None:
    log = both_readings()
    for one in log.events:
        applied(connection, log, [one], reading=interpret)
    before = content(connection)
    rebuild(
        connection,
        PROJECTIONS,
        [],
        log.events,
        heal=log.heal,
        services=services(interpret=interpret),
    )
    assert content(connection) == before


def test_a_third_reading_counts_in_place_of_the_second(connection: psycopg.Connection) -> None:
    log = both_readings()
    log.record(read_again(FIRST[0], log.events[len(FIRST)], reading=3))
    expected = shown_for(connection, FIRST[0], *SECOND[1:])
    applied(connection, log, log.events, reading=interpret)
    assert shown(connection) == expected


def test_an_earlier_known_at_shows_the_earlier_reading(connection: psycopg.Connection) -> None:
    first = Log()
    first.record(*FIRST)
    applied(connection, first, first.events, reading=interpret)
    numbers = [record(number) for number in ("1", "2", "3", "4")]
    before = {each: _patients(connection, each) for each in numbers}
    log = both_readings()
    applied(connection, log, log.events[len(FIRST) :], reading=interpret)
    then = {each: _patients(connection, each, upto=len(FIRST)) for each in numbers}
    assert then == before
    assert _patients(connection, record("4")) == ()


def _patients(
    connection: psycopg.Connection, number: RecordId, *, upto: int | None = None
) -> tuple[Patient, ...]:
    found = latest_readings(filed_of(connection, [number], upto=upto))
    return tuple(one for one in interpreted(found, None) if number in one.records)


def test_an_encounter_is_found_by_a_ref_of_an_earlier_reading(
    connection: psycopg.Connection,
) -> None:
    log = both_readings()
    former, now = FIRST[3].statement.ref, SECOND[3].statement.ref
    log.record(referral("13:00", number="9", anchor=former))
    applied(connection, log, log.events, reading=interpret)
    aliases = connection.execute(
        "select encounter_id from care.encounter_alias where alias = any(%s)", ([former, now],)
    ).fetchall()
    assert aliases == [(now,)] * 2
    anchored = connection.execute("select encounter_id from care.referral_loop").fetchall()
    assert anchored == [(now,)]
    named = patient_identifiers.of_opaque_id(connection, former)
    assert [str(each) for each in named] == [record("9")]
