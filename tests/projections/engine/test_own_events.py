"""Own events are filed under the records that they name, folded in any order, and join nothing."""

from collections.abc import Iterable

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.body import RecordedEvent
from domain.continuity import Patient
from domain.statement import Statement
from projections.engine import fold, generations, own_events, parking, resuming
from projections.engine.digest import digest
from projections.engine.parking import ParkedEvent
from projections.engine.services import Services
from projections.rebuilding.rebuild import rebuild
from tests.examples import a_part_of_the_examples
from tests.projections.note_projections import WITH_NOTES
from tests.projections.plain_interpretation import interpret
from tests.projections.samples import (
    NOTE_CLOSED,
    STORY,
    FailingInterpretation,
    Log,
    note,
    open_segment,
    read_own,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
def notes(connection: psycopg.Connection) -> psycopg.Connection:
    """Read models with notes, before the first event."""
    generations.create(connection, WITH_NOTES)
    rebuild(connection, WITH_NOTES, [], [], heal=Log().heal, services=services())
    return connection


def apply(
    connection: psycopg.Connection,
    log: Log,
    events: list[RecordedEvent] | None = None,
    with_: Services | None = None,
) -> tuple[ParkedEvent, ...]:
    return fold.apply(
        connection,
        WITH_NOTES,
        log.events if events is None else events,
        heal=log.heal,
        services=with_ or services(),
    ).parked


def rows(connection: psycopg.Connection) -> set[tuple[object, ...]]:
    return set(connection.execute("select patient_id, events, words from proj.note").fetchall())


def content(connection: psycopg.Connection) -> dict[str, str]:
    return {name: one.sha256 for name, one in digest(connection, WITH_NOTES, open_segment).items()}


def test_the_progress_of_a_rebuild_counts_an_event_of_two_patients_once(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", number="1"),
        stated("A01", "10:00", number="2", visit="V2"),
        note("11:00", number="1", others=("2",), words="both"),
    )
    reported: list[tuple[str, int, int | None]] = []
    rebuild(
        notes,
        WITH_NOTES,
        [],
        log.events,
        heal=log.heal,
        services=services(),
        progress=lambda *one: reported.append(one),
    )
    folded = [(done, total) for stage, done, total in reported if stage == "fold"]
    assert folded == sorted(folded)
    assert folded[-1] == (3, 3)


def test_an_own_event_that_names_two_patients_is_filed_under_each_and_does_not_join_them(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", number="1"),
        stated("A01", "10:00", number="2", visit="V2"),
        note("11:00", number="1", others=("2",), words="both"),
    )
    apply(notes, log)
    assert rows(notes) == {(record("1"), 1, "both"), (record("2"), 1, "both")}
    assert notes.execute("select count(distinct component) from proj.component").fetchone() == (2,)
    patients = notes.execute("select patient_id, record_ids from proj.patient").fetchall()
    assert dict(patients) == {record("1"): [record("1")], record("2"): [record("2")]}


def test_two_patients_that_are_merged_later_have_the_event_once(notes: psycopg.Connection) -> None:
    log = Log()
    log.record(
        note("11:00", number="1", others=("2",), words="both"),
        stated("A40", "12:00", number="1", retires="2", visit=""),
    )
    apply(notes, log, log.events[:1])
    assert rows(notes) == {(record("1"), 1, "both"), (record("2"), 1, "both")}
    apply(notes, log, log.events[1:])
    assert rows(notes) == {(record("1"), 1, "both")}


def test_an_own_event_may_arrive_before_every_statement_of_its_patient(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    admission = stated("A01", "10:00", number="1")
    log.record(note("11:00", anchor=admission.statement.ref), admission)
    apply(notes, log, log.events[:1])
    query = "select patient_id, encounter_id from proj.note"
    assert notes.execute(query).fetchall() == [(record("1"), None)]
    apply(notes, log, log.events[1:])
    assert notes.execute(query).fetchall() == [(record("1"), admission.statement.ref)]


def test_an_anchor_follows_its_statement_when_the_id_of_the_encounter_changes(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    transfer, admission = stated("A02", "11:00"), stated("A01", "10:00")
    log.record(transfer, note("12:00", anchor=transfer.statement.ref), admission)
    query = "select encounter_id from proj.note"
    apply(notes, log, log.events[:2])
    assert notes.execute(query).fetchall() == [(transfer.statement.ref,)]
    apply(notes, log, log.events[2:])
    assert notes.execute(query).fetchall() == [(admission.statement.ref,)]


def test_an_event_that_names_no_patient_is_filed_under_its_stream(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(note("11:00", number=""))
    assert apply(notes, log) == ()
    stream = log.events[0].envelope.stream
    assert notes.execute("select record_id from proj.own_event").fetchall() == [(stream,)]


def test_events_of_a_kind_that_is_not_known_are_filed_and_stop_nothing(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00"),
        note("11:00", stream="S", topic="survey.answered.v1"),
        note("12:00", words="known"),
    )
    assert apply(notes, log) == ()
    assert rows(notes) == {(record("1"), 1, "known")}
    assert notes.execute("select count(*) from proj.own_event").fetchone() == (2,)
    assert notes.execute("select count(*) from proj.audit_trail").fetchone() == (3,)


def test_an_event_of_a_later_release_sets_only_own_streams_aside_until_it_is_known(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00"),
        note("11:00", words="first"),
        note("12:00", topic="note.shared.v1", words="second"),
        stated("A03", "13:00"),
        note("14:00", number="2", stream="N2", words="other"),
    )
    assert apply(notes, log, log.events[:2]) == ()
    parked = apply(notes, log, log.events[2:])
    assert {(one.index, one.part, one.reason) for one in parked} == {
        (3, "course", "UnknownTopic"),
        (4, "course", "UnknownTopic"),  # it follows, so it waits for the same
    }
    assert rows(notes) == {(record("1"), 1, "first"), (record("2"), 1, "other")}
    assert notes.execute("select status from proj.encounter").fetchall() == [("finished",)]
    assert notes.execute("select count(*) from proj.own_event").fetchone() == (3,)

    def later(topic: str, core: str) -> object | None:
        return read_own(topic.replace("note.shared", "note.written"), core)

    assert resuming.retry(notes, WITH_NOTES, services(), heal=log.heal) != []
    assert resuming.retry(notes, WITH_NOTES, services(read_own=later), heal=log.heal) == []
    assert rows(notes) == {(record("1"), 2, "second"), (record("2"), 1, "other")}
    live = content(notes)
    done = rebuild(notes, WITH_NOTES, [], log.events, heal=log.heal, services=services())
    assert {one.part for one in done.parked} == {"course"}
    assert parking.parked(notes) == list(done.parked)
    rebuild(notes, WITH_NOTES, [], log.events, heal=log.heal, services=services(read_own=later))
    assert content(notes) == live


def test_statements_that_cannot_be_interpreted_set_the_own_streams_aside_too(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), note("11:00"))
    parked = apply(notes, log, with_=services(interpret=FailingInterpretation("1")))
    assert {(one.index, one.part) for one in parked} == {(1, "statements"), (2, "statements")}
    assert resuming.retry(notes, WITH_NOTES, services(), heal=log.heal) == []
    assert rows(notes) == {(record("1"), 1, "")}


def test_a_body_that_cannot_be_read_sets_the_own_streams_of_its_patient_aside(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), note("11:00"))
    broken = RecordedEvent(envelope=log.events[1].envelope, body=b'{"core": \xff')
    assert apply(notes, log, log.events[:1]) == ()
    (parked,) = apply(notes, log, [broken])
    assert (parked.index, parked.part) == (2, "course")
    assert notes.execute("select count(*) from proj.encounter").fetchone() == (1,)


class CountingInterpretation:
    """An interpretation that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, statements: Iterable[Statement]) -> tuple[Patient, ...]:
        self.calls += 1
        return interpret(statements)


def test_an_own_event_alone_interprets_no_statement(notes: psycopg.Connection) -> None:
    counting = CountingInterpretation()
    log = Log()
    admission = stated("A01", "10:00")
    log.record(admission, note("11:00", anchor=admission.statement.ref), note("12:00"))
    apply(notes, log, log.events[:1], services(interpret=counting))
    assert counting.calls == 1
    apply(notes, log, log.events[1:], services(interpret=counting))
    assert counting.calls == 1
    assert rows(notes) == {(record("1"), 2, "")}


def test_own_events_are_read_as_they_were_known_at_an_index(notes: psycopg.Connection) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), note("11:00", words="one"), note("12:00", words="two"))
    apply(notes, log)
    for upto, expected in ((1, 0), (2, 1), (3, 2), (None, 2)):
        found = own_events.own_of(notes, [record("1")], upto=upto)
        streams = own_events.streams_of(found, read_own)
        assert sum(map(len, streams.values())) == expected


MIXED = (
    *STORY[:3],
    note("10:45", stream="A", words="a", anchor=STORY[0].statement.ref),
    note("11:45", number="2", stream="B", words="b"),
    *STORY[3:],
    note("12:45", number="3", others=("4",), stream="C", words="c"),
    note("13:45", stream="A", topic=NOTE_CLOSED, words="d"),
)


@settings(a_part_of_the_examples(0.2), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(MIXED))),
    sizes=st.lists(st.integers(1, 4), max_size=8),
    repeats=st.lists(st.integers(0, len(MIXED) - 1), max_size=4),
)
def test_order_split_and_repetition_of_own_events_and_statements_give_the_same_content(
    notes: psycopg.Connection, order: list[int], sizes: list[int], repeats: list[int]
) -> None:
    straight = Log()
    straight.record(*MIXED)
    with notes.transaction(force_rollback=True):
        apply(notes, straight)
        expected = content(notes)
    # Within a stream the order is the version: only the places of the two events of A are given.
    first, last = sorted(order.index(number) for number in (3, len(MIXED) - 1))
    order[first], order[last] = 3, len(MIXED) - 1
    log = Log()
    log.record(*(MIXED[number] for number in order))
    events = list(log.events) + [log.events[number] for number in repeats]
    with notes.transaction(force_rollback=True):
        start = 0
        for size in (*sizes, len(events)):
            apply(notes, log, events[start : start + size])
            start += size
        assert content(notes) == expected
        rebuild_in = digest(notes, WITH_NOTES, open_segment, ["notes"])
        assert rebuild_in["notes"].rows == 4


def test_a_rebuild_of_own_streams_gives_the_rows_of_the_live_fold(
    notes: psycopg.Connection,
) -> None:
    log = Log()
    log.record(*MIXED)
    for one in log.events:
        apply(notes, log, [one])
    live = content(notes)
    for names in ([], ["notes"], ["course"], ["substrate"], ["notes", "timeline"]):
        rebuild(notes, WITH_NOTES, names, log.events, heal=log.heal, services=services())
        assert content(notes) == live
