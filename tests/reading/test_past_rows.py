"""Rows of read models as of one instant and as known at another, over real PostgreSQL."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from secrets import token_hex
from typing import Any, Final

import psycopg
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from psycopg import sql

from caretrail.reading.past_rows import components_of, components_of_stream
from domain.ids import EventId, RecordId, StreamId
from domain.interpretation import interpret
from domain.party import Party
from domain.referral import ReferralAccepted, ReferralEnteredInError
from domain.statement import Moment
from projections import audit_trail, referral_loop
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from projections.engine.relations import made_rows
from projections.engine.table import Table
from projections.referral_loop import REFERRAL_LOOP
from projections.referral_tables import REFERRAL_EVENTS, REFERRAL_INTERVALS, REFERRALS
from tests import servers
from tests.examples import a_part_of_the_examples
from tests.projections.samples import (
    DAY,
    KEY,
    SampleOwnEvent,
    SampleStatement,
    at,
    record,
    referral,
    services,
    stated,
)
from tests.projections.told_models import ToldModels

pytestmark = pytest.mark.postgres

OF_REFERRALS: Final = (REFERRAL_LOOP, REFERRALS, REFERRAL_EVENTS, REFERRAL_INTERVALS)
HEART = Party(organisation="HEART", pool="triage")
_SERVICES: Final = services(interpret=interpret)


class Told(ToldModels):
    """Read models, with their rows at other instants. Each story has people of its own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        super().__init__(connection, _SERVICES)
        self.people = count(1)

    def rows(
        self, table: Table = REFERRAL_LOOP, records: Sequence[RecordId] = (), **clocks: Any
    ) -> list[tuple[object, ...]]:
        """Return the rows of a table, without the component, in which more may be joined later."""
        components = components_of(self.connection, records) if records else None
        relation = self.past(**clocks, components=components).of(table)
        names = [each for each in table.names if each != "component"]
        query = sql.SQL("select {} from {} as r order by {}").format(
            sql.SQL(", ").join(map(sql.Identifier, names)),
            relation,
            sql.SQL(", ").join(map(sql.Identifier, table.key)),
        )
        return self.connection.execute(query, {}).fetchall()

    def of_referrals(
        self, records: Sequence[RecordId] = (), **clocks: Any
    ) -> dict[str, list[tuple[object, ...]]]:
        """Return the rows of every table of referrals, by its name."""
        return {each.name: self.rows(each, records, **clocks) for each in OF_REFERRALS}

    def states(self, stream: StreamId, **clocks: Any) -> list[str]:
        components = components_of_stream(self.connection, stream)
        found = referral_loop.referrals(
            self.connection, relations=self.past(**clocks, components=components), stream=stream
        )
        return [each.state for each in found]


@pytest.fixture(scope="session")
def template_database(server: str) -> str:
    name = f"past_rows_{token_hex(4)}"
    with psycopg.connect(servers.create_database(server, name), autocommit=True) as connection:
        generations.create(connection, PROJECTIONS)
    return name


@pytest.fixture(scope="module")
def shared(server: str, template_database: str) -> Iterator[Told]:
    """One database for all examples: each example tells of people of its own."""
    name = f"shared_{token_hex(4)}"
    url = servers.create_database(server, name, template_database)
    with psycopg.connect(url, autocommit=True) as connection:
        yield Told(connection)
    servers.drop_database(server, name)


@pytest.fixture
def told(connection: psycopg.Connection) -> Told:
    return Told(connection)


def stream_of(number: object) -> StreamId:
    return StreamId(KEY.record("referral", str(number), "P"))


def moment(hours: int) -> Moment:
    return Moment(at=DAY + timedelta(hours=hours))


HOURS = st.integers(1, 95)


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, int, str, str]:
    """Draw the trigger, the hour, the person and the other person of a statement."""
    trigger = draw(st.sampled_from(["A01", "A02", "A03", "A13", "A11", "A40", "A08"]))
    return trigger, draw(HOURS), draw(st.sampled_from("ab")), draw(st.sampled_from("ab"))


own = st.tuples(st.sampled_from(["request", "accept", "void"]), HOURS, st.sampled_from("ab"))
stories = st.lists(statements() | own, min_size=2, max_size=9)


def sampled(
    step: tuple[Any, ...], number: int, first_index: int
) -> SampleStatement | SampleOwnEvent | None:
    """Return the event of a step of a story about two people; None: the step says nothing."""
    word, hours, who, *other = step
    person = f"{number}{who}"
    stream = stream_of(person)
    if word == "request":
        return referral("0:00", number=person, stream=stream, happened_at=moment(hours))
    if word == "accept":
        accepted = ReferralAccepted(record=record(person), happened_at=moment(hours), by=HEART)
        return SampleOwnEvent(stream=stream, event=accepted)
    if word == "void":
        return SampleOwnEvent(
            stream=stream,
            event=ReferralEnteredInError(
                record=record(person),
                happened_at=moment(hours),
                event_id=EventId(f"00000000-0000-7000-8000-{first_index + hours % 4:012d}"),
                reason_code="other",
            ),
        )
    visit = "" if word == "A40" else f"V{person}"
    if word == "A40" and other[0] == who:
        return None
    retires = f"{number}{other[0]}" if word == "A40" else ""
    dead: dict[str, Any] = {"deceased": True, "died": moment(hours)} if word == "A08" else {}
    return stated(
        word,
        f"{hours % 24}:00",
        day=hours // 24,
        number=person,
        visit=visit,
        retires=retires,
        **dead,
    )


def tell_of(
    shared: Told, story: Sequence[tuple[Any, ...]]
) -> dict[int, dict[str, list[tuple[object, ...]]]]:
    """Tell a story of two new people; return the rows after each event, by its index."""
    number = next(shared.people)
    first = len(shared.log.events) + 1
    answers = {len(shared.log.events): shared.of_referrals()}
    begun: set[str] = set()  # commands begin a referral with its request
    for step in story:
        one = sampled(step, number, first)
        begun |= {step[2]} if step[0] == "request" else set()
        if one is None or (step[0] in {"accept", "void"} and step[2] not in begun):
            continue
        index = shared.tell(one)
        answers[index] = shared.of_referrals()
    return answers


@for_all(stories)
@a_part_of_the_examples(0.2)
def test_an_old_known_at_never_changes_and_the_newest_equals_the_table(
    shared: Told, story: list[tuple[Any, ...]]
) -> None:
    for index, rows in tell_of(shared, story).items():
        assert shared.of_referrals(known=index) == rows


@for_all(stories, HOURS)
@a_part_of_the_examples(0.2)
def test_the_list_of_the_installation_is_what_every_component_alone_gives(
    shared: Told, story: list[tuple[Any, ...]], hours: int
) -> None:
    answers = tell_of(shared, story)
    as_of = DAY + timedelta(hours=hours)
    records = [
        RecordId(row[0])
        for row in shared.connection.execute("select distinct record_id from proj.own_event")
    ]
    for known in (None, *list(answers)[1:3]):
        whole = shared.of_referrals(as_of=as_of, known=known)
        if records:
            assert whole == shared.of_referrals(records, as_of=as_of, known=known)
        else:
            assert not any(whole.values())
    assert shared.of_referrals(as_of=DAY + timedelta(days=300)) == shared.of_referrals()


def test_a_referral_is_as_far_as_it_was(told: Told) -> None:
    stream = stream_of(1)
    told.tell(stated("A01", "10:00"), referral("12:00", stream=stream))
    told.tell(
        SampleOwnEvent(
            stream=stream,
            event=ReferralAccepted(record=record("1"), happened_at=moment(11 + 24), by=HEART),
        )
    )
    assert told.states(stream) == ["accepted"]
    assert told.states(stream, as_of=at("13:00")) == ["requested"]
    assert told.states(stream, as_of=at("11:59")) == []
    assert told.states(stream, known=2) == ["requested"]
    assert told.states(stream, known=1) == []
    assert told.states(stream, as_of=at("13:00", day=2), known=2) == ["requested"]


def test_the_events_and_intervals_of_a_referral_are_those_of_the_instant(told: Told) -> None:
    stream = stream_of(1)
    told.tell(stated("A01", "10:00"), referral("12:00", stream=stream))
    accepted = ReferralAccepted(record=record("1"), happened_at=moment(11 + 24), by=HEART)
    told.tell(SampleOwnEvent(stream=stream, event=accepted))

    def shown(**clocks: Any) -> tuple[list[str], list[str], int]:
        past = told.past(**clocks, components=components_of(told.connection, [record("1")]))

        def column(table: Table, name: str) -> list[Any]:
            query = sql.SQL("select {} from {} as r order by 1").format(
                sql.Identifier(name), past.of(table)
            )
            return [found for (found,) in told.connection.execute(query, {})]

        ended = column(REFERRAL_INTERVALS, "ended_at")
        states, moves = column(REFERRALS, "state"), column(REFERRAL_EVENTS, "kind")
        return states, moves, sum(each is not None for each in ended)

    now = shown()
    assert (now[0], now[1]) == (["accepted"], ["accepted", "requested"])
    assert shown(known=3) == shown(as_of=at("13:00", day=2)) == now
    before = shown(known=2)
    assert before == shown(as_of=at("13:00"))
    assert (before[0], before[1]) == (["requested"], ["requested"])
    assert before[2] < now[2]
    assert shown(known=1) == shown(as_of=at("11:59")) == ([], [], 0)


def test_an_error_mark_counts_at_every_as_of_once_it_is_known(told: Told) -> None:
    stream = stream_of(1)
    told.tell(referral("12:00", stream=stream))
    told.tell(
        SampleOwnEvent(
            stream=stream,
            event=ReferralEnteredInError(
                record=record("1"),
                happened_at=moment(72),
                event_id=told.log.events[0].envelope.event_id,
                reason_code="not_done",
            ),
        )
    )
    assert told.states(stream, as_of=at("13:00")) == ["entered_in_error"]
    assert told.states(stream, as_of=at("13:00"), known=1) == ["requested"]


def test_a_death_after_the_instant_is_not_applied(told: Told) -> None:
    told.tell(stated("A01", "10:00"), referral("12:00"))
    told.tell(stated("A08", "9:00", day=3, deceased=True, died=Moment(at=at("8:00", day=3))))

    def dead(**clocks: Any) -> list[bool]:
        past = told.past(**clocks, components=components_of(told.connection, [record("1")]))
        return [
            patient.death is not None for course in past.courses() for patient in course.patients
        ]

    assert dead(as_of=at("9:00", day=3)) == [True]
    assert dead(as_of=at("7:59", day=3)) == [False]
    assert dead(known=2) == [False]


def test_a_list_of_the_installation_makes_only_differing_components_again(told: Told) -> None:
    told.tell(stated("A01", "10:00", number="1"), referral("11:00", number="1"))
    told.tell(stated("A01", "10:00", number="2", visit="V2", day=3))
    told.tell(referral("12:00", number="2", stream=stream_of(2), happened_at=moment(80)))
    second = components_of(told.connection, [record("2")])
    for clocks in ({"as_of": at("9:00", day=1)}, {"known": 3}):
        assert [each.component for each in told.past(**clocks).courses()] == second
    listed = referral_loop.referrals(told.connection, relations=told.past(known=3))
    assert [each.record_id for each in listed] == [record("1")]


def test_a_text_with_signs_of_the_query_language_survives(told: Told) -> None:
    log = audit_trail.EVENT
    texts = ["100% of 'it'", "back\\slash", '{"a": %s}', "nul\0"]
    row = tuple(texts if each.kind == "text[]" else None for each in log.columns)
    query = sql.SQL("select subject_ids from {} as r where %(yes)s").format(made_rows(log, [row]))
    assert told.connection.execute(query, {"yes": True}).fetchall() == [
        ([*texts[:-1], "nul\ufffd"],)
    ]
