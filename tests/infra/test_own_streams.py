"""The port of own streams, kept by a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from commands.ports.store import CannotStore
from commands.ports.streams import (
    CommandKey,
    CommandOutcome,
    DecidedEvent,
    EventPlace,
    StreamConflict,
    StreamOfOtherKind,
    Streams,
    StreamView,
)
from domain.body import Actor, PlainSegment
from domain.decider import StreamEvent
from domain.encoding import read_body
from domain.ids import EventId, StreamId
from domain.referral import ReferralAccepted, ReferralRequested
from domain.statement import Moment
from infra.clock import new_id
from infra.event_store import CareStore
from infra.subject_keys import SubjectKeys
from tests.intake_samples import EIGHT, received, record_of
from tests.referral_samples import HEART, NURSE, QUESTION, WARD
from tests.stores import record

pytestmark = pytest.mark.postgres

RECORD = record_of("1")
REQUESTED = ReferralRequested(
    record=RECORD, happened_at=Moment(at=EIGHT), requester=WARD, target=HEART
)
ACCEPTED = ReferralAccepted(record=RECORD, happened_at=Moment(at=EIGHT), by=HEART)
NOTE = PlainSegment(subject=RECORD, segment="notes", text=QUESTION.encode())


@pytest.fixture
def streams(store: CareStore) -> Streams:
    return store.streams


@pytest.fixture
def stream() -> StreamId:
    return StreamId(new_id())


def decided(event: ReferralRequested | ReferralAccepted = REQUESTED) -> DecidedEvent:
    return DecidedEvent(
        event_id=EventId(new_id()), event=event, segments=(NOTE,), facility="GENERAL"
    )


def key(text: str = "", content: str = "c", actor: Actor = NURSE) -> CommandKey:
    return CommandKey(actor=actor, key=text or new_id(), content=content)


def outcome_of(streams: Streams, key: CommandKey) -> CommandOutcome | None:
    """Return what the command with a key recorded; None if it was not recorded."""
    (view,) = streams.look([(StreamId(new_id()), key)])
    assert isinstance(view, StreamView)
    return view.earlier


def test_a_stream_reads_back_as_it_was_appended(streams: Streams, stream: StreamId) -> None:
    first, second = decided(), decided(ACCEPTED)
    outcome = streams.append(stream, [first, second], expected_version=0, key=key())
    assert outcome == CommandOutcome(
        stream=stream,
        version=2,
        events=(
            EventPlace(index=1, event_id=first.event_id, topic="referral.requested.v1", version=1),
            EventPlace(index=2, event_id=second.event_id, topic="referral.accepted.v1", version=2),
        ),
    )
    assert streams.read(stream) == (
        StreamEvent(first.event_id, 1, REQUESTED),
        StreamEvent(second.event_id, 2, ACCEPTED),
    )


def test_an_event_has_its_envelope_and_its_text_sealed(
    store_and_keys: tuple[CareStore, SubjectKeys], stream: StreamId
) -> None:
    store, keys = store_and_keys
    one = decided()
    store.streams.append(stream, [one], expected_version=0, key=key())
    (recorded,) = store.read(0)
    envelope = recorded.envelope
    assert (envelope.stream, envelope.version) == (stream, 1)
    assert envelope.subjects == (stream, RECORD)
    assert (envelope.event_id, envelope.topic) == (one.event_id, "referral.requested.v1")
    assert (envelope.happened_at, envelope.facility) == (EIGHT, "GENERAL")
    assert (envelope.actor, envelope.message_id) == (NURSE, None)
    body = read_body(envelope.topic, recorded.body)
    assert body.core == REQUESTED
    assert QUESTION.encode() not in recorded.body
    (sealed,) = body.sealed
    text = keys.open(sealed, event_id=envelope.event_id, topic=envelope.topic)
    assert text == QUESTION.encode()


def test_a_stream_that_does_not_exist_has_no_events(streams: Streams, stream: StreamId) -> None:
    assert streams.read(stream) == ()


def test_the_statements_of_a_record_are_no_own_stream(store: CareStore) -> None:
    record(store, [received("m1")])
    with pytest.raises(StreamOfOtherKind):
        store.streams.read(StreamId(store.read(0)[0].envelope.stream))


@pytest.mark.parametrize("version", [0, 1, 3, 7])
def test_another_version_than_the_newest_is_a_conflict(
    streams: Streams, stream: StreamId, version: int
) -> None:
    streams.append(stream, [decided(), decided(ACCEPTED)], expected_version=0, key=key())
    again = key("again")
    with pytest.raises(StreamConflict) as conflict:
        streams.append(stream, [decided(ACCEPTED)], expected_version=version, key=again)
    assert (conflict.value.stream, conflict.value.expected_version) == (stream, version)
    assert len(streams.read(stream)) == 2
    assert outcome_of(streams, again) is None


def test_of_two_writers_at_one_version_one_wins(streams: Streams, stream: StreamId) -> None:
    def decide(_: int) -> bool:
        try:
            streams.append(stream, [decided()], expected_version=0, key=key())
        except StreamConflict:
            return False
        return True

    with ThreadPoolExecutor(4) as writers:
        assert sorted(writers.map(decide, range(4))) == [False, False, False, True]


def test_a_key_counts_once_and_gives_the_first_outcome(streams: Streams, stream: StreamId) -> None:
    warned = ("likely_duplicate",)
    first = streams.append(stream, [decided()], expected_version=0, key=key("k"), warnings=warned)
    again = streams.append(stream, [decided(ACCEPTED)], expected_version=1, key=key("k"))
    assert again.events == first.events
    assert again.warnings == first.warnings == warned
    assert (again.version, again.repeated, again.same_content) == (1, True, True)
    assert len(streams.read(stream)) == 1
    assert outcome_of(streams, key("k")) == again


def test_one_key_from_many_writers_is_recorded_once(streams: Streams, stream: StreamId) -> None:
    def ask(_: int) -> tuple[EventPlace, ...]:
        one = [decided()]
        return streams.append(stream, one, expected_version=0, key=key("k")).events

    with ThreadPoolExecutor(4) as writers:
        outcomes = set(writers.map(ask, range(4)))
    assert len(outcomes) == 1
    assert len(streams.read(stream)) == 1


def test_a_command_that_adds_nothing_keeps_its_key(streams: Streams, stream: StreamId) -> None:
    streams.append(stream, [decided()], expected_version=0, key=key())
    streams.append(stream, [], expected_version=1, key=key("nothing"))
    assert outcome_of(streams, key("nothing")) == CommandOutcome(
        stream=stream, version=1, repeated=True
    )


def test_a_key_with_another_content_is_told_apart(streams: Streams, stream: StreamId) -> None:
    streams.append(stream, [decided()], expected_version=0, key=key("k", "one"))
    other = outcome_of(streams, key("k", "two"))
    assert other is not None
    assert not other.same_content


def test_a_key_belongs_to_its_actor(streams: Streams, stream: StreamId) -> None:
    streams.append(stream, [decided()], expected_version=0, key=key("k"))
    other = Actor(kind="person", issuer="test", subject="nurse-2", purpose="TREAT")
    assert outcome_of(streams, key("k", actor=other)) is None


def test_the_key_as_given_is_in_no_table(
    streams: Streams, stream: StreamId, connection: psycopg.Connection
) -> None:
    streams.append(stream, [decided()], expected_version=0, key=key("Quastenflosser"))
    (row,) = connection.execute("select t::text from es.command_key t").fetchall()
    assert b"Quastenflosser".hex() not in row[0]
    assert "Quastenflosser" not in row[0]


@pytest.mark.parametrize(
    "change", ["update es.command_key set events = 0", "delete from es.command_key"]
)
def test_keys_of_commands_are_append_only(
    streams: Streams, stream: StreamId, connection: psycopg.Connection, change: str
) -> None:
    streams.append(stream, [decided()], expected_version=0, key=key())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change)


def test_an_event_that_does_not_hold_is_refused_and_leaves_no_key(
    streams: Streams, stream: StreamId
) -> None:
    wrong = ReferralAccepted.model_construct(
        record=RECORD,
        mode="P",
        happened_at=Moment(at=EIGHT),
        by="nobody",  # type: ignore[arg-type]  # what is tested
    )
    with pytest.raises(CannotStore):
        streams.append(stream, [decided(wrong)], expected_version=0, key=key("k"))
    assert outcome_of(streams, key("k")) is None


def test_own_events_and_statements_share_one_dense_log(store: CareStore, stream: StreamId) -> None:
    record(store, [received("m1")])
    store.streams.append(stream, [decided(), decided(ACCEPTED)], expected_version=0, key=key())
    record(store, [received("m2")])
    events = [each.envelope for each in store.read(0)]
    assert [each.index for each in events] == [1, 2, 3, 4]
    last = dict[int, int]()
    for each in events:
        assert each.previous == last.get(each.partition, 0)
        last[each.partition] = each.index
