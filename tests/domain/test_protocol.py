"""The publication of protocols, decided."""

from datetime import timedelta

import pytest

from domain import protocol
from domain.errors import EffectiveInThePast, ProtocolInvalid
from domain.protocol import ProtocolEvent, ProtocolHistory, ProtocolPublished
from domain.rules import version_of
from tests.domain.scenario import NOW, PRESENT, Given, at, event_id, history_of


def recorded(*events: ProtocolEvent) -> ProtocolHistory:
    return history_of(events)


FIRST = 'name = "first"\nzone = "UTC"\nduties = {}\nkinds = {}'
SECOND = 'name = "second"\nzone = "UTC"\nduties = {}\nkinds = {}'
DEFAULT = ProtocolPublished(
    happened_at=at(-5), version=version_of(FIRST), content=FIRST, origin="policy"
)
HISTORY = recorded(DEFAULT)


def test_a_protocol_is_in_force_from_the_present_time_on() -> None:
    (published,) = protocol.publish(HISTORY, content=SECOND, effective_from=None, time=PRESENT)
    assert isinstance(published, ProtocolPublished)
    assert published.effective_from == NOW
    protocols = protocol.protocols_of(recorded(DEFAULT, published))
    assert protocols.at(NOW - timedelta(seconds=1)).name == "first"
    assert protocols.at(NOW).name == "second"


def test_the_past_keeps_its_protocol() -> None:
    with pytest.raises(EffectiveInThePast):
        protocol.publish(
            HISTORY, content=SECOND, effective_from=NOW - timedelta(hours=1), time=PRESENT
        )


def test_a_file_that_cannot_be_used_is_not_published() -> None:
    with pytest.raises(ProtocolInvalid):
        protocol.publish(HISTORY, content="name = 1", effective_from=None, time=PRESENT)


@pytest.mark.parametrize("days", [None, 3])
def test_publishing_twice_adds_nothing(days: int | None) -> None:
    start = None if days is None else NOW + timedelta(days=days)
    first = protocol.publish(HISTORY, content=SECOND, effective_from=start, time=PRESENT)
    history = recorded(DEFAULT, *first)
    again = protocol.publish(history, content=SECOND, effective_from=start, time=PRESENT)
    assert (len(first), again) == (1, [])


def test_what_is_in_force_already_is_not_published_again() -> None:
    assert protocol.publish(HISTORY, content=FIRST, effective_from=None, time=PRESENT) == []


def test_an_earlier_protocol_may_come_back() -> None:
    later = protocol.publish(HISTORY, content=SECOND, effective_from=None, time=PRESENT)
    history = recorded(DEFAULT, *later)
    (back,) = protocol.publish(history, content=FIRST, effective_from=None, time=PRESENT)
    assert protocol.protocols_of(recorded(DEFAULT, *later, back)).at(NOW).name == "first"


def test_a_store_begins_with_one_protocol() -> None:
    (first,) = protocol.publish_default([], content=FIRST, time=PRESENT)
    assert isinstance(first, ProtocolPublished)
    assert first.effective_from is None
    Given(HISTORY).when(
        lambda history: protocol.publish_default(history, content=SECOND, time=PRESENT)
    ).then_nothing()


def test_a_protocol_that_was_entered_in_error_is_never_in_force() -> None:
    later = protocol.publish(HISTORY, content=SECOND, effective_from=None, time=PRESENT)
    history = recorded(DEFAULT, *later)
    mark = protocol.KIND.enter_in_error(
        history, event_id=event_id(2), reason_code="wrong_item", time=PRESENT
    )
    assert isinstance(mark[0], protocol.ProtocolEnteredInError)
    marked = recorded(DEFAULT, *later, mark[0])
    assert protocol.protocols_of(marked).at(NOW).name == "first"
