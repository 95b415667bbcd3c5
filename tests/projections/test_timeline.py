"""Encounters, stays and entries of the timeline."""

import psycopg
import pytest

from tests.projections.samples import Log, applied, place, record, stated

pytestmark = pytest.mark.postgres


def test_a_transfer_ends_one_stay_and_begins_another(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", where=place("4W", "A")),
        stated("A02", "11:00", where=place("4W", "B")),
        stated("A03", "13:20"),
    )
    (outcome,) = applied(connection, log, log.events)
    assert (outcome.applied, outcome.skipped, outcome.healed, outcome.parked) == (3, 0, 0, ())
    stays = connection.execute(
        "select bed, started_at::time::text, ended_at::time::text from proj.stay order by ordinal"
    ).fetchall()
    assert stays == [("A", "10:00:00", "11:00:00"), ("B", "11:00:00", "13:20:00")]


def test_an_encounter_answers_to_every_statement_in_it(connection: psycopg.Connection) -> None:
    log = Log()
    story = (stated("A01", "10:00"), stated("A02", "11:00"), stated("A03", "13:20"))
    log.record(*story)
    applied(connection, log, log.events)
    answers = connection.execute("select statement_ref, encounter_id from proj.entry").fetchall()
    first = story[0].statement.ref
    assert dict(answers) == {one.statement.ref: first for one in story}


def test_text_with_any_characters_comes_back_as_it_was(connection: psycopg.Connection) -> None:
    odd = 'tab\there, \\N, line\nbreak, "quoted", {braces}, \x01'
    log = Log()
    log.record(stated("A01", "10:00", where=place(odd, "A"), flags=(odd, "plain")))
    applied(connection, log, log.events)
    row = connection.execute("select unit, flags from proj.entry").fetchone()
    assert row == (odd, [odd, "plain"])


def test_every_statement_of_an_encounter_is_an_alias_of_its_id(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    transfer, admission = stated("A02", "11:00"), stated("A01", "10:00")
    test_record = stated("A01", "10:00", number="T", visit="T", mode="T")
    query = "select alias, encounter_id, patient_id from care.encounter_alias"
    log.record(transfer, stated("A31", "11:30", visit=""), test_record, admission)
    applied(connection, log, log.events[:3])
    given_out = transfer.statement.ref
    assert connection.execute(query).fetchall() == [(given_out, given_out, record("1"))]
    applied(connection, log, log.events[3:])
    now = admission.statement.ref
    assert set(connection.execute(query).fetchall()) == {
        (given_out, now, record("1")),
        (now, now, record("1")),
    }
