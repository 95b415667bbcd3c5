"""Commands on a referral, decided and recorded exactly once, whatever the store answers."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typing_extensions import override

from commands.command import Command
from commands.decisions import RESENDS, Caller, Decisions, GivenCommand
from commands.ports.store import CannotStore, StoreUnavailable
from commands.ports.streams import (
    AppendResult,
    CommandKey,
    CommandOutcome,
    DecidedEvent,
    StreamAppend,
    StreamConflict,
    StreamOfOtherKind,
    Streams,
    StreamView,
)
from commands.referral.answer import AcceptReferral
from commands.referral.close import VoidReferralEvent
from domain.body import Actor
from domain.decider import CLOCK_TOLERANCE, StreamEvent
from domain.errors import (
    KeyReused,
    MoveNotAllowed,
    OutcomeMissing,
    PurposeMissing,
    ReferralNotAccepted,
    UnknownStream,
    VersionConflict,
)
from domain.events import OwnEvent
from domain.ids import EventId, RecordId, StreamId
from domain.statement import Moment
from infra.clock import new_id
from infra.event_store import CareStore
from tests.facts import NothingKnown, knowing_nothing
from tests.intake_samples import received
from tests.referral_samples import HEART, NURSE, accept, caller, close, request
from tests.stores import opened, record

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


class FaultyStreams(Streams):
    """A store whose answers to appending are lost, or which another writer gets ahead of."""

    def __init__(self, store: Streams) -> None:
        self.store = store
        self.before: list[Callable[[], None]] = []  # each is called before one append
        self.after: list[Callable[[], None]] = []  # each is called after one append

    @override
    def read(self, stream: StreamId) -> tuple[StreamEvent[OwnEvent], ...]:
        return self.store.read(stream)

    @override
    def look(
        self, wanted: Sequence[tuple[StreamId, CommandKey]]
    ) -> list[StreamView | StreamOfOtherKind | ValueError]:
        return self.store.look(wanted)

    @override
    def append_all(self, appends: Sequence[StreamAppend]) -> list[AppendResult]:
        try:
            if self.before:
                self.before.pop(0)()
            outcomes = self.store.append_all(appends)
            if self.after:
                self.after.pop(0)()
        except (StoreUnavailable, StreamConflict) as error:
            return [error for _ in appends]
        return outcomes

    @override
    def append(
        self,
        stream: StreamId,
        events: Sequence[DecidedEvent],
        *,
        expected_version: int,
        key: CommandKey,
        warnings: tuple[str, ...] = (),
    ) -> CommandOutcome:
        return self.store.append(
            stream, events, expected_version=expected_version, key=key, warnings=warnings
        )

    @override
    def actor_of(self, event_id: EventId) -> Actor | None:
        return self.store.actor_of(event_id)


class LostFacts(NothingKnown):
    """Facts of read models that do not answer."""

    @override
    def died_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        lose()
        return super().died_at(records)


def lose() -> None:
    raise StoreUnavailable("lost")


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[CareStore]:
    with opened(database, tmp_path) as (store, _):
        yield store


@pytest.fixture
def streams(store: CareStore) -> FaultyStreams:
    return FaultyStreams(store.streams)


@pytest.fixture
def decisions(streams: FaultyStreams) -> Decisions:
    return knowing_nothing(streams, now=lambda: NOW)


@pytest.fixture
def referral(decisions: Decisions) -> StreamId:
    """Return a referral that was requested."""
    at = Moment(at=NOW - timedelta(days=2))
    return decisions.record(request(happened_at=at), caller()).stream


def topics(streams: Streams, stream: StreamId) -> list[str]:
    return [each.event.TOPIC for each in streams.read(stream)]


def test_a_referral_goes_from_its_request_to_its_close(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    accepted = decisions.record(accept(referral), caller())
    closed = decisions.record(close(referral), caller())
    assert (accepted.version, closed.version) == (2, 4)
    assert topics(streams, referral) == [
        "referral.requested.v1",
        "referral.accepted.v1",
        "referral.outcome_received.v1",
        "referral.closed.v1",
    ]


def test_only_the_last_event_of_a_command_carries_its_text(
    decisions: Decisions, store: CareStore, referral: StreamId
) -> None:
    decisions.record(accept(referral), caller())
    decisions.record(close(referral, note="all well"), caller())
    assert [b'"segment":"notes"' in each.body for each in store.read(0)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_refused_command_records_nothing(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    decisions.record(accept(referral), caller())
    with pytest.raises(OutcomeMissing):
        decisions.record(close(referral, outcome=None), caller("k"))
    assert topics(streams, referral) == ["referral.requested.v1", "referral.accepted.v1"]
    closed = decisions.record(close(referral), caller("k"))
    assert not closed.repeated


def test_a_stream_that_does_not_exist_takes_no_step(decisions: Decisions) -> None:
    with pytest.raises(UnknownStream):
        decisions.record(accept(StreamId(new_id())), caller())


def test_the_stream_of_a_source_record_takes_no_referral(
    decisions: Decisions, store: CareStore
) -> None:
    record(store, [received("m1")])
    taken = StreamId(store.read(0)[0].envelope.stream)
    with pytest.raises(UnknownStream):
        decisions.record(request(taken), caller())


def test_a_person_states_a_purpose(decisions: Decisions, referral: StreamId) -> None:
    nobody_asks_why = replace(NURSE, purpose="")
    with pytest.raises(PurposeMissing):
        decisions.record(accept(referral), caller(actor=nobody_asks_why))


def test_a_repeated_command_changes_nothing_and_gets_the_same_answer(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    first = decisions.record(accept(referral), caller("k"))
    decisions.record(close(referral), caller())
    again = decisions.record(accept(referral), caller("k"))
    assert again == replace(first, repeated=True)
    assert len(streams.read(referral)) == 4


def test_a_command_without_effect_is_repeated_with_the_same_answer(
    decisions: Decisions, referral: StreamId
) -> None:
    decisions.record(accept(referral), caller())
    nothing = decisions.record(accept(referral), caller("k"))
    assert (nothing.version, nothing.events) == (2, ())
    decisions.record(close(referral), caller())
    again = decisions.record(accept(referral), caller("k"))
    assert (again.version, again.events, again.repeated) == (2, (), True)


def test_a_key_of_another_command_is_refused(decisions: Decisions, referral: StreamId) -> None:
    decisions.record(accept(referral), caller("k"))
    with pytest.raises(KeyReused):
        decisions.record(close(referral), caller("k"))


def test_the_expected_version_is_the_one_that_the_caller_has_seen(
    decisions: Decisions, referral: StreamId
) -> None:
    with pytest.raises(VersionConflict) as conflict:
        decisions.record(accept(referral), caller(version=3))
    assert (conflict.value.expected, conflict.value.actual) == (3, 1)
    assert decisions.record(accept(referral), caller(version=1)).version == 2


def test_after_a_conflict_the_command_is_decided_again(
    decisions: Decisions, streams: FaultyStreams, referral: StreamId
) -> None:
    other = knowing_nothing(streams.store, now=lambda: NOW)

    def get_ahead() -> None:
        other.record(accept(referral), caller())

    streams.before = [get_ahead]
    elsewhere = accept(referral, by={"organisation": "LUNG"})
    with pytest.raises(MoveNotAllowed):
        decisions.record(elsewhere, caller())
    assert decisions.record(accept(referral), caller()).events == ()


def test_a_conflict_is_told_to_a_caller_that_stated_a_version(
    decisions: Decisions, streams: FaultyStreams, referral: StreamId
) -> None:
    def get_ahead() -> None:
        other = knowing_nothing(streams.store, now=lambda: NOW)
        other.record(accept(referral), caller())

    streams.before = [get_ahead]
    with pytest.raises(VersionConflict) as conflict:
        decisions.record(accept(referral), caller(version=1))
    assert conflict.value.actual == 2


def test_conflicts_without_end_are_told(
    decisions: Decisions, streams: FaultyStreams, referral: StreamId
) -> None:
    def conflict() -> None:
        raise StreamConflict(referral, 1)

    streams.before = [conflict] * 9
    with pytest.raises(VersionConflict):
        decisions.record(accept(referral), caller())


@pytest.mark.parametrize("key", ["", "k"])
def test_a_lost_answer_is_read_back(
    decisions: Decisions, streams: FaultyStreams, referral: StreamId, key: str
) -> None:
    streams.after = [lose]
    outcome = decisions.record(accept(referral), caller(key))
    assert outcome.version == 2
    assert topics(streams, referral) == ["referral.requested.v1", "referral.accepted.v1"]


def test_an_append_that_never_arrived_is_made_again(
    decisions: Decisions, streams: FaultyStreams, referral: StreamId
) -> None:
    streams.before = [lose]
    outcome = decisions.record(accept(referral), caller())
    assert (outcome.version, outcome.repeated) == (2, False)
    assert len(streams.read(referral)) == 2


def test_a_store_that_takes_nothing_is_no_conflict(
    decisions: Decisions, streams: FaultyStreams, others: list[StreamId]
) -> None:
    """A full disk lets a command be read and decided, but not recorded."""
    streams.before = [lose] * 9
    outcomes = together(decisions, [(accept(each), caller()) for each in others])
    assert [type(each) for each in outcomes] == [StoreUnavailable] * 3
    assert len(streams.before) == 9 - (1 + RESENDS)
    assert [len(streams.read(each)) for each in others] == [1, 1, 1]


def test_each_command_is_told_if_what_is_known_of_persons_cannot_be_read(
    decisions: Decisions, streams: FaultyStreams, others: list[StreamId]
) -> None:
    outcomes = together(
        replace(decisions, facts=LostFacts()), [(accept(each), caller()) for each in others]
    )
    assert [type(each) for each in outcomes] == [StoreUnavailable] * 3
    assert [len(streams.read(each)) for each in others] == [1, 1, 1]


def test_an_answer_that_is_lost_twice_is_read_back(
    decisions: Decisions, streams: FaultyStreams, referral: StreamId
) -> None:
    streams.before, streams.after = [lose, lambda: None], [lose]
    assert decisions.record(accept(referral), caller()).version == 2
    assert len(streams.read(referral)) == 2


@pytest.mark.parametrize("behind", [timedelta(milliseconds=1), CLOCK_TOLERANCE])
def test_a_clock_that_is_a_little_behind_refuses_no_next_step(
    streams: FaultyStreams, referral: StreamId, decisions: Decisions, behind: timedelta
) -> None:
    """Clocks of two servers differ, and a person may state a time that is a little ahead."""
    decisions.record(accept(referral), caller())
    elsewhere = knowing_nothing(streams, now=lambda: NOW - behind)
    closed = elsewhere.record(close(referral), caller())
    assert closed.version == 4
    assert streams.read(referral)[-1].event.happened_at == Moment(at=NOW)


def test_many_callers_with_one_key_record_it_once(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    def ask(_: int) -> int:
        return decisions.record(accept(referral), caller("k")).version

    with ThreadPoolExecutor(4) as callers:
        assert set(callers.map(ask, range(4))) == {2}
    assert len(streams.read(referral)) == 2


def test_an_event_is_entered_in_error_and_kept(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    accepted = decisions.record(accept(referral), caller())
    wrong = VoidReferralEvent(
        stream=referral, event_id=accepted.events[0].event_id, reason_code="wrong_item"
    )
    decisions.record(wrong, caller())
    assert topics(streams, referral)[-2:] == [
        "referral.accepted.v1",
        "referral.entered_in_error.v1",
    ]
    again = accept(referral, by={"organisation": "LUNG"})
    assert decisions.record(again, caller()).version == 4


def test_a_late_entry_keeps_its_time_and_its_text(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    day = Moment(
        at=NOW - timedelta(days=1), until=NOW - timedelta(hours=1), precision="day", zone="profile",
        text="2026-03-09",
    )  # fmt: skip
    decisions.record(AcceptReferral(stream=referral, by=HEART, happened_at=day), caller())
    assert streams.read(referral)[-1].event.happened_at == day


def together(
    decisions: Decisions, commands: Sequence[tuple[Command, Caller]]
) -> list[CommandOutcome | Exception]:
    return decisions.record_all([GivenCommand(*each) for each in commands])


def unfit(stream: StreamId) -> AcceptReferral:
    """Return a command that the rules accept and PostgreSQL refuses."""
    nul = HEART.model_copy(update={"organisation": "HE\x00RT"})
    return accept(stream).model_copy(update={"by": nul})


@pytest.fixture
def others(decisions: Decisions) -> list[StreamId]:
    """Return more referrals that were requested."""
    return [decisions.record(request(number=number), caller()).stream for number in ("2", "3", "4")]


def test_commands_that_are_given_together_are_recorded_in_one_transaction(
    decisions: Decisions, others: list[StreamId], connection: psycopg.Connection
) -> None:
    outcomes = together(decisions, [(accept(each), caller()) for each in others])
    assert [each.stream for each in outcomes if isinstance(each, CommandOutcome)] == others
    (row,) = connection.execute(
        "select count(*), count(distinct xmin::text) from es.event"
        " where topic = 'referral.accepted.v1'"
    )
    assert row == (3, 1)
    (keys,) = connection.execute("select count(distinct key) from es.command_key")
    assert keys == (6,)


def test_a_refused_command_does_not_stop_those_given_with_it(
    decisions: Decisions, streams: Streams, others: list[StreamId]
) -> None:
    nobody_asks_why = replace(NURSE, purpose="")
    first, second, third = others
    outcomes = together(
        decisions,
        [
            (accept(first), caller()),
            (close(second, outcome=None), caller()),
            (accept(StreamId(new_id())), caller()),
            (accept(second), caller(actor=nobody_asks_why)),
            (accept(third), caller()),
        ],
    )
    assert [type(each) for each in outcomes] == [
        CommandOutcome,
        ReferralNotAccepted,
        UnknownStream,
        PurposeMissing,
        CommandOutcome,
    ]
    assert [len(streams.read(each)) for each in others] == [2, 1, 2]


def test_a_command_that_the_store_refuses_does_not_stop_those_given_with_it(
    decisions: Decisions, streams: Streams, others: list[StreamId]
) -> None:
    first, second, third = others
    outcomes = together(
        decisions, [(accept(first), caller()), (unfit(second), caller()), (accept(third), caller())]
    )
    assert [type(each) for each in outcomes] == [CommandOutcome, CannotStore, CommandOutcome]
    assert [len(streams.read(each)) for each in others] == [2, 1, 2]


def test_commands_on_one_stream_are_decided_one_after_the_other(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    outcomes = together(
        decisions,
        [
            (accept(referral), caller()),
            (close(referral), caller()),
            (accept(referral, by={"organisation": "LUNG"}), caller()),
        ],
    )
    accepted, closed, late = outcomes
    assert isinstance(accepted, CommandOutcome)
    assert isinstance(closed, CommandOutcome)
    assert (accepted.version, closed.version) == (2, 4)
    assert isinstance(late, MoveNotAllowed)
    assert len(streams.read(referral)) == 4


def test_a_command_that_is_given_twice_together_is_recorded_once(
    decisions: Decisions, streams: Streams, referral: StreamId
) -> None:
    first, again = together(
        decisions, [(accept(referral), caller("k")), (accept(referral), caller("k"))]
    )
    assert isinstance(first, CommandOutcome)
    assert again == replace(first, repeated=True)
    assert len(streams.read(referral)) == 2


def test_one_key_for_two_streams_records_the_first_command_alone(
    decisions: Decisions, streams: Streams, others: list[StreamId]
) -> None:
    first, second, _ = others
    outcomes = together(decisions, [(accept(first), caller("k")), (accept(second), caller("k"))])
    assert [type(each) for each in outcomes] == [CommandOutcome, KeyReused]
    assert [len(streams.read(each)) for each in (first, second)] == [2, 1]


def test_if_another_writer_appends_to_one_stream_the_other_commands_are_recorded(
    decisions: Decisions, streams: FaultyStreams, others: list[StreamId]
) -> None:
    first, second, third = others
    other = knowing_nothing(streams.store, now=lambda: NOW)

    def get_ahead() -> None:
        other.record(accept(second), caller())

    streams.before = [get_ahead]
    elsewhere = accept(second, by={"organisation": "LUNG"})
    outcomes = together(
        decisions, [(accept(first), caller()), (elsewhere, caller()), (accept(third), caller())]
    )
    assert [type(each) for each in outcomes] == [CommandOutcome, MoveNotAllowed, CommandOutcome]
    assert [len(streams.read(each)) for each in others] == [2, 2, 2]


def test_if_another_process_used_a_key_first_the_other_commands_are_recorded(
    decisions: Decisions, streams: FaultyStreams, others: list[StreamId]
) -> None:
    first, second, third = others
    other = knowing_nothing(streams.store, now=lambda: NOW)

    def get_ahead() -> None:
        other.record(accept(second), caller("k"))

    streams.before = [get_ahead]
    outcomes = together(
        decisions,
        [(accept(first), caller()), (accept(second), caller("k")), (accept(third), caller())],
    )
    assert [each.repeated for each in outcomes if isinstance(each, CommandOutcome)] == [
        False,
        True,
        False,
    ]
    assert [len(streams.read(each)) for each in others] == [2, 2, 2]


@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "never arrived"])
def test_a_lost_answer_to_commands_given_together_is_read_back_for_each(
    decisions: Decisions, streams: FaultyStreams, others: list[StreamId], *, arrived: bool
) -> None:
    if arrived:
        streams.after = [lose]
    else:
        streams.before = [lose]
    outcomes = together(decisions, [(accept(each), caller()) for each in others])
    assert [each.version for each in outcomes if isinstance(each, CommandOutcome)] == [2, 2, 2]
    assert [len(streams.read(each)) for each in others] == [2, 2, 2]


def test_groups_of_commands_on_the_same_streams_record_each_command_once(
    decisions: Decisions, streams: Streams, others: list[StreamId]
) -> None:
    def ask(number: int) -> list[CommandOutcome | Exception]:
        order = others if number % 2 else others[::-1]
        return together(decisions, [(accept(each), caller(f"k-{each}")) for each in order])

    with ThreadPoolExecutor(4) as callers:
        groups = list(callers.map(ask, range(8)))
    assert {type(each) for group in groups for each in group} == {CommandOutcome}
    assert [len(streams.read(each)) for each in others] == [2, 2, 2]
