"""Courses are folded with the published protocols, and again when another one is in force."""

from collections.abc import Sequence
from datetime import datetime

import psycopg
import pytest

from domain.body import RecordedEvent
from domain.ids import StreamId
from domain.protocol import ProtocolEnteredInError, ProtocolPublished, stream_of_protocols
from domain.rules import version_of
from domain.statement import Moment
from projections.catalogue import PROJECTIONS
from projections.engine import fold, generations, resuming
from projections.engine.columns import COMPONENT
from projections.engine.course import Course
from projections.engine.digest import digest
from projections.engine.projection import ByCourse, Projection
from projections.engine.projection_list import ProjectionList
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import (
    KEY,
    Log,
    SampleOwnEvent,
    at,
    open_segment,
    place,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

STREAM = stream_of_protocols(KEY)
RULES = services(protocol_stream=STREAM)
IN_FORCE = Table(
    "in_force",
    "One row per encounter that ended.",
    (
        Column("encounter_id", "text", "The encounter.", required=True),
        Column("record_id", "text", "Its source record.", required=True),
        Column("protocol", "text", "Name of the protocol in force at its end.", required=True),
        COMPONENT,
    ),
    key=("encounter_id",),
    indexes=(("component",),),
)


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    return {
        "in_force": [
            (
                each.encounter_id,
                each.record,
                course.protocols.at(each.end).name,
                course.component,
            )
            for patient in course.patients
            for each in patient.encounters
            if each.end is not None
        ]
    }


LIST = ProjectionList(
    (
        *PROJECTIONS,
        Projection(name="in_force", version=1, tables=(IN_FORCE,), fold=ByCourse(rows=rows)),
    )
)
#: Two stays: the first ends at 11:00, the second at 13:00.
STAYS = [
    stated("A01", "10:00", where=place("4W", "A")),
    stated("A03", "11:00"),
    stated("A01", "10:00", number="2", visit="V2", where=place("4W", "B")),
    stated("A03", "13:00", number="2", visit="V2"),
]


def published(name: str, since: datetime | None) -> SampleOwnEvent:
    content = f'name = "{name}"\nzone = "UTC"\nduties = {{}}\nkinds = {{}}'
    event = ProtocolPublished(
        happened_at=Moment(at=at("09:00")),
        version=version_of(content),
        effective_from=since,
        content=content,
    )
    return SampleOwnEvent(stream=StreamId(STREAM), event=event)


FIRST = published("first", None)
SECOND = published("second", at("12:00"))


@pytest.fixture(autouse=True)
def tables(connection: psycopg.Connection) -> None:
    generations.create(connection, LIST)
    rebuild(connection, LIST, [], [], heal=Log().heal, services=RULES)


def apply(
    connection: psycopg.Connection, log: Log, events: Sequence[RecordedEvent]
) -> fold.AppliedBatch:
    done = fold.apply(connection, LIST, events, heal=log.heal, services=RULES)
    assert done.parked == ()
    return done


def fold_waiting(connection: psycopg.Connection) -> int:
    folded = 0
    while resuming.fold_waiting(connection, LIST, RULES):
        folded += 1
    return folded


def shown(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("select record_id, protocol from proj.in_force").fetchall())


def through(connection: psycopg.Connection, log: Log) -> int:
    return fold.complete_through(connection, LIST, log.last, log.first_after)


def test_only_what_happened_since_then_is_folded_again_and_afterwards(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    apply(connection, log, log.record(FIRST, *STAYS))
    fold_waiting(connection)
    assert shown(connection) == {record("1"): "first", record("2"): "first"}
    assert through(connection, log) == 5

    done = apply(connection, log, log.record(SECOND))
    assert (done.applied, done.waiting) == (1, 1)
    assert shown(connection)[record("2")] == "first"
    assert through(connection, log) == 5  # the event of the protocol is the sixth

    assert fold_waiting(connection) == 1
    assert shown(connection) == {record("1"): "first", record("2"): "second"}
    assert through(connection, log) == 6


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])  # each is first, and last
def test_any_order_gives_what_a_rebuild_gives(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    log = Log()
    protocols, first, second = log.record(FIRST, SECOND), *(
        log.record(*STAYS[:2]), log.record(*STAYS[2:])
    )  # fmt: skip
    batches = [protocols, first, second]
    for each in order:
        apply(connection, log, batches[each])
        fold_waiting(connection)
    assert shown(connection) == {record("1"): "first", record("2"): "second"}
    before = digest(connection, LIST, open_segment)
    rebuild(connection, LIST, [], log.events, heal=log.heal, services=RULES)
    assert digest(connection, LIST, open_segment) == before


def test_a_rebuild_catches_up_with_a_protocol(connection: psycopg.Connection) -> None:
    log = Log()
    apply(connection, log, log.record(FIRST, *STAYS))
    source = list(log.events)
    apply(connection, log, log.record(SECOND))
    fold_waiting(connection)
    rebuild(connection, LIST, [], source, heal=log.heal, services=RULES)
    assert shown(connection) == {record("1"): "first", record("2"): "second"}


def test_a_protocol_that_was_entered_in_error_is_not_in_force(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    events = log.record(FIRST, SECOND, *STAYS)
    apply(connection, log, events)
    fold_waiting(connection)
    mark = ProtocolEnteredInError(
        happened_at=Moment(at=at("14:00")),
        event_id=events[1].envelope.event_id,
        reason_code="wrong_item",
    )
    apply(connection, log, log.record(SampleOwnEvent(stream=StreamId(STREAM), event=mark)))
    fold_waiting(connection)
    assert shown(connection) == {record("1"): "first", record("2"): "first"}


def test_components_that_are_joined_wait_once(connection: psycopg.Connection) -> None:
    log = Log()
    apply(connection, log, log.record(FIRST, *STAYS))
    fold_waiting(connection)
    apply(connection, log, log.record(published("third", at("10:30"))))
    joining = stated("A40", "14:00", number="1", retires="2")
    apply(connection, log, log.record(joining))
    assert fold_waiting(connection) == 1
    assert set(shown(connection).values()) == {"third"}
