"""The kinds of own streams: what the store, the commands and the read models ask of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from domain.decider import Decider, StatedTime, StreamEvent, find, mark_entered_in_error
from domain.errors import UnknownStream
from domain.events import EnteredInError, ErrorReason, OwnEvent
from domain.ids import EventId, StreamId

State = TypeVar("State")
Event = TypeVar("Event", bound=OwnEvent)


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called with parameters.
@dataclass(frozen=True, kw_only=True)
class StreamKind(Generic[State, Event]):
    """One kind of own stream, such as ``referral``."""

    name: str  # the first word of its topics
    decider: Decider[State, Event]
    events: tuple[type[Event], ...]  # the members of its union
    error_mark: type[EnteredInError]  # one of ``events``

    def history(
        self, stream: StreamId, events: Iterable[StreamEvent[OwnEvent]]
    ) -> Sequence[StreamEvent[Event]]:
        """Return the events of a stream as events of this kind.

        Raises:
            UnknownStream: The stream is of another kind.
        """
        found: list[StreamEvent[Event]] = []
        for each in events:
            if not isinstance(each.event, self.events):
                raise UnknownStream(stream)
            found.append(cast("StreamEvent[Event]", each))
        return found

    def existing(
        self, stream: StreamId, events: Sequence[StreamEvent[OwnEvent]]
    ) -> Sequence[StreamEvent[Event]]:
        """Return the events of a stream that exists.

        Raises:
            UnknownStream: The stream has no events, or it is of another kind.
        """
        if not events:
            raise UnknownStream(stream)
        return self.history(stream, events)

    def enter_in_error(
        self,
        history: Sequence[StreamEvent[Event]],
        *,
        event_id: EventId,
        reason_code: ErrorReason,
        time: StatedTime,
    ) -> Sequence[OwnEvent]:
        """Mark an event of a stream as entered in error.

        Raises:
            DomainError: See ``domain.decider.mark_entered_in_error``.
        """
        named = find(history, event_id).event
        mark = self.error_mark(
            record=named.record,
            mode=named.mode,
            happened_at=time.moment,
            event_id=event_id,
            reason_code=reason_code,
        )
        return mark_entered_in_error(history, mark, time=time)
