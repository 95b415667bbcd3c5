"""The census shows encounters that disagree, and is read as of an earlier time."""

from dataclasses import replace

import psycopg
import pytest

from domain.ids import PlaceRef
from projections import census
from tests.projections.samples import Log, SampleStatement, applied, place, record, stated

pytestmark = pytest.mark.postgres


def recorded(connection: psycopg.Connection, *story: SampleStatement) -> Log:
    log = Log()
    log.record(*story)
    applied(connection, log, log.events)
    return log


def clashes(connection: psycopg.Connection) -> set[tuple[str, str]]:
    return set(connection.execute("select kind, patient_id from proj.clash").fetchall())


def test_two_patients_in_one_bed_are_shown(connection: psycopg.Connection) -> None:
    recorded(
        connection,
        stated("A01", "10:00", number="1", visit="V1", where=place("4W", "A")),
        stated("A01", "11:00", number="2", visit="V2", where=place("4W", "A")),
        stated("A01", "11:00", number="3", visit="V3", where=place("4W")),
        stated("A01", "11:00", number="4", visit="V4", where=place("4W")),
    )
    assert clashes(connection) == {("bed_of_two", record("1")), ("bed_of_two", record("2"))}


def test_one_patient_in_two_beds_is_shown(connection: psycopg.Connection) -> None:
    recorded(
        connection,
        stated("A01", "10:00", visit="V1", where=place("4W", "A")),
        stated("A01", "11:00", visit="V2", where=place("4W", "B")),
    )
    assert clashes(connection) == {("patient_in_two", record("1"))}


WHOLE = {"building": "NORTHWING", "floor": "4"}


def located(number: str, visit: str, **more: str) -> SampleStatement:
    """Admit a patient to MED-A of a building and floor, if they are given."""
    where = place("MED", "A")
    ref = PlaceRef("".join([where.ref, *more.values()]))
    where = replace(where, ref=ref, building=more.get("building"), floor=more.get("floor"))
    return stated("A01", "10:00", number=number, visit=visit, where=where)


@pytest.mark.parametrize("less", [{}, {"building": "NORTHWING"}, {"floor": "4"}])
def test_a_place_that_states_less_is_the_same_bed_as_the_only_place_that_agrees(
    connection: psycopg.Connection, less: dict[str, str]
) -> None:
    recorded(connection, located("1", "V1", **WHOLE), located("2", "V2", **less))
    assert clashes(connection) == {("bed_of_two", record("1")), ("bed_of_two", record("2"))}


def test_a_patient_whose_second_visit_states_less_is_in_one_bed(
    connection: psycopg.Connection,
) -> None:
    recorded(connection, located("1", "V1", **WHOLE), located("1", "V2"))
    assert clashes(connection) == set()


@pytest.mark.parametrize(
    "other", [{"building": "SOUTHWING", "floor": "4"}, {"building": "NORTHWING", "floor": "5"}]
)
def test_a_place_that_states_less_may_be_one_of_two_and_is_compared_as_stated(
    connection: psycopg.Connection, other: dict[str, str]
) -> None:
    recorded(
        connection, located("1", "V1", **WHOLE), located("2", "V2", **other), located("3", "V3")
    )
    assert clashes(connection) == set()


def test_one_number_on_two_patients_is_shown_unless_one_was_cancelled(
    connection: psycopg.Connection,
) -> None:
    story = [
        stated("A01", "10:00", number="1", visit="V1"),
        stated("A01", "11:00", number="2", visit="V1"),
    ]
    with connection.transaction(force_rollback=True):
        recorded(connection, *story)
        assert clashes(connection) == {
            ("number_of_two", record("1")),
            ("number_of_two", record("2")),
        }
    recorded(connection, *story, stated("A11", "12:00", number="1", visit="V1"))
    assert clashes(connection) == set()


def test_a_number_in_the_census_that_a_past_encounter_of_another_patient_has_is_found(
    connection: psycopg.Connection,
) -> None:
    recorded(
        connection,
        stated("A01", "10:00", number="1", visit="V1"),
        stated("A03", "11:00", number="1", visit="V1"),
        stated("A01", "12:00", number="2", visit="V1"),
        stated("A01", "12:00", number="3", visit="V3"),
        stated("A03", "11:00", number="4", visit="V4"),
        stated("A03", "11:00", number="5", visit="V4"),
    )
    (here,) = connection.execute(
        "select visit_ref, encounter_id from proj.census where patient_id = %s", (record("2"),)
    ).fetchall()
    assert census.visit_numbers_of_two(connection) == [here]


def test_a_test_record_never_clashes_with_a_production_one(connection: psycopg.Connection) -> None:
    recorded(
        connection,
        stated("A01", "10:00", number="1", visit="V1", where=place("4W", "A")),
        stated("A01", "11:00", number="1", visit="V1", where=place("4W", "A"), mode="T"),
    )
    assert clashes(connection) == set()


def test_a_component_that_was_over_is_not_read_for_an_earlier_census(
    connection: psycopg.Connection,
) -> None:
    log = recorded(
        connection,
        stated("A01", "10:00", number="1", visit="V1"),
        stated("A03", "12:00", number="1", visit="V1"),
        stated("A01", "11:00", number="2", visit="V2"),
        stated("A01", "20:00", number="3", visit="V3"),
    )
    noon = log.events[1].envelope.happened_at
    evening = log.events[3].envelope.happened_at
    assert noon is not None
    assert evening is not None

    def then(at: object, upto: int) -> set[str]:
        return set(census.components_before(connection, at=at, upto=upto))  # type: ignore[arg-type]

    assert then(evening, 4) == {record("2"), record("3")}
    assert then(evening, 1) == {record("1")}  # its end was not known yet
    assert then(noon, 4) == {record("1"), record("2")}
