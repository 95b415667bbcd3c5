"""The protocol stream: the rule tables that were published, and from when each is in force.

One stream of the installation holds all protocols. Its events name no patient. A protocol is never
changed: a later one replaces it from an instant on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Final, TypeAlias, assert_never, get_args

from pydantic import Field

from domain.decider import (
    CLOCK_TOLERANCE,
    Decider,
    StatedTime,
    StreamEvent,
    decide,
    fold,
)
from domain.errors import DomainError, EffectiveInThePast, LastProtocol
from domain.events import Code, EnteredInError, OwnEvent
from domain.ids import EventId, IdKey, StreamId
from domain.rules import Protocols, PublishedProtocol, parse_protocol, version_of
from domain.stream_kind import StreamKind

#: Characters of the longest protocol.
LONGEST: Final = 200_000


class ProtocolPublished(OwnEvent):
    """A protocol is in force from an instant on, until a later one replaces it."""

    TOPIC: ClassVar[str] = "protocol.published.v1"

    version: Code
    """Hash of the content."""
    effective_from: datetime | None = None
    """From when it is in force; null: from the beginning of time (the first one of a store)."""
    content: Annotated[str, Field(max_length=LONGEST)]
    """The whole TOML file."""


class ProtocolEnteredInError(EnteredInError):
    """A protocol should not have been published. Sealed: a note."""

    TOPIC: ClassVar[str] = "protocol.entered_in_error.v1"


ProtocolEvent: TypeAlias = ProtocolPublished | ProtocolEnteredInError
ProtocolHistory: TypeAlias = Sequence[StreamEvent[ProtocolEvent]]


@dataclass(frozen=True, slots=True)
class Publications:
    """The protocols that were published and not entered in error, in that order."""

    published: tuple[ProtocolPublished, ...] = ()


def evolve(state: Publications, event: ProtocolEvent) -> Publications:
    """Apply one fact."""
    match event:
        case ProtocolPublished():
            return Publications((*state.published, event))
        case ProtocolEnteredInError():
            return state
        case _:
            assert_never(event)


def _refusal(state: Publications, event: ProtocolEvent) -> DomainError | None:
    """Return None: a protocol may always be published. ``publish`` checks its instant."""
    del state, event
    return None


PROTOCOL: Final = Decider[Publications, ProtocolEvent](Publications(), evolve, _refusal)
KIND: Final = StreamKind[Publications, ProtocolEvent](
    name="protocol",
    decider=PROTOCOL,
    events=get_args(ProtocolEvent),
    error_mark=ProtocolEnteredInError,
)


def stream_of_protocols(ids: IdKey) -> StreamId:
    """Return the stream of the installation that holds all protocols."""
    return ids.stream("protocol", "installation")


def publish(
    history: ProtocolHistory,
    *,
    content: str,
    effective_from: datetime | None,
    time: StatedTime,
) -> list[ProtocolEvent]:
    """Publish a protocol that is in force from ``effective_from``; None: from now on.

    The same content from the same instant on is published once.

    Raises:
        EffectiveInThePast: The instant is before the time of recording.
        ProtocolInvalid: The content cannot be used.
    """
    parse_protocol(content)
    version = version_of(content)
    published = fold(PROTOCOL, history).state.published
    if effective_from is None:
        if protocols_of(history).at(time.now).version == version:
            return []
    elif any(
        (each.version, each.effective_from) == (version, effective_from) for each in published
    ):
        return []
    elif effective_from < time.now - CLOCK_TOLERANCE:
        raise EffectiveInThePast(effective_from, time.now)
    return [
        ProtocolPublished(
            happened_at=StatedTime(time.now).moment,
            version=version,
            effective_from=max(effective_from or time.now, time.now),
            content=content,
        )
    ]


def publish_default(
    history: ProtocolHistory, *, content: str, time: StatedTime
) -> list[ProtocolEvent]:
    """Publish the first protocol of a store, in force from the beginning of time.

    It is published once: a stream that has events keeps the protocols that it has.
    """
    if history:
        return []
    parse_protocol(content)
    first = ProtocolPublished(
        happened_at=time.moment, version=version_of(content), content=content, origin="policy"
    )
    return decide(PROTOCOL, history, [first], time=time)


def refuse_to_void_the_first(history: ProtocolHistory, event_id: EventId) -> None:
    """Refuse to void the protocol that is in force from the beginning of time.

    Raises:
        LastProtocol: The event published it. Without it, some instants would have no protocol.
    """
    for each in history:
        if (
            each.event_id == event_id
            and isinstance(each.event, ProtocolPublished)
            and each.event.effective_from is None
        ):
            raise LastProtocol


def protocols_of(history: ProtocolHistory) -> Protocols:
    """Return the protocols of a stream, for questions about an instant."""
    return Protocols.of(
        PublishedProtocol(each.effective_from, parse_protocol(each.content))
        for each in fold(PROTOCOL, history).state.published
    )
