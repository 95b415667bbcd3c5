"""Given, when, then for decisions on a stream: what happened, what is asked, what is recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import pytest

from domain.decider import StatedTime, StreamEvent
from domain.errors import DomainError
from domain.events import OwnEvent
from domain.ids import EventId
from domain.statement import Moment

E = TypeVar("E", bound=OwnEvent)
Refusal = TypeVar("Refusal", bound=DomainError)

#: The time of recording in every scenario.
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def at(hours: float) -> Moment:
    """Return a time so many hours from ``NOW``."""
    return Moment(at=NOW + timedelta(hours=hours))


def stated(hours: float) -> StatedTime:
    """Return a time that the caller states."""
    return StatedTime(NOW, at(hours))


PRESENT = StatedTime(NOW)


def event_id(number: int) -> EventId:
    """Return the id of the event with this version."""
    return EventId(f"01990000-0000-7000-8000-{number:012d}")


def history_of(events: Sequence[E]) -> list[StreamEvent[E]]:
    """Return a stream that was recorded in this order."""
    return [StreamEvent(event_id(number), number, each) for number, each in enumerate(events, 1)]


@dataclass(frozen=True)
class When(Generic[E]):
    history: Sequence[StreamEvent[E]]
    rule: Callable[[Sequence[StreamEvent[E]]], Sequence[E]]

    def then(self, *expected: E) -> None:
        assert list(self.rule(self.history)) == list(expected)

    def then_nothing(self) -> None:
        self.then()

    def then_refused(self, error: type[Refusal]) -> Refusal:
        with pytest.raises(error) as caught:
            self.rule(self.history)
        assert type(caught.value) is error
        return caught.value


@dataclass(frozen=True)
class Given(Generic[E]):
    history: Sequence[StreamEvent[E]]

    def when(self, rule: Callable[[Sequence[StreamEvent[E]]], Sequence[E]]) -> When[E]:
        return When(self.history, rule)
